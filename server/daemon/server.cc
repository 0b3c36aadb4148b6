#include "server/daemon/server.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <mutex>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "common/convert/library.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/resource_quota.h"
#include "server/access/audit_log.h"
#include "server/access/certificate_watcher.h"
#include "server/access/open_watches.h"
#include "server/access/token_file.h"
#include "server/access/token_registry.h"
#include "server/daemon/counted_start.h"
#include "server/grpc/admin_service.h"
#include "server/grpc/calibration_service.h"
#include "server/grpc/call_guard.h"
#include "server/grpc/model_service.h"
#include "server/grpc/reflection_service.h"
#include "server/grpc/search_service.h"
#include "server/grpc/steady_poller.h"
#include "server/grpc/transport.h"
#include "server/handlers/admin_handlers.h"
#include "server/handlers/calibration_convert.h"
#include "server/handlers/catalog.h"
#include "server/handlers/job_convert.h"
#include "server/handlers/model_handlers.h"
#include "server/handlers/search_handlers.h"
#include "server/metrics/instruments.h"
#include "server/metrics/metrics_server.h"
#include "server/metrics/prometheus_text.h"
#include "server/store/sqlite_run_store.h"
#include "server/store/store_errors.h"

namespace oneloop {
namespace {

// Bounds the threads of the unary calls; more callers at once get RESOURCE_EXHAUSTED.
constexpr int kMostCallThreads = 64;
// A watcher whose machine is gone is found out by pings.
constexpr int kKeepaliveMs = 60000;
constexpr int kKeepaliveTimeoutMs = 20000;
// Clients may ping as often, also between calls, to find out that the daemon is gone.
constexpr int kLeastPingIntervalMs = 10000;
constexpr mode_t kSocketMode = 0660;
// How long calls may go on once everything behind them has stopped.
constexpr absl::Duration kCallGrace = absl::Milliseconds(500);

constexpr std::array kStates = {JobState::kPending,   JobState::kRunning,   JobState::kPaused,
                                JobState::kCancelled, JobState::kSucceeded, JobState::kFailed};

// Acts on the servers built afterwards, for the whole process.
void EnableHealthService() {
  static std::once_flag once;
  std::call_once(once, [] { grpc::EnableDefaultHealthCheckService(true); });
}

// The process's umask may be stricter than the socket is meant to be, and a folder may have defaults of its own.
absl::Status OpenSocketToGroup(const std::string& path) {
  if (chmod(path.c_str(), kSocketMode) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("socket ", path, ": its permissions cannot be set"));
}

// Sets the permissions of files made while it lives.
class ScopedUmask {
 public:
  explicit ScopedUmask(mode_t mask) : before_(umask(mask)) {}
  ~ScopedUmask() { umask(before_); }
  ScopedUmask(const ScopedUmask&) = delete;
  ScopedUmask& operator=(const ScopedUmask&) = delete;

 private:
  const mode_t before_;
};

}  // namespace

// In the order of dependency: destroyed from the last to the first.
struct OneLoopServer::Parts {
  explicit Parts(const v1::Library* library) : catalog(library) {}

  Catalog catalog;
  DaemonMetrics metrics;
  std::unique_ptr<RunStore> store;
  std::unique_ptr<JobManager> jobs;
  std::unique_ptr<CalibrationManager> calibration_manager;
  std::unique_ptr<CalibrationCatalog> calibrations;
  std::unique_ptr<CalibrationHandlers> calibration_handlers;
  std::unique_ptr<ModelHandlers> model_handlers;
  std::unique_ptr<WatchHub> watch_hub;
  std::unique_ptr<TokenRegistry> tokens;
  std::unique_ptr<AuditLog> audit;
  std::unique_ptr<OpenWatches> open_watches;
  std::unique_ptr<CallGuard> guard;
  std::unique_ptr<SearchHandlers> search_handlers;
  std::unique_ptr<ModelService> model_service;
  std::unique_ptr<CalibrationService> calibration_service;
  std::unique_ptr<SearchService> search_service;
  std::unique_ptr<ReflectionService> reflection_service;
  std::unique_ptr<AdminHandlers> admin_handlers;  // null when it is not enabled
  std::unique_ptr<AdminService> admin_service;
  std::unique_ptr<SteadyPoller> poller;
  std::unique_ptr<CertificateWatcher> certificates;                   // null without TLS
  std::vector<std::shared_ptr<grpc::ServerCredentials>> credentials;  // asked by the server's connections
  std::unique_ptr<grpc::Server> server;
  std::vector<std::string> addresses;
  std::unique_ptr<MetricsServer> metrics_server;  // null when it is not enabled
  bool stopped = false;

  absl::Status Open(Options options);
  absl::Status OpenCalibrations();
  absl::Status OpenAccess(const Options& options);
  void MakeServices(const Options& options);
  absl::Status Listen(const Options& options);
  absl::Status ServeMetrics(const Options& options);
  DaemonState ReadState();
};

absl::Status OneLoopServer::Parts::Open(Options options) {
  SqliteRunStore::Options store_options;
  store_options.data_dir = options.data_dir;
  store_options.metrics = &metrics;
  store_options.on_lost = options.on_store_lost;
  ASSIGN_OR_RETURN(store, SqliteRunStore::Create(store_options));
  for (const ListenAddress& address : options.listen) {
    if (address.is_unix()) RETURN_IF_ERROR(RemoveStaleSocket(address.path));
  }
  JobManager::Options job_options;
  job_options.store = store.get();
  job_options.decode_spec = DecodeSearch;
  job_options.run_start = CountStarts(std::move(options.run_start), &metrics);
  job_options.num_threads = options.num_threads;
  job_options.max_unfinished_jobs = static_cast<std::size_t>(options.limits.max_unfinished_jobs);
  job_options.fair_share.max_running_per_user = static_cast<int>(options.limits.max_running_per_user);
  job_options.sweep = options.sweep;
  ASSIGN_OR_RETURN(jobs, JobManager::Create(std::move(job_options)));
  options.watch.store = store.get();
  options.watch.metrics = &metrics;
  ASSIGN_OR_RETURN(watch_hub, WatchHub::Create(std::move(options.watch)));
  RETURN_IF_ERROR(OpenCalibrations());
  model_handlers = std::make_unique<ModelHandlers>(ModelHandlers::Options{&catalog, calibrations.get()});
  SearchHandlers::Options handler_options;
  handler_options.store = store.get();
  handler_options.jobs = jobs.get();
  handler_options.catalog = &catalog;
  handler_options.calibrations = calibrations.get();
  handler_options.limits = options.limits;
  search_handlers = std::make_unique<SearchHandlers>(std::move(handler_options));
  RETURN_IF_ERROR(OpenAccess(options));
  MakeServices(options);
  RETURN_IF_ERROR(Listen(options));
  return ServeMetrics(options);
}

absl::Status OneLoopServer::Parts::OpenCalibrations() {
  ASSIGN_OR_RETURN(calibration_manager, CalibrationManager::Create(store.get(), TrainCalibration));
  calibrations = std::make_unique<CalibrationCatalog>(&catalog, store.get(), calibration_manager.get());
  calibration_handlers = std::make_unique<CalibrationHandlers>(
      CalibrationHandlers::Options{&catalog, calibration_manager.get(), calibrations.get()});
  return absl::OkStatus();
}

absl::Status OneLoopServer::Parts::OpenAccess(const Options& options) {
  const bool has_tcp = std::any_of(options.listen.begin(), options.listen.end(),
                                   [](const ListenAddress& address) { return !address.is_unix(); });
  if (has_tcp) {
    RETURN_IF_ERROR(EnsureLocalToken(options.data_dir, absl::Now()));
    Log(LogLevel::kInfo,
        "callers over TCP need a token; one for this machine is in " + LocalTokenPath(options.data_dir));
  }
  tokens = std::make_unique<TokenRegistry>(options.data_dir);
  AuditLog::Options audit_options;
  audit_options.data_dir = options.data_dir;
  audit = std::make_unique<AuditLog>(audit_options);
  OpenWatches::Options watch_options;
  watch_options.max_per_user = options.limits.max_watches_per_user;
  watch_options.check_interval = options.token_check_interval;
  watch_options.check_token = [registry = tokens.get()](const std::string& id, absl::Time now) {
    return registry->CheckStillValid(id, now);
  };
  open_watches = std::make_unique<OpenWatches>(std::move(watch_options));
  CallGuard::Options guard_options;
  guard_options.tokens = tokens.get();
  guard_options.audit = audit.get();
  guard_options.watches = open_watches.get();
  guard_options.metrics = &metrics;
  guard_options.owner_of = [run_store = store.get()](std::int64_t job_id) -> absl::StatusOr<std::string> {
    ASSIGN_OR_RETURN(const JobRecord record, run_store->GetJob(job_id));
    return record.job.owner;
  };
  guard = std::make_unique<CallGuard>(std::move(guard_options));
  return absl::OkStatus();
}

void OneLoopServer::Parts::MakeServices(const Options& options) {
  search_service = std::make_unique<SearchService>(search_handlers.get(), watch_hub.get(), guard.get());
  model_service = std::make_unique<ModelService>(model_handlers.get(), guard.get());
  calibration_service = std::make_unique<CalibrationService>(calibration_handlers.get(), guard.get());
  std::vector<std::string> names = {v1::SearchService::service_full_name(), v1::ModelService::service_full_name(),
                                    v1::CalibrationService::service_full_name()};
  if (options.enable_admin) {
    admin_handlers = std::make_unique<AdminHandlers>(options.data_dir, options.request_stop);
    admin_service = std::make_unique<AdminService>(admin_handlers.get(), guard.get());
    names.emplace_back(v1::AdminService::service_full_name());
  }
  reflection_service = std::make_unique<ReflectionService>(guard.get(), std::move(names));
}

absl::Status OneLoopServer::Parts::Listen(const Options& options) {
  const std::vector<ListenAddress>& listen = options.listen;
  EnableHealthService();
  grpc::ServerBuilder builder;
  // Without this a second daemon on the port would start silently and take half of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kLeastPingIntervalMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.limits.max_message_bytes));
  grpc::ResourceQuota quota("oneloop");
  quota.SetMaxThreads(kMostCallThreads);
  builder.SetResourceQuota(quota);
  if (options.tls.enabled()) {
    CertificateWatcher::Options certificate_options;
    certificate_options.files = options.tls;
    ASSIGN_OR_RETURN(certificates, CertificateWatcher::Create(std::move(certificate_options)));
  }
  std::vector<int> ports(listen.size(), 0);
  for (std::size_t i = 0; i < listen.size(); ++i) {
    credentials.push_back(CredentialsFor(listen[i], certificates.get()));
    builder.AddListeningPort(listen[i].Uri(), credentials.back(), &ports[i]);
  }
  builder.RegisterService(search_service.get());
  builder.RegisterService(model_service.get());
  builder.RegisterService(calibration_service.get());
  builder.RegisterService(reflection_service.get());
  if (admin_service != nullptr) builder.RegisterService(admin_service.get());
  poller = std::make_unique<SteadyPoller>(&builder);
  {
    const ScopedUmask only_owner_and_group(0777 & ~kSocketMode);
    server = builder.BuildAndStart();
  }
  if (server != nullptr) poller->Start();
  for (std::size_t i = 0; i < listen.size(); ++i) {
    if (server == nullptr || ports[i] == 0) {
      return absl::UnavailableError(absl::StrCat("cannot listen on ", listen[i].Uri(), ": is it taken by another ",
                                                 "program, or its folder not writable?"));
    }
    if (listen[i].is_unix()) RETURN_IF_ERROR(OpenSocketToGroup(listen[i].path));
    addresses.push_back(listen[i].is_unix() ? listen[i].Uri() : ListenAddress{"", listen[i].host, ports[i]}.Uri());
  }
  return absl::OkStatus();
}

absl::Status OneLoopServer::Parts::ServeMetrics(const Options& options) {
  if (!options.metrics_listen.has_value()) return absl::OkStatus();
  ASSIGN_OR_RETURN(metrics_server, MetricsServer::Start(options.metrics_listen->host, options.metrics_listen->port,
                                                        [this] { return PrometheusText(metrics, ReadState()); }));
  return absl::OkStatus();
}

DaemonState OneLoopServer::Parts::ReadState() {
  DaemonState state;
  state.open_watches = open_watches->count();
  state.unlogged_refusals = audit->unlogged_refusals();
  state.failed_token_reads = tokens->failed_reads();
  if (certificates != nullptr) state.refused_certificates = certificates->refused();
  const absl::StatusOr<StoreTotals> totals = store->ReadTotals();
  if (!totals.ok()) return state;
  StoredState& stored = state.stored.emplace();
  for (const JobState job_state : kStates) {
    const auto count = totals->jobs.find(job_state);
    stored.jobs_by_state.emplace_back(absl::AsciiStrToLower(std::string(JobStateName(job_state))),
                                      count == totals->jobs.end() ? 0 : count->second);
  }
  stored.unfinished_starts = totals->unfinished_starts;
  stored.wal_bytes = totals->wal_bytes;
  return state;
}

OneLoopServer::OneLoopServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

absl::StatusOr<std::unique_ptr<OneLoopServer>> OneLoopServer::Start(Options options) {
  if (options.listen.empty()) return absl::InvalidArgumentError("the daemon needs an address to listen on");
  RETURN_IF_ERROR(CheckTransport(options.listen, options.tls));
  if (options.metrics_listen) RETURN_IF_ERROR(MetricsServer::CheckHost(options.metrics_listen->host));
  std::unique_ptr<OneLoopServer> server(new OneLoopServer(std::make_unique<Parts>(&ShippedLibrary())));
  RETURN_IF_ERROR(server->parts_->Open(std::move(options)));
  return server;
}

OneLoopServer::~OneLoopServer() {
  if (const absl::Status stopped = Stop(absl::InfiniteDuration()); !stopped.ok()) {
    Log(LogLevel::kError, absl::StrCat("stopping: ", stopped.message()));
  }
}

absl::Status OneLoopServer::Stop(absl::Duration timeout) {
  Parts& parts = *parts_;
  if (std::exchange(parts.stopped, true)) return absl::OkStatus();
  if (parts.server != nullptr) {
    if (auto* health = parts.server->GetHealthCheckService()) health->SetServingStatus(false);
  }
  if (parts.watch_hub != nullptr) parts.watch_hub->Drain();
  if (parts.calibration_manager != nullptr) parts.calibration_manager->Drain();
  absl::Status result = parts.jobs == nullptr ? absl::OkStatus() : parts.jobs->Drain(timeout);
  if (parts.server != nullptr) parts.server->Shutdown(absl::ToChronoTime(absl::Now() + kCallGrace));
  // It reads the store.
  parts.metrics_server.reset();
  // The hub listens to the store's commits.
  if (result.ok()) parts.watch_hub.reset();
  if (parts.store != nullptr) result.Update(parts.store->Close());
  return result;
}

const std::vector<std::string>& OneLoopServer::addresses() const { return parts_->addresses; }

std::string OneLoopServer::metrics_address() const {
  return parts_->metrics_server == nullptr ? "" : parts_->metrics_server->address();
}

int OneLoopServer::num_threads() const { return parts_->jobs->num_threads(); }

}  // namespace oneloop
