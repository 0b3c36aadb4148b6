#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "calls.pb.h"
#include "common/base/log.h"
#include "common/base/mutex.h"
#include "common/base/status.h"
#include "common/convert/library.h"
#include "server/access/token_registry.h"
#include "server/grpc/reflection_call.h"
#include "server/grpc/status_convert.h"
#include "server/handlers/admin_handlers.h"
#include "server/handlers/calibration_handlers.h"
#include "server/handlers/call_guard.h"
#include "server/handlers/health_handlers.h"
#include "server/handlers/job_convert.h"
#include "server/handlers/method_table.h"
#include "server/handlers/model_handlers.h"
#include "server/handlers/record_convert.h"
#include "server/handlers/resource_names.h"
#include "server/handlers/search_handlers.h"
#include "server/handlers/worker_handlers.h"
#include "server/jobs/watch_hub.h"
#include "server/jobs/worker_desk.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/message_input.h"
#include "tests/server/jobs/jobs_test_util.h"
#include "tests/server/store/memory_run_store.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

using google::protobuf::Message;

constexpr int kMostCalls = 8;
constexpr std::int64_t kSamplesOfStart = 20;

// Takes a watch's first message, or its end.
class FirstMessage : public WatchSink {
 public:
  void OnUpdate(const WatchUpdate& update) override { Take(WatchUpdateToProto(update).status()); }
  void OnEnd(const absl::Status& status) override { Take(status); }
  absl::Status Await() {
    MutexLock lock(&mutex_);
    while (!status_.has_value()) come_.Wait(mutex_);
    return *status_;
  }

 private:
  void Take(const absl::Status& status) {
    MutexLock lock(&mutex_);
    if (!status_.has_value()) status_ = status;
    come_.SignalAll();
  }

  Mutex mutex_;
  CondVar come_;
  std::optional<absl::Status> status_ ABSL_GUARDED_BY(mutex_);
};

StartSummary RunBriefly(const SearchSpec& spec, int start, PointSink& sink) {
  SearchSpec brief = spec;
  brief.samples_per_start = std::min(brief.samples_per_start, kSamplesOfStart);
  return FakeRun(brief, start, sink);
}

std::optional<LowerBound> ProveNothing(const SearchSpec&, const std::function<bool()>&) { return LowerBound{}; }

absl::StatusOr<CalibrationOutcome> RefuseTraining(const CalibrationRecord& record, const std::function<bool(double)>&) {
  CalibrationOutcome outcome;
  outcome.id = record.id;
  outcome.state = CalibrationState::kFailed;
  outcome.message = "nothing is trained here";
  return outcome;
}

JobManager::Options JobOptions(RunStore* store, bool has_threads) {
  JobManager::Options options;
  options.store = store;
  options.decode_spec = DecodeSearch;
  options.run_start = RunBriefly;
  options.prove_bound = ProveNothing;
  options.num_threads = has_threads ? 1 : JobManager::kNoThreads;
  return options;
}

WatchHub::Options HubOptions(RunStore* store) {
  WatchHub::Options options;
  options.store = store;
  options.num_pumps = 1;
  return options;
}

// The daemon without its network: an empty store, and jobs that only seem to search.
class Service {
 public:
  explicit Service(bool has_threads) : jobs_(JobManager::Create(JobOptions(&store_, has_threads)).value()) {}

  void Handle(const fuzz::Call& call) {
    const auto* const field =
        call.GetReflection()->GetOneofFieldDescriptor(call, call.GetDescriptor()->FindOneofByName("request"));
    if (field == nullptr) return;
    const Message& request = call.GetReflection()->GetMessage(call, field);
    const Method& method = MethodOf(*field);
    const absl::StatusOr<Caller> caller = guard_.Admit(method, CredentialsOf(call));
    CheckAnswer(caller.status());
    if (!caller.ok()) return;
    absl::Status status = guard_.CheckRequest(method, *caller, request);
    if (status.ok()) status = Run(method, *caller, request);
    CheckAnswer(status);
    ToGrpcStatus(status);
  }

  // A method that the input has no field for would not be fuzzed.
  static void CheckAllMethodsHaveFields() {
    const auto* const fields = fuzz::Call::descriptor()->FindOneofByName("request");
    std::set<std::string> named;
    for (int i = 0; i < fields->field_count(); ++i) named.insert(MethodOf(*fields->field(i)).name);
    Check(named.size() == Methods().size(), "calls.proto has a field for every method");
  }

 private:
  static const Method& MethodOf(const google::protobuf::FieldDescriptor& field) {
    for (const Method& method : Methods()) {
      const std::string name = absl::StrReplaceAll(method.name, {{".", ""}});
      if (method.request->GetDescriptor() == field.message_type() && absl::EndsWith(name, field.name())) return method;
    }
    Check(false, "every field is a method's");
    return Methods().front();
  }

  static CallCredentials CredentialsOf(const fuzz::Call& call) {
    CallCredentials credentials;
    credentials.via = !call.over_tcp()                  ? CallCredentials::Via::kUnix
                      : call.certificate_user().empty() ? CallCredentials::Via::kTcp
                                                        : CallCredentials::Via::kTls;
    credentials.token = call.token();
    credentials.claimed_user = call.claimed_user();
    credentials.certificate_user = call.certificate_user();
    if (!call.over_tcp()) credentials.uid = 0;
    return credentials;
  }

  absl::Status Run(const Method& method, const Caller& caller, const Message& request) {
    switch (method.kind) {
      case CallKind::kUnary:
        return RunUnary(method, caller, request);
      case CallKind::kWatch:
        return Watch(static_cast<const v1::WatchRequest&>(request));
      case CallKind::kHealthWatch:
        health_.StatusOf(static_cast<const grpc::health::v1::HealthCheckRequest&>(request).service());
        return absl::OkStatus();
      case CallKind::kReflection:
        break;
    }
    grpc::reflection::v1alpha::ServerReflectionResponse response;
    AnswerReflection(static_cast<const grpc::reflection::v1alpha::ServerReflectionRequest&>(request),
                     {"oneloop.v1.SearchService"}, &response);
    return absl::OkStatus();
  }

  absl::Status RunUnary(const Method& method, const Caller& caller, const Message& request) {
    const std::unique_ptr<Message> response(method.response->New());
    const CallContext call = {caller, [] { return absl::OkStatus(); }};
    const absl::Status status = method.run(handlers_, call, request, response.get());
    // There is nothing to back up, which is this target's own fault.
    if (method.name == "AdminService.Backup") return absl::OkStatus();
    RETURN_IF_ERROR(status);
    std::string wire;
    const std::unique_ptr<Message> read(method.response->New());
    Check(response->SerializeToString(&wire) && read->ParseFromString(wire), "an answer can be read");
    const auto* const created = dynamic_cast<const v1::Job*>(response.get());
    if (created == nullptr || created->name().empty() || method.name != "SearchService.CreateJob") {
      return absl::OkStatus();
    }
    v1::GetJobRequest get;
    get.set_name(created->name());
    v1::Job found;
    Check(search_.GetJob(get, &found).ok(), "a job that was created is there");
    return absl::OkStatus();
  }

  absl::Status Watch(const v1::WatchRequest& request) {
    ASSIGN_OR_RETURN(const JobName name, ParseJobName("name", request.name()));
    if (request.start_revision() < 0) return absl::OkStatus();
    const auto sink = std::make_shared<FirstMessage>();
    const WatchHub::WatchId id = hub_->Add(name.id, request.start_revision(), sink);
    // A watch from the last revision may have nothing to say for long.
    if (request.start_revision() == 0 || request.start_revision() > store_.revision()) {
      RETURN_IF_ERROR(sink->Await());
    }
    hub_->Remove(id);
    return absl::OkStatus();
  }

  // Secrets that an input can know.
  WorkerDesk::Options DeskOptions() {
    WorkerDesk::Options options;
    options.jobs = jobs_.get();
    options.make_secret = [number = 0]() mutable { return absl::StrCat("s", ++number); };
    return options;
  }

  static const std::string& EmptyDirectory() {
    static const TempDirectory directory;
    return directory.path();
  }
  static TokenRegistry& Tokens() {
    static TokenRegistry tokens(EmptyDirectory());
    return tokens;
  }

  const Catalog catalog_{&ShippedLibrary()};
  MemoryRunStore store_;
  const std::unique_ptr<JobManager> jobs_;
  WorkerDesk desk_{DeskOptions()};
  const std::unique_ptr<WatchHub> hub_ = WatchHub::Create(HubOptions(&store_)).value();
  const std::unique_ptr<CalibrationManager> trainings_ = CalibrationManager::Create(&store_, RefuseTraining).value();
  const CalibrationCatalog calibrations_{&catalog_, &store_, trainings_.get()};
  const SearchHandlers search_{SearchHandlers::Options{&store_, jobs_.get(), &catalog_, &calibrations_, Limits{}}};
  const ModelHandlers model_{ModelHandlers::Options{&catalog_, &calibrations_, absl::UnixEpoch()}};
  const CalibrationHandlers calibration_{CalibrationHandlers::Options{&catalog_, trainings_.get(), &calibrations_}};
  const AdminHandlers admin_{EmptyDirectory(), [] {}};
  const HealthHandlers health_{{"oneloop.v1.SearchService"}};
  const WorkerHandlers worker_{
      WorkerHandlers::Options{&desk_, jobs_.get(), &store_, [] { return absl::StatusOr<std::uint64_t>(0); }}};
  const Handlers handlers_{&search_, &model_, &calibration_, &admin_, &health_, &worker_};
  const CallGuard guard_{CallGuard::Options{&Tokens(), nullptr, nullptr, SocketAuth::kPeer,
                                            [this](const std::string& name) { return search_.OwnerOf(name); },
                                            WallNow}};
};

}  // namespace

// Calls of the service, one after the other, by whoever they say they come from. None may crash it, or have it say
// that it is at fault.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  SetLogLevel(LogLevel::kError);
  static const bool checked = (Service::CheckAllMethodsHaveFields(), true);
  (void)checked;
  fuzz::Calls calls;
  if (!ReadMessageInput({reinterpret_cast<const char*>(data), size}, &calls)) return 0;
  Service service(!calls.without_threads());
  for (int i = 0; i < std::min(calls.calls_size(), kMostCalls); ++i) service.Handle(calls.calls(i));
  return 0;
}

}  // namespace oneloop
