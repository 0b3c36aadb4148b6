#include "server/jobs/stalled_jobs.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr std::string_view kStoragePause = "paused, because its results could not be stored: ";

}  // namespace

bool IsStorageTrouble(const absl::Status& status) {
  return absl::IsResourceExhausted(status) || absl::IsUnavailable(status);
}

std::string StoragePauseMessage(std::string_view problem) {
  return absl::StrCat(ToAbsl(kStoragePause), ToAbsl(problem), "; it goes on by itself once they can");
}

bool IsStoragePause(const JobRecord& record) {
  return record.state == JobState::kPaused && record.message.starts_with(kStoragePause);
}

StalledJobs::StalledJobs(const Options& options, Retry retry) : options_(options), retry_(std::move(retry)) {
  MutexLock lock(&thread_mutex_);
  thread_ = std::thread([this] { Loop(); });
}

StalledJobs::~StalledJobs() { Stop(); }

void StalledJobs::Add(std::int64_t job_id, const std::string& reason, const std::optional<JobEnd>& end) {
  MutexLock lock(&mutex_);
  Stall& stall = stalls_[job_id];
  stall.reason = reason;
  if (end) stall.end = end;
  changed_.SignalAll();
}

void StalledJobs::Remove(std::int64_t job_id) {
  MutexLock lock(&mutex_);
  stalls_.erase(job_id);
}

std::vector<std::int64_t> StalledJobs::ids() {
  MutexLock lock(&mutex_);
  std::vector<std::int64_t> ids;
  ids.reserve(stalls_.size());
  for (const auto& [id, stall] : stalls_) ids.push_back(id);
  return ids;
}

std::optional<std::string> StalledJobs::ReasonOf(std::int64_t job_id) {
  MutexLock lock(&mutex_);
  const auto stall = stalls_.find(job_id);
  return stall == stalls_.end() ? std::nullopt : std::optional<std::string>(stall->second.reason);
}

std::optional<JobEnd> StalledJobs::EndOf(std::int64_t job_id) {
  MutexLock lock(&mutex_);
  const auto stall = stalls_.find(job_id);
  return stall == stalls_.end() ? std::nullopt : stall->second.end;
}

void StalledJobs::OnStored() {
  MutexLock lock(&mutex_);
  failures_ = 0;
}

void StalledJobs::Stop() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  MutexLock lock(&thread_mutex_);
  if (thread_.joinable()) thread_.join();
}

absl::Duration StalledJobs::DelayBefore(int failures, const Options& options) {
  absl::Duration delay = options.first_delay;
  for (int i = 0; i < failures && delay < options.most_delay; ++i) delay *= 2;
  return std::min(delay, options.most_delay);
}

void StalledJobs::Loop() {
  for (;;) {
    const std::vector<std::int64_t> jobs = AwaitTime();
    if (jobs.empty()) return;
    for (const std::int64_t job_id : jobs) {
      if (!retry_(job_id)) break;
    }
  }
}

std::vector<std::int64_t> StalledJobs::AwaitTime() {
  std::vector<std::int64_t> jobs;
  MutexLock lock(&mutex_);
  while (!stopping_ && jobs.empty()) {
    while (stalls_.empty() && !stopping_) changed_.Wait(mutex_);
    const SteadyTime time = SteadyNow() + DelayBefore(failures_, options_);
    while (!stalls_.empty() && !stopping_) {
      const absl::Duration left = time - SteadyNow();
      if (left <= absl::ZeroDuration()) break;
      changed_.WaitFor(mutex_, left);
    }
    for (const auto& [job_id, stall] : stalls_) jobs.push_back(job_id);
  }
  if (stopping_) return {};
  // Also a try that succeeds counts, until results were stored: room for a change of state is not room for them.
  ++failures_;
  return jobs;
}

}  // namespace oneloop
