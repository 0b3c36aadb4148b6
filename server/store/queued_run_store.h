#ifndef ONELOOP_SERVER_STORE_QUEUED_RUN_STORE_H_
#define ONELOOP_SERVER_STORE_QUEUED_RUN_STORE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/run_store.h"
#include "server/store/write_queue.h"

namespace oneloop {

// The writing half of a store: every change is a write in a queue.
class QueuedRunStore : public RunStore {
 public:
  absl::StatusOr<CreateResult> CreateJob(const NewJob& job) final;
  absl::StatusOr<JobRecord> SetJobState(std::int64_t id, const std::vector<JobState>& from, JobState to,
                                        const std::string& message,
                                        std::optional<std::int64_t> expected_revision) final;
  absl::Status NoteActivity(const std::map<std::int64_t, JobActivity>& activities) final;
  absl::StatusOr<std::vector<JobCrashes>> CountCrashes() final;
  absl::Status ForgetCrashes() final;
  absl::Status SetJobBound(std::int64_t id, const JobBound& bound) final;
  absl::StatusOr<JobRecord> ChangeJob(std::int64_t id, const JobChange& change,
                                      std::optional<std::int64_t> expected_revision) final;
  absl::StatusOr<SweptJobs> SweepJobs(const JobSweep& sweep) final;
  absl::Status DeleteJob(std::int64_t id, std::optional<std::int64_t> expected_revision) final;
  void AppendPoints(PointBatch batch, std::function<void(absl::Status)> done) final;

  absl::StatusOr<CreateCalibrationResult> CreateCalibration(const NewCalibration& calibration) final;
  absl::Status FinishCalibration(const CalibrationOutcome& outcome) final;
  absl::Status NoteAttempts(std::int64_t id, int attempts) final;
  absl::Status DeleteCalibration(const std::string& project, const std::string& name) final;

  std::int64_t revision() const final;
  const JobNews& news() const final;
  absl::Status CheckWriter() const final;
  void SetCommitListener(CommitListener listener) final;

 protected:
  // `queue` is the last member of the class that derives from this one, since its thread uses all of that.
  explicit QueuedRunStore(WriteQueue* queue) : queue_(queue) {}

 private:
  WriteQueue* const queue_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_STORE_QUEUED_RUN_STORE_H_
