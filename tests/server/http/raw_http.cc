#include "tests/server/http/raw_http.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <utility>

namespace oneloop {

RawHttp::RawHttp(int port, int receive_buffer) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (receive_buffer > 0) setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<in_port_t>(port));
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  EXPECT_EQ(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
}

RawHttp::RawHttp(RawHttp&& other) noexcept : socket_(std::exchange(other.socket_, -1)), rest_(std::move(other.rest_)) {}

RawHttp::~RawHttp() { Close(); }

void RawHttp::Close() {
  if (socket_ >= 0) close(std::exchange(socket_, -1));
}

void RawHttp::Send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t size = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
}

std::string RawHttp::ReadAll() const {
  std::string all;
  std::array<char, 65536> buffer = {};
  for (ssize_t size = 0; (size = recv(socket_, buffer.data(), buffer.size(), 0)) > 0;) {
    all.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return all;
}

std::string RawHttp::ReadReply() {
  constexpr std::string_view kLength = "Content-Length: ";
  std::array<char, 65536> buffer = {};
  while (true) {
    if (const std::size_t end = rest_.find("\r\n\r\n"); end != std::string::npos) {
      const std::size_t length = rest_.find(kLength);
      const std::size_t content = length < end ? std::strtoul(rest_.c_str() + length + kLength.size(), nullptr, 10) : 0;
      if (const std::size_t size = end + 4 + content; rest_.size() >= size) {
        std::string reply = rest_.substr(0, size);
        rest_.erase(0, size);
        return reply;
      }
    }
    const ssize_t size = recv(socket_, buffer.data(), buffer.size(), 0);
    if (size <= 0) return std::exchange(rest_, "");
    rest_.append(buffer.data(), static_cast<std::size_t>(size));
  }
}

bool RawHttp::IsClosed() const { return ReadAll().empty(); }

int StatusOf(std::string_view reply) {
  if (!reply.starts_with("HTTP/1.1 ")) return 0;
  return std::atoi(std::string(reply.substr(9, 3)).c_str());
}

std::string BodyOf(std::string_view reply) {
  const std::size_t end = reply.find("\r\n\r\n");
  return end == std::string_view::npos ? "" : std::string(reply.substr(end + 4));
}

}  // namespace oneloop
