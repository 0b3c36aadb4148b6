#include "client/worker/run_worker.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/errors.h"
#include "client/flag_set.h"
#include "client/server_options.h"
#include "client/service_client.h"
#include "client/worker/remote_leases.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "server/wire/reference_search.h"
#include "server/work/memory_gate.h"
#include "server/work/search_digest.h"
#include "server/work/worker.h"

namespace oneloop {
namespace {

constexpr char kProgram[] = "oneloop-worker";
// Points become visible after so long: many workers report to one daemon.
constexpr absl::Duration kReportInterval = absl::Seconds(1);

struct Flags {
  ServerOptions server;
  std::string name;
  std::optional<std::int32_t> threads;
  std::optional<std::int64_t> max_search_bytes;
  std::string idle_exit;
  bool version = false;
  bool digest = false;
};

void Declare(FlagSet* flags, Flags* values) {
  flags->Add("name", "NAME", "shown in `oneloop workers list`; default HOST:PID", &values->name);
  flags->Add("threads", "N", "leases that it runs at a time; default as many as there are cores for it",
             &values->threads, "1 to 1024");
  flags->Add("max_search_bytes", "N", "memory of all searches that run; default half of the machine's",
             &values->max_search_bytes);
  flags->Add("idle_exit", "DURATION", "ends after so long without work, for example 10m; default never",
             &values->idle_exit);
  flags->Add("digest", "prints what the reference search yields with each instruction set, and ends", &values->digest);
  flags->Add("version", "prints the version, and ends", &values->version);
  values->server.Declare(flags);
}

std::string HostName() {
  std::array<char, 256> host{};
  return gethostname(host.data(), host.size() - 1) == 0 && host[0] != '\0' ? host.data() : "unknown";
}

// Of the cores that this process may run on, which under Slurm are those of its task.
int DefaultThreads() {
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kMostWorkerThreads);
}

absl::StatusOr<absl::Duration> IdleExit(const std::string& text) {
  if (text.empty()) return absl::InfiniteDuration();
  absl::Duration duration;
  if (absl::ParseDuration(text, &duration) && duration > absl::ZeroDuration()) return duration;
  return UsageError("", absl::StrCat("--idle_exit '", text, "': valid: durations above 0 such as 90s or 10m"));
}

ExitCode PrintDigests(const SearchList& searches, Environment& env) {
  for (const InstructionSetDigest& one : DigestsByInstructionSet(searches)) {
    env.out << absl::StrFormat("%-12s %016x\n", one.instruction_set, one.digest);
  }
  return ExitCode::kOk;
}

// Signals end the leases; leases that are over end the wait for signals.
class SignalThread {
 public:
  SignalThread(const std::function<void(const std::function<bool()>&)>& await_stop, RemoteLeases* leases)
      : thread_([this, await_stop, leases] {
          await_stop([this] { return ended_.stopped(); });
          leases->Stop();
        }) {}
  ~SignalThread() {
    ended_.Stop();
    thread_.join();
  }
  SignalThread(const SignalThread&) = delete;
  SignalThread& operator=(const SignalThread&) = delete;

 private:
  StopSwitch ended_;
  std::thread thread_;
};

absl::Status Work(const Flags& flags, const SearchList& reference, Environment& env,
                  const std::function<void(const std::function<bool()>&)>& await_stop) {
  ServerOptions::Sources sources;
  ASSIGN_OR_RETURN(ServiceClient::Options client_options, flags.server.Resolve(env, &sources));
  // RemoteLeases knows better what is worth another try, and for how long.
  client_options.retry.patience = absl::ZeroDuration();
  ASSIGN_OR_RETURN(const std::unique_ptr<ServiceClient> client, ServiceClient::Create(std::move(client_options)));
  RemoteLeases::Options options;
  options.client = client.get();
  ASSIGN_OR_RETURN(options.idle_exit, IdleExit(flags.idle_exit));
  const int threads = flags.threads.value_or(DefaultThreads());
  if (threads < 1 || threads > kMostWorkerThreads) {
    return UsageError("", absl::StrCat("--threads ", threads, ": valid: 1 to ", kMostWorkerThreads));
  }
  const std::string host = HostName();
  options.worker.set_name(flags.name.empty() ? absl::StrCat(host, ":", getpid()) : flags.name);
  options.worker.set_host(host);
  options.worker.set_threads(threads);
  options.worker.set_version(ONELOOP_VERSION);
  options.worker.set_instruction_set(InstructionSet());
  options.worker.set_digest(DigestOf(reference));
  MemoryGate memory(flags.max_search_bytes.value_or(DefaultSearchBytes()));
  RemoteLeases leases(std::move(options));
  const SignalThread signals(await_stop, &leases);
  Worker::Options worker_options;
  worker_options.num_threads = threads;
  worker_options.memory = &memory;
  worker_options.writer.flush_interval = kReportInterval;
  const Worker worker(std::move(worker_options), &leases);
  return leases.AwaitEnd();
}

absl::StatusOr<ExitCode> Run(const std::vector<std::string>& args, Environment& env,
                             const std::function<void(const std::function<bool()>&)>& await_stop) {
  Flags values;
  FlagSet flags(kProgram);
  Declare(&flags, &values);
  RETURN_IF_ERROR(flags.Parse(args));
  if (flags.help_requested()) {
    env.out << "Usage: " << kProgram << " [flags]\n\nRuns parts of a daemon's jobs until SIGTERM or SIGINT.\n\n"
            << flags.HelpText();
    return ExitCode::kOk;
  }
  if (values.version) {
    env.out << kProgram << " " << ONELOOP_VERSION << "\n";
    return ExitCode::kOk;
  }
  ASSIGN_OR_RETURN(const SearchList reference, ReferenceSearches());
  if (values.digest) return PrintDigests(reference, env);
  RETURN_IF_ERROR(Work(values, reference, env, await_stop));
  return ExitCode::kOk;
}

}  // namespace

ExitCode RunWorker(const std::vector<std::string>& args, Environment& env,
                   const std::function<void(const std::function<bool()>&)>& await_stop) {
  const absl::StatusOr<ExitCode> code = Run(args, env, await_stop);
  env.out.flush();
  if (code.ok()) return *code;
  env.err << kProgram << ": " << OneLine(Message(code.status())) << std::endl;
  return ExitCodeOf(code.status());
}

}  // namespace oneloop
