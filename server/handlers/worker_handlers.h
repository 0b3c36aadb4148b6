#ifndef ONELOOP_SERVER_HANDLERS_WORKER_HANDLERS_H_
#define ONELOOP_SERVER_HANDLERS_WORKER_HANDLERS_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "google/protobuf/empty.pb.h"
#include "oneloop/v1/worker_service.pb.h"
#include "server/jobs/job_manager.h"
#include "server/jobs/worker_desk.h"
#include "server/store/run_store.h"

namespace oneloop {

// The methods of WorkerService, without a network: check, convert, call. Thread-safe.
class WorkerHandlers {
 public:
  // Everything outlives the handlers.
  struct Options {
    WorkerDesk* desk = nullptr;
    JobManager* jobs = nullptr;
    RunStore* store = nullptr;
    // Of this daemon's searches (DigestOf); called at most once at a time, and may take a while.
    std::function<absl::StatusOr<std::uint64_t>()> digest;
  };
  explicit WorkerHandlers(Options options) : options_(std::move(options)) {}

  absl::Status StartSession(const v1::StartSessionRequest& request, const std::string& user,
                            v1::StartSessionResponse* response) const;
  absl::Status TakeLeases(const v1::TakeLeasesRequest& request, const std::string& user,
                          v1::TakeLeasesResponse* response) const;
  absl::Status GetLeasedJob(const v1::GetLeasedJobRequest& request, const std::string& user,
                            v1::LeasedJob* response) const;
  absl::Status ReportPoints(const v1::ReportPointsRequest& request, const std::string& user,
                            v1::ReportPointsResponse* response) const;
  absl::Status EndLease(const v1::EndLeaseRequest& request, const std::string& user,
                        google::protobuf::Empty* response) const;
  absl::Status RenewLeases(const v1::RenewLeasesRequest& request, const std::string& user,
                           v1::RenewLeasesResponse* response) const;
  absl::Status EndSession(const v1::EndSessionRequest& request, const std::string& user,
                          google::protobuf::Empty* response) const;
  absl::Status ListWorkers(const v1::ListWorkersRequest& request, v1::ListWorkersResponse* response) const;

 private:
  const Options options_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_WORKER_HANDLERS_H_
