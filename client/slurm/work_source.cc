#include "client/slurm/work_source.h"

#include <algorithm>

#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr std::int32_t kPage = 1000;

}  // namespace

std::int64_t LeasesOf(const v1::Job& job) {
  const std::int64_t left = std::max(0, job.progress().starts_total() - job.progress().starts_done());
  if (!job.spec().has_stop_gap()) return left;
  // As proto/oneloop/v1/job.proto says of stop_gap.
  return std::min(left, std::max<std::int64_t>(2, job.progress().starts_total() / 8));
}

absl::StatusOr<Work> JobListWork::Read() {
  v1::ListJobsRequest request;
  request.set_parent(parent_);
  request.set_page_size(kPage);
  request.add_states(v1::PENDING);
  request.add_states(v1::RUNNING);
  Work work;
  do {
    ASSIGN_OR_RETURN(const v1::ListJobsResponse response, client_.ListJobs(request));
    for (const v1::Job& job : response.jobs()) work.leases += LeasesOf(job);
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return work;
}

}  // namespace oneloop
