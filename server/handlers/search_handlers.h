#ifndef ONELOOP_SERVER_HANDLERS_SEARCH_HANDLERS_H_
#define ONELOOP_SERVER_HANDLERS_SEARCH_HANDLERS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "oneloop/v1/search_service.pb.h"
#include "server/access/limits.h"
#include "server/handlers/calibration_catalog.h"
#include "server/handlers/call_context.h"
#include "server/handlers/catalog.h"
#include "server/handlers/resource_names.h"
#include "server/jobs/job_manager.h"
#include "server/store/run_store.h"

namespace oneloop {

// The unary methods of SearchService, without a network: check, convert, call. Errors name the request's field.
// Thread-safe.
class SearchHandlers {
 public:
  // Everything outlives the handlers.
  struct Options {
    RunStore* store = nullptr;
    JobManager* jobs = nullptr;
    const Catalog* catalog = nullptr;
    const CalibrationCatalog* calibrations = nullptr;
    Limits limits;
    std::function<absl::Time()> clock = WallNow;
  };
  explicit SearchHandlers(const Options& options) : options_(options) {}

  // The user whose job it is that the name, or the name of something in it, names. NOT_FOUND also for a job of another
  // project than the name says, INVALID_ARGUMENT for another name.
  absl::StatusOr<std::string> OwnerOf(const std::string& resource) const;

  // The job belongs to `owner`, a user.
  absl::Status CreateJob(const v1::CreateJobRequest& request, const std::string& owner, v1::Job* response) const;
  absl::Status GetJob(const v1::GetJobRequest& request, v1::Job* response) const;
  absl::Status ListJobs(const v1::ListJobsRequest& request, v1::ListJobsResponse* response) const;
  absl::Status CancelJob(const v1::CancelJobRequest& request, v1::Job* response) const;
  absl::Status PauseJob(const v1::PauseJobRequest& request, v1::Job* response) const;
  absl::Status ResumeJob(const v1::ResumeJobRequest& request, v1::Job* response) const;
  absl::Status UpdateJob(const v1::UpdateJobRequest& request, v1::Job* response) const;
  absl::Status DeleteJob(const v1::DeleteJobRequest& request, v1::Job* response) const;
  absl::Status UndeleteJob(const v1::UndeleteJobRequest& request, v1::Job* response) const;
  absl::Status ListPoints(const v1::ListPointsRequest& request, v1::ListPointsResponse* response) const;
  absl::Status GetPoint(const v1::GetPointRequest& request, v1::EvaluatedPoint* response) const;
  absl::Status GetFront(const v1::GetFrontRequest& request, v1::GetFrontResponse* response) const;
  absl::Status SamplePoints(const v1::SamplePointsRequest& request, v1::SamplePointsResponse* response) const;
  absl::Status GetHistory(const v1::GetHistoryRequest& request, v1::SearchHistory* response) const;
  absl::Status GetDesign(const v1::GetDesignRequest& request, v1::Design* response) const;
  // Searches, within the memory of the jobs' searches; the call's error soon after it is interrupted.
  absl::Status ExplainDesign(const v1::ExplainDesignRequest& request, const CallContext& call,
                             v1::DesignExplanation* response) const;

 private:
  // The job of an earlier call with this request_id, if there is one. ALREADY_EXISTS when it has another spec.
  absl::StatusOr<std::optional<JobRecord>> FindRetried(const NewJob& job) const;
  // Whether the owner and the project may have one more. Calls at the same time may all pass.
  absl::Status CheckLimits(const NewJob& job) const;
  using Change = absl::StatusOr<JobRecord> (JobManager::*)(std::int64_t, std::optional<std::int64_t>);

  struct StoredDesign {
    JobRecord job;
    PointRecord point;
    std::string text;
  };

  // A page of the whole list. `hash` is what its page tokens are bound to.
  absl::Status ListAllJobs(const v1::ListJobsRequest& request, std::uint64_t hash, JobQuery query,
                           v1::ListJobsResponse* response) const;
  // A page of what changed after the request's revision, or the first of the whole list where that cannot be told.
  absl::Status ListChangedJobs(const v1::ListJobsRequest& request, const JobQuery& query, const JobCursor& after,
                               v1::ListJobsResponse* response) const;
  // Adds its size to `bytes`, unless the job has gone.
  absl::Status AddJob(const JobRecord& record, std::size_t* bytes, v1::ListJobsResponse* response) const;

  // FAILED_PRECONDITION where there is no design: of a step of the descent, and the best of a job without one.
  absl::StatusOr<StoredDesign> FindDesign(const std::string& name) const;
  // NOT_FOUND too when the job is another project's.
  absl::StatusOr<JobRecord> FindJob(const JobName& name, SpecDetail detail = SpecDetail::kWhole) const;
  absl::Status FillJob(const JobRecord& record, v1::Job* response, SpecDetail detail = SpecDetail::kSummary) const;
  // Its place in the queue, while it waits there.
  // Of a job that searches for a front and has found a design.
  absl::Status FillFront(const JobRecord& record, v1::Job* response) const;
  void FillPlace(const JobRecord& record, v1::Job* response) const;
  absl::Status ChangeJob(const std::string& name, const std::string& etag, Change change, v1::Job* response) const;

  const Options options_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_SEARCH_HANDLERS_H_
