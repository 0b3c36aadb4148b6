#ifndef ONELOOP_CLIENT_SERVICE_CLIENT_H_
#define ONELOOP_CLIENT_SERVICE_CLIENT_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "oneloop/v1/admin_service.pb.h"
#include "oneloop/v1/model_service.pb.h"
#include "oneloop/v1/search_service.pb.h"

namespace oneloop {

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
// (FieldOf); UNAVAILABLE says how to start or find the daemon. Every call but Watch and Backup ends within a minute,
// with DEADLINE_EXCEEDED. Thread-safe.
class ServiceClient {
 public:
  // `address` is "unix:PATH" or "HOST:PORT"; INVALID_ARGUMENT otherwise. Does not connect yet.
  static absl::StatusOr<std::unique_ptr<ServiceClient>> Create(const std::string& address);
  ~ServiceClient();

  const std::string& address() const { return address_; }

  absl::StatusOr<v1::Job> CreateJob(const v1::CreateJobRequest& request);
  absl::StatusOr<v1::Job> GetJob(const v1::GetJobRequest& request);
  absl::StatusOr<v1::ListJobsResponse> ListJobs(const v1::ListJobsRequest& request);
  absl::StatusOr<v1::Job> CancelJob(const v1::CancelJobRequest& request);
  absl::StatusOr<v1::Job> PauseJob(const v1::PauseJobRequest& request);
  absl::StatusOr<v1::Job> ResumeJob(const v1::ResumeJobRequest& request);
  absl::Status DeleteJob(const v1::DeleteJobRequest& request);
  absl::StatusOr<v1::ListPointsResponse> ListPoints(const v1::ListPointsRequest& request);
  absl::StatusOr<v1::Design> GetDesign(const v1::GetDesignRequest& request);
  std::unique_ptr<WatchStream> Watch(const v1::WatchRequest& request);

  absl::StatusOr<v1::EvaluateDesignsResponse> EvaluateDesigns(const v1::EvaluateDesignsRequest& request);
  absl::StatusOr<v1::ListWorkloadsResponse> ListWorkloads(const v1::ListWorkloadsRequest& request);
  absl::StatusOr<v1::Workload> GetWorkload(const v1::GetWorkloadRequest& request);
  absl::StatusOr<v1::ListTemplatesResponse> ListTemplates(const v1::ListTemplatesRequest& request);
  absl::StatusOr<v1::Template> GetTemplate(const v1::GetTemplateRequest& request);

  // Ends within a day.
  absl::StatusOr<v1::BackupResponse> Backup(const v1::BackupRequest& request);

 private:
  struct Stubs;

  ServiceClient(std::string address, std::unique_ptr<Stubs> stubs);

  const std::string address_;
  const std::unique_ptr<Stubs> stubs_;
};

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_SERVICE_CLIENT_H_
