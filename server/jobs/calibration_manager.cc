#include "server/jobs/calibration_manager.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/status.h"

namespace oneloop {

absl::StatusOr<std::unique_ptr<CalibrationManager>> CalibrationManager::Create(CalibrationStore* store,
                                                                               Trainer trainer) {
  std::unique_ptr<CalibrationManager> manager(new CalibrationManager(store, std::move(trainer)));
  ASSIGN_OR_RETURN(const std::vector<CalibrationRecord> records,
                   store->ListCalibrations("", std::numeric_limits<int>::max()));
  {
    const MutexLock lock(&manager->mutex_);
    for (const CalibrationRecord& record : records) {
      if (record.state == CalibrationState::kTraining) manager->queue_.push_back(record.calibration.name);
    }
  }
  const MutexLock lock(&manager->thread_mutex_);
  manager->thread_ = std::thread([raw = manager.get()] { raw->Loop(); });
  return manager;
}

CalibrationManager::~CalibrationManager() { Drain(); }

absl::StatusOr<CalibrationStore::CreateCalibrationResult> CalibrationManager::Submit(
    const NewCalibration& calibration) {
  {
    const MutexLock lock(&mutex_);
    if (draining_) return absl::UnavailableError("the daemon is stopping; try again once it is back");
  }
  ASSIGN_OR_RETURN(CalibrationStore::CreateCalibrationResult result, store_->CreateCalibration(calibration));
  if (result.created) {
    const MutexLock lock(&mutex_);
    queue_.push_back(calibration.name);
    work_.Signal();
  }
  return result;
}

absl::Status CalibrationManager::Delete(const std::string& name) {
  RETURN_IF_ERROR(store_->DeleteCalibration(name));
  const MutexLock lock(&mutex_);
  queue_.erase(std::remove(queue_.begin(), queue_.end(), name), queue_.end());
  if (training_ == name) stop_ = true;
  return absl::OkStatus();
}

double CalibrationManager::Progress(const std::string& name) const {
  const MutexLock lock(&mutex_);
  return training_ == name ? progress_.load() : 0;
}

void CalibrationManager::Drain() {
  {
    const MutexLock lock(&mutex_);
    draining_ = true;
    stop_ = true;
    work_.SignalAll();
  }
  const MutexLock lock(&thread_mutex_);
  if (thread_.joinable()) thread_.join();
}

std::optional<std::string> CalibrationManager::Next() {
  const MutexLock lock(&mutex_);
  training_.clear();
  while (queue_.empty() && !draining_) work_.Wait(mutex_);
  if (draining_) return std::nullopt;
  training_ = queue_.front();
  queue_.pop_front();
  progress_ = 0;
  stop_ = false;
  return training_;
}

void CalibrationManager::Loop() {
  while (const std::optional<std::string> name = Next()) Train(*name);
}

void CalibrationManager::Train(const std::string& name) {
  const absl::StatusOr<CalibrationRecord> record = store_->GetCalibration(name);
  if (!record.ok()) {
    if (!absl::IsNotFound(record.status())) {
      Log(LogLevel::kError, absl::StrCat("calibration ", name, " cannot be read: ", record.status().message()));
    }
    return;
  }
  absl::StatusOr<CalibrationOutcome> outcome = trainer_(*record, [this](double done) {
    progress_ = done;
    return stop_.load();
  });
  if (absl::IsCancelled(outcome.status()) && stop_) return;
  if (!outcome.ok()) {
    outcome = CalibrationOutcome{record->id, CalibrationState::kFailed, Message(outcome.status()),
                                 record->calibration.summary, /*model=*/""};
  }
  const absl::Status stored = store_->FinishCalibration(*outcome);
  // Deleted meanwhile.
  if (stored.ok() || absl::IsNotFound(stored) || absl::IsFailedPrecondition(stored)) return;
  Log(LogLevel::kError, absl::StrCat("calibration ", name, " cannot be stored: ", stored.message()));
}

}  // namespace oneloop
