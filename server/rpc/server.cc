#include "server/rpc/server.h"

#include <sys/stat.h>

#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "common/convert/library.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/resource_quota.h"
#include "server/rpc/admin_handlers.h"
#include "server/rpc/admin_service.h"
#include "server/rpc/catalog.h"
#include "server/rpc/job_convert.h"
#include "server/rpc/model_handlers.h"
#include "server/rpc/model_service.h"
#include "server/rpc/search_handlers.h"
#include "server/rpc/search_service.h"
#include "server/store/sqlite_run_store.h"

namespace oneloop {
namespace {

constexpr int kMostMessageBytes = 16 << 20;
// Bounds the threads of the unary calls; more callers at once get RESOURCE_EXHAUSTED.
constexpr int kMostCallThreads = 64;
// A watcher whose machine is gone is found out by pings.
constexpr int kKeepaliveMs = 60000;
constexpr int kKeepaliveTimeoutMs = 20000;
constexpr mode_t kSocketMode = 0660;
// How long calls may go on once everything behind them has stopped.
constexpr absl::Duration kCallGrace = absl::Milliseconds(500);

// Both act on the servers built afterwards, for the whole process.
void EnableSharedServices() {
  static std::once_flag once;
  std::call_once(once, [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
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
  explicit Parts(const v1::Library* library)
      : catalog(library), model_handlers(&catalog), model_service(&model_handlers) {}

  Catalog catalog;
  ModelHandlers model_handlers;
  ModelService model_service;
  std::unique_ptr<RunStore> store;
  std::unique_ptr<JobManager> jobs;
  std::unique_ptr<WatchHub> watch_hub;
  std::unique_ptr<SearchHandlers> search_handlers;
  std::unique_ptr<SearchService> search_service;
  std::unique_ptr<AdminHandlers> admin_handlers;  // null when it is not enabled
  std::unique_ptr<AdminService> admin_service;
  std::unique_ptr<grpc::Server> server;
  std::vector<std::string> addresses;
  bool stopped = false;

  absl::Status Open(Options options);
  absl::Status Listen(const std::vector<ListenAddress>& listen);
};

absl::Status OneLoopServer::Parts::Open(Options options) {
  SqliteRunStore::Options store_options;
  store_options.data_dir = options.data_dir;
  ASSIGN_OR_RETURN(store, SqliteRunStore::Create(store_options));
  for (const ListenAddress& address : options.listen) {
    if (address.is_unix()) RETURN_IF_ERROR(RemoveStaleSocket(address.path));
  }
  JobManager::Options job_options;
  job_options.store = store.get();
  job_options.decode_spec = DecodeSearch;
  job_options.run_start = std::move(options.run_start);
  job_options.num_threads = options.num_threads;
  ASSIGN_OR_RETURN(jobs, JobManager::Create(std::move(job_options)));
  options.watch.store = store.get();
  ASSIGN_OR_RETURN(watch_hub, WatchHub::Create(std::move(options.watch)));
  search_handlers = std::make_unique<SearchHandlers>(SearchHandlers::Options{store.get(), jobs.get(), &catalog});
  search_service = std::make_unique<SearchService>(search_handlers.get(), watch_hub.get());
  if (options.enable_admin) {
    admin_handlers = std::make_unique<AdminHandlers>(options.data_dir);
    admin_service = std::make_unique<AdminService>(admin_handlers.get());
  }
  return Listen(options.listen);
}

absl::Status OneLoopServer::Parts::Listen(const std::vector<ListenAddress>& listen) {
  EnableSharedServices();
  grpc::ServerBuilder builder;
  // Without this a second daemon on the port would start silently and take half of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.SetMaxReceiveMessageSize(kMostMessageBytes);
  grpc::ResourceQuota quota("oneloop");
  quota.SetMaxThreads(kMostCallThreads);
  builder.SetResourceQuota(quota);
  std::vector<int> ports(listen.size(), 0);
  for (std::size_t i = 0; i < listen.size(); ++i) {
    builder.AddListeningPort(listen[i].Uri(), grpc::InsecureServerCredentials(), &ports[i]);
  }
  builder.RegisterService(search_service.get());
  builder.RegisterService(&model_service);
  if (admin_service != nullptr) builder.RegisterService(admin_service.get());
  {
    const ScopedUmask only_owner_and_group(0777 & ~kSocketMode);
    server = builder.BuildAndStart();
  }
  for (std::size_t i = 0; i < listen.size(); ++i) {
    if (server == nullptr || ports[i] == 0) {
      return absl::UnavailableError(absl::StrCat("cannot listen on ", listen[i].Uri(), ": is it taken by another ",
                                                 "program, or its folder not writable?"));
    }
    addresses.push_back(listen[i].is_unix() ? listen[i].Uri() : ListenAddress{"", ports[i]}.Uri());
  }
  return absl::OkStatus();
}

OneLoopServer::OneLoopServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

absl::StatusOr<std::unique_ptr<OneLoopServer>> OneLoopServer::Start(Options options) {
  if (options.listen.empty()) return absl::InvalidArgumentError("the daemon needs an address to listen on");
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
  absl::Status result = parts.jobs == nullptr ? absl::OkStatus() : parts.jobs->Drain(timeout);
  if (parts.server != nullptr) parts.server->Shutdown(absl::ToChronoTime(absl::Now() + kCallGrace));
  // The hub listens to the store's commits.
  if (result.ok()) parts.watch_hub.reset();
  if (parts.store != nullptr) result.Update(parts.store->Close());
  return result;
}

const std::vector<std::string>& OneLoopServer::addresses() const { return parts_->addresses; }

int OneLoopServer::num_threads() const { return parts_->jobs->num_threads(); }

}  // namespace oneloop
