#ifndef ONELOOP_TESTS_SERVER_JOBS_JOBS_TEST_UTIL_H_
#define ONELOOP_TESTS_SERVER_JOBS_JOBS_TEST_UTIL_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/mutex.h"
#include "server/jobs/job_manager.h"
#include "server/jobs/watch_hub.h"
#include "server/search/point_sink.h"
#include "server/search/search_spec.h"
#include "server/search/start_summary.h"
#include "server/store/run_store.h"

namespace oneloop {

// A spec on a small template; what is run on it is FakeRun.
std::shared_ptr<const SearchSpec> TestSpec(int starts, std::int64_t samples_per_start);
NewJob JobOf(const SearchSpec& spec, const std::string& request_id = "");

// A deterministic start: a point per sample, every fifth of them exact and with a design. Ends early when asked, and
// at the spec's stop score.
StartSummary FakeRun(const SearchSpec& spec, int start, PointSink& sink);

// Runs FakeRun, but holds every start after its first `free_samples` points until the gate is opened or the start is
// stopped.
class GatedRunner {
 public:
  explicit GatedRunner(std::int64_t free_samples) : free_samples_(free_samples) {}
  StartSummary Run(const SearchSpec& spec, int start, PointSink& sink);
  void Open() { open_ = true; }
  // Returns once `count` starts have come to the gate.
  void AwaitHeld(int count);
  int stopped() const { return stopped_; }

 private:
  const std::int64_t free_samples_;
  std::atomic<bool> open_ = false;
  std::atomic<int> held_ = 0;
  std::atomic<int> stopped_ = 0;
};

// Proves the same bound of every job, but only once the gate is opened; gives up when it is stopped before.
class GatedProver {
 public:
  explicit GatedProver(double objective) { bound_.objective = objective; }
  std::optional<LowerBound> Prove(const SearchSpec& spec, const std::function<bool()>& stop_requested);
  void Open() { open_ = true; }
  // Returns once `count` proofs have begun.
  void AwaitBegun(int count);
  int proven() const { return proven_; }
  int stopped() const { return stopped_; }

 private:
  LowerBound bound_;
  std::atomic<bool> open_ = false;
  std::atomic<int> begun_ = 0;
  std::atomic<int> proven_ = 0;
  std::atomic<int> stopped_ = 0;
};

// Passes every call on; tests override what they want to fail.
class ForwardingStore : public RunStore {
 public:
  explicit ForwardingStore(RunStore* target) : target_(*target) {}
  absl::StatusOr<CreateResult> CreateJob(const NewJob& job) override { return target_.CreateJob(job); }
  absl::StatusOr<JobRecord> GetJob(std::int64_t id) override { return target_.GetJob(id); }
  absl::StatusOr<JobRecord> GetJobSummary(std::int64_t id) override { return target_.GetJobSummary(id); }
  absl::StatusOr<std::vector<JobRecord>> ListJobs(const JobQuery& query) override { return target_.ListJobs(query); }
  absl::StatusOr<ChangedJobs> ListChangedJobs(const JobQuery& query, std::int64_t since,
                                              const JobCursor& after) override {
    return target_.ListChangedJobs(query, since, after);
  }
  absl::StatusOr<JobRecord> FindRequest(const std::string& project, const std::string& owner,
                                        const std::string& request_id) override {
    return target_.FindRequest(project, owner, request_id);
  }
  absl::StatusOr<StoreUsage> ReadUsage(const std::string& owner, const std::string& project) override {
    return target_.ReadUsage(owner, project);
  }
  absl::StatusOr<StoreTotals> ReadTotals() override { return target_.ReadTotals(); }
  absl::StatusOr<JobRecord> SetJobState(std::int64_t id, const std::vector<JobState>& from, JobState to,
                                        const std::string& message,
                                        std::optional<std::int64_t> expected_revision) override {
    return target_.SetJobState(id, from, to, message, expected_revision);
  }
  absl::Status SetJobBound(std::int64_t id, const JobBound& bound) override { return target_.SetJobBound(id, bound); }
  absl::StatusOr<JobRecord> ChangeJob(std::int64_t id, const JobChange& change,
                                      std::optional<std::int64_t> expected_revision) override {
    return target_.ChangeJob(id, change, expected_revision);
  }
  absl::StatusOr<SweptJobs> SweepJobs(const JobSweep& sweep) override { return target_.SweepJobs(sweep); }
  absl::Status DeleteJob(std::int64_t id, std::optional<std::int64_t> expected_revision) override {
    return target_.DeleteJob(id, expected_revision);
  }
  absl::StatusOr<std::vector<StartRecord>> ListStarts(std::int64_t job_id) override {
    return target_.ListStarts(job_id);
  }
  void AppendPoints(PointBatch batch, std::function<void(absl::Status)> done) override {
    target_.AppendPoints(std::move(batch), std::move(done));
  }
  absl::StatusOr<std::vector<PointRecord>> ListPoints(const PointQuery& query) override {
    return target_.ListPoints(query);
  }
  absl::StatusOr<PointRecord> GetPoint(std::int64_t job_id, std::int64_t number) override {
    return target_.GetPoint(job_id, number);
  }
  absl::StatusOr<std::string> GetDesign(std::int64_t job_id, std::int64_t number) override {
    return target_.GetDesign(job_id, number);
  }
  absl::StatusOr<JobSnapshot> Snapshot(std::int64_t job_id) override { return target_.Snapshot(job_id); }
  absl::StatusOr<JobChanges> ReadChanges(std::int64_t job_id, std::int64_t after, int limit) override {
    return target_.ReadChanges(job_id, after, limit);
  }
  absl::StatusOr<std::vector<PointRecord>> FrontAt(std::int64_t job_id, std::int64_t revision) override {
    return target_.FrontAt(job_id, revision);
  }
  absl::StatusOr<PointSample> SamplePoints(std::int64_t job_id, int most) override {
    return target_.SamplePoints(job_id, most);
  }
  absl::StatusOr<JobHistory> ReadHistory(std::int64_t job_id, int most) override {
    return target_.ReadHistory(job_id, most);
  }
  absl::StatusOr<CreateCalibrationResult> CreateCalibration(const NewCalibration& calibration) override {
    return target_.CreateCalibration(calibration);
  }
  absl::Status FinishCalibration(const CalibrationOutcome& outcome) override {
    return target_.FinishCalibration(outcome);
  }
  absl::Status NoteAttempts(std::int64_t id, int attempts) override { return target_.NoteAttempts(id, attempts); }
  absl::Status DeleteCalibration(const std::string& project, const std::string& name) override {
    return target_.DeleteCalibration(project, name);
  }
  absl::StatusOr<CalibrationRecord> GetCalibration(const std::string& project, const std::string& name) override {
    return target_.GetCalibration(project, name);
  }
  absl::StatusOr<std::vector<CalibrationRecord>> ListCalibrations(const std::string& project, const std::string& after,
                                                                  int limit) override {
    return target_.ListCalibrations(project, after, limit);
  }
  absl::StatusOr<std::vector<CalibrationRecord>> ListTrainings() override { return target_.ListTrainings(); }
  absl::Status NoteActivity(const std::map<std::int64_t, JobActivity>& activities) override {
    return target_.NoteActivity(activities);
  }
  absl::StatusOr<std::vector<JobCrashes>> CountCrashes() override { return target_.CountCrashes(); }
  absl::Status ForgetCrashes() override { return target_.ForgetCrashes(); }
  std::int64_t revision() const override { return target_.revision(); }
  const JobNews& news() const override { return target_.news(); }
  absl::Status CheckWriter() const override { return target_.CheckWriter(); }
  void SetCommitListener(CommitListener listener) override { target_.SetCommitListener(std::move(listener)); }
  absl::Status Close() override { return target_.Close(); }

 private:
  RunStore& target_;
};

// Waits for what a store commits. Takes its commit listener.
class StoreWatcher {
 public:
  explicit StoreWatcher(RunStore* store);
  ~StoreWatcher();
  // Returns the job once it is in `state`; it is a failure when it ends in another.
  JobRecord AwaitState(std::int64_t job_id, JobState state);
  void Await(const std::function<bool()>& condition);

 private:
  RunStore* const store_;
  Mutex mutex_;
  CondVar committed_;
  std::int64_t commits_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace oneloop

#endif  // ONELOOP_TESTS_SERVER_JOBS_JOBS_TEST_UTIL_H_
