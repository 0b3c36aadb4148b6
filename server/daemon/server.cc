#include "server/daemon/server.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "common/convert/library.h"
#include "grpc/support/time.h"
#include "grpcpp/grpcpp.h"
#include "server/access/audit_log.h"
#include "server/access/certificate_watcher.h"
#include "server/access/open_watches.h"
#include "server/access/secrets.h"
#include "server/access/token_file.h"
#include "server/access/token_registry.h"
#include "server/daemon/counted_start.h"
#include "server/grpc/api_service.h"
#include "server/grpc/connection_handover.h"
#include "server/grpc/steady_poller.h"
#include "server/grpc/transport.h"
#include "server/handlers/admin_handlers.h"
#include "server/handlers/calibration_convert.h"
#include "server/handlers/calibration_handlers.h"
#include "server/handlers/call_guard.h"
#include "server/handlers/call_queue.h"
#include "server/handlers/call_runner.h"
#include "server/handlers/catalog.h"
#include "server/handlers/health_handlers.h"
#include "server/handlers/job_convert.h"
#include "server/handlers/method_table.h"
#include "server/handlers/model_handlers.h"
#include "server/handlers/open_calls.h"
#include "server/handlers/search_handlers.h"
#include "server/handlers/worker_handlers.h"
#include "server/http/http_api.h"
#include "server/http/http_server.h"
#include "server/http/metrics_server.h"
#include "server/metrics/instruments.h"
#include "server/metrics/prometheus_text.h"
#include "server/net/connection_gate.h"
#include "server/store/sqlite_run_store.h"
#include "server/store/store_errors.h"
#include "server/wire/reference_search.h"
#include "server/work/search_digest.h"

namespace oneloop {
namespace {

// Calls of one connection at a time; the client keeps further ones back.
constexpr int kMostStreams = 1000;
// A connection without a call is closed after so long; clients connect again by themselves.
constexpr int kMostIdleMs = 600000;
// A watcher whose machine is gone is found out by pings.
constexpr int kKeepaliveMs = 60000;
constexpr int kKeepaliveTimeoutMs = 20000;
// Clients may ping as often, also between calls, to find out that the daemon is gone.
constexpr int kLeastPingIntervalMs = 10000;
// What a request may take in memory, for each byte that it may have.
constexpr std::int64_t kParsedBytesPerByte = 4;
constexpr std::size_t kTagKeyBytes = 32;
constexpr std::size_t kSessionBytes = 32;
// How long calls may go on once everything behind them has stopped.
constexpr int kCallGraceMs = 500;

// Of the first worker that comes; the next find it done.
absl::StatusOr<std::uint64_t> ReferenceDigest() {
  static const auto* const digest = new absl::StatusOr<std::uint64_t>([]() -> absl::StatusOr<std::uint64_t> {
    ASSIGN_OR_RETURN(const SearchList searches, ReferenceSearches());
    return DigestOf(searches);
  }());
  return *digest;
}

constexpr std::array kStates = {JobState::kPending,   JobState::kRunning,   JobState::kPaused,
                                JobState::kCancelled, JobState::kSucceeded, JobState::kFailed};

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
  std::unique_ptr<WorkerDesk> worker_desk;
  std::unique_ptr<WorkerHandlers> worker_handlers;
  std::unique_ptr<TokenRegistry> tokens;
  std::unique_ptr<AuditLog> audit;
  std::unique_ptr<OpenWatches> open_watches;
  std::unique_ptr<CallGuard> guard;
  std::unique_ptr<SearchHandlers> search_handlers;
  std::unique_ptr<AdminHandlers> admin_handlers;  // null when it is not enabled
  std::unique_ptr<HealthHandlers> health;
  std::unique_ptr<OpenCalls> open_calls;
  std::unique_ptr<CallRunner> runner;
  std::unique_ptr<CallQueue> call_queue;
  std::unique_ptr<ConnectionGate> gate;
  std::unique_ptr<ApiService> api;
  std::unique_ptr<SteadyPoller> poller;
  std::unique_ptr<CertificateWatcher> certificates;                   // null without TLS
  std::vector<std::shared_ptr<grpc::ServerCredentials>> credentials;  // asked by the server's connections
  std::unique_ptr<ConnectionHandover> handover;
  std::unique_ptr<grpc::Server> server;
  std::vector<std::string> addresses;
  std::unique_ptr<MetricsServer> metrics_server;  // null when it is not enabled
  std::unique_ptr<HttpApi> http_api;              // likewise
  std::unique_ptr<HttpServer> http;               // likewise
  std::atomic<bool> stopping{false};
  bool stopped = false;

  absl::Status Open(Options options);
  absl::Status OpenCalibrations();
  void OpenWorkers(const Options& options);
  absl::Status OpenAccess(const Options& options);
  void MakeService(const Options& options);
  absl::Status OpenGate(const Options& options);
  absl::Status Serve(const Options& options);
  absl::Status ServeMetrics(const Options& options);
  absl::Status ServeHttp(const Options& options);
  absl::Status CheckReady() const;
  DaemonState ReadState();
  void MoveStalled(std::map<JobState, std::int64_t>* jobs_by_state);
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
  if (options.http && options.http->is_unix()) RETURN_IF_ERROR(RemoveStaleSocket(options.http->path));
  JobManager::Options job_options;
  job_options.store = store.get();
  job_options.decode_spec = DecodeSearch;
  job_options.run_start = CountStarts(std::move(options.run_start), &metrics);
  job_options.num_threads = options.num_threads;
  job_options.max_search_bytes = options.limits.max_search_bytes;
  job_options.max_unfinished_jobs = static_cast<std::size_t>(options.limits.max_unfinished_jobs);
  job_options.fair_share.max_running_per_user = static_cast<int>(options.limits.max_running_per_user);
  job_options.sweep = options.sweep;
  ASSIGN_OR_RETURN(jobs, JobManager::Create(std::move(job_options)));
  options.watch.store = store.get();
  options.watch.metrics = &metrics;
  ASSIGN_OR_RETURN(watch_hub, WatchHub::Create(std::move(options.watch)));
  RETURN_IF_ERROR(OpenCalibrations());
  ModelHandlers::Options model_options;
  model_options.catalog = &catalog;
  model_options.calibrations = calibrations.get();
  model_options.start_time = WallNow();
  model_handlers = std::make_unique<ModelHandlers>(model_options);
  SearchHandlers::Options handler_options;
  handler_options.store = store.get();
  handler_options.jobs = jobs.get();
  handler_options.catalog = &catalog;
  handler_options.calibrations = calibrations.get();
  handler_options.limits = options.limits;
  search_handlers = std::make_unique<SearchHandlers>(std::move(handler_options));
  OpenWorkers(options);
  RETURN_IF_ERROR(OpenAccess(options));
  RETURN_IF_ERROR(OpenGate(options));
  MakeService(options);
  RETURN_IF_ERROR(Serve(options));
  RETURN_IF_ERROR(ServeMetrics(options));
  return ServeHttp(options);
}

absl::Status OneLoopServer::Parts::OpenCalibrations() {
  ASSIGN_OR_RETURN(calibration_manager, CalibrationManager::Create(store.get(), TrainCalibration));
  calibrations = std::make_unique<CalibrationCatalog>(&catalog, store.get(), calibration_manager.get());
  calibration_handlers = std::make_unique<CalibrationHandlers>(
      CalibrationHandlers::Options{&catalog, calibration_manager.get(), calibrations.get()});
  return absl::OkStatus();
}

void OneLoopServer::Parts::OpenWorkers(const Options& options) {
  WorkerDesk::Options desk_options;
  desk_options.jobs = jobs.get();
  desk_options.metrics = &metrics;
  desk_options.lease_time = options.lease_time;
  desk_options.max_workers = static_cast<std::size_t>(options.limits.max_workers);
  desk_options.make_secret = [] { return RandomHex(kSessionBytes); };
  worker_desk = std::make_unique<WorkerDesk>(std::move(desk_options));
  WorkerHandlers::Options handler_options;
  handler_options.desk = worker_desk.get();
  handler_options.jobs = jobs.get();
  handler_options.store = store.get();
  handler_options.digest = ReferenceDigest;
  worker_handlers = std::make_unique<WorkerHandlers>(std::move(handler_options));
}

absl::Status OneLoopServer::Parts::OpenAccess(const Options& options) {
  const bool has_tcp = std::any_of(options.listen.begin(), options.listen.end(),
                                   [](const ListenAddress& address) { return !address.is_unix(); });
  if (has_tcp || options.http.has_value()) {
    RETURN_IF_ERROR(EnsureLocalToken(options.data_dir, WallNow()));
    Log(LogLevel::kInfo,
        "callers over TCP and HTTP need a token; one for this machine is in " + LocalTokenPath(options.data_dir));
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
  guard_options.metrics = &metrics;
  guard_options.socket_auth = options.socket_auth;
  guard_options.owner_of = [this](const std::string& resource) { return search_handlers->OwnerOf(resource); };
  guard = std::make_unique<CallGuard>(std::move(guard_options));
  return absl::OkStatus();
}

void OneLoopServer::Parts::MakeService(const Options& options) {
  if (options.enable_admin) admin_handlers = std::make_unique<AdminHandlers>(options.data_dir, options.request_stop);
  Handlers handlers = {
      search_handlers.get(), model_handlers.get(), calibration_handlers.get(), admin_handlers.get(), nullptr,
      worker_handlers.get()};
  health = std::make_unique<HealthHandlers>(ServedServices(handlers));
  std::get<const HealthHandlers*>(handlers) = health.get();
  OpenCalls::Options call_options = options.open_calls;
  call_options.largest_request_bytes = options.limits.max_message_bytes;
  call_options.most_request_bytes = options.limits.max_request_bytes;
  call_options.most_calls_per_user = options.limits.max_open_calls_per_user;
  open_calls = std::make_unique<OpenCalls>(call_options);
  call_queue = std::make_unique<CallQueue>(
      CallQueue::ForCores(static_cast<int>(std::max(1u, std::thread::hardware_concurrency()))));
  runner = std::make_unique<CallRunner>(handlers, guard.get());
  ApiParts parts;
  parts.handlers = handlers;
  parts.guard = guard.get();
  parts.runner = runner.get();
  parts.open_calls = open_calls.get();
  parts.queue = call_queue.get();
  parts.open_watches = open_watches.get();
  parts.watch_hub = watch_hub.get();
  parts.health = health.get();
  parts.gate = gate.get();
  parts.most_parsed_bytes = options.limits.max_message_bytes * kParsedBytesPerByte;
  api = std::make_unique<ApiService>(parts);
}

absl::Status OneLoopServer::Parts::OpenGate(const Options& options) {
  ConnectionGate::Options gate_options = options.gate;
  gate_options.max_connections = static_cast<int>(options.limits.max_connections);
  for (const ListenAddress& address : options.listen) {
    const bool with_tls = !address.is_unix() && options.tls.enabled();
    gate_options.listeners.push_back({address, with_tls ? Opening::kTls : Opening::kHttp2});
  }
  ASSIGN_OR_RETURN(gate, ConnectionGate::Create(std::move(gate_options)));
  addresses = gate->addresses();
  return absl::OkStatus();
}

absl::Status OneLoopServer::Parts::Serve(const Options& options) {
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kLeastPingIntervalMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, kMostIdleMs);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMostStreams);
  // Without it gRPC lets a call that nobody reads yet bring more and more bytes.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.limits.max_message_bytes));
  if (options.tls.enabled()) {
    CertificateWatcher::Options certificate_options;
    certificate_options.files = options.tls;
    ASSIGN_OR_RETURN(certificates, CertificateWatcher::Create(std::move(certificate_options)));
  }
  for (const ListenAddress& address : options.listen)
    credentials.push_back(CredentialsFor(address, certificates.get()));
  handover = std::make_unique<ConnectionHandover>(&builder, credentials);
  builder.RegisterCallbackGenericService(api.get());
  poller = std::make_unique<SteadyPoller>(&builder, [service = api.get()] { return service->is_busy(); });
  server = builder.BuildAndStart();
  if (server == nullptr) return absl::InternalError("gRPC does not start");
  poller->Start();
  gate->Start([this](AcceptedConnection connection) { handover->HandOver(server.get(), std::move(connection)); });
  return absl::OkStatus();
}

absl::Status OneLoopServer::Parts::ServeMetrics(const Options& options) {
  if (!options.metrics_listen.has_value()) return absl::OkStatus();
  ASSIGN_OR_RETURN(metrics_server, MetricsServer::Start(options.metrics_listen->host, options.metrics_listen->port,
                                                        [this] { return PrometheusText(metrics, ReadState()); }));
  return absl::OkStatus();
}

// Whether work is taken: not while the daemon stops, nor while the disk takes no results.
absl::Status OneLoopServer::Parts::CheckReady() const {
  if (stopping) return absl::UnavailableError("the daemon is stopping");
  RETURN_IF_ERROR(store->CheckWriter());
  if (jobs->StalledJobIds().empty()) return absl::OkStatus();
  return absl::UnavailableError("jobs wait for the disk to take their results");
}

absl::Status OneLoopServer::Parts::ServeHttp(const Options& options) {
  if (!options.http.has_value()) return absl::OkStatus();
  HttpApiParts parts;
  parts.handlers = api->parts().handlers;
  parts.guard = guard.get();
  parts.runner = runner.get();
  parts.open_calls = open_calls.get();
  parts.queue = call_queue.get();
  parts.news = &store->news();
  parts.max_message_bytes = options.limits.max_message_bytes;
  parts.most_parsed_bytes = options.limits.max_message_bytes * kParsedBytesPerByte;
  parts.hosts = options.http_hosts;
  ASSIGN_OR_RETURN(parts.tag_key, RandomHex(kTagKeyBytes));
  parts.metrics = [this] { return PrometheusText(metrics, ReadState()); };
  parts.ready = [this] { return CheckReady(); };
  parts.shows_unstored = [this] { return !jobs->StalledJobIds().empty(); };
  http_api = std::make_unique<HttpApi>(std::move(parts));
  HttpServer::Options http_options;
  http_options.listen = *options.http;
  http_options.flag = "--http";
  http_options.max_connections = static_cast<int>(options.limits.max_connections);
  ASSIGN_OR_RETURN(http, HttpServer::Start(http_options, [served = http_api.get()](const auto& exchange) {
                     served->OnRequest(exchange);
                   }));
  return absl::OkStatus();
}

// Jobs whose pause did not fit on the disk are shown as paused, here as in GetJob.
void OneLoopServer::Parts::MoveStalled(std::map<JobState, std::int64_t>* jobs_by_state) {
  for (const std::int64_t id : jobs->StalledJobIds()) {
    const absl::StatusOr<JobRecord> job = store->GetJob(id);
    if (!job.ok() || IsFinal(job->state) || job->state == JobState::kPaused) continue;
    --(*jobs_by_state)[job->state];
    ++(*jobs_by_state)[JobState::kPaused];
  }
}

DaemonState OneLoopServer::Parts::ReadState() {
  DaemonState state;
  const WorkerDesk::Totals workers = worker_desk->Count();
  state.workers = {workers.workers, workers.threads, workers.leases, workers.starts};
  state.open_watches = open_watches->count();
  state.open_calls = open_calls->count();
  state.waiting_calls = call_queue->waiting();
  state.calls_given_up = open_calls->given_up();
  state.connections = gate->counts();
  state.unlogged_refusals = audit->unlogged_refusals();
  state.failed_token_reads = tokens->failed_reads();
  if (certificates != nullptr) state.refused_certificates = certificates->refused();
  const absl::StatusOr<StoreTotals> totals = store->ReadTotals();
  if (!totals.ok()) return state;
  StoredState& stored = state.stored.emplace();
  std::map<JobState, std::int64_t> jobs_by_state = totals->jobs;
  MoveStalled(&jobs_by_state);
  for (const JobState job_state : kStates) {
    stored.jobs_by_state.emplace_back(absl::AsciiStrToLower(std::string(JobStateName(job_state))),
                                      jobs_by_state[job_state]);
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
  if (options.http) RETURN_IF_ERROR(HttpServer::CheckAddress("--http", *options.http));
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
  parts.stopping = true;
  if (parts.health != nullptr) parts.health->StopServing();
  if (parts.runner != nullptr) parts.runner->Stop();
  if (parts.watch_hub != nullptr) parts.watch_hub->Drain();
  if (parts.calibration_manager != nullptr) parts.calibration_manager->Drain();
  absl::Status result = parts.jobs == nullptr ? absl::OkStatus() : parts.jobs->Drain(timeout);
  // What is accepted from now on would have nobody to go to.
  if (parts.gate != nullptr) parts.gate->Stop();
  if (parts.server != nullptr)
    parts.server->Shutdown(
        gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(kCallGraceMs, GPR_TIMESPAN)));
  if (parts.call_queue != nullptr) parts.call_queue->Drain();
  // They read the store.
  parts.http.reset();
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

std::string OneLoopServer::http_address() const { return parts_->http == nullptr ? "" : parts_->http->address(); }

int OneLoopServer::num_threads() const { return parts_->jobs->num_threads(); }

}  // namespace oneloop
