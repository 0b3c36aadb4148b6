#include "client/service_client.h"

#include <climits>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "client/listener.h"
#include "client/numbers.h"
#include "common/base/status.h"
#include "common/convert/proto_time.h"
#include "google/protobuf/empty.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpc/grpc.h"
#include "grpc/support/time.h"
#include "grpcpp/grpcpp.h"
#include "oneloop/v1/admin_service.grpc.pb.h"
#include "oneloop/v1/calibration_service.grpc.pb.h"
#include "oneloop/v1/model_service.grpc.pb.h"
#include "oneloop/v1/search_service.grpc.pb.h"
#include "oneloop/v1/worker_service.grpc.pb.h"

namespace oneloop {
namespace {

constexpr absl::Duration kExplainTimeout = absl::Minutes(30);
constexpr absl::Duration kBackupTimeout = absl::Hours(24);
constexpr std::size_t kMaxSocketPath = 107;  // sizeof(sockaddr_un::sun_path) - 1

// How long a daemon that restarts is away, and for how long one is tried whose machine says nothing.
constexpr absl::Duration kRestart = absl::Seconds(3);
constexpr absl::Duration kMute = absl::Seconds(10);
constexpr absl::Duration kTellAfter = absl::Seconds(3);
// Marks what the daemon itself has said, unlike what gRPC says of a connection.
constexpr char kSaidPayload[] = "oneloop/client_said";

constexpr char kDoctor[] = "`oneloop doctor` finds what is wrong";

// What the user can do when nobody listens at `address`.
std::string NobodyText(const std::string& address) {
  if (!address.starts_with("unix:")) {
    return absl::StrCat("cannot reach the daemon at ", address, ": is it running, and does it use TLS? ", kDoctor);
  }
  std::string folder = "DIR";
  constexpr std::string_view kDefaultSocket = "/oneloop.sock";
  if (address.starts_with("unix:/") && address.ends_with(kDefaultSocket)) {
    folder = address.substr(5, address.size() - 5 - kDefaultSocket.size());
  }
  return absl::StrCat("cannot reach the daemon at ", address, ": start it with `oneloopd --data_dir ", folder,
                      "` or pass --server; ", kDoctor);
}

std::string UnreachableText(const std::string& address, const Listener& listener, bool unsent) {
  switch (listener.kind) {
    case Listener::Kind::kNobody:
      return NobodyText(address);
    case Listener::Kind::kMute:
      return absl::StrCat("nothing answers at ", address, ", not even with a refusal: is the machine up, and does a ",
                          "firewall let this through? ", kDoctor);
    case Listener::Kind::kStopped:
      return absl::StrCat(listener.Who(), " listens at ", address, " but does not answer, because it is stopped: let ",
                          "it go on with `kill -CONT ", listener.pid, "`");
    case Listener::Kind::kUnfit:
      return absl::StrCat("cannot reach the daemon at ", address, ": its TLS and the client's do not fit (",
                          listener.detail, "); ", kDoctor);
    case Listener::Kind::kListens:
      break;
  }
  if (!unsent) {
    return absl::StrCat("the connection to the daemon at ", address, " broke before it answered; look whether it did ",
                        "what was asked, and try again");
  }
  return absl::StrCat(listener.Who(), " listens at ", address, " but does not answer: it is overloaded, or hangs; see ",
                      "its log. ", kDoctor);
}

TlsProbeOptions TlsOf(const ServiceClient::Options& options) {
  TlsProbeOptions tls;
  tls.ca = options.tls_ca;
  tls.cert = options.tls_cert;
  tls.key = options.tls_key;
  return tls;
}

// Says of a call that got no answer who listens there, if anybody.
absl::Status Explained(const ServiceClient::Options& options, const absl::Status& status) {
  if (!absl::IsUnavailable(status) || status.GetPayload(kSaidPayload).has_value()) return status;
  const Listener listener = LookAt(options.address, TlsOf(options));
  return absl::UnavailableError(UnreachableText(options.address, listener, IsUnsent(status)));
}

// On the steady clock, unlike the time points of <chrono> that gRPC takes.
gpr_timespec DeadlineIn(absl::Duration timeout) {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_nanos(absl::ToInt64Nanoseconds(timeout), GPR_TIMESPAN));
}

// The first message of a type in the details of an error.
template <class Message>
std::optional<Message> DetailOf(const google::rpc::Status& details) {
  Message message;
  for (const google::protobuf::Any& detail : details.details()) {
    if (detail.Is<Message>() && detail.UnpackTo(&message)) return message;
  }
  return std::nullopt;
}

absl::Status OfField(absl::StatusCode code, const google::rpc::BadRequest::FieldViolation& violation) {
  // A description that names its field itself would name it twice.
  absl::string_view description = violation.description();
  absl::ConsumePrefix(&description, absl::StrCat(violation.field(), ": "));
  const absl::Status field_error =
      FieldError(violation.field(), std::string_view(description.data(), description.size()));
  absl::Status error(code, field_error.message());
  field_error.ForEachPayload([&](absl::string_view key, const absl::Cord& value) { error.SetPayload(key, value); });
  return error;
}

// What gRPC says when it had no connection to send the call on.
bool HadNoConnection(const grpc::Status& status) {
  const std::string text = status.error_message();
  return text.starts_with("failed to connect to all addresses") || text.starts_with("DNS resolution failed");
}

// Without what only a look at the address can tell: see Explained.
absl::Status OfUnavailable(const grpc::Status& status, const std::string& address) {
  absl::Status error =
      absl::UnavailableError(absl::StrCat("the daemon at ", address, " is not available: ", status.error_message()));
  if (!status.error_details().empty()) {
    error.SetPayload(kSaidPayload, absl::Cord("1"));
    return error;
  }
  return HadNoConnection(status) ? MarkUnsent(error) : error;
}

absl::Status ToAbslStatus(const grpc::Status& status, const std::string& address) {
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  if (status.ok()) return absl::OkStatus();
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) details.Clear();
  if (code == absl::StatusCode::kUnavailable) return OfUnavailable(status, address);
  if (code == absl::StatusCode::kDeadlineExceeded) {
    return absl::DeadlineExceededError(
        absl::StrCat("the daemon at ", address, " did not answer within the time for it; try again"));
  }
  const auto bad_request = DetailOf<google::rpc::BadRequest>(details);
  if (bad_request.has_value() && !bad_request->field_violations().empty()) {
    std::vector<absl::Status> errors;
    for (const auto& violation : bad_request->field_violations()) errors.push_back(OfField(code, violation));
    return JoinErrors(errors);
  }
  if (status.error_message().empty()) {
    return absl::Status(
        code, absl::StrCat("the daemon at ", address, " refused without a reason (code ", status.error_code(), ")"));
  }
  absl::Status error(code, status.error_message());
  const auto retry_info = DetailOf<google::rpc::RetryInfo>(details);
  if (code != absl::StatusCode::kResourceExhausted || !retry_info.has_value()) return error;
  return WithRetryAfter(error, DurationOf(retry_info->retry_delay()));
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
  // A process that listens and says nothing is given up after so long, and looked at.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 4000);
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
      : options_(options) {
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
    const gpr_timespec deadline = DeadlineIn(timeout);
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
    return Explained(options_, ToAbslStatus(status_, options_.address));
  }

 private:
  // The outcome of the pending operation; nothing when the time runs out.
  std::optional<bool> Await(std::optional<gpr_timespec> deadline) {
    void* tag = nullptr;
    bool ok = false;
    if (deadline.has_value()) {
      const auto result = queue_.AsyncNext(&tag, &ok, *deadline);
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

  const ServiceClient::Options& options_;
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
      : search(channel), model(channel), calibration(channel), admin(channel), worker(channel) {}
  v1::SearchService::Stub search;
  v1::ModelService::Stub model;
  v1::CalibrationService::Stub calibration;
  v1::AdminService::Stub admin;
  v1::WorkerService::Stub worker;
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
    : options_(std::move(options)), retrier_(RetryOptions()), stubs_(std::move(stubs)) {}
ServiceClient::~ServiceClient() = default;

absl::StatusOr<std::unique_ptr<ServiceClient>> ServiceClient::Create(Options options) {
  RETURN_IF_ERROR(CheckAddress(options.address));
  KeepGrpcRunning();
  auto stubs = std::make_unique<Stubs>(MakeChannel(options));
  return std::unique_ptr<ServiceClient>(new ServiceClient(std::move(options), std::move(stubs)));
}

template <class Stub, class Request, class Response>
absl::StatusOr<Response> ServiceClient::CallOnce(Stub& stub, Method<Stub, Request, Response> method,
                                                 const Request& request, absl::Duration timeout) {
  grpc::ClientContext context;
  context.set_deadline(DeadlineIn(timeout));
  AddIdentity(options_, &context);
  Response response;
  RETURN_IF_ERROR(ToAbslStatus((stub.*method)(&context, request, &response), options_.address));
  return response;
}

template <class Stub, class Request, class Response>
absl::StatusOr<Response> ServiceClient::Call(Stub& stub, Method<Stub, Request, Response> method, const Request& request,
                                             Repeatable repeatable, absl::Duration timeout) {
  absl::StatusOr<Response> response =
      retrier_.Run(repeatable, [&] { return CallOnce(stub, method, request, timeout); });
  if (!response.ok()) return Explained(options_, response.status());
  return response;
}

template <class Stub, class Request, class Response>
absl::StatusOr<Response> ServiceClient::Read(Stub& stub, Method<Stub, Request, Response> method,
                                             const Request& request) {
  return Call(stub, method, request, Repeatable::kYes);
}

template <class Stub, class Request, class Response>
absl::StatusOr<Response> ServiceClient::Change(Stub& stub, Method<Stub, Request, Response> method,
                                               const Request& request) {
  return Call(stub, method, request, Repeatable::kNo);
}

Retrier::Options ServiceClient::RetryOptions() {
  Retrier::Options retry = options_.retry;
  retry.patience_for_absent = [this](const absl::Status& status, absl::Duration tried) {
    return PatienceForAbsent(status, tried);
  };
  return retry;
}

absl::Duration ServiceClient::PatienceForAbsent(const absl::Status& status, absl::Duration tried) {
  if (status.GetPayload(kSaidPayload).has_value()) return kRestart;
  // A look at a port is a connection more, and a handshake: not before it matters.
  if (tried < kRestart && !options_.address.starts_with("unix:")) return kRestart;
  const Listener listener = LookAt(options_.address, TlsOf(options_));
  switch (listener.kind) {
    case Listener::Kind::kNobody:
      return kRestart;
    case Listener::Kind::kMute:
      return kMute;
    case Listener::Kind::kStopped:
    case Listener::Kind::kUnfit:
      return absl::ZeroDuration();
    case Listener::Kind::kListens:
      break;
  }
  if (options_.tell && tried >= kTellAfter && !told_.exchange(true)) {
    options_.tell(absl::StrCat(listener.Who(), " listens at ", options_.address, " but does not answer; trying for ",
                               absl::FormatDuration(absl::Ceil(options_.retry.patience - tried, absl::Seconds(1))),
                               " more"));
  }
  return options_.retry.patience;
}

absl::StatusOr<v1::Job> ServiceClient::CreateJob(const v1::CreateJobRequest& request) {
  const auto method = &v1::SearchService::Stub::CreateJob;
  // Without an id a second try could make a second job.
  return Call(stubs_->search, method, request, request.request_id().empty() ? Repeatable::kNo : Repeatable::kYes);
}

absl::StatusOr<v1::Job> ServiceClient::GetJob(const v1::GetJobRequest& request) {
  return Read(stubs_->search, &v1::SearchService::Stub::GetJob, request);
}

absl::StatusOr<v1::ListJobsResponse> ServiceClient::ListJobs(const v1::ListJobsRequest& request) {
  return Read(stubs_->search, &v1::SearchService::Stub::ListJobs, request);
}

absl::StatusOr<v1::Job> ServiceClient::CancelJob(const v1::CancelJobRequest& request) {
  return Change(stubs_->search, &v1::SearchService::Stub::CancelJob, request);
}

absl::StatusOr<v1::Job> ServiceClient::PauseJob(const v1::PauseJobRequest& request) {
  return Change(stubs_->search, &v1::SearchService::Stub::PauseJob, request);
}

absl::StatusOr<v1::Job> ServiceClient::ResumeJob(const v1::ResumeJobRequest& request) {
  return Change(stubs_->search, &v1::SearchService::Stub::ResumeJob, request);
}

absl::StatusOr<v1::Job> ServiceClient::UpdateJob(const v1::UpdateJobRequest& request) {
  return Change(stubs_->search, &v1::SearchService::Stub::UpdateJob, request);
}

absl::StatusOr<v1::Job> ServiceClient::DeleteJob(const v1::DeleteJobRequest& request) {
  return Change(stubs_->search, &v1::SearchService::Stub::DeleteJob, request);
}

absl::StatusOr<v1::Job> ServiceClient::UndeleteJob(const v1::UndeleteJobRequest& request) {
  return Change(stubs_->search, &v1::SearchService::Stub::UndeleteJob, request);
}

absl::StatusOr<v1::ListPointsResponse> ServiceClient::ListPoints(const v1::ListPointsRequest& request) {
  return Read(stubs_->search, &v1::SearchService::Stub::ListPoints, request);
}

absl::StatusOr<v1::GetFrontResponse> ServiceClient::GetFront(const v1::GetFrontRequest& request) {
  return Read(stubs_->search, &v1::SearchService::Stub::GetFront, request);
}

absl::StatusOr<v1::SamplePointsResponse> ServiceClient::SamplePoints(const v1::SamplePointsRequest& request) {
  return Read(stubs_->search, &v1::SearchService::Stub::SamplePoints, request);
}

absl::StatusOr<v1::SearchHistory> ServiceClient::GetHistory(const v1::GetHistoryRequest& request) {
  return Read(stubs_->search, &v1::SearchService::Stub::GetHistory, request);
}

absl::StatusOr<v1::Design> ServiceClient::GetDesign(const v1::GetDesignRequest& request) {
  return Read(stubs_->search, &v1::SearchService::Stub::GetDesign, request);
}

absl::StatusOr<v1::DesignExplanation> ServiceClient::ExplainDesign(const v1::ExplainDesignRequest& request) {
  return Call(stubs_->search, &v1::SearchService::Stub::ExplainDesign, request, Repeatable::kYes, kExplainTimeout);
}

std::unique_ptr<WatchStream> ServiceClient::Watch(const v1::WatchRequest& request) {
  return std::make_unique<GrpcWatchStream>(stubs_->search, request, options_);
}

absl::StatusOr<v1::EvaluateDesignsResponse> ServiceClient::EvaluateDesigns(const v1::EvaluateDesignsRequest& request) {
  return Read(stubs_->model, &v1::ModelService::Stub::EvaluateDesigns, request);
}

absl::StatusOr<v1::ListWorkloadsResponse> ServiceClient::ListWorkloads(const v1::ListWorkloadsRequest& request) {
  return Read(stubs_->model, &v1::ModelService::Stub::ListWorkloads, request);
}

absl::StatusOr<v1::Workload> ServiceClient::GetWorkload(const v1::GetWorkloadRequest& request) {
  return Read(stubs_->model, &v1::ModelService::Stub::GetWorkload, request);
}

absl::StatusOr<v1::ListTemplatesResponse> ServiceClient::ListTemplates(const v1::ListTemplatesRequest& request) {
  return Read(stubs_->model, &v1::ModelService::Stub::ListTemplates, request);
}

absl::StatusOr<v1::Template> ServiceClient::GetTemplate(const v1::GetTemplateRequest& request) {
  return Read(stubs_->model, &v1::ModelService::Stub::GetTemplate, request);
}

absl::StatusOr<v1::Workload> ServiceClient::ParseWorkload(const v1::ParseWorkloadRequest& request) {
  return Read(stubs_->model, &v1::ModelService::Stub::ParseWorkload, request);
}

absl::StatusOr<v1::Template> ServiceClient::ParseTemplate(const v1::ParseTemplateRequest& request) {
  return Read(stubs_->model, &v1::ModelService::Stub::ParseTemplate, request);
}

absl::StatusOr<v1::ServerInfo> ServiceClient::GetServerInfo() {
  return Read(stubs_->model, &v1::ModelService::Stub::GetServerInfo, v1::GetServerInfoRequest());
}

absl::StatusOr<v1::Calibration> ServiceClient::CreateCalibration(const v1::CreateCalibrationRequest& request) {
  // The same request again returns the first calibration.
  return Call(stubs_->calibration, &v1::CalibrationService::Stub::CreateCalibration, request, Repeatable::kYes);
}

absl::StatusOr<v1::Calibration> ServiceClient::GetCalibration(const v1::GetCalibrationRequest& request) {
  return Read(stubs_->calibration, &v1::CalibrationService::Stub::GetCalibration, request);
}

absl::StatusOr<v1::ListCalibrationsResponse> ServiceClient::ListCalibrations(
    const v1::ListCalibrationsRequest& request) {
  return Read(stubs_->calibration, &v1::CalibrationService::Stub::ListCalibrations, request);
}

absl::StatusOr<v1::Calibration> ServiceClient::CancelCalibration(const v1::CancelCalibrationRequest& request) {
  return CallOnce(stubs_->calibration, &v1::CalibrationService::Stub::CancelCalibration, request);
}

absl::Status ServiceClient::DeleteCalibration(const v1::DeleteCalibrationRequest& request) {
  return Change(stubs_->calibration, &v1::CalibrationService::Stub::DeleteCalibration, request).status();
}

absl::StatusOr<v1::StartSessionResponse> ServiceClient::StartSession(const v1::StartSessionRequest& request) {
  return Read(stubs_->worker, &v1::WorkerService::Stub::StartSession, request);
}

absl::StatusOr<v1::TakeLeasesResponse> ServiceClient::TakeLeases(const v1::TakeLeasesRequest& request) {
  return Read(stubs_->worker, &v1::WorkerService::Stub::TakeLeases, request);
}

absl::StatusOr<v1::LeasedJob> ServiceClient::GetLeasedJob(const v1::GetLeasedJobRequest& request) {
  return Read(stubs_->worker, &v1::WorkerService::Stub::GetLeasedJob, request);
}

absl::StatusOr<v1::ReportPointsResponse> ServiceClient::ReportPoints(const v1::ReportPointsRequest& request) {
  return Read(stubs_->worker, &v1::WorkerService::Stub::ReportPoints, request);
}

absl::Status ServiceClient::EndLease(const v1::EndLeaseRequest& request) {
  return Read(stubs_->worker, &v1::WorkerService::Stub::EndLease, request).status();
}

absl::StatusOr<v1::RenewLeasesResponse> ServiceClient::RenewLeases(const v1::RenewLeasesRequest& request) {
  return Read(stubs_->worker, &v1::WorkerService::Stub::RenewLeases, request);
}

absl::Status ServiceClient::EndSession(const v1::EndSessionRequest& request) {
  return Read(stubs_->worker, &v1::WorkerService::Stub::EndSession, request).status();
}

absl::StatusOr<v1::ListWorkersResponse> ServiceClient::ListWorkers() {
  v1::ListWorkersRequest request;
  request.set_page_size(1000);
  std::vector<v1::Worker> before;
  for (;;) {
    ASSIGN_OR_RETURN(v1::ListWorkersResponse page,
                     Read(stubs_->worker, &v1::WorkerService::Stub::ListWorkers, request));
    before.insert(before.end(), page.workers().begin(), page.workers().end());
    if (page.next_page_token().empty()) {
      page.mutable_workers()->Assign(before.begin(), before.end());
      return page;
    }
    request.set_page_token(page.next_page_token());
  }
}

absl::StatusOr<v1::BackupResponse> ServiceClient::Backup(const v1::BackupRequest& request) {
  auto response = CallOnce(stubs_->admin, &v1::AdminService::Stub::Backup, request, kBackupTimeout);
  if (!response.ok()) return Explained(options_, response.status());
  return response;
}

absl::Status ServiceClient::Drain() {
  return Explained(options_, CallOnce(stubs_->admin, &v1::AdminService::Stub::Drain, v1::DrainRequest()).status());
}

}  // namespace oneloop
