// The part of a JobManager that runs tasks, on its workers, and does what follows from how they end.

#include <cmath>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "server/jobs/end_message.h"
#include "server/jobs/job_manager.h"
#include "server/search/limit_conflict.h"
#include "server/search/own_best.h"
#include "server/search/search_memory.h"

namespace oneloop {
namespace {

constexpr char kNothingFound[] = "no design was found, though no limit is known to forbid one; more samples may help";

// Asked by long work: says that it is alive and hears whether to stop.
std::function<bool()> StopRequestOf(WorkSignals& signals) {
  return [&signals] {
    signals.Beat();
    return signals.stopped();
  };
}

std::string JobText(std::int64_t job_id) { return absl::StrCat("job ", job_id, ": "); }

}  // namespace

void JobManager::WorkerLoop() {
  while (const std::optional<Task> task = AwaitTask()) RunTask(*task);
}

std::optional<JobManager::Task> JobManager::AwaitTask() {
  MutexLock lock(&mutex_);
  while (!draining_) {
    if (const std::optional<Lease> lease = queue_.Take(options_.steady_clock())) {
      Task task{*lease, std::make_shared<WorkSignals>()};
      running_[task.lease] = task.signals;
      ++busy_workers_;
      return task;
    }
    work_.Wait(mutex_);
  }
  return std::nullopt;
}

void JobManager::RunTask(const Task& task) {
  const absl::StatusOr<PointWriter::Ending> ending = DoTask(task);
  {
    // Before the lease goes back: its next holder registers under the same key.
    MutexLock lock(&mutex_);
    running_.erase(task.lease);
    queue_.Vacate(task.lease, options_.steady_clock(), ending.ok() && *ending != PointWriter::Ending::kOpen);
  }
  if (ending.ok()) {
    Settle(task.lease, *ending);
  } else {
    SettleFailure(task.lease, ending.status());
  }
  MutexLock lock(&mutex_);
  --busy_workers_;
  work_.SignalAll();
  idle_.SignalAll();
}

absl::StatusOr<PointWriter::Ending> JobManager::DoTask(const Task& task) {
  // Out of memory, for one, is the end of the job and not of the daemon.
  try {
    ASSIGN_OR_RETURN(const std::shared_ptr<const SearchSpec> spec, PrepareJob(task.lease.job_id));
    absl::StatusOr<PointWriter::Ending> ending = PointWriter::Ending::kOpen;
    task.signals->SetWaiting(true);
    const auto stopped = [&task] { return task.signals->stopped(); };
    RETURN_IF_ERROR(memory_.Run(EstimateSearchBytes(*spec), stopped, [&] {
      task.signals->SetWaiting(false);
      ending = task.lease.start == kBoundUnit       ? ProveAndStore(task, spec)
               : task.lease.start == kDiagnosisUnit ? Diagnose(task, *spec)
                                                    : RunAndStore(task, *spec);
    }));
    return ending;
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat("it could not go on: ", error.what()));
  }
}

absl::StatusOr<std::shared_ptr<const SearchSpec>> JobManager::PrepareJob(std::int64_t job_id) {
  bool marked_running = false;
  bool noted = false;
  std::shared_ptr<const SearchSpec> known;
  {
    MutexLock lock(&mutex_);
    if (const auto job = active_.find(job_id); job != active_.end()) {
      marked_running = job->second.marked_running;
      noted = job->second.noted;
      known = job->second.spec;
    }
  }
  if (!marked_running) {
    RETURN_IF_ERROR(MarkRunning(job_id));
  } else if (!noted) {
    RETURN_IF_ERROR(NoteRunning(job_id));
  }
  if (known != nullptr) return known;
  ASSIGN_OR_RETURN(const JobRecord record, options_.store->GetJob(job_id));
  absl::StatusOr<std::shared_ptr<const SearchSpec>> spec = options_.decode_spec(record);
  // Its code says nothing about the store, which SettleFailure would take it for.
  if (!spec.ok()) return absl::InternalError(absl::StrCat("cannot be decoded: ", spec.status().message()));
  MutexLock lock(&mutex_);
  const auto job = active_.find(job_id);
  // Cancelled in the meantime: the task is stopped, too.
  if (job == active_.end()) return spec;
  job->second.SetSpec(*std::move(spec));
  return job->second.spec;
}

absl::Status JobManager::MarkRunning(std::int64_t job_id) {
  const absl::StatusOr<JobRecord> marked =
      options_.store->SetJobState(job_id, {JobState::kPending}, JobState::kRunning, "", std::nullopt);
  Failpoint("jobs.after_mark_running");
  if (absl::IsFailedPrecondition(marked.status())) {
    // Another worker may have been first; any other state is a reason not to run.
    ASSIGN_OR_RETURN(const JobRecord record, options_.store->GetJob(job_id));
    if (record.state != JobState::kRunning) return marked.status();
  } else if (!marked.ok()) {
    return marked.status();
  }
  MutexLock lock(&mutex_);
  if (const auto job = active_.find(job_id); job != active_.end()) {
    job->second.marked_running = true;
    job->second.noted = true;
  }
  return absl::OkStatus();
}

absl::Status JobManager::NoteRunning(std::int64_t job_id) {
  RETURN_IF_ERROR(options_.store->NoteActivity({{job_id, JobActivity::kRunning}}));
  MutexLock lock(&mutex_);
  if (const auto job = active_.find(job_id); job != active_.end()) job->second.noted = true;
  return absl::OkStatus();
}

absl::StatusOr<PointWriter::Ending> JobManager::RunAndStore(const Task& task, const SearchSpec& spec) {
  PointWriter writer(options_.store, *spec.hardware_template, task.lease, task.signals.get(), options_.writer);
  Failpoint("jobs.before_start");
  const StartSummary summary = options_.run_start(spec, task.lease.start, writer);
  if (!summary.message.empty()) Remark(task.lease, summary.message);
  const PointWriter::Ending ending = PointWriter::EndingOf(summary.termination);
  RETURN_IF_ERROR(writer.Finish(summary.samples, ending));
  Failpoint("jobs.after_start");
  return ending;
}

void JobManager::Remark(const Lease& lease, const std::string& text) {
  Log(LogLevel::kWarning, absl::StrCat(JobText(lease.job_id), "start ", lease.start, ": ", text));
  MutexLock lock(&mutex_);
  const auto job = active_.find(lease.job_id);
  if (job == active_.end()) return;
  StartRemarks& remarks = job->second.remarks;
  if (remarks.count++ == 0) {
    remarks.start = lease.start;
    remarks.text = text;
  }
}

absl::StatusOr<PointWriter::Ending> JobManager::ProveAndStore(const Task& task,
                                                              const std::shared_ptr<const SearchSpec>& given) {
  const std::function<bool()> stop_requested = StopRequestOf(*task.signals);
  const std::optional<std::vector<double>> own_bests = FindOwnBests(*given, stop_requested);
  if (!own_bests) return PointWriter::Ending::kOpen;
  const std::shared_ptr<const SearchSpec> spec = WithReferences(given, *own_bests);
  const std::optional<LowerBound> bound = options_.prove_bound(*spec, stop_requested);
  if (!bound) return PointWriter::Ending::kOpen;
  RETURN_IF_ERROR(
      options_.store->SetJobBound(task.lease.job_id, {bound->objective, bound->energy_uj, bound->latency_cycles,
                                                      bound->boxes, bound->exhausted, *own_bests, bound->area_mm2}));
  Failpoint("jobs.after_bound");
  {
    MutexLock lock(&mutex_);
    if (const auto job = active_.find(task.lease.job_id); job != active_.end()) {
      job->second.SetSpec(spec);
      job->second.SetBound(bound->objective);
    }
  }
  // Its starts would look for what is not there.
  return std::isinf(bound->objective) ? Diagnose(task, *spec) : PointWriter::Ending::kDone;
}

absl::StatusOr<PointWriter::Ending> JobManager::Diagnose(const Task& task, const SearchSpec& spec) {
  const std::optional<Diagnosis> diagnosis = DiagnoseLimits(spec, StopRequestOf(*task.signals));
  if (!diagnosis) return PointWriter::Ending::kOpen;
  if (diagnosis->conflict) return absl::OutOfRangeError(diagnosis->conflict->ToString());
  return PointWriter::Ending::kDone;
}

bool JobManager::WantsDiagnosis(const Lease& lease) {
  if (lease.start == kDiagnosisUnit) return false;
  const absl::StatusOr<JobRecord> record = options_.store->GetJob(lease.job_id);
  return record.ok() && !record->best_point && !IsFinal(record->state);
}

void JobManager::Settle(const Lease& lease, PointWriter::Ending ending) {
  if (ending != PointWriter::Ending::kOpen) stalled_.OnStored();
  {
    MutexLock lock(&mutex_);
    if (ending == PointWriter::Ending::kOpen) {
      queue_.GiveBack(lease);
      return;
    }
    queue_.Complete(lease);
    ClearSuspect(lease.job_id);
    const auto job = active_.find(lease.job_id);
    if (!queue_.Has(lease.job_id) || job == active_.end()) return;
    if (job->second.stop_rule && lease.start >= 0) {
      job->second.stop_rule->OnEnded(lease.start, ending == PointWriter::Ending::kWithinStopGap);
    }
    LimitStarts(lease.job_id, job->second);
    if (!queue_.IsFinished(lease.job_id)) return;
  }
  SettleLast(lease);
}

void JobManager::SettleLast(const Lease& lease) {
  const bool wants_diagnosis = WantsDiagnosis(lease);
  std::string message;
  StartRemarks remarks;
  {
    MutexLock lock(&mutex_);
    const auto job = active_.find(lease.job_id);
    // Cancelled in the meantime.
    if (!queue_.Has(lease.job_id) || job == active_.end()) return;
    if (wants_diagnosis) {
      queue_.AddUnit(lease.job_id, kDiagnosisUnit);
      work_.SignalAll();
      return;
    }
    message = lease.start == kDiagnosisUnit ? kNothingFound : EndMessage(job->second.stop_gap, job->second.stop_rule);
    remarks = job->second.remarks;
    queue_.Remove(lease.job_id);
    active_.erase(job);
  }
  Succeed(lease.job_id, message, remarks);
}

void JobManager::SettleFailure(const Lease& lease, const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
      Forget(lease.job_id);
      return;
    case absl::StatusCode::kFailedPrecondition:
      SettleRefused(lease);
      return;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
      SettleStorageTrouble(lease, Message(status));
      return;
    default:
      FailJob(lease.job_id, Message(status));
      return;
  }
}

void JobManager::SettleRefused(const Lease& lease) {
  MutexLock control(&control_mutex_);
  const absl::StatusOr<JobRecord> record = options_.store->GetJob(lease.job_id);
  if (record.ok() ? IsFinal(record->state) : absl::IsNotFound(record.status())) {
    Forget(lease.job_id);
    return;
  }
  MutexLock lock(&mutex_);
  // Of a job that cannot be read, the next worker finds out.
  if (record.ok() && record->state == JobState::kPaused) queue_.Hold(lease.job_id);
  queue_.GiveBack(lease);
}

void JobManager::SettleStorageTrouble(const Lease& lease, std::string_view problem) {
  const std::string reason = StoragePauseMessage(problem);
  MutexLock control(&control_mutex_);
  {
    MutexLock lock(&mutex_);
    queue_.Hold(lease.job_id);
    queue_.GiveBack(lease);
    StopTasks(lease.job_id);
    // The store is closed, or will be: the next daemon takes the job up.
    if (draining_) return;
  }
  stalled_.Add(lease.job_id, reason);
  const absl::StatusOr<JobRecord> paused =
      SetPaused(lease.job_id, {JobState::kPending, JobState::kRunning}, reason, std::nullopt);
  // FAILED_PRECONDITION: another start of the job was first.
  if (absl::IsFailedPrecondition(paused.status())) return;
  Log(LogLevel::kError, JobText(lease.job_id) + reason);
  if (!paused.ok()) {
    Log(LogLevel::kError, JobText(lease.job_id) + "the pause could not be stored: " + Message(paused.status()));
  }
}

bool JobManager::RetryStalled(std::int64_t job_id) {
  MutexLock control(&control_mutex_);
  if (!stalled_.ReasonOf(job_id)) return true;
  const absl::Status gone_on = GoOn(job_id);
  // Another trouble than the storage's is of this job alone.
  return gone_on.ok() || !IsStorageTrouble(gone_on);
}

absl::Status JobManager::GoOn(std::int64_t job_id) {
  absl::StatusOr<JobRecord> record = options_.store->GetJob(job_id);
  if (!record.ok() && !absl::IsNotFound(record.status())) return record.status();
  if (!record.ok() || IsFinal(record->state) || (record->state == JobState::kPaused && !IsStoragePause(*record))) {
    // Deleted, at its end, or paused by somebody.
    stalled_.Remove(job_id);
    return absl::OkStatus();
  }
  if (const std::optional<JobEnd> end = stalled_.EndOf(job_id)) {
    RETURN_IF_ERROR(StoreEnd(job_id, *end));
    stalled_.Remove(job_id);
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::vector<StartRecord> starts, options_.store->ListStarts(job_id));
  ASSIGN_OR_RETURN(record,
                   options_.store->SetJobState(job_id, {JobState::kPending, JobState::kRunning, JobState::kPaused},
                                               JobState::kPending, "", std::nullopt));
  stalled_.Remove(job_id);
  Log(LogLevel::kInfo, JobText(job_id) + "goes on, as the storage takes results again");
  EnqueueRest(*record, starts);
  return absl::OkStatus();
}

bool JobManager::SeeksFront(std::int64_t job_id) {
  const absl::StatusOr<JobRecord> record = options_.store->GetJob(job_id);
  if (!record.ok()) return false;
  const absl::StatusOr<std::shared_ptr<const SearchSpec>> spec = options_.decode_spec(*record);
  return spec.ok() && (*spec)->front.has_value();
}

void JobManager::Succeed(std::int64_t job_id, const std::string& end_message, const StartRemarks& remarks) {
  std::string message = end_message;
  if (message.empty() && !SeeksFront(job_id)) message = ConvergenceMessage(*options_.store, job_id);
  EndJob(job_id, {JobState::kSucceeded, WithRemark(message, remarks)});
}

void JobManager::FailJob(std::int64_t job_id, const std::string& reason) {
  Forget(job_id);
  Log(LogLevel::kError, absl::StrCat(JobText(job_id), "failed: ", reason));
  EndJob(job_id, {JobState::kFailed, reason});
}

void JobManager::EndJob(std::int64_t job_id, const JobEnd& end) {
  const absl::Status stored = StoreEnd(job_id, end);
  if (stored.ok()) return;
  stalled_.Add(job_id, StoragePauseMessage(Message(stored)), end);
  Log(LogLevel::kError, JobText(job_id) + "its end could not be stored yet: " + Message(stored));
}

absl::Status JobManager::StoreEnd(std::int64_t job_id, const JobEnd& end) {
  Failpoint("jobs.before_end");
  const absl::StatusOr<JobRecord> record = options_.store->SetJobState(
      job_id, {JobState::kPending, JobState::kRunning, JobState::kPaused}, end.state, end.message, std::nullopt);
  Failpoint("jobs.after_end");
  // It was cancelled or deleted in the meantime.
  if (absl::IsFailedPrecondition(record.status()) || absl::IsNotFound(record.status())) return absl::OkStatus();
  return record.status();
}

}  // namespace oneloop
