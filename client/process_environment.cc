#include "client/process_environment.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"

namespace oneloop {
namespace {

int TerminalColumns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

std::optional<std::string> Variable(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::vector<std::string> Variables() {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) all.emplace_back(*entry);
  return all;
}

std::string RandomId() {
  std::random_device device;
  return absl::StrFormat("%08x%08x%08x%08x", device(), device(), device(), device());
}

}  // namespace

Environment ProcessEnvironment(std::ostream& out, InterruptSource& interrupts, std::function<int()> output_error) {
  return {
      .in = std::cin,
      .out = out,
      .err = std::cerr,
      .interrupts = interrupts,
      .out_is_terminal = isatty(STDOUT_FILENO) == 1,
      .err_is_terminal = isatty(STDERR_FILENO) == 1,
      .output_error = std::move(output_error),
      .terminal_columns = TerminalColumns,
      .variable = Variable,
      .variables = Variables,
      .now = WallNow,
      .steady_now = SteadyNow,
      .sleep = SteadySleepFor,
      .random_id = RandomId,
  };
}

void PrepareProcess() {
  // Writing to a closed pipe is an error like others, seen where it happens.
  std::signal(SIGPIPE, SIG_IGN);
  // Errors are told in this program's own words; the user's setting prevails.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  // The packaged Abseil looks for lock-order cycles at every lock, and aborts on those that gRPC has.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
}

}  // namespace oneloop
