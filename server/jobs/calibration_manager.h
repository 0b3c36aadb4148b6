#ifndef ONELOOP_SERVER_JOBS_CALIBRATION_MANAGER_H_
#define ONELOOP_SERVER_JOBS_CALIBRATION_MANAGER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/mutex.h"
#include "server/jobs/stalled_jobs.h"
#include "server/jobs/training_queue.h"
#include "server/store/calibration_store.h"

namespace oneloop {

// Trains calibrations on two threads of its own, of which one takes only short trainings, so that long ones do not hold
// them up; TrainingQueue says which is next. What has to survive a crash is in the store only: Create takes up every
// training that had not ended, from its beginning, but one that has been the daemon's end too often. Thread-safe.
class CalibrationManager {
 public:
  // Trains from the stored request. `should_stop` is given the part that is done, 0 to 1, now and then, and says
  // whether to end with CANCELLED; any other error is the calibration's failure. Called on the manager's threads.
  using Trainer = std::function<absl::StatusOr<CalibrationOutcome>(const CalibrationRecord&,
                                                                   const std::function<bool(double)>& should_stop)>;

  // A training of up to so many rows is short: on a core of its own it takes about 20 s.
  static constexpr std::int64_t kMostShortRows = 2000;
  // A training that began so often, and neither ended nor was stopped, is not begun again.
  static constexpr int kMostAttempts = 5;

  // `store` outlives the manager. While it takes nothing, a training waits as `delays` says and keeps what it has.
  static absl::StatusOr<std::unique_ptr<CalibrationManager>> Create(CalibrationStore* store, Trainer trainer,
                                                                    const StalledJobs::Options& delays = {});
  // Drains.
  ~CalibrationManager();
  CalibrationManager(const CalibrationManager&) = delete;
  CalibrationManager& operator=(const CalibrationManager&) = delete;

  // Stores a calibration and queues its training; as CalibrationStore::CreateCalibration. UNAVAILABLE while draining.
  absl::StatusOr<CalibrationStore::CreateCalibrationResult> Submit(const NewCalibration& calibration);
  // Ends its training; the calibration stays, CANCELLED. NOT_FOUND, FAILED_PRECONDITION unless it trains or waits to.
  absl::StatusOr<CalibrationRecord> Cancel(const std::string& project, const std::string& name);
  // Also ends its training.
  absl::Status Delete(const std::string& project, const std::string& name);
  // 0 to 1, of a calibration that trains; none for one that waits for its turn, and for any other.
  std::optional<double> Progress(std::int64_t id) const;

  // Stops training; what was not done begins anew with the next manager on the store.
  void Drain();

 private:
  struct Running {
    std::atomic<double> progress = 0;
    std::atomic<bool> stop = false;
  };
  struct Task {
    std::int64_t id = 0;
    std::pair<std::string, std::string> name;  // project and name
    std::shared_ptr<Running> running;
  };

  CalibrationManager(CalibrationStore* store, Trainer trainer, const StalledJobs::Options& delays)
      : store_(store), trainer_(std::move(trainer)), delays_(delays) {}

  void Enqueue(const CalibrationRecord& record) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Forget(std::int64_t id);
  void Loop(TrainingLane lane);
  std::optional<Task> Next(TrainingLane lane);
  void Train(const Task& task);
  // Ends with something else than trouble of the storage, unless the training is to stop.
  absl::Status AwaitStorage(const Running& running, const std::function<absl::Status()>& call);
  absl::StatusOr<CalibrationOutcome> TrainRecord(const CalibrationRecord& record,
                                                 const std::shared_ptr<Running>& running);

  CalibrationStore* const store_;
  const Trainer trainer_;
  const StalledJobs::Options delays_;

  mutable Mutex mutex_;
  CondVar work_;
  TrainingQueue queue_ ABSL_GUARDED_BY(mutex_);
  std::map<std::int64_t, std::pair<std::string, std::string>> names_ ABSL_GUARDED_BY(mutex_);  // of those queued
  std::map<std::int64_t, std::shared_ptr<Running>> running_ ABSL_GUARDED_BY(mutex_);
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;

  Mutex threads_mutex_;
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(threads_mutex_);
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_JOBS_CALIBRATION_MANAGER_H_
