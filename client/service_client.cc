#include "client/service_client.h"

#include <chrono>
#include <climits>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "client/numbers.h"
#include "common/base/status.h"
#include "google/protobuf/empty.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpc/grpc.h"
#include "grpcpp/grpcpp.h"
#include "oneloop/v1/admin_service.grpc.pb.h"
#include "oneloop/v1/calibration_service.grpc.pb.h"
#include "oneloop/v1/model_service.grpc.pb.h"
#include "oneloop/v1/search_service.grpc.pb.h"

namespace oneloop {
namespace {

constexpr std::chrono::hours kBackupTimeout(24);
constexpr std::size_t kMaxSocketPath = 107;  // sizeof(sockaddr_un::sun_path) - 1

// What the user can do when nobody answers at `address`.
std::string UnreachableText(const std::string& address, const std::string& cause) {
  if (cause.find("connect") == std::string::npos && !cause.empty()) {
    return absl::StrCat("the daemon at ", address, " is not available: ", cause);
  }
  constexpr std::string_view kDoctor = "`oneloop doctor` finds what is wrong";
  if (!address.starts_with("unix:")) {
    return absl::StrCat("cannot reach the daemon at ", address, ": is it running, and does it use TLS? ",
                        ToAbsl(kDoctor));
  }
  std::string folder = "DIR";
  constexpr std::string_view kDefaultSocket = "/oneloop.sock";
  if (address.starts_with("unix:/") && address.ends_with(kDefaultSocket)) {
    folder = address.substr(5, address.size() - 5 - kDefaultSocket.size());
  }
  return absl::StrCat("cannot reach the daemon at ", address, ": start it with `oneloopd --data_dir ", folder,
                      "` or pass --server; ", ToAbsl(kDoctor));
}

// The first field that the details of an error name; empty when they name none.
std::optional<google::rpc::BadRequest::FieldViolation> ViolationOf(const grpc::Status& status) {
  google::rpc::Status details;
  google::rpc::BadRequest bad_request;
  if (!details.ParseFromString(status.error_details())) return std::nullopt;
  for (const google::protobuf::Any& detail : details.details()) {
    if (!detail.Is<google::rpc::BadRequest>() || !detail.UnpackTo(&bad_request)) continue;
    if (!bad_request.field_violations().empty()) return bad_request.field_violations(0);
  }
  return std::nullopt;
}

absl::Status ToAbslStatus(const grpc::Status& status, const std::string& address) {
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  if (status.ok()) return absl::OkStatus();
  if (code == absl::StatusCode::kUnavailable) {
    return absl::UnavailableError(UnreachableText(address, status.error_message()));
  }
  if (code == absl::StatusCode::kDeadlineExceeded) {
    return absl::DeadlineExceededError(
        absl::StrCat("the daemon at ", address, " did not answer within the time for it; try again"));
  }
  if (const auto violation = ViolationOf(status); violation.has_value()) {
    // A description that names its field itself would name it twice.
    absl::string_view description = violation->description();
    absl::ConsumePrefix(&description, absl::StrCat(violation->field(), ": "));
    const absl::Status field_error =
        FieldError(violation->field(), std::string_view(description.data(), description.size()));
    absl::Status error(code, field_error.message());
    field_error.ForEachPayload([&](absl::string_view key, const absl::Cord& value) { error.SetPayload(key, value); });
    return error;
  }
  if (!status.error_message().empty()) return absl::Status(code, status.error_message());
  return absl::Status(
      code, absl::StrCat("the daemon at ", address, " refused without a reason (code ", status.error_code(), ")"));
}

std::shared_ptr<grpc::ChannelCredentials> MakeCredentials(const ServiceClient::Options& options) {
  if (options.tls_ca.empty()) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = options.tls_ca;
  tls.pem_cert_chain = options.tls_cert;
  tls.pem_private_key = options.tls_key;
  return grpc::SslCredentials(tls);
}

std::shared_ptr<grpc::Channel> MakeChannel(const ServiceClient::Options& options) {
  grpc::ChannelArguments arguments;
  // A restarted daemon is found again within a fraction of a second.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  // A daemon whose machine is gone is found out by pings, also while a watch is idle.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10000);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  // Fronts and designs may be large, and the daemon is trusted.
  arguments.SetMaxReceiveMessageSize(INT_MAX);
  // A daemon is on this machine or in this network; a web proxy would only be in the way.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(options.address, MakeCredentials(options), arguments);
}

void AddIdentity(const ServiceClient::Options& options, grpc::ClientContext* context) {
  if (!options.token.empty()) context->AddMetadata("authorization", "Bearer " + options.token);
  if (!options.trace_id.empty()) context->AddMetadata("x-trace-id", options.trace_id);
  if (!options.user.empty()) context->AddMetadata("oneloop-user", options.user);
}

// Keeps gRPC from being shut down with the last channel: that joins a thread which, after a large message, sits in a
// poll of up to 10 s. A process that ends need not wait for it.
void KeepGrpcRunning() {
  [[maybe_unused]] static const bool kRunning = [] {
    grpc_init();
    return true;
  }();
}

// The asynchronous reader, because a synchronous read can neither time out nor notice Ctrl-C.
class GrpcWatchStream : public WatchStream {
 public:
  GrpcWatchStream(v1::SearchService::Stub& stub, const v1::WatchRequest& request, const ServiceClient::Options& options)
      : address_(options.address) {
    AddIdentity(options, &context_);
    reader_ = stub.PrepareAsyncWatch(&context_, request, &queue_);
    reader_->StartCall(this);
  }

  ~GrpcWatchStream() override {
    if (!finished_) FinishCall();
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
    }
  }

  Event Next(absl::Duration timeout, v1::WatchResponse* response) override {
    const absl::Time deadline = absl::Now() + timeout;
    if (finished_) return Event::kEnd;
    for (;;) {
      const std::optional<bool> ok = Await(deadline);
      if (!ok.has_value()) return Event::kNothingYet;
      if (!*ok) {
        FinishCall();
        return Event::kEnd;
      }
      const bool is_message = std::exchange(reading_, true);
      if (is_message) *response = std::move(message_);
      message_.Clear();
      reader_->Read(&message_, this);
      pending_ = true;
      if (is_message) return Event::kMessage;
    }
  }

  absl::Status Finish() override {
    if (!finished_) FinishCall();
    return ToAbslStatus(status_, address_);
  }

 private:
  // The outcome of the pending operation; nothing when the time runs out.
  std::optional<bool> Await(std::optional<absl::Time> deadline) {
    void* tag = nullptr;
    bool ok = false;
    if (deadline.has_value()) {
      const auto result = queue_.AsyncNext(&tag, &ok, absl::ToChronoTime(*deadline));
      if (result != grpc::CompletionQueue::GOT_EVENT) return std::nullopt;
    } else if (!queue_.Next(&tag, &ok)) {
      return std::nullopt;
    }
    pending_ = false;
    return ok;
  }

  void FinishCall() {
    if (pending_) {
      context_.TryCancel();
      Await(std::nullopt);
    }
    reader_->Finish(&status_, this);
    Await(std::nullopt);
    finished_ = true;
  }

  const std::string address_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::ClientAsyncReader<v1::WatchResponse>> reader_;
  v1::WatchResponse message_;
  grpc::Status status_;
  bool pending_ = true;   // an operation is under way: the start of the call, or a read
  bool reading_ = false;  // that operation is a read
  bool finished_ = false;
};

}  // namespace

struct ServiceClient::Stubs {
  explicit Stubs(const std::shared_ptr<grpc::Channel>& channel)
      : search(channel), model(channel), calibration(channel), admin(channel) {}
  v1::SearchService::Stub search;
  v1::ModelService::Stub model;
  v1::CalibrationService::Stub calibration;
  v1::AdminService::Stub admin;
};

absl::Status CheckAddress(const std::string& address) {
  constexpr std::string_view kUnix = "unix:";
  if (address.starts_with(kUnix)) {
    const std::size_t length = address.size() - kUnix.size();
    if (length > kMaxSocketPath) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", address, "': a socket's path has at most ", kMaxSocketPath, " characters"));
    }
    if (length > 0) return absl::OkStatus();
  } else if (const std::size_t colon = address.rfind(':'); colon != std::string::npos && colon > 0) {
    const std::optional<int> port = ParseInteger<int>(std::string_view(address).substr(colon + 1));
    const bool plain_host = address.find('/') == std::string::npos;
    if (plain_host && port.has_value() && *port >= 1 && *port <= 65535) return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("'", address, "' is neither unix:PATH nor HOST:PORT"));
}

ServiceClient::ServiceClient(Options options, std::unique_ptr<Stubs> stubs)
    : options_(std::move(options)), retrier_(options_.retry), stubs_(std::move(stubs)) {}
ServiceClient::~ServiceClient() = default;

absl::StatusOr<std::unique_ptr<ServiceClient>> ServiceClient::Create(Options options) {
  RETURN_IF_ERROR(CheckAddress(options.address));
  KeepGrpcRunning();
  auto stubs = std::make_unique<Stubs>(MakeChannel(options));
  return std::unique_ptr<ServiceClient>(new ServiceClient(std::move(options), std::move(stubs)));
}

template <class Stub, class Request, class Response>
absl::StatusOr<Response> ServiceClient::CallOnce(Stub& stub, Method<Stub, Request, Response> method,
                                                 const Request& request, std::chrono::seconds timeout) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + timeout);
  AddIdentity(options_, &context);
  Response response;
  RETURN_IF_ERROR(ToAbslStatus((stub.*method)(&context, request, &response), options_.address));
  return response;
}

template <class Stub, class Request, class Response>
absl::StatusOr<Response> ServiceClient::Call(Stub& stub, Method<Stub, Request, Response> method,
                                             const Request& request) {
  return retrier_.Run([&] { return CallOnce(stub, method, request); });
}

absl::StatusOr<v1::Job> ServiceClient::CreateJob(const v1::CreateJobRequest& request) {
  const auto method = &v1::SearchService::Stub::CreateJob;
  // Without an id a second try could make a second job.
  if (request.request_id().empty()) return CallOnce(stubs_->search, method, request);
  return Call(stubs_->search, method, request);
}

absl::StatusOr<v1::Job> ServiceClient::GetJob(const v1::GetJobRequest& request) {
  return Call(stubs_->search, &v1::SearchService::Stub::GetJob, request);
}

absl::StatusOr<v1::ListJobsResponse> ServiceClient::ListJobs(const v1::ListJobsRequest& request) {
  return Call(stubs_->search, &v1::SearchService::Stub::ListJobs, request);
}

absl::StatusOr<v1::Job> ServiceClient::CancelJob(const v1::CancelJobRequest& request) {
  return CallOnce(stubs_->search, &v1::SearchService::Stub::CancelJob, request);
}

absl::StatusOr<v1::Job> ServiceClient::PauseJob(const v1::PauseJobRequest& request) {
  return CallOnce(stubs_->search, &v1::SearchService::Stub::PauseJob, request);
}

absl::StatusOr<v1::Job> ServiceClient::ResumeJob(const v1::ResumeJobRequest& request) {
  return CallOnce(stubs_->search, &v1::SearchService::Stub::ResumeJob, request);
}

absl::StatusOr<v1::Job> ServiceClient::UpdateJob(const v1::UpdateJobRequest& request) {
  return CallOnce(stubs_->search, &v1::SearchService::Stub::UpdateJob, request);
}

absl::StatusOr<v1::Job> ServiceClient::DeleteJob(const v1::DeleteJobRequest& request) {
  return CallOnce(stubs_->search, &v1::SearchService::Stub::DeleteJob, request);
}

absl::StatusOr<v1::Job> ServiceClient::UndeleteJob(const v1::UndeleteJobRequest& request) {
  return CallOnce(stubs_->search, &v1::SearchService::Stub::UndeleteJob, request);
}

absl::StatusOr<v1::ListPointsResponse> ServiceClient::ListPoints(const v1::ListPointsRequest& request) {
  return Call(stubs_->search, &v1::SearchService::Stub::ListPoints, request);
}

absl::StatusOr<v1::Design> ServiceClient::GetDesign(const v1::GetDesignRequest& request) {
  return Call(stubs_->search, &v1::SearchService::Stub::GetDesign, request);
}

std::unique_ptr<WatchStream> ServiceClient::Watch(const v1::WatchRequest& request) {
  return std::make_unique<GrpcWatchStream>(stubs_->search, request, options_);
}

absl::StatusOr<v1::EvaluateDesignsResponse> ServiceClient::EvaluateDesigns(const v1::EvaluateDesignsRequest& request) {
  return Call(stubs_->model, &v1::ModelService::Stub::EvaluateDesigns, request);
}

absl::StatusOr<v1::ListWorkloadsResponse> ServiceClient::ListWorkloads(const v1::ListWorkloadsRequest& request) {
  return Call(stubs_->model, &v1::ModelService::Stub::ListWorkloads, request);
}

absl::StatusOr<v1::Workload> ServiceClient::GetWorkload(const v1::GetWorkloadRequest& request) {
  return Call(stubs_->model, &v1::ModelService::Stub::GetWorkload, request);
}

absl::StatusOr<v1::ListTemplatesResponse> ServiceClient::ListTemplates(const v1::ListTemplatesRequest& request) {
  return Call(stubs_->model, &v1::ModelService::Stub::ListTemplates, request);
}

absl::StatusOr<v1::Template> ServiceClient::GetTemplate(const v1::GetTemplateRequest& request) {
  return Call(stubs_->model, &v1::ModelService::Stub::GetTemplate, request);
}

absl::StatusOr<v1::ServerInfo> ServiceClient::GetServerInfo() {
  return Call(stubs_->model, &v1::ModelService::Stub::GetServerInfo, v1::GetServerInfoRequest());
}

absl::StatusOr<v1::Calibration> ServiceClient::CreateCalibration(const v1::CreateCalibrationRequest& request) {
  return Call(stubs_->calibration, &v1::CalibrationService::Stub::CreateCalibration, request);
}

absl::StatusOr<v1::Calibration> ServiceClient::GetCalibration(const v1::GetCalibrationRequest& request) {
  return Call(stubs_->calibration, &v1::CalibrationService::Stub::GetCalibration, request);
}

absl::StatusOr<v1::ListCalibrationsResponse> ServiceClient::ListCalibrations(
    const v1::ListCalibrationsRequest& request) {
  return Call(stubs_->calibration, &v1::CalibrationService::Stub::ListCalibrations, request);
}

absl::StatusOr<v1::Calibration> ServiceClient::CancelCalibration(const v1::CancelCalibrationRequest& request) {
  return CallOnce(stubs_->calibration, &v1::CalibrationService::Stub::CancelCalibration, request);
}

absl::Status ServiceClient::DeleteCalibration(const v1::DeleteCalibrationRequest& request) {
  return CallOnce(stubs_->calibration, &v1::CalibrationService::Stub::DeleteCalibration, request).status();
}

absl::StatusOr<v1::BackupResponse> ServiceClient::Backup(const v1::BackupRequest& request) {
  return CallOnce(stubs_->admin, &v1::AdminService::Stub::Backup, request, kBackupTimeout);
}

absl::Status ServiceClient::Drain() {
  return CallOnce(stubs_->admin, &v1::AdminService::Stub::Drain, v1::DrainRequest()).status();
}

}  // namespace oneloop
