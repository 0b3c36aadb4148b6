#ifndef ONELOOP_SERVER_JOBS_CALIBRATION_MANAGER_H_
#define ONELOOP_SERVER_JOBS_CALIBRATION_MANAGER_H_

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/mutex.h"
#include "server/store/calibration_store.h"

namespace oneloop {

// Trains calibrations, one after the other, on a thread of its own. What has to survive a crash is in the store only:
// Create takes up every training that had not ended, from its beginning. Thread-safe.
class CalibrationManager {
 public:
  // Trains from the stored request. `should_stop` is given the part that is done, 0 to 1, now and then, and says
  // whether to end with CANCELLED; any other error is the calibration's failure. Called on the manager's thread.
  using Trainer = std::function<absl::StatusOr<CalibrationOutcome>(const CalibrationRecord&,
                                                                   const std::function<bool(double)>& should_stop)>;

  // `store` outlives the manager.
  static absl::StatusOr<std::unique_ptr<CalibrationManager>> Create(CalibrationStore* store, Trainer trainer);
  // Drains.
  ~CalibrationManager();
  CalibrationManager(const CalibrationManager&) = delete;
  CalibrationManager& operator=(const CalibrationManager&) = delete;

  // Stores a calibration and queues its training; as CalibrationStore::CreateCalibration. UNAVAILABLE while draining.
  absl::StatusOr<CalibrationStore::CreateCalibrationResult> Submit(const NewCalibration& calibration);
  // Also ends its training.
  absl::Status Delete(const std::string& name);
  // 0 to 1, of a calibration that is training.
  double Progress(const std::string& name) const;

  // Stops training; what was not done begins anew with the next manager on the store.
  void Drain();

 private:
  CalibrationManager(CalibrationStore* store, Trainer trainer) : store_(store), trainer_(std::move(trainer)) {}

  void Loop();
  std::optional<std::string> Next();
  void Train(const std::string& name);

  CalibrationStore* const store_;
  const Trainer trainer_;

  mutable Mutex mutex_;
  CondVar work_;
  std::deque<std::string> queue_ ABSL_GUARDED_BY(mutex_);
  std::string training_ ABSL_GUARDED_BY(mutex_);  // "" for none
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  std::atomic<double> progress_ = 0;
  std::atomic<bool> stop_ = false;

  Mutex thread_mutex_;
  std::thread thread_ ABSL_GUARDED_BY(thread_mutex_);
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_JOBS_CALIBRATION_MANAGER_H_
