#ifndef ONELOOP_CLIENT_SERVICE_CLIENT_H_
#define ONELOOP_CLIENT_SERVICE_CLIENT_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/retry.h"
#include "oneloop/v1/admin_service.pb.h"
#include "oneloop/v1/calibration_service.pb.h"
#include "oneloop/v1/model_service.pb.h"
#include "oneloop/v1/search_service.pb.h"
#include "oneloop/v1/worker_service.pb.h"

namespace grpc {
class ClientContext;
class Status;
}  // namespace grpc

namespace oneloop {

// INVALID_ARGUMENT when it is neither "unix:PATH" nor "HOST:PORT".
absl::Status CheckAddress(const std::string& address);

// The messages of one Watch call. Used by one thread. Destruction cancels the call.
class WatchStream {
 public:
  enum class Event { kMessage, kNothingYet, kEnd };

  virtual ~WatchStream() = default;
  // Waits at most `timeout` for the next message, which it moves to `*response`. After kEnd, `Finish` says why.
  virtual Event Next(absl::Duration timeout, v1::WatchResponse* response) = 0;
  // OK when the daemon closed the stream in order.
  virtual absl::Status Finish() = 0;
};

// The daemon, seen from here: one method per call. Errors keep their canonical code; those that name a field carry it
// (FieldOf); UNAVAILABLE says whether anybody listens, and what to do about it. Calls are tried again as Retrier says,
// for a minute while somebody listens and for seconds while nobody does: those that only read, CreateJob with a
// request_id, and CreateCalibration and a worker's always; other changes, whose second try would get another answer or
// undo what somebody else did in between, only when the daemon refused them or they were never sent. Backup and Drain
// are not repeated. Every try but of Watch and Backup ends within a minute, with DEADLINE_EXCEEDED. Thread-safe.
class ServiceClient {
 public:
  struct Options {
    std::string address;   // "unix:PATH" or "HOST:PORT"
    std::string trace_id;  // of every call, in the daemon's log; "" has the daemon make one for each
    std::string user;      // who calls through a Unix socket; "" to leave it open
    std::string token;     // "" for none
    std::string tls_ca;    // PEM text of the certificates to trust; "" for no TLS
    std::string tls_cert;  // PEM text of the caller's own, with its key; "" for none
    std::string tls_key;
    Retrier::Options retry;
    std::function<void(const std::string&)> tell;  // what a user should know while a call waits; none to keep quiet
  };
  // INVALID_ARGUMENT for another form of address. Does not connect yet.
  static absl::StatusOr<std::unique_ptr<ServiceClient>> Create(Options options);
  ~ServiceClient();

  const std::string& address() const { return options_.address; }
  // Uniform in [0, 1), for pauses that others do not make at the same time.
  double Draw() { return retrier_.Draw(); }

  absl::StatusOr<v1::Job> CreateJob(const v1::CreateJobRequest& request);
  absl::StatusOr<v1::Job> GetJob(const v1::GetJobRequest& request);
  absl::StatusOr<v1::ListJobsResponse> ListJobs(const v1::ListJobsRequest& request);
  absl::StatusOr<v1::Job> CancelJob(const v1::CancelJobRequest& request);
  absl::StatusOr<v1::Job> PauseJob(const v1::PauseJobRequest& request);
  absl::StatusOr<v1::Job> ResumeJob(const v1::ResumeJobRequest& request);
  absl::StatusOr<v1::Job> UpdateJob(const v1::UpdateJobRequest& request);
  absl::StatusOr<v1::Job> DeleteJob(const v1::DeleteJobRequest& request);
  absl::StatusOr<v1::Job> UndeleteJob(const v1::UndeleteJobRequest& request);
  absl::StatusOr<v1::ListPointsResponse> ListPoints(const v1::ListPointsRequest& request);
  absl::StatusOr<v1::GetFrontResponse> GetFront(const v1::GetFrontRequest& request);
  absl::StatusOr<v1::SamplePointsResponse> SamplePoints(const v1::SamplePointsRequest& request);
  absl::StatusOr<v1::SearchHistory> GetHistory(const v1::GetHistoryRequest& request);
  absl::StatusOr<v1::Design> GetDesign(const v1::GetDesignRequest& request);
  // Ends within half an hour.
  absl::StatusOr<v1::DesignExplanation> ExplainDesign(const v1::ExplainDesignRequest& request);
  std::unique_ptr<WatchStream> Watch(const v1::WatchRequest& request);

  absl::StatusOr<v1::EvaluateDesignsResponse> EvaluateDesigns(const v1::EvaluateDesignsRequest& request);
  absl::StatusOr<v1::ListWorkloadsResponse> ListWorkloads(const v1::ListWorkloadsRequest& request);
  absl::StatusOr<v1::Workload> GetWorkload(const v1::GetWorkloadRequest& request);
  absl::StatusOr<v1::ListTemplatesResponse> ListTemplates(const v1::ListTemplatesRequest& request);
  absl::StatusOr<v1::Template> GetTemplate(const v1::GetTemplateRequest& request);
  absl::StatusOr<v1::Workload> ParseWorkload(const v1::ParseWorkloadRequest& request);
  absl::StatusOr<v1::Template> ParseTemplate(const v1::ParseTemplateRequest& request);
  absl::StatusOr<v1::ServerInfo> GetServerInfo();

  absl::StatusOr<v1::Calibration> CreateCalibration(const v1::CreateCalibrationRequest& request);
  absl::StatusOr<v1::Calibration> GetCalibration(const v1::GetCalibrationRequest& request);
  absl::StatusOr<v1::ListCalibrationsResponse> ListCalibrations(const v1::ListCalibrationsRequest& request);
  absl::StatusOr<v1::Calibration> CancelCalibration(const v1::CancelCalibrationRequest& request);
  absl::Status DeleteCalibration(const v1::DeleteCalibrationRequest& request);

  absl::StatusOr<v1::StartSessionResponse> StartSession(const v1::StartSessionRequest& request);
  absl::StatusOr<v1::TakeLeasesResponse> TakeLeases(const v1::TakeLeasesRequest& request);
  absl::StatusOr<v1::LeasedJob> GetLeasedJob(const v1::GetLeasedJobRequest& request);
  absl::StatusOr<v1::ReportPointsResponse> ReportPoints(const v1::ReportPointsRequest& request);
  absl::Status EndLease(const v1::EndLeaseRequest& request);
  absl::StatusOr<v1::RenewLeasesResponse> RenewLeases(const v1::RenewLeasesRequest& request);
  absl::Status EndSession(const v1::EndSessionRequest& request);
  // All of them.
  absl::StatusOr<v1::ListWorkersResponse> ListWorkers();

  // Ends within a day.
  absl::StatusOr<v1::BackupResponse> Backup(const v1::BackupRequest& request);
  absl::Status Drain();

 private:
  static constexpr absl::Duration kCallTimeout = absl::Minutes(1);

  struct Stubs;

  ServiceClient(Options options, std::unique_ptr<Stubs> stubs);

  template <class Stub, class Request, class Response>
  using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const Request&, Response*);
  template <class Stub, class Request, class Response>
  absl::StatusOr<Response> CallOnce(Stub& stub, Method<Stub, Request, Response> method, const Request& request,
                                    absl::Duration timeout = kCallTimeout);
  template <class Stub, class Request, class Response>
  absl::StatusOr<Response> Call(Stub& stub, Method<Stub, Request, Response> method, const Request& request,
                                Repeatable repeatable, absl::Duration timeout = kCallTimeout);
  template <class Stub, class Request, class Response>
  absl::StatusOr<Response> Read(Stub& stub, Method<Stub, Request, Response> method, const Request& request);
  template <class Stub, class Request, class Response>
  absl::StatusOr<Response> Change(Stub& stub, Method<Stub, Request, Response> method, const Request& request);
  Retrier::Options RetryOptions();
  absl::Duration PatienceForAbsent(const absl::Status& status, absl::Duration tried);

  const Options options_;
  std::atomic<bool> told_ = false;  // that it waits
  Retrier retrier_;
  const std::unique_ptr<Stubs> stubs_;
};

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_SERVICE_CLIENT_H_
