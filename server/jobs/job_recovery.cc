// The part of a JobManager that has to do with daemons that died.

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "common/base/log.h"
#include "common/base/status.h"
#include "server/jobs/job_manager.h"

namespace oneloop {

absl::Status JobManager::Recover() {
  const absl::StatusOr<std::vector<JobCrashes>> counted = options_.store->CountCrashes();
  std::map<std::int64_t, JobCrashes> crashes;
  if (counted.ok()) {
    for (const JobCrashes& job : *counted) crashes.emplace(job.job_id, job);
  } else if (IsStorageTrouble(counted.status())) {
    // On a full disk it serves what there is.
    Log(LogLevel::kWarning, "whether jobs brought a daemon down cannot be counted: " + Message(counted.status()));
  } else {
    return counted.status();
  }
  RETURN_IF_ERROR(TakeUp(crashes));
  HoldSuspects(crashes);
  return absl::OkStatus();
}

absl::Status JobManager::TakeUp(const std::map<std::int64_t, JobCrashes>& crashes) {
  JobQuery query;
  query.states = {JobState::kPending, JobState::kRunning, JobState::kPaused};
  query.limit = 1000;
  std::vector<JobRecord> page;
  do {
    ASSIGN_OR_RETURN(page, options_.store->ListJobs(query));
    for (const JobRecord& record : page) {
      housekeeper_.SetDeadline(record.id, record.job.settings.deadline);
      if (IsStoragePause(record)) stalled_.Add(record.id, record.message);
      query.after = JobCursor{record.id, record.id};
      if (record.state == JobState::kPaused) continue;
      const auto known = crashes.find(record.id);
      if (known != crashes.end() && Suspects::IsConvicted(known->second)) {
        FailJob(record.id, Suspects::Verdict(known->second));
      } else {
        ASSIGN_OR_RETURN(const std::vector<StartRecord> starts, options_.store->ListStarts(record.id));
        EnqueueRest(record, starts);
      }
    }
  } while (page.size() == static_cast<std::size_t>(query.limit));
  return absl::OkStatus();
}

void JobManager::HoldSuspects(const std::map<std::int64_t, JobCrashes>& crashes) {
  MutexLock lock(&mutex_);
  for (const auto& [job_id, job] : crashes) {
    if (job.crashes == 0 || !book_.queue().Has(job_id)) continue;
    suspects_.Add(job_id);
    if (suspects_.IsWaiting(job_id)) book_.queue().Hold(job_id);
  }
}

void JobManager::ClearSuspect(std::int64_t job_id) {
  const std::optional<std::int64_t> next = suspects_.Clear(job_id);
  if (!next) return;
  book_.queue().Release(*next);
  ++queue_changes_;
  work_.SignalAll();
}

void JobManager::LookAfter() {
  TakeBackExpired();
  std::map<std::int64_t, JobActivity> changed;
  {
    MutexLock lock(&mutex_);
    changed = ListenToWorkers();
  }
  if (changed.empty()) return;
  const absl::Status noted = options_.store->NoteActivity(changed);
  if (!noted.ok()) Log(LogLevel::kWarning, "which jobs are not heard of cannot be stored: " + Message(noted));
}

std::map<std::int64_t, JobActivity> JobManager::ListenToWorkers() {
  std::set<std::int64_t> silent;
  std::set<std::int64_t> heard;
  for (const auto& [lease, grant] : book_.out()) {
    // A holder elsewhere that is silent loses its lease, and brings nobody down.
    const bool was_heard = grant.holder != kLocalHolder || grant.signals->WasHeard();
    (was_heard ? heard : silent).insert(lease.job_id);
  }
  std::map<std::int64_t, JobActivity> changed;
  for (const std::int64_t job_id : silent_) changed[job_id] = JobActivity::kRunning;
  for (const std::int64_t job_id : silent) {
    if (changed.erase(job_id) == 0) changed[job_id] = JobActivity::kSilent;
  }
  const std::optional<std::int64_t> suspect = suspects_.current();
  if (suspect && heard.contains(*suspect) && !silent.contains(*suspect) && suspects_.OnHeard()) ClearSuspect(*suspect);
  silent_ = std::move(silent);
  return changed;
}

void JobManager::ForgetCrashes() {
  {
    MutexLock lock(&mutex_);
    if (std::exchange(crashes_forgotten_, true)) return;
  }
  const absl::Status forgotten = options_.store->ForgetCrashes();
  if (!forgotten.ok()) Log(LogLevel::kWarning, "that the daemon stops cannot be stored: " + Message(forgotten));
}

}  // namespace oneloop
