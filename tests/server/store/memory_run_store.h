#ifndef ONELOOP_TESTS_SERVER_STORE_MEMORY_RUN_STORE_H_
#define ONELOOP_TESTS_SERVER_STORE_MEMORY_RUN_STORE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "server/store/job_ledger.h"
#include "server/store/queued_run_store.h"
#include "server/store/run_store.h"
#include "server/store/write_queue.h"

namespace oneloop {

// A RunStore that keeps nothing beyond its life, for tests of what stands on a store: the same promises, threads and
// codes as SqliteRunStore, and failures on demand.
class MemoryRunStore final : public QueuedRunStore, private WriteBackend {
 public:
  explicit MemoryRunStore(std::function<absl::Time()> clock = WallNow, const WriteQueue::Options& options = {});
  ~MemoryRunStore() override;

  // From now on every transaction fails with this error and stores nothing; OK ends that.
  void SetWriteError(absl::Status error);

  absl::StatusOr<JobRecord> GetJob(std::int64_t id) override;
  absl::StatusOr<JobRecord> GetJobSummary(std::int64_t id) override;
  absl::StatusOr<std::vector<JobRecord>> ListJobs(const JobQuery& query) override;
  absl::StatusOr<ChangedJobs> ListChangedJobs(const JobQuery& query, std::int64_t since,
                                              const JobCursor& after) override;
  absl::StatusOr<JobRecord> FindRequest(const std::string& project, const std::string& owner,
                                        const std::string& request_id) override;
  absl::StatusOr<StoreUsage> ReadUsage(const std::string& owner, const std::string& project) override;
  absl::StatusOr<StoreTotals> ReadTotals() override;
  absl::StatusOr<std::vector<StartRecord>> ListStarts(std::int64_t job_id) override;
  absl::StatusOr<std::vector<PointRecord>> ListPoints(const PointQuery& query) override;
  absl::StatusOr<PointRecord> GetPoint(std::int64_t job_id, std::int64_t number) override;
  absl::StatusOr<std::string> GetDesign(std::int64_t job_id, std::int64_t number) override;
  absl::StatusOr<JobSnapshot> Snapshot(std::int64_t job_id) override;
  absl::StatusOr<JobChanges> ReadChanges(std::int64_t job_id, std::int64_t after, int limit) override;
  absl::StatusOr<std::vector<PointRecord>> FrontAt(std::int64_t job_id, std::int64_t revision) override;
  absl::StatusOr<PointSample> SamplePoints(std::int64_t job_id, int most) override;
  absl::StatusOr<JobHistory> ReadHistory(std::int64_t job_id, int most) override;
  absl::StatusOr<CalibrationRecord> GetCalibration(const std::string& project, const std::string& name) override;
  absl::StatusOr<std::vector<CalibrationRecord>> ListCalibrations(const std::string& project, const std::string& after,
                                                                  int limit) override;
  absl::StatusOr<std::vector<CalibrationRecord>> ListTrainings() override;
  absl::Status Close() override;

 private:
  struct FrontChange {
    std::int64_t revision;
    std::int64_t number;
    bool entered;
  };
  struct Job {
    Job(JobRecord record_in, JobLedger ledger_in) : record(std::move(record_in)), ledger(std::move(ledger_in)) {}
    JobRecord record;
    JobLedger ledger;
    std::optional<absl::Time> undelete_time;
    std::map<std::int64_t, StartRecord> starts;            // those that have begun
    std::map<std::int64_t, PointRecord> points;            // designs included
    std::map<int, std::vector<Improvement>> improvements;  // by start
    std::map<Figure, std::int64_t> greatest;               // numbers of the results
    std::vector<StateChangeRecord> states;
    std::vector<FrontChange> front_changes;  // by revision; entered before left, each by number
    std::optional<JobCrashes> crashes;
  };

  absl::StatusOr<Commit> Apply(const std::vector<Write*>& writes) override;
  void Apply(CreateJobWrite& write) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Apply(SetJobStateWrite& write) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Apply(SetJobBoundWrite& write) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Apply(ChangeJobWrite& write) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Apply(SweepJobsWrite& write) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Apply(DeleteJobWrite& write) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Purge(std::int64_t id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Apply(CalibrationWrite& write) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Apply(CrashWrite& write) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Apply(AppendPointsWrite& write) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Change(const NewCalibration& calibration, CalibrationWrite& write) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Change(const CalibrationOutcome& outcome, CalibrationWrite& write) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Null when there is none.
  CalibrationRecord* FindCalibration(std::int64_t id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static void FollowState(Job& job);
  void RecordState(Job& job, JobState state, const std::string& message) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RecordLedger(Job& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Null when there is none.
  Job* Find(std::int64_t id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CheckOpen() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The job, or why it cannot be read.
  absl::StatusOr<Job*> FindToRead(std::int64_t id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::function<absl::Time()> clock_;

  mutable Mutex mutex_;
  std::map<std::pair<std::string, std::string>, CalibrationRecord> calibrations_ ABSL_GUARDED_BY(mutex_);
  std::int64_t last_calibration_id_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::int64_t, Job> jobs_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::int64_t> purges_ ABSL_GUARDED_BY(mutex_);  // by project: the revision of the last
  std::int64_t last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  std::int64_t revision_ ABSL_GUARDED_BY(mutex_) = 0;
  std::int64_t next_revision_ ABSL_GUARDED_BY(mutex_) = 0;
  std::set<std::int64_t> changed_jobs_ ABSL_GUARDED_BY(mutex_);
  bool others_changed_ ABSL_GUARDED_BY(mutex_) = false;  // what belongs to no job
  absl::Status write_error_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;

  WriteQueue queue_;  // last: its thread uses the rest
};

}  // namespace oneloop

#endif  // ONELOOP_TESTS_SERVER_STORE_MEMORY_RUN_STORE_H_
