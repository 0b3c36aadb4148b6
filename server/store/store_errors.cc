#include "server/store/store_errors.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status.h"

namespace oneloop {

std::string_view JobStateName(JobState state) {
  switch (state) {
    case JobState::kPending:
      return "PENDING";
    case JobState::kRunning:
      return "RUNNING";
    case JobState::kPaused:
      return "PAUSED";
    case JobState::kCancelled:
      return "CANCELLED";
    case JobState::kSucceeded:
      return "SUCCEEDED";
    case JobState::kFailed:
      return "FAILED";
  }
  return "UNKNOWN";
}

absl::Status NoJob(std::int64_t id) { return absl::NotFoundError(absl::StrCat("there is no job ", id)); }

absl::Status NoPoint(std::int64_t job_id, std::int64_t number) {
  return absl::NotFoundError(absl::StrCat("job ", job_id, " has no point ", number));
}

absl::Status NoDesign(std::int64_t job_id, std::int64_t number) {
  return absl::NotFoundError(
      absl::StrCat("point ", number, " of job ", job_id, " has no design; only exact points have one"));
}

absl::Status NoRequest(const std::string& project, const std::string& owner, const std::string& request_id) {
  return absl::NotFoundError(absl::StrCat("no job of ", owner, " in ", project, " has request_id '", request_id, "'"));
}

absl::Status NoCalibration(const std::string& name) {
  return absl::NotFoundError(absl::StrCat("there is no calibration '", name, "'"));
}

absl::Status NoCalibration(std::int64_t id) {
  return absl::NotFoundError(absl::StrCat("there is no calibration ", id));
}

absl::Status NoUnfinishedJob(std::int64_t id) {
  return absl::FailedPreconditionError(absl::StrCat("job ", id, " is over or deleted; its points are dropped"));
}

absl::Status CheckNewJob(const NewJob& job) {
  if (job.num_starts < 1) return FieldError("num_starts", absl::StrCat("is ", job.num_starts, ", must be at least 1"));
  return absl::OkStatus();
}

absl::Status CheckLimit(int limit) {
  if (limit < 1) return FieldError("limit", absl::StrCat("is ", limit, ", must be at least 1"));
  return absl::OkStatus();
}

absl::Status CheckAfter(std::int64_t after, std::int64_t revision) {
  if (after >= 0 && after <= revision) return absl::OkStatus();
  return FieldError("after", absl::StrCat("is ", after, ", must be a revision of this store, 0 to ", revision));
}

absl::Status CheckRevision(std::int64_t id, std::int64_t revision, std::optional<std::int64_t> expected) {
  if (!expected || *expected == revision) return absl::OkStatus();
  return absl::AbortedError(
      absl::StrCat("job ", id, " has changed: it is at revision ", revision, ", not ", *expected, "; read it again"));
}

absl::Status CheckStateChange(std::int64_t id, JobState state, const std::vector<JobState>& from, JobState to) {
  if (!IsFinal(state) && std::find(from.begin(), from.end(), state) != from.end()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("job ", id, " is ", ToAbsl(JobStateName(state)), " and cannot become ", ToAbsl(JobStateName(to))));
}

absl::Status CheckUnfinished(std::int64_t id, JobState state) {
  if (!IsFinal(state)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("job ", id, " is ", ToAbsl(JobStateName(state)), " and takes no lower bound"));
}

absl::Status CheckDeletable(std::int64_t id, JobState state) {
  if (IsFinal(state)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("job ", id, " is ", ToAbsl(JobStateName(state)), "; cancel it before deleting it"));
}

absl::Status CheckTraining(std::int64_t id, CalibrationState state) {
  if (state == CalibrationState::kTraining) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("calibration ", id, " is not training"));
}

absl::Status CheckJobChange(const JobRecord& record, const JobChange& change) {
  const std::string job = absl::StrCat("job ", record.id, " is ");
  if (change.purge_time.has_value()) {
    const bool deletes = change.purge_time->has_value();
    if (!deletes && record.delete_time) return absl::OkStatus();
    if (!deletes) return absl::FailedPreconditionError(job + "not deleted");
    RETURN_IF_ERROR(CheckDeletable(record.id, record.state));
    if (record.delete_time) return absl::FailedPreconditionError(job + "deleted already");
    return absl::OkStatus();
  }
  if (record.delete_time) return absl::FailedPreconditionError(job + "deleted; undelete it before changing it");
  if (IsFinal(record.state) && (change.priority || change.deadline)) {
    return absl::FailedPreconditionError(absl::StrCat(job, ToAbsl(JobStateName(record.state)), "; its ",
                                                      change.priority ? "priority" : "deadline",
                                                      " changes nothing any more"));
  }
  return absl::OkStatus();
}

void ApplyJobChange(const JobChange& change, absl::Time now, JobRecord* record) {
  JobSettings& settings = record->job.settings;
  if (change.priority) settings.priority = *change.priority;
  if (change.labels) settings.labels = *change.labels;
  if (change.deadline) settings.deadline = *change.deadline;
  if (change.pinned) settings.pinned = *change.pinned;
  if (!change.purge_time) return;
  record->purge_time = *change.purge_time;
  record->delete_time = change.purge_time->has_value() ? std::optional<absl::Time>(now) : std::nullopt;
}

bool IsWanted(const JobQuery& query, const JobRecord& record) {
  if (!query.project.empty() && record.job.project != query.project) return false;
  if (record.delete_time && !query.show_deleted) return false;
  if (!query.states.empty() &&
      std::find(query.states.begin(), query.states.end(), record.state) == query.states.end()) {
    return false;
  }
  return !query.filter || Matches(*query.filter, record);
}

JobRecord HeadOf(const JobRecord& record) {
  JobRecord head;
  head.id = record.id;
  head.job.project = record.job.project;
  head.revision = record.revision;
  return head;
}

void MarkAsOf(std::int64_t revision, PointRecord* point) {
  if (point->left_front_revision > revision) point->left_front_revision = 0;
}

std::int64_t EndOfChanges(const std::vector<std::int64_t>& change_revisions, int limit, std::int64_t revision) {
  const auto count = static_cast<std::size_t>(limit);
  if (change_revisions.size() <= count) return revision;
  const std::int64_t cut = change_revisions[count];
  const auto at_cut = std::lower_bound(change_revisions.begin(), change_revisions.end(), cut);
  return at_cut == change_revisions.begin() ? cut : *(at_cut - 1);
}

}  // namespace oneloop
