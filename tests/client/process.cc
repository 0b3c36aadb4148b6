#include "tests/client/process.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace oneloop {
namespace {

int ExitCodeFrom(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -1; }

}  // namespace

std::string BuiltProgram(const std::string& name) {
  const char* const folder = std::getenv("ONELOOP_BIN_DIR");
  return std::string(folder == nullptr ? "." : folder) + "/" + name;
}

ProcessResult RunShell(const std::string& command) {
  ProcessResult result;
  FILE* const pipe = popen(("ONELOOP='" + BuiltProgram("oneloop") + "'; " + command).c_str(), "r");
  if (pipe == nullptr) return result;
  std::array<char, 4096> buffer{};
  while (const std::size_t size = fread(buffer.data(), 1, buffer.size(), pipe)) result.out.append(buffer.data(), size);
  result.code = ExitCodeFrom(pclose(pipe));
  return result;
}

ChildProcess::ChildProcess(const std::vector<std::string>& arguments, bool merge_errors) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) return;
  output_ = ends[0];
  std::vector<std::string> copies = arguments;
  std::vector<char*> pointers;
  pointers.reserve(copies.size() + 1);
  for (std::string& copy : copies) pointers.push_back(copy.data());
  pointers.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    // A test that is stopped leaves nothing running.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(ends[1], STDOUT_FILENO);
    if (merge_errors) dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    execv(pointers[0], pointers.data());
    _exit(127);
  }
  close(ends[1]);
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0) {
    Signal(SIGKILL);
    Wait();
  }
  if (output_ >= 0) close(output_);
}

std::string ChildProcess::ReadLine() {
  std::string line;
  char c = 0;
  while (read(output_, &c, 1) == 1 && c != '\n') line += c;
  return line;
}

std::string ChildProcess::ReadToEnd() {
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t size = read(output_, buffer.data(), buffer.size());
    if (size <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
}

void ChildProcess::Signal(int signal) const {
  if (pid_ > 0) kill(pid_, signal);
}

int ChildProcess::Wait() {
  if (pid_ <= 0) return -1;
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return ExitCodeFrom(status);
}

}  // namespace oneloop
