// The part of a JobManager that leases work and does what follows from how it ends.

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
#include "server/search/own_best.h"

namespace oneloop {
namespace {

constexpr char kNothingFound[] = "no design was found, though no limit is known to forbid one; more samples may help";

std::string JobText(std::int64_t job_id) { return absl::StrCat("job ", job_id, ": "); }

std::string UnitText(int unit) {
  if (unit == kBoundUnit) return "the proof of its bound";
  if (unit == kDiagnosisUnit) return "its diagnosis";
  return absl::StrCat("start ", unit);
}

absl::Status LostLease(const Lease& lease) {
  return absl::FailedPreconditionError(
      absl::StrCat(JobText(lease.job_id), "the lease of ", UnitText(lease.start), " is not this worker's any more"));
}

}  // namespace

std::optional<HeldLease> JobManager::AwaitLease() {
  for (;;) {
    std::optional<LeaseBook::Taken> taken;
    {
      MutexLock lock(&mutex_);
      while (!draining_) {
        taken = book_.Take(kLocalHolder, SteadyTime::InfiniteFuture(), options_.steady_clock());
        if (taken) break;
        work_.Wait(mutex_);
      }
      if (!taken) return std::nullopt;
      ++local_work_;
    }
    if (std::optional<HeldLease> held = Prepare(*taken)) return held;
    OnLocalWorkEnded();
  }
}

void JobManager::EndLocal(const HeldLease& held, const absl::StatusOr<Outcome>& outcome) {
  SettleLease(held.lease, held.epoch, outcome);
  OnLocalWorkEnded();
}

void JobManager::OnLocalWorkEnded() {
  MutexLock lock(&mutex_);
  --local_work_;
  work_.SignalAll();
  idle_.SignalAll();
}

void JobManager::WakeWorkers() {
  MutexLock lock(&mutex_);
  work_.SignalAll();
}

std::optional<HeldLease> JobManager::Prepare(const LeaseBook::Taken& taken) {
  absl::StatusOr<std::shared_ptr<const SearchSpec>> spec = absl::UnknownError("");
  // Out of memory, for one, is the end of the job and not of the daemon.
  try {
    spec = PrepareJob(taken.lease.job_id);
  } catch (const std::exception& error) {
    spec = absl::InternalError(absl::StrCat("it could not go on: ", error.what()));
  }
  if (spec.ok()) {
    return HeldLease{taken.lease, taken.grant.epoch, *std::move(spec), taken.grant.signals, options_.store};
  }
  SettleLease(taken.lease, taken.grant.epoch, spec.status());
  return std::nullopt;
}

bool JobManager::SettleLease(const Lease& lease, std::uint64_t epoch, const absl::StatusOr<Outcome>& outcome) {
  absl::Status status = outcome.status();
  if (outcome.ok() && outcome->bound) status = StoreBound(lease.job_id, *outcome->bound);
  const bool ran_to_end = status.ok() && outcome->ending != Ending::kOpen;
  {
    MutexLock lock(&mutex_);
    if (!book_.Release(lease, epoch, options_.steady_clock(), ran_to_end)) return false;
  }
  if (!status.ok()) {
    SettleFailure(lease, status);
    return true;
  }
  if (!outcome->remark.empty()) Remark(lease, outcome->remark);
  if (outcome->conflict) {
    FailJob(lease.job_id, *outcome->conflict);
  } else {
    Settle(lease, outcome->ending);
  }
  return true;
}

absl::StatusOr<std::optional<HeldLease>> JobManager::TakeLease(const std::string& holder, int most, SteadyTime expiry) {
  for (;;) {
    std::optional<LeaseBook::Taken> taken;
    {
      MutexLock lock(&mutex_);
      RETURN_IF_ERROR(CheckOpen());
      if (book_.NumHeld(holder) < most) taken = book_.Take(holder, expiry, options_.steady_clock());
    }
    if (!taken) return std::nullopt;
    if (std::optional<HeldLease> held = Prepare(*taken)) return held;
  }
}

const LeaseBook::Grant* JobManager::GrantOf(const std::string& holder, const Lease& lease, std::uint64_t epoch) {
  const LeaseBook::Grant* const grant = book_.Find(lease, epoch);
  return grant != nullptr && grant->holder == holder ? grant : nullptr;
}

JobManager::LeaseState JobManager::RenewLease(const std::string& holder, const Lease& lease, std::uint64_t epoch,
                                              SteadyTime expiry) {
  MutexLock lock(&mutex_);
  const LeaseBook::Grant* const grant = GrantOf(holder, lease, epoch);
  if (grant == nullptr) return LeaseState::kLost;
  book_.Renew(lease, epoch, expiry);
  return grant->signals->stopped() ? LeaseState::kStopped : LeaseState::kHeld;
}

absl::StatusOr<std::shared_ptr<const SearchSpec>> JobManager::SearchOf(const std::string& holder, const Lease& lease,
                                                                       std::uint64_t epoch) {
  MutexLock lock(&mutex_);
  if (GrantOf(holder, lease, epoch) == nullptr) return LostLease(lease);
  const auto job = active_.find(lease.job_id);
  // Cancelled a moment ago.
  if (job == active_.end() || job->second.spec == nullptr) return LostLease(lease);
  return job->second.spec;
}

std::int64_t JobManager::AppendPoints(const std::string& holder, std::uint64_t epoch, SteadyTime expiry,
                                      PointBatch batch, std::function<void(absl::Status)> done) {
  const Lease lease{batch.job_id, batch.start};
  absl::Status allowed;
  std::int64_t new_samples = 0;
  {
    MutexLock lock(&mutex_);
    const LeaseBook::Grant* const grant = GrantOf(holder, lease, epoch);
    if (grant == nullptr) {
      allowed = LostLease(lease);
    } else {
      book_.Renew(lease, epoch, expiry);
      if (grant->start_done && !batch.start_done) {
        allowed = FieldError("start_done", "was said of this start before: no more points are to come");
      } else {
        new_samples = book_.Note(lease, epoch, batch.samples_done, batch.start_done);
      }
    }
  }
  // One that is lost from here on does no harm: whoever has it next finds the same points.
  if (allowed.ok()) {
    options_.store->AppendPoints(std::move(batch), std::move(done));
  } else {
    done(allowed);
  }
  return new_samples;
}

absl::Status JobManager::EndLease(const std::string& holder, const Lease& lease, std::uint64_t epoch,
                                  const absl::StatusOr<Outcome>& outcome) {
  {
    MutexLock lock(&mutex_);
    const LeaseBook::Grant* const grant = GrantOf(holder, lease, epoch);
    if (grant == nullptr) return absl::OkStatus();
    const bool is_over = outcome.ok() && outcome->ending != Ending::kOpen;
    if (lease.start >= 0 && is_over && !grant->start_done) {
      return FieldError("ending",
                        "is of a start whose points have not all been reported; report them, the last ones "
                        "with start_done");
    }
  }
  SettleLease(lease, epoch, outcome);
  WakeWorkers();
  return absl::OkStatus();
}

void JobManager::TakeBack(const std::string& holder) {
  MutexLock lock(&mutex_);
  if (!book_.TakeFrom(holder, options_.steady_clock()).empty()) work_.SignalAll();
}

void JobManager::TakeBackExpired() {
  std::vector<LeaseBook::Taken> expired;
  {
    MutexLock lock(&mutex_);
    expired = book_.TakeExpired(options_.steady_clock());
    if (!expired.empty()) work_.SignalAll();
  }
  for (const LeaseBook::Taken& taken : expired) {
    Log(LogLevel::kWarning, absl::StrCat(JobText(taken.lease.job_id), "the lease of ", UnitText(taken.lease.start),
                                         " was not renewed by ", taken.grant.holder, " and goes to another worker"));
  }
}

std::vector<LeaseBook::Taken> JobManager::LeasesOut() {
  MutexLock lock(&mutex_);
  std::vector<LeaseBook::Taken> out;
  for (const auto& [lease, grant] : book_.out()) out.push_back({lease, grant});
  return out;
}

std::int64_t JobManager::num_waiting() {
  MutexLock lock(&mutex_);
  return book_.queue().num_waiting();
}

absl::Status JobManager::StoreBound(std::int64_t job_id, const JobBound& bound) {
  RETURN_IF_ERROR(options_.store->SetJobBound(job_id, bound));
  Failpoint("jobs.after_bound");
  MutexLock lock(&mutex_);
  if (const auto job = active_.find(job_id); job != active_.end()) {
    // Otherwise whoever decodes it finds the bound in the store.
    if (job->second.spec != nullptr) job->second.SetSpec(WithReferences(job->second.spec, bound.own_bests));
    job->second.SetBound(bound.objective);
  }
  return absl::OkStatus();
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

bool JobManager::WantsDiagnosis(const Lease& lease) {
  if (lease.start == kDiagnosisUnit) return false;
  const absl::StatusOr<JobRecord> record = options_.store->GetJob(lease.job_id);
  return record.ok() && !record->best_point && !IsFinal(record->state);
}

void JobManager::Settle(const Lease& lease, Ending ending) {
  if (ending != Ending::kOpen) stalled_.OnStored();
  {
    MutexLock lock(&mutex_);
    if (ending == Ending::kOpen) {
      book_.queue().GiveBack(lease);
      return;
    }
    book_.queue().Complete(lease);
    ClearSuspect(lease.job_id);
    const auto job = active_.find(lease.job_id);
    if (!book_.queue().Has(lease.job_id) || job == active_.end()) return;
    if (job->second.stop_rule && lease.start >= 0) {
      job->second.stop_rule->OnEnded(lease.start, ending == Ending::kWithinStopGap);
    }
    LimitStarts(lease.job_id, job->second);
    if (!book_.queue().IsFinished(lease.job_id)) return;
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
    if (!book_.queue().Has(lease.job_id) || job == active_.end()) return;
    if (wants_diagnosis) {
      book_.queue().AddUnit(lease.job_id, kDiagnosisUnit);
      work_.SignalAll();
      return;
    }
    message = lease.start == kDiagnosisUnit ? kNothingFound : EndMessage(job->second.stop_gap, job->second.stop_rule);
    remarks = job->second.remarks;
    book_.queue().Remove(lease.job_id);
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
  if (record.ok() && record->state == JobState::kPaused) book_.queue().Hold(lease.job_id);
  book_.queue().GiveBack(lease);
}

void JobManager::SettleStorageTrouble(const Lease& lease, std::string_view problem) {
  const std::string reason = StoragePauseMessage(problem);
  MutexLock control(&control_mutex_);
  {
    MutexLock lock(&mutex_);
    book_.queue().Hold(lease.job_id);
    book_.queue().GiveBack(lease);
    book_.Stop(lease.job_id);
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
