#include "server/jobs/housekeeper.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/status.h"

namespace oneloop {

Housekeeper::Housekeeper(Options options) : options_(std::move(options)) {}

Housekeeper::~Housekeeper() { Stop(); }

void Housekeeper::SetDeadline(std::int64_t job_id, std::optional<absl::Time> deadline) {
  MutexLock lock(&mutex_);
  if (deadline) {
    deadlines_[job_id] = *deadline;
  } else {
    deadlines_.erase(job_id);
  }
}

void Housekeeper::Start() {
  MutexLock lock(&thread_mutex_);
  thread_ = std::thread([this] { Loop(); });
}

void Housekeeper::Stop() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    stopping_changed_.SignalAll();
  }
  MutexLock lock(&thread_mutex_);
  if (thread_.joinable()) thread_.join();
}

void Housekeeper::Loop() {
  for (;;) {
    RunOnce();
    MutexLock lock(&mutex_);
    if (!stopping_) stopping_changed_.WaitFor(mutex_, options_.check_interval);
    if (stopping_) return;
  }
}

void Housekeeper::RunOnce() {
  if (options_.look_after) options_.look_after();
  CancelOverdue(options_.clock());
  Sweep(options_.steady_clock());
}

void Housekeeper::CancelOverdue(absl::Time now) {
  std::vector<std::pair<std::int64_t, absl::Time>> overdue;
  {
    MutexLock lock(&mutex_);
    for (const auto& [job_id, deadline] : deadlines_) {
      if (deadline <= now) overdue.emplace_back(job_id, deadline);
    }
  }
  for (const auto& [job_id, deadline] : overdue) {
    if (!options_.cancel_overdue(job_id)) continue;
    MutexLock lock(&mutex_);
    // Another deadline may have been set in the meantime.
    if (const auto known = deadlines_.find(job_id); known != deadlines_.end() && known->second == deadline) {
      deadlines_.erase(known);
    }
  }
}

void Housekeeper::Sweep(SteadyTime now) {
  {
    MutexLock lock(&mutex_);
    if (now - last_sweep_ < options_.sweep_interval) return;
    last_sweep_ = now;
  }
  for (;;) {
    const absl::StatusOr<SweptJobs> swept = options_.store->SweepJobs(options_.sweep);
    if (!swept.ok()) {
      Log(LogLevel::kWarning, "jobs that were kept long enough cannot be removed: " + Message(swept.status()));
      return;
    }
    if (swept->deleted + swept->purged > 0) {
      Log(LogLevel::kInfo, absl::StrCat("deleted ", swept->deleted, " jobs and purged ", swept->purged));
    }
    if (swept->deleted < options_.sweep.limit && swept->purged < options_.sweep.limit) return;
    MutexLock lock(&mutex_);
    if (stopping_) return;
  }
}

}  // namespace oneloop
