#include "server/jobs/calibration_manager.h"

#include <exception>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

std::string Title(const CalibrationRecord& record) {
  return absl::StrCat("calibration ", record.calibration.name, " of project ", record.calibration.project);
}

}  // namespace

absl::StatusOr<std::unique_ptr<CalibrationManager>> CalibrationManager::Create(CalibrationStore* store, Trainer trainer,
                                                                               const StalledJobs::Options& delays) {
  std::unique_ptr<CalibrationManager> manager(new CalibrationManager(store, std::move(trainer), delays));
  ASSIGN_OR_RETURN(const std::vector<CalibrationRecord> records, store->ListTrainings());
  {
    const MutexLock lock(&manager->mutex_);
    for (const CalibrationRecord& record : records) manager->Enqueue(record);
  }
  const MutexLock lock(&manager->threads_mutex_);
  for (const TrainingLane lane : {TrainingLane::kShort, TrainingLane::kAny}) {
    manager->threads_.emplace_back([raw = manager.get(), lane] { raw->Loop(lane); });
  }
  return manager;
}

CalibrationManager::~CalibrationManager() { Drain(); }

void CalibrationManager::Enqueue(const CalibrationRecord& record) {
  queue_.Add({record.id, record.calibration.owner, record.calibration.rows <= kMostShortRows});
  names_[record.id] = {record.calibration.project, record.calibration.name};
  work_.SignalAll();
}

absl::StatusOr<CalibrationStore::CreateCalibrationResult> CalibrationManager::Submit(
    const NewCalibration& calibration) {
  {
    const MutexLock lock(&mutex_);
    if (draining_) return absl::UnavailableError("the daemon is stopping; try again once it is back");
  }
  ASSIGN_OR_RETURN(CalibrationStore::CreateCalibrationResult result, store_->CreateCalibration(calibration));
  if (result.created) {
    const MutexLock lock(&mutex_);
    Enqueue(result.record);
  }
  return result;
}

absl::StatusOr<CalibrationRecord> CalibrationManager::Cancel(const std::string& project, const std::string& name) {
  ASSIGN_OR_RETURN(const CalibrationRecord record, store_->GetCalibration(project, name));
  const absl::Status ended = store_->FinishCalibration(
      {record.id, CalibrationState::kCancelled, "cancelled on request", record.calibration.summary, /*model=*/""});
  if (absl::IsFailedPrecondition(ended)) {
    return absl::FailedPreconditionError(absl::StrCat("calibration '", name, "' does not train any more"));
  }
  RETURN_IF_ERROR(ended);
  Forget(record.id);
  return store_->GetCalibration(project, name);
}

absl::Status CalibrationManager::Delete(const std::string& project, const std::string& name) {
  ASSIGN_OR_RETURN(const CalibrationRecord record, store_->GetCalibration(project, name));
  RETURN_IF_ERROR(store_->DeleteCalibration(project, name));
  Forget(record.id);
  return absl::OkStatus();
}

void CalibrationManager::Forget(std::int64_t id) {
  const MutexLock lock(&mutex_);
  if (const auto running = running_.find(id); running != running_.end()) {
    running->second->stop = true;
    work_.SignalAll();
    return;
  }
  queue_.Remove(id);
  names_.erase(id);
}

std::optional<double> CalibrationManager::Progress(std::int64_t id) const {
  const MutexLock lock(&mutex_);
  const auto running = running_.find(id);
  if (running == running_.end()) return std::nullopt;
  return running->second->progress.load();
}

void CalibrationManager::Drain() {
  {
    const MutexLock lock(&mutex_);
    draining_ = true;
    for (const auto& [id, running] : running_) running->stop = true;
    work_.SignalAll();
  }
  const MutexLock lock(&threads_mutex_);
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

std::optional<CalibrationManager::Task> CalibrationManager::Next(TrainingLane lane) {
  const MutexLock lock(&mutex_);
  while (!draining_) {
    if (const std::optional<std::int64_t> id = queue_.Take(lane)) {
      Task task{*id, names_.at(*id), std::make_shared<Running>()};
      names_.erase(*id);
      running_[*id] = task.running;
      return task;
    }
    work_.Wait(mutex_);
  }
  return std::nullopt;
}

void CalibrationManager::Loop(TrainingLane lane) {
  while (const std::optional<Task> task = Next(lane)) {
    Train(*task);
    const MutexLock lock(&mutex_);
    running_.erase(task->id);
    queue_.Remove(task->id);
    // The user's next may begin, on either thread.
    work_.SignalAll();
  }
}

void CalibrationManager::Train(const Task& task) {
  absl::StatusOr<CalibrationRecord> record;
  AwaitStorage(*task.running, [&] {
    record = store_->GetCalibration(task.name.first, task.name.second);
    return record.status();
  }).IgnoreError();
  if (!record.ok() || record->id != task.id || record->state != CalibrationState::kTraining) {
    // Otherwise it was cancelled or deleted meanwhile.
    if (record.ok() || absl::IsNotFound(record.status())) return;
    Log(LogLevel::kError,
        absl::StrCat("calibration ", task.name.second, " cannot be read: ", record.status().message()));
    return;
  }
  const absl::StatusOr<CalibrationOutcome> trained = TrainRecord(*record, task.running);
  absl::Status stored;
  if (task.running->stop && (absl::IsCancelled(trained.status()) || IsStorageTrouble(trained.status()))) {
    stored = store_->NoteAttempts(record->id, 0);
  } else if (trained.ok()) {
    stored = AwaitStorage(*task.running, [&] { return store_->FinishCalibration(*trained); });
  } else {
    const CalibrationOutcome failure = {record->id, CalibrationState::kFailed, Message(trained.status()),
                                        record->calibration.summary, /*model=*/""};
    stored = AwaitStorage(*task.running, [&] { return store_->FinishCalibration(failure); });
  }
  // Deleted or cancelled meanwhile.
  if (stored.ok() || absl::IsNotFound(stored) || absl::IsFailedPrecondition(stored)) return;
  Log(LogLevel::kError, absl::StrCat(Title(*record), " cannot be stored: ", stored.message()));
}

absl::Status CalibrationManager::AwaitStorage(const Running& running, const std::function<absl::Status()>& call) {
  for (int failures = 0;; ++failures) {
    absl::Status status = call();
    if (!IsStorageTrouble(status)) return status;
    if (failures == 0) Log(LogLevel::kError, "a training waits for the storage: " + Message(status));
    const SteadyTime time = SteadyNow() + StalledJobs::DelayBefore(failures, delays_);
    const MutexLock lock(&mutex_);
    for (absl::Duration left = time - SteadyNow(); left > absl::ZeroDuration(); left = time - SteadyNow()) {
      if (running.stop) return status;
      work_.WaitFor(mutex_, left);
    }
  }
}

absl::StatusOr<CalibrationOutcome> CalibrationManager::TrainRecord(const CalibrationRecord& record,
                                                                   const std::shared_ptr<Running>& running) {
  if (record.attempts >= kMostAttempts) {
    return absl::AbortedError(absl::StrCat("the daemon died ", record.attempts,
                                           " times in a row while this trained, so it is not begun again; make it "
                                           "anew from fewer measurements"));
  }
  RETURN_IF_ERROR(AwaitStorage(*running, [&] { return store_->NoteAttempts(record.id, record.attempts + 1); }));
  // Out of memory, for one, is the end of the training and not of the daemon.
  try {
    return trainer_(record, [&running](double done) {
      running->progress = done;
      return running->stop.load();
    });
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat("it could not go on: ", error.what()));
  }
}

}  // namespace oneloop
