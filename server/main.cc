#include <fcntl.h>
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
#include "common/base/flush_output.h"
#include "common/base/log.h"
#include "common/base/log_writer.h"
#include "common/base/mutex.h"
#include "common/base/status.h"
#include "grpc/support/log.h"
#include "server/daemon/daemon_flags.h"
#include "server/daemon/maintenance.h"
#include "server/daemon/server.h"
#include "server/daemon/token_command.h"
#include "server/net/descriptor_limit.h"

namespace oneloop {
namespace {

// Starts stop within a fraction of a second; what waits for a slow disk may take longer. With the calls' grace and the
// store's closing, the whole stop stays under 30 seconds.
constexpr absl::Duration kStopTimeout = absl::Seconds(20);

// For a reader of standard output or error that is slow, until what is left is lost.
constexpr absl::Duration kOutputTimeout = absl::Seconds(1);
// For replies under way when the store is lost.
constexpr absl::Duration kLastReplies = absl::Milliseconds(500);

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;

// Why the store was lost, once it was. Thread-safe.
class Lost {
 public:
  void Set(const absl::Status& reason) {
    MutexLock lock(&mutex_);
    reason_ = reason;
  }
  absl::Status Get() {
    MutexLock lock(&mutex_);
    return reason_;
  }

 private:
  Mutex mutex_;
  absl::Status reason_ ABSL_GUARDED_BY(mutex_);
};

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

int Fail(const absl::Status& status, int exit_code) {
  std::cerr << "oneloopd: " << Message(status) << std::endl;
  return exit_code;
}

// Of a command that prints what it found: done only when that has been written.
int Printed(int exit_code) {
  const absl::Status written = FlushOutput(std::cout);
  return written.ok() ? exit_code : Fail(written, kExitFailure);
}

// A file that is opened later must not get the number of a standard descriptor that the caller has closed: what is
// printed would go into it. Writing to one that is only open for reading fails.
void FillStandardDescriptors() {
  int descriptor = 0;
  do {
    descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);
  } while (descriptor >= 0 && descriptor <= STDERR_FILENO);
  if (descriptor >= 0) close(descriptor);
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

OneLoopServer::Options ServerOptions(const DaemonFlags& flags) {
  OneLoopServer::Options options;
  options.data_dir = flags.data_dir;
  options.listen = flags.listen;
  if (flags.threads) options.num_threads = *flags.threads == 0 ? JobManager::kNoThreads : *flags.threads;
  options.lease_time = flags.lease_time;
  options.tls = flags.tls;
  options.limits = flags.limits;
  options.enable_admin = flags.enable_admin;
  options.socket_auth = flags.socket_auth;
  options.request_stop = [] { kill(getpid(), SIGTERM); };
  options.sweep.retention = flags.retention;
  options.sweep.purge_after = flags.purge_after;
  options.metrics_listen = flags.metrics_listen;
  options.http = flags.http;
  options.http_hosts = flags.http_hosts;
  return options;
}

// Once nothing may wait for the reader of standard error.
int FailWhileServing(const absl::Status& status) {
  LogVerbatim("oneloopd: " + Message(status));
  return kExitFailure;
}

void PrintListening(const OneLoopServer& server, const DaemonFlags& flags) {
  LogWriter::Options options;
  options.descriptor = STDOUT_FILENO;
  LogWriter out(std::move(options));
  const std::string metrics = server.metrics_address();
  const std::string http = server.http_address();
  out.Write(absl::StrCat(
      "oneloopd: listening on ", absl::StrJoin(server.addresses(), ", "), " (pid ", getpid(), ", data ", flags.data_dir,
      ", ", server.num_threads(), " threads", metrics.empty() ? "" : ", metrics on http://" + metrics + "/metrics",
      http.empty() ? "" : ", web page on ", http.starts_with("unix:") || http.empty() ? "" : "http://", http, ")\n"));
  if (!out.Flush(kOutputTimeout) || out.dropped() > 0) {
    Log(LogLevel::kWarning, "standard output does not take the line that says where the daemon listens");
  }
}

// What has to be kept is kept, and nobody may wait for what is left: gRPC's for connections whose clients do not close
// them takes up to ten seconds, a start that hangs for ever.
[[noreturn]] void EndNow(int exit_code) {
  FlushLog(kOutputTimeout);
  std::_Exit(exit_code);
}

// Whatever is at the data directory's path now is not this daemon's: an orderly stop would remove sockets and logs of
// others there. Those who wait for a commit are told in the meantime.
[[noreturn]] void EndWithoutStore(const absl::Status& reason) {
  SteadySleepFor(kLastReplies);
  EndNow(FailWhileServing(reason));
}

int Serve(const DaemonFlags& flags, const sigset_t& signals) {
  SetLogFormat(flags.log_format);
  SetLogLevel(flags.log_level);
  gpr_set_log_function(LogGrpc);
  const int descriptors = RaiseDescriptorLimit();
  OneLoopServer::Options options = ServerOptions(flags);
  Lost lost;
  options.on_store_lost = [&lost](const absl::Status& reason) {
    lost.Set(reason);
    kill(getpid(), SIGTERM);
  };
  absl::StatusOr<std::unique_ptr<OneLoopServer>> server = OneLoopServer::Start(std::move(options));
  if (!server.ok()) return FailWhileServing(server.status());
  PrintListening(**server, flags);
  Log(LogLevel::kInfo, absl::StrCat("at most ", descriptors, " open files and connections"));
  LogSettings(flags);
  int signal = 0;
  sigwait(&signals, &signal);
  if (const absl::Status reason = lost.Get(); !reason.ok()) EndWithoutStore(reason);
  Log(LogLevel::kInfo, absl::StrCat("stopping on signal ", signal));
  const absl::Status stopped = (*server)->Stop(kStopTimeout);
  if (const absl::Status reason = lost.Get(); !reason.ok()) EndWithoutStore(reason);
  if (!stopped.ok()) EndNow(FailWhileServing(stopped));
  Log(LogLevel::kInfo, "stopped");
  EndNow(0);
}

int ServeAndFlush(const DaemonFlags& flags) {
  const sigset_t signals = BlockStopSignals();
  LogInBackground();
  const int exit_code = Serve(flags, signals);
  FlushLog(kOutputTimeout);
  return exit_code;
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
    return Printed(0);
  }
  if (flags->action == DaemonFlags::Action::kVersion) {
    std::cout << "oneloopd " << ONELOOP_VERSION << '\n';
    return Printed(0);
  }
  if (flags->action == DaemonFlags::Action::kFsck) return RunFsck(flags->data_dir, std::cout, std::cerr);
  if (flags->action == DaemonFlags::Action::kRestore) {
    return RunRestore(flags->backup_path, flags->data_dir, std::cout, std::cerr);
  }
  if (flags->action == DaemonFlags::Action::kPrintConfig) {
    if (const absl::Status startable = CheckDaemonFlags(*flags); !startable.ok()) return Fail(startable, kExitUsage);
    std::cout << FormatSettings(EffectiveSettings(*flags));
    return Printed(0);
  }
  if (flags->is_default_dir) {
    // What cannot be made here is reported by the store, with the reason.
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(flags->data_dir).parent_path(), ignored);
  }
  return ServeAndFlush(*flags);
}

}  // namespace
}  // namespace oneloop

int main(int argc, char** argv) {
  // A reader who leaves is an error where it is written to.
  std::signal(SIGPIPE, SIG_IGN);
  oneloop::FillStandardDescriptors();
  // The packaged Abseil looks for lock-order cycles at every lock, and aborts on those that gRPC has.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  return oneloop::Main(std::vector<std::string>(argv + 1, argv + argc));
}
