#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "grpc/support/log.h"
#include "server/daemon/daemon_flags.h"
#include "server/daemon/maintenance.h"
#include "server/daemon/server.h"
#include "server/daemon/token_command.h"

namespace oneloop {
namespace {

// Starts stop within a fraction of a second; what waits for a slow disk may take longer. With the calls' grace and the
// store's closing, the whole stop stays under 30 seconds.
constexpr absl::Duration kStopTimeout = absl::Seconds(20);

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

int Fail(const absl::Status& status, int exit_code) {
  std::cerr << "oneloopd: " << Message(status) << std::endl;
  return exit_code;
}

// Threads inherit the mask: only this one, in sigwait, sees the signals.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

// gRPC's own messages, in the form of the others. What it calls errors are connections that went wrong.
void LogGrpc(gpr_log_func_args* args) {
  Log(args->severity == GPR_LOG_SEVERITY_ERROR ? LogLevel::kWarning : LogLevel::kDebug,
      absl::StrCat("gRPC: ", args->message));
}

void LogSettings(const DaemonFlags& flags) {
  for (const EffectiveSetting& setting : EffectiveSettings(flags)) {
    Log(LogLevel::kInfo, "setting",
        {{"name", setting.name}, {"value", absl::StrJoin(setting.values, ",")}, {"source", setting.source}});
  }
}

int Serve(const DaemonFlags& flags, const sigset_t& signals) {
  SetLogFormat(flags.log_format);
  SetLogLevel(flags.log_level);
  gpr_set_log_function(LogGrpc);
  OneLoopServer::Options options;
  options.data_dir = flags.data_dir;
  options.listen = flags.listen;
  options.num_threads = flags.threads;
  options.tls = flags.tls;
  options.limits = flags.limits;
  options.enable_admin = flags.enable_admin;
  options.request_stop = [] { kill(getpid(), SIGTERM); };
  options.sweep.retention = flags.retention;
  options.sweep.purge_after = flags.purge_after;
  options.metrics_listen = flags.metrics_listen;
  absl::StatusOr<std::unique_ptr<OneLoopServer>> server = OneLoopServer::Start(std::move(options));
  if (!server.ok()) return Fail(server.status(), kExitFailure);
  const std::string metrics = (*server)->metrics_address();
  std::cout << "oneloopd: listening on " << absl::StrJoin((*server)->addresses(), ", ") << " (pid " << getpid()
            << ", data " << flags.data_dir << ", " << (*server)->num_threads() << " threads"
            << (metrics.empty() ? "" : ", metrics on http://" + metrics + "/metrics") << ")" << std::endl;
  LogSettings(flags);
  int signal = 0;
  sigwait(&signals, &signal);
  Log(LogLevel::kInfo, absl::StrCat("stopping on signal ", signal));
  const absl::Status stopped = (*server)->Stop(kStopTimeout);
  if (absl::IsDeadlineExceeded(stopped)) {
    // A start hangs. What it found is stored, and waiting for its thread would be in vain.
    Log(LogLevel::kError, Message(stopped));
    std::_Exit(kExitFailure);
  }
  if (!stopped.ok()) return Fail(stopped, kExitFailure);
  Log(LogLevel::kInfo, "stopped");
  return 0;
}

int Main(const std::vector<std::string>& args) {
  const DaemonEnvironment environment = {Environment("XDG_DATA_HOME"), Environment("HOME")};
  if (!args.empty() && args[0] == "token") {
    return RunTokenCommand({args.begin() + 1, args.end()}, environment, WallNow(), std::cout, std::cerr);
  }
  const absl::StatusOr<DaemonFlags> flags = ParseDaemonFlags(args, environment);
  if (!flags.ok()) return Fail(flags.status(), kExitUsage);
  if (flags->action == DaemonFlags::Action::kHelp) {
    std::cout << DaemonHelp();
    return 0;
  }
  if (flags->action == DaemonFlags::Action::kVersion) {
    std::cout << "oneloopd " << ONELOOP_VERSION << std::endl;
    return 0;
  }
  if (flags->action == DaemonFlags::Action::kPrintConfig) {
    std::cout << FormatSettings(EffectiveSettings(*flags));
    return 0;
  }
  if (flags->action == DaemonFlags::Action::kFsck) return RunFsck(flags->data_dir, std::cout, std::cerr);
  if (flags->action == DaemonFlags::Action::kRestore) {
    return RunRestore(flags->backup_path, flags->data_dir, std::cout, std::cerr);
  }
  if (flags->is_default_dir) {
    // What cannot be made here is reported by the store, with the reason.
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(flags->data_dir).parent_path(), ignored);
  }
  return Serve(*flags, BlockStopSignals());
}

}  // namespace
}  // namespace oneloop

int main(int argc, char** argv) {
  // The packaged Abseil looks for lock-order cycles at every lock, and aborts on those that gRPC has.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  return oneloop::Main(std::vector<std::string>(argv + 1, argv + argc));
}
