// end_with_parent PROGRAM [ARGUMENT...]: runs a program, and kills it with all that it started, daemons of daemons
// too, once its own standard input closes or the program ends. Whoever holds the other end of that pipe may die in any
// way, of a signal to its whole group or from its terminal as well. The exit code is the program's, 1 when a signal
// ended it.
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace {

namespace fs = std::filesystem;

constexpr std::array kSurvived = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};

// From "PID (NAME) STATE PARENT ...", where a name may contain anything; see proc(5). 0 when it is gone.
pid_t ParentOf(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  const std::size_t end_of_name = line.rfind(')');
  if (end_of_name == std::string::npos || end_of_name + 4 >= line.size()) return 0;
  pid_t parent = 0;
  std::from_chars(line.data() + end_of_name + 4, line.data() + line.size(), parent);
  return parent;
}

void KillChildren() {
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    pid_t pid = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (parsed.ec == std::errc() && parsed.ptr == name.data() + name.size() && ParentOf(pid) == getpid()) {
      kill(pid, SIGKILL);
    }
  }
}

// Children of those that die become children of this process, so that at last there are none.
void KillAll(pid_t program, int* program_status) {
  for (;;) {
    KillChildren();
    int status = 0;
    const pid_t ended = waitpid(-1, &status, 0);
    if (ended < 0 && errno == ECHILD) return;
    if (ended == program) *program_status = status;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: end_with_parent PROGRAM [ARGUMENT...]\n", stderr);
    return 2;
  }
  setsid();
  for (const int number : kSurvived) std::signal(number, SIG_IGN);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const pid_t program = fork();
  if (program == 0) {
    for (const int number : kSurvived) std::signal(number, SIG_DFL);
    // The pipe is of no interest to it.
    close(STDIN_FILENO);
    execv(argv[1], argv + 1);
    std::perror(argv[1]);
    _exit(127);
  }
  if (program < 0) return 1;
  const int process = static_cast<int>(syscall(SYS_pidfd_open, program, 0));
  std::array<pollfd, 2> waits = {pollfd{STDIN_FILENO, POLLIN, 0}, {process, POLLIN, 0}};
  while (poll(waits.data(), waits.size(), -1) < 0 && errno == EINTR) {
  }
  int status = 0;
  KillAll(program, &status);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
