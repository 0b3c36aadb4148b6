#include "tests/server/net/silent_crowd.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <vector>

namespace oneloop {
namespace {

bool SendNumber(int pipe, int number) {
  return write(pipe, &number, sizeof(number)) == static_cast<ssize_t>(sizeof(number));
}

bool ReceiveNumber(int pipe, int* number) {
  return read(pipe, number, sizeof(*number)) == static_cast<ssize_t>(sizeof(*number));
}

std::vector<int> ConnectAll(int size, int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<in_port_t>(port));
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  std::vector<int> clients;
  for (int i = 0; i < size; ++i) {
    const int client = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) break;
    clients.push_back(client);
  }
  return clients;
}

// In the child: nothing but calls of the system, since the parent may have threads.
[[noreturn]] void RunCrowd(int size, int from_parent, int to_parent) {
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  int port = 0;
  if (!ReceiveNumber(from_parent, &port)) _exit(1);
  const std::vector<int> clients = ConnectAll(size, port);
  if (!SendNumber(to_parent, static_cast<int>(clients.size()))) _exit(1);
  int closed = 0;
  char byte = 0;
  for (const int client : clients) closed += recv(client, &byte, 1, 0) <= 0 ? 1 : 0;
  _exit(SendNumber(to_parent, closed) ? 0 : 1);
}

}  // namespace

SilentCrowd::SilentCrowd(int size) {
  EXPECT_EQ(pipe(to_child_.data()), 0);
  EXPECT_EQ(pipe(from_child_.data()), 0);
  child_ = fork();
  if (child_ == 0) RunCrowd(size, to_child_[0], from_child_[1]);
  close(to_child_[0]);
  close(from_child_[1]);
}

SilentCrowd::~SilentCrowd() {
  kill(child_, SIGKILL);
  waitpid(child_, nullptr, 0);
  close(to_child_[1]);
  close(from_child_[0]);
}

int SilentCrowd::Connect(int port) {
  EXPECT_TRUE(SendNumber(to_child_[1], port));
  return Read();
}

int SilentCrowd::Read() {
  int number = -1;
  EXPECT_TRUE(ReceiveNumber(from_child_[0], &number));
  return number;
}

ScopedDescriptorLimit::ScopedDescriptorLimit(rlim_t soft) {
  getrlimit(RLIMIT_NOFILE, &before_);
  rlimit limit = before_;
  limit.rlim_cur = soft;
  EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

ScopedDescriptorLimit::~ScopedDescriptorLimit() { setrlimit(RLIMIT_NOFILE, &before_); }

}  // namespace oneloop
