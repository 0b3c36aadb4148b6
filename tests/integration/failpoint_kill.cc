// Lets a daemon of the tests die at a chosen moment, as by kill -9. In ONELOOP_FAILPOINT:
//   NAME:N     when the failpoint of that name is reached for the Nth time
//   hang:N     the Nth start of a job that begins in it never gets on; it lives
//   disk:N     at the Nth operation that SQLite does on a file, in the middle of a commit or a checkpoint
//   time:N     N microseconds after the program's begin
// Linked into a program, this stands in for the empty function of common/base.

#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>

#include "common/base/failpoint.h"
#include "tests/server/store/vfs_layer.h"

namespace oneloop {
namespace {

struct Target {
  std::string name;
  long count = 0;
};

Target TargetFromEnvironment() {
  const char* const value = std::getenv("ONELOOP_FAILPOINT");
  if (value == nullptr) return {};
  const std::string text(value);
  const std::size_t colon = text.find(':');
  return {text.substr(0, colon), std::strtol(text.c_str() + colon + 1, nullptr, 10)};
}

const Target& GetTarget() {
  static const Target& target = *new Target(TargetFromEnvironment());
  return target;
}

[[noreturn]] void Die() {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

void Count(std::string_view name) {
  static std::atomic<long> hits = 0;
  if (name == GetTarget().name && ++hits == GetTarget().count) Die();
}

// Before main: so that the first connection is made with it, and that the time counts from the begin.
[[maybe_unused]] const bool kArmed = [] {
  if (GetTarget().name == "disk") {
    new VfsLayer("failpoints", /*is_default=*/true, [](const VfsOperation&) {
      Count("disk");
      return 0;
    });
  }
  if (GetTarget().name == "time") {
    std::signal(SIGALRM, [](int) { kill(getpid(), SIGKILL); });
    itimerval timer = {};
    timer.it_value.tv_sec = GetTarget().count / 1000000;
    timer.it_value.tv_usec = GetTarget().count % 1000000;
    setitimer(ITIMER_REAL, &timer, nullptr);
  }
  return true;
}();

}  // namespace

void Failpoint(const char* name) {
  if (GetTarget().name == "hang" && std::string_view(name) == "jobs.before_start") {
    static std::atomic<long> starts = 0;
    if (++starts == GetTarget().count) {
      for (;;) pause();
    }
  }
  Count(name);
}

}  // namespace oneloop
