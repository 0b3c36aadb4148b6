#include "server/store/queued_run_store.h"

#include <utility>

namespace oneloop {

absl::StatusOr<RunStore::CreateResult> QueuedRunStore::CreateJob(const NewJob& job) {
  CreateJobWrite write;
  write.job = job;
  return queue_->Run(std::move(write));
}

absl::StatusOr<JobRecord> QueuedRunStore::SetJobState(std::int64_t id, const std::vector<JobState>& from, JobState to,
                                                      const std::string& message,
                                                      std::optional<std::int64_t> expected_revision) {
  SetJobStateWrite write;
  write.id = id;
  write.from = from;
  write.to = to;
  write.message = message;
  write.expected_revision = expected_revision;
  return queue_->Run(std::move(write));
}

absl::Status QueuedRunStore::NoteActivity(const std::map<std::int64_t, JobActivity>& activities) {
  return queue_->Run(CrashWrite{activities}).status();
}

absl::StatusOr<std::vector<JobCrashes>> QueuedRunStore::CountCrashes() {
  return queue_->Run(CrashWrite{CrashWrite::Count{}});
}

absl::Status QueuedRunStore::ForgetCrashes() { return queue_->Run(CrashWrite{CrashWrite::Forget{}}).status(); }

absl::Status QueuedRunStore::SetJobBound(std::int64_t id, const JobBound& bound) {
  SetJobBoundWrite write;
  write.id = id;
  write.bound = bound;
  return queue_->Run(std::move(write));
}

absl::StatusOr<JobRecord> QueuedRunStore::ChangeJob(std::int64_t id, const JobChange& change,
                                                    std::optional<std::int64_t> expected_revision) {
  ChangeJobWrite write;
  write.id = id;
  write.change = change;
  write.expected_revision = expected_revision;
  return queue_->Run(std::move(write));
}

absl::StatusOr<SweptJobs> QueuedRunStore::SweepJobs(const JobSweep& sweep) {
  SweepJobsWrite write;
  write.sweep = sweep;
  return queue_->Run(std::move(write));
}

absl::Status QueuedRunStore::DeleteJob(std::int64_t id, std::optional<std::int64_t> expected_revision) {
  DeleteJobWrite write;
  write.id = id;
  write.expected_revision = expected_revision;
  return queue_->Run(std::move(write));
}

void QueuedRunStore::AppendPoints(PointBatch batch, std::function<void(absl::Status)> done) {
  queue_->Append(std::move(batch), std::move(done));
}

absl::StatusOr<CalibrationStore::CreateCalibrationResult> QueuedRunStore::CreateCalibration(
    const NewCalibration& calibration) {
  return queue_->Run(CalibrationWrite{calibration});
}

absl::Status QueuedRunStore::FinishCalibration(const CalibrationOutcome& outcome) {
  return queue_->Run(CalibrationWrite{outcome}).status();
}

absl::Status QueuedRunStore::NoteAttempts(std::int64_t id, int attempts) {
  return queue_->Run(CalibrationWrite{CalibrationWrite::Attempts{id, attempts}}).status();
}

absl::Status QueuedRunStore::DeleteCalibration(const std::string& project, const std::string& name) {
  return queue_->Run(CalibrationWrite{CalibrationWrite::Deletion{project, name}}).status();
}

const JobNews& QueuedRunStore::news() const { return queue_->news(); }
absl::Status QueuedRunStore::CheckWriter() const { return queue_->CheckWriter(); }

std::int64_t QueuedRunStore::revision() const { return queue_->revision(); }

void QueuedRunStore::SetCommitListener(CommitListener listener) { queue_->SetCommitListener(std::move(listener)); }

}  // namespace oneloop
