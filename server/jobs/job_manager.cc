#include "server/jobs/job_manager.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/failpoint.h"
#include "common/base/limit_error.h"
#include "common/base/status.h"
#include "server/jobs/end_message.h"
#include "server/search/search_memory.h"

namespace oneloop {
namespace {

// When one of the unfinished jobs is likely to have ended.
constexpr absl::Duration kRetryAfter = absl::Minutes(1);

int ThreadCount(int wanted) {
  if (wanted != 0) return std::max(0, wanted);
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace

JobManager::JobManager(Options options)
    : options_(std::move(options)),
      num_threads_(ThreadCount(options_.num_threads)),
      book_(options_.fair_share),
      housekeeper_({.store = options_.store,
                    .sweep = options_.sweep,
                    .cancel_overdue = [this](std::int64_t job_id) { return CancelOverdue(job_id); },
                    .look_after = [this] { LookAfter(); },
                    .clock = options_.clock,
                    .steady_clock = options_.steady_clock}),
      stalled_(options_.stalled, [this](std::int64_t job_id) { return RetryStalled(job_id); }),
      memory_(options_.max_search_bytes > 0 ? options_.max_search_bytes : DefaultSearchBytes()) {}

absl::StatusOr<std::unique_ptr<JobManager>> JobManager::Create(Options options) {
  if (options.store == nullptr || !options.decode_spec || !options.run_start || !options.prove_bound) {
    return absl::InvalidArgumentError("a job manager needs a store, a spec decoder, a start runner and a bound prover");
  }
  std::unique_ptr<JobManager> manager(new JobManager(std::move(options)));
  RETURN_IF_ERROR(manager->Recover());
  // Before a worker begins with a job that was overdue already.
  manager->KeepHouse();
  manager->housekeeper_.Start();
  const Options& given = manager->options_;
  manager->worker_ = std::make_unique<Worker>(Worker::Options{.run_start = given.run_start,
                                                              .prove_bound = given.prove_bound,
                                                              .num_threads = manager->num_threads_,
                                                              .memory = &manager->memory_,
                                                              .writer = given.writer},
                                              &manager->local_leases_);
  return manager;
}

JobManager::~JobManager() {
  [[maybe_unused]] const absl::Status drained = Drain(absl::InfiniteDuration());
  worker_.reset();
}

void JobManager::EnqueueRest(const JobRecord& record, const std::vector<StartRecord>& starts) {
  std::optional<StopRule> rule;
  if (record.job.stop_gap) AddEnded(starts, &rule.emplace(record.job.num_starts));
  const int end = rule ? rule->never_from() : record.job.num_starts;
  if (record.bound && record.best_point && StartsLeft(end, starts).empty()) {
    Succeed(record.id, EndMessage(record.job.stop_gap, rule), {});
  } else {
    Enqueue(record, starts);
  }
}

void JobManager::Enqueue(const JobRecord& record, const std::vector<StartRecord>& starts) {
  std::vector<int> units = StartsLeft(record.job.num_starts, starts);
  MutexLock lock(&mutex_);
  ActiveJob& job = active_[record.id];
  job.marked_running = record.state == JobState::kRunning;
  job.noted = false;
  job.stop_gap = record.job.stop_gap;
  job.starts_wait_for_bound = record.job.starts_wait_for_bound;
  if (record.bound) job.SetBound(record.bound->objective);
  if (!job.bound) units.push_back(kBoundUnit);
  // It has not found a design, or it would be over; and where none fits, it need not look for one.
  if (units.empty() || (job.bound && std::isinf(*job.bound))) units = {kDiagnosisUnit};
  book_.queue().Add(QueuedJobOf(record), units, options_.steady_clock());
  book_.queue().Release(record.id);
  ++queue_changes_;
  if (job.stop_gap) {
    // A job that was only held knows of more than was stored a moment ago.
    if (!job.stop_rule) job.stop_rule.emplace(record.job.num_starts);
    AddEnded(starts, &*job.stop_rule);
  }
  LimitStarts(record.id, job);
  work_.SignalAll();
}

void JobManager::LimitStarts(std::int64_t job_id, const ActiveJob& job) {
  if (!job.stop_rule && !job.starts_wait_for_bound) return;
  const int all = std::numeric_limits<int>::max();
  book_.queue().LimitStarts(job_id, !job.bound ? 0 : job.stop_rule ? job.stop_rule->may_begin_below() : all);
  if (job.stop_rule) book_.queue().DropStarts(job_id, job.stop_rule->never_from());
}

absl::Status JobManager::CheckOpen() {
  if (!draining_) return absl::OkStatus();
  return absl::UnavailableError("the daemon is stopping; try again once it has restarted");
}

absl::StatusOr<RunStore::CreateResult> JobManager::Submit(const NewJob& job) {
  RETURN_IF_ERROR(Admit(job));
  {
    MutexLock lock(&mutex_);
    RETURN_IF_ERROR(CheckOpen());
    if (book_.queue().num_jobs() >= options_.max_unfinished_jobs) {
      return LimitError("max_unfinished_jobs",
                        absl::StrCat("there are ", book_.queue().num_jobs(), " unfinished jobs, and at most ",
                                     options_.max_unfinished_jobs, " are allowed; wait for some to end or cancel them"),
                        kRetryAfter);
    }
  }
  ASSIGN_OR_RETURN(RunStore::CreateResult result, options_.store->CreateJob(job));
  Failpoint("jobs.after_create");
  if (result.created) {
    housekeeper_.SetDeadline(result.record.id, result.record.job.settings.deadline);
    Enqueue(result.record, {});
  }
  return result;
}

absl::StatusOr<JobRecord> JobManager::Cancel(std::int64_t job_id, std::optional<std::int64_t> expected_revision) {
  MutexLock control(&control_mutex_);
  ASSIGN_OR_RETURN(JobRecord record,
                   options_.store->SetJobState(job_id, {JobState::kPending, JobState::kRunning, JobState::kPaused},
                                               JobState::kCancelled, "cancelled on request", expected_revision));
  stalled_.Remove(job_id);
  Forget(job_id);
  return record;
}

bool JobManager::CancelOverdue(std::int64_t job_id) {
  MutexLock control(&control_mutex_);
  const absl::StatusOr<JobRecord> record = options_.store->GetJob(job_id);
  if (absl::IsNotFound(record.status())) return true;
  if (!record.ok()) return false;
  const std::optional<absl::Time> deadline = record->job.settings.deadline;
  if (IsFinal(record->state) || !deadline || *deadline > options_.clock()) return true;
  const std::string reason = absl::StrCat("cancelled at its deadline, ",
                                          absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", *deadline, absl::UTCTimeZone()));
  const absl::StatusOr<JobRecord> cancelled = options_.store->SetJobState(
      job_id, {JobState::kPending, JobState::kRunning, JobState::kPaused}, JobState::kCancelled, reason, std::nullopt);
  // FAILED_PRECONDITION: it ended a moment ago.
  if (!cancelled.ok()) return absl::IsFailedPrecondition(cancelled.status());
  Forget(job_id);
  return true;
}

absl::StatusOr<JobRecord> JobManager::Update(std::int64_t job_id, const JobChange& change,
                                             std::optional<std::int64_t> expected_revision) {
  MutexLock control(&control_mutex_);
  ASSIGN_OR_RETURN(JobRecord record, options_.store->ChangeJob(job_id, change, expected_revision));
  if (change.deadline) housekeeper_.SetDeadline(job_id, *change.deadline);
  if (change.priority) {
    MutexLock lock(&mutex_);
    book_.queue().SetPriority(job_id, *change.priority);
    ++queue_changes_;
  }
  return record;
}

absl::StatusOr<JobRecord> JobManager::Pause(std::int64_t job_id, std::optional<std::int64_t> expected_revision) {
  MutexLock control(&control_mutex_);
  std::vector<JobState> from = {JobState::kPending, JobState::kRunning};
  if (stalled_.ReasonOf(job_id)) from.push_back(JobState::kPaused);
  ASSIGN_OR_RETURN(JobRecord record, SetPaused(job_id, from, "paused on request", expected_revision));
  stalled_.Remove(job_id);
  return record;
}

absl::StatusOr<JobRecord> JobManager::SetPaused(std::int64_t job_id, const std::vector<JobState>& from,
                                                const std::string& reason,
                                                std::optional<std::int64_t> expected_revision) {
  ASSIGN_OR_RETURN(JobRecord record,
                   options_.store->SetJobState(job_id, from, JobState::kPaused, reason, expected_revision));
  MutexLock lock(&mutex_);
  book_.queue().Hold(job_id);
  ClearSuspect(job_id);
  ++queue_changes_;
  book_.Stop(job_id);
  return record;
}

absl::StatusOr<JobRecord> JobManager::Resume(std::int64_t job_id, std::optional<std::int64_t> expected_revision) {
  MutexLock control(&control_mutex_);
  {
    MutexLock lock(&mutex_);
    RETURN_IF_ERROR(CheckOpen());
  }
  ASSIGN_OR_RETURN(const std::vector<StartRecord> starts, options_.store->ListStarts(job_id));
  absl::StatusOr<JobRecord> record =
      options_.store->SetJobState(job_id, {JobState::kPaused}, JobState::kPending, "", expected_revision);
  // On a full disk not even the pause could be stored: such a job is stalled here and RUNNING there.
  if (absl::IsFailedPrecondition(record.status()) && stalled_.ReasonOf(job_id)) record = options_.store->GetJob(job_id);
  if (!record.ok()) return record;
  stalled_.Remove(job_id);
  EnqueueRest(*record, starts);
  // It may have ended with that.
  absl::StatusOr<JobRecord> resumed = options_.store->GetJob(job_id);
  return resumed.ok() ? resumed : record;
}

void JobManager::Forget(std::int64_t job_id) {
  MutexLock lock(&mutex_);
  book_.queue().Remove(job_id);
  ClearSuspect(job_id);
  ++queue_changes_;
  active_.erase(job_id);
  book_.Stop(job_id);
}

std::optional<ExpectedStart> JobManager::ExpectedStartOf(std::int64_t job_id) {
  std::int64_t changes = 0;
  {
    MutexLock lock(&mutex_);
    changes = queue_changes_;
  }
  const SteadyTime now = options_.steady_clock();
  const std::optional<ForecastStart> start = forecast_.Of(job_id, changes, now, [this] {
    MutexLock lock(&mutex_);
    QueuePlan plan = book_.queue().Plan();
    // What waits, no worker elsewhere is idle for.
    plan.threads = num_threads_;
    for (const auto& [lease, grant] : book_.out()) plan.threads += grant.holder == kLocalHolder ? 0 : 1;
    return plan;
  });
  if (!start) return std::nullopt;
  return ExpectedStart{start->position, options_.clock() + (start->time - now)};
}

absl::Status JobManager::Drain(absl::Duration timeout) {
  housekeeper_.Stop();
  const SteadyTime deadline = SteadyNow() + timeout;
  {
    MutexLock lock(&mutex_);
    draining_ = true;
  }
  stalled_.Stop();
  RETURN_IF_ERROR(AwaitLocalWork(deadline));
  ForgetCrashes();
  return absl::OkStatus();
}

absl::Status JobManager::AwaitLocalWork(SteadyTime deadline) {
  MutexLock lock(&mutex_);
  book_.StopAll();
  work_.SignalAll();
  while (local_work_ > 0) {
    const absl::Duration left = deadline - SteadyNow();
    if (left <= absl::ZeroDuration()) {
      return absl::DeadlineExceededError(absl::StrCat(local_work_, " workers did not stop in time"));
    }
    idle_.WaitFor(mutex_, left);
  }
  return absl::OkStatus();
}

}  // namespace oneloop
