#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "calls.pb.h"
#include "common/base/log.h"
#include "common/base/mutex.h"
#include "common/base/status.h"
#include "common/convert/library.h"
#include "server/access/token_registry.h"
#include "server/grpc/call_guard.h"
#include "server/grpc/reflection_service.h"
#include "server/grpc/status_convert.h"
#include "server/handlers/admin_handlers.h"
#include "server/handlers/calibration_handlers.h"
#include "server/handlers/job_convert.h"
#include "server/handlers/model_handlers.h"
#include "server/handlers/record_convert.h"
#include "server/handlers/resource_names.h"
#include "server/handlers/search_handlers.h"
#include "server/handlers/server_info.h"
#include "server/jobs/watch_hub.h"
#include "server/store/memory_run_store.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/message_input.h"
#include "tests/server/jobs/jobs_test_util.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

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

JobManager::Options JobOptions(RunStore* store) {
  JobManager::Options options;
  options.store = store;
  options.decode_spec = DecodeSearch;
  options.run_start = RunBriefly;
  options.prove_bound = ProveNothing;
  options.num_threads = 1;
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
  void Handle(const fuzz::Call& call) {
    const auto* const descriptor = call.GetDescriptor();
    const auto* const field =
        call.GetReflection()->GetOneofFieldDescriptor(call, descriptor->FindOneofByName("request"));
    if (field == nullptr) return;
    const google::protobuf::Message& request = call.GetReflection()->GetMessage(call, field);
    const absl::StatusOr<Caller> caller = Authorize(MethodOf(field->name()), call, request);
    CheckAnswer(caller.status());
    if (!caller.ok()) return;
    const absl::Status status = Dispatch(call, *caller);
    CheckAnswer(status);
    ToGrpcStatus(status);
  }

 private:
  static std::string MethodOf(const std::string& name) {
    for (const MethodRule& rule : MethodRules()) {
      if (rule.method.ends_with("." + name)) return std::string(rule.method);
    }
    Check(false, "every method has a rule");
    return "";
  }

  absl::StatusOr<Caller> Authorize(const std::string& method, const fuzz::Call& call,
                                   const google::protobuf::Message& request) const {
    CallCredentials credentials;
    credentials.via = !call.over_tcp()                  ? CallCredentials::Via::kUnix
                      : call.certificate_user().empty() ? CallCredentials::Via::kTcp
                                                        : CallCredentials::Via::kTls;
    credentials.token = call.token();
    credentials.claimed_user = call.claimed_user();
    credentials.certificate_user = call.certificate_user();
    return guard_.Authorize(method, credentials, request);
  }

  template <class Response, class Handler, class Request>
  static absl::Status Answer(absl::Status (Handler::*method)(const Request&, Response*) const, const Handler& handlers,
                             const Request& request) {
    Response response;
    RETURN_IF_ERROR((handlers.*method)(request, &response));
    std::string wire;
    Check(response.SerializeToString(&wire) && Response().ParseFromString(wire), "an answer can be read");
    return absl::OkStatus();
  }

  template <class Response, class Handler, class Request>
  static absl::Status Answer(absl::Status (Handler::*method)(const Request&, const Caller&, Response*) const,
                             const Handler& handlers, const Request& request, const Caller& caller) {
    Response response;
    RETURN_IF_ERROR((handlers.*method)(request, caller, &response));
    std::string wire;
    Check(response.SerializeToString(&wire) && Response().ParseFromString(wire), "an answer can be read");
    return absl::OkStatus();
  }

  absl::Status Dispatch(const fuzz::Call& call, const Caller& caller) {
    switch (call.request_case()) {
      case fuzz::Call::kCreateJob: {
        v1::Job response;
        RETURN_IF_ERROR(search_.CreateJob(call.createjob(), caller.user, &response));
        if (call.createjob().validate_only()) return absl::OkStatus();
        v1::GetJobRequest get;
        get.set_name(response.name());
        Check(search_.GetJob(get, &response).ok(), "a job that was created is there");
        return absl::OkStatus();
      }
      case fuzz::Call::kGetJob:
        return Answer(&SearchHandlers::GetJob, search_, call.getjob());
      case fuzz::Call::kListJobs:
        return Answer(&SearchHandlers::ListJobs, search_, call.listjobs());
      case fuzz::Call::kCancelJob:
        return Answer(&SearchHandlers::CancelJob, search_, call.canceljob());
      case fuzz::Call::kPauseJob:
        return Answer(&SearchHandlers::PauseJob, search_, call.pausejob());
      case fuzz::Call::kResumeJob:
        return Answer(&SearchHandlers::ResumeJob, search_, call.resumejob());
      case fuzz::Call::kUpdateJob:
        return Answer(&SearchHandlers::UpdateJob, search_, call.updatejob());
      case fuzz::Call::kDeleteJob:
        return Answer(&SearchHandlers::DeleteJob, search_, call.deletejob());
      case fuzz::Call::kUndeleteJob:
        return Answer(&SearchHandlers::UndeleteJob, search_, call.undeletejob());
      case fuzz::Call::kListPoints:
        return Answer(&SearchHandlers::ListPoints, search_, call.listpoints());
      case fuzz::Call::kGetPoint:
        return Answer(&SearchHandlers::GetPoint, search_, call.getpoint());
      case fuzz::Call::kGetDesign:
        return Answer(&SearchHandlers::GetDesign, search_, call.getdesign());
      case fuzz::Call::kWatch:
        return Watch(call.watch());
      case fuzz::Call::kEvaluateDesigns:
        return Answer(&ModelHandlers::EvaluateDesigns, model_, call.evaluatedesigns(), caller);
      case fuzz::Call::kListWorkloads:
        return Answer(&ModelHandlers::ListWorkloads, model_, call.listworkloads());
      case fuzz::Call::kGetWorkload:
        return Answer(&ModelHandlers::GetWorkload, model_, call.getworkload());
      case fuzz::Call::kListTemplates:
        return Answer(&ModelHandlers::ListTemplates, model_, call.listtemplates());
      case fuzz::Call::kGetTemplate:
        return Answer(&ModelHandlers::GetTemplate, model_, call.gettemplate());
      case fuzz::Call::kGetServerInfo:
        MakeServerInfo(caller, absl::UnixEpoch(), absl::Now());
        return absl::OkStatus();
      case fuzz::Call::kCreateCalibration:
        return Answer(&CalibrationHandlers::CreateCalibration, calibration_, call.createcalibration(), caller);
      case fuzz::Call::kGetCalibration:
        return Answer(&CalibrationHandlers::GetCalibration, calibration_, call.getcalibration(), caller);
      case fuzz::Call::kListCalibrations:
        return Answer(&CalibrationHandlers::ListCalibrations, calibration_, call.listcalibrations(), caller);
      case fuzz::Call::kCancelCalibration:
        return Answer(&CalibrationHandlers::CancelCalibration, calibration_, call.cancelcalibration(), caller);
      case fuzz::Call::kDeleteCalibration:
        return Answer(&CalibrationHandlers::DeleteCalibration, calibration_, call.deletecalibration(), caller);
      case fuzz::Call::kBackup: {
        v1::BackupResponse response;
        Check(!admin_
                   .Backup(
                       call.backup(), [] { return false; }, &response)
                   .ok(),
              "there is nothing to back up");
        return absl::OkStatus();
      }
      case fuzz::Call::kDrain:
        return admin_.Drain();
      case fuzz::Call::kServerReflectionInfo: {
        grpc::reflection::v1alpha::ServerReflectionResponse response;
        AnswerReflection(call.serverreflectioninfo(), {"oneloop.v1.SearchService"}, &response);
        return absl::OkStatus();
      }
      case fuzz::Call::REQUEST_NOT_SET:
        break;
    }
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
  const std::unique_ptr<JobManager> jobs_ = JobManager::Create(JobOptions(&store_)).value();
  const std::unique_ptr<WatchHub> hub_ = WatchHub::Create(HubOptions(&store_)).value();
  const std::unique_ptr<CalibrationManager> trainings_ = CalibrationManager::Create(&store_, RefuseTraining).value();
  const CalibrationCatalog calibrations_{&catalog_, &store_, trainings_.get()};
  const SearchHandlers search_{SearchHandlers::Options{&store_, jobs_.get(), &catalog_, &calibrations_, Limits{}}};
  const ModelHandlers model_{ModelHandlers::Options{&catalog_, &calibrations_}};
  const CalibrationHandlers calibration_{CalibrationHandlers::Options{&catalog_, trainings_.get(), &calibrations_}};
  AdminHandlers admin_{EmptyDirectory(), [] {}};
  const CallGuard guard_{CallGuard::Options{&Tokens(), nullptr, nullptr, nullptr,
                                            [this](std::int64_t id) -> absl::StatusOr<std::string> {
                                              ASSIGN_OR_RETURN(const JobRecord record, store_.GetJob(id));
                                              return record.job.owner;
                                            },
                                            absl::Now}};
};

}  // namespace

// Calls of the service, one after the other, by whoever they say they come from. None may crash it, or have it say
// that it is at fault.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  SetLogLevel(LogLevel::kError);
  fuzz::Calls calls;
  if (!ReadMessageInput({reinterpret_cast<const char*>(data), size}, &calls)) return 0;
  Service service;
  for (int i = 0; i < std::min(calls.calls_size(), kMostCalls); ++i) service.Handle(calls.calls(i));
  return 0;
}

}  // namespace oneloop
