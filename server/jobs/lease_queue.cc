#include "server/jobs/lease_queue.h"

namespace oneloop {

void LeaseQueue::Add(std::int64_t job_id, const std::vector<int>& starts) {
  Job& job = jobs_[job_id];
  for (const int start : starts) {
    if (!job.leased.contains(start)) job.waiting.insert(start);
  }
}

void LeaseQueue::Remove(std::int64_t job_id) { jobs_.erase(job_id); }

void LeaseQueue::Hold(std::int64_t job_id) {
  if (const auto job = jobs_.find(job_id); job != jobs_.end()) job->second.held = true;
}

void LeaseQueue::Release(std::int64_t job_id) {
  if (const auto job = jobs_.find(job_id); job != jobs_.end()) job->second.held = false;
}

bool LeaseQueue::IsHeld(std::int64_t job_id) const {
  const auto job = jobs_.find(job_id);
  return job != jobs_.end() && job->second.held;
}

void LeaseQueue::LimitStarts(std::int64_t job_id, int end) {
  if (const auto job = jobs_.find(job_id); job != jobs_.end()) job->second.end = end;
}

void LeaseQueue::DropStarts(std::int64_t job_id, int begin) {
  const auto job = jobs_.find(job_id);
  if (job == jobs_.end()) return;
  std::set<int>& waiting = job->second.waiting;
  waiting.erase(waiting.lower_bound(begin), waiting.end());
}

std::optional<Lease> LeaseQueue::Take() {
  auto candidate = jobs_.upper_bound(last_served_);
  for (std::size_t seen = 0; seen < jobs_.size(); ++seen, ++candidate) {
    if (candidate == jobs_.end()) candidate = jobs_.begin();
    Job& job = candidate->second;
    if (job.held || job.waiting.empty() || *job.waiting.begin() >= job.end) continue;
    const int start = *job.waiting.begin();
    job.waiting.erase(job.waiting.begin());
    job.leased.insert(start);
    last_served_ = candidate->first;
    return Lease{candidate->first, start};
  }
  return std::nullopt;
}

void LeaseQueue::Complete(const Lease& lease) {
  if (const auto job = jobs_.find(lease.job_id); job != jobs_.end()) job->second.leased.erase(lease.start);
}

void LeaseQueue::GiveBack(const Lease& lease) {
  const auto job = jobs_.find(lease.job_id);
  if (job == jobs_.end() || job->second.leased.erase(lease.start) == 0) return;
  job->second.waiting.insert(lease.start);
}

bool LeaseQueue::IsFinished(std::int64_t job_id) const {
  const Job& job = jobs_.at(job_id);
  return job.waiting.empty() && job.leased.empty();
}

}  // namespace oneloop
