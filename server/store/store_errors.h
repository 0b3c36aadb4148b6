#ifndef ONELOOP_SERVER_STORE_STORE_ERRORS_H_
#define ONELOOP_SERVER_STORE_STORE_ERRORS_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "server/store/run_store.h"

namespace oneloop {

// The refusals and checks that every store words alike.

std::string_view JobStateName(JobState state);  // "RUNNING"

absl::Status NoJob(std::int64_t id);
absl::Status NoPoint(std::int64_t job_id, std::int64_t number);
absl::Status NoDesign(std::int64_t job_id, std::int64_t number);
absl::Status NoRequest(const std::string& project, const std::string& owner, const std::string& request_id);
absl::Status NoCalibration(const std::string& name);
absl::Status NoCalibration(std::int64_t id);
absl::Status NoUnfinishedJob(std::int64_t id);  // for points that come too late

absl::Status CheckNewJob(const NewJob& job);
absl::Status CheckLimit(int limit);
absl::Status CheckAfter(std::int64_t after, std::int64_t revision);
absl::Status CheckRevision(std::int64_t id, std::int64_t revision, std::optional<std::int64_t> expected);
absl::Status CheckStateChange(std::int64_t id, JobState state, const std::vector<JobState>& from, JobState to);
absl::Status CheckUnfinished(std::int64_t id, JobState state);
absl::Status CheckDeletable(std::int64_t id, JobState state);
absl::Status CheckTraining(std::int64_t id, CalibrationState state);
absl::Status CheckJobChange(const JobRecord& record, const JobChange& change);
// Carries out what CheckJobChange allows.
void ApplyJobChange(const JobChange& change, absl::Time now, JobRecord* record);

// Whether a list has the job.
bool IsWanted(const JobQuery& query, const JobRecord& record);
// What ChangedJobs has of a job that is not wanted.
JobRecord HeadOf(const JobRecord& record);
// Whether a start has anything to show.
inline bool HasBegun(const StartRecord& start) { return start.points != 0 || start.samples_done != 0 || start.done; }
// Leaves out what was marked after that revision.
void MarkAsOf(std::int64_t revision, PointRecord* point);

// Where a range of front changes ends that may not hold more than `limit` of them, unless its first revision alone
// does. `change_revisions`: of the first limit + 1 changes after the range's beginning, ascending.
std::int64_t EndOfChanges(const std::vector<std::int64_t>& change_revisions, int limit, std::int64_t revision);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_STORE_STORE_ERRORS_H_
