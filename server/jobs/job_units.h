#ifndef ONELOOP_SERVER_JOBS_JOB_UNITS_H_
#define ONELOOP_SERVER_JOBS_JOB_UNITS_H_

#include <vector>

#include "absl/status/status.h"
#include "server/jobs/lease_queue.h"
#include "server/jobs/stop_rule.h"
#include "server/store/run_store.h"

namespace oneloop {

// What of a stored job is queued, and how.

inline constexpr int kMostStartsOfJob = 10000;

// INVALID_ARGUMENT for counts out of range.
absl::Status Admit(const NewJob& job);

// Those below `end` that have not ended.
std::vector<int> StartsLeft(int end, const std::vector<StartRecord>& records);
void AddEnded(const std::vector<StartRecord>& records, StopRule* rule);

QueuedJob QueuedJobOf(const JobRecord& record);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_JOBS_JOB_UNITS_H_
