#include "server/jobs/lease_queue.h"

#include <iterator>

namespace oneloop {
namespace {

// How much the newest measurement counts for jobs that have none of their own.
constexpr double kNewestWeight = 0.2;

void Blend(double measured, double* mean) { *mean += kNewestWeight * (measured - *mean); }

}  // namespace

void LeaseQueue::Add(const QueuedJob& queued, const std::vector<int>& starts, SteadyTime now) {
  const auto [position, is_new] = jobs_.try_emplace(queued.id);
  Job& job = position->second;
  if (is_new) share_.Add(queued.id, queued.owner, queued.priority, now);
  job.start_work = queued.start_work;
  job.begun = queued.begun;
  for (const int start : starts) {
    if (!job.leased.contains(start)) job.waiting.insert(start);
  }
  Refresh(queued.id, job);
}

void LeaseQueue::AddUnit(std::int64_t job_id, int unit) {
  const auto job = jobs_.find(job_id);
  if (job == jobs_.end()) return;
  job->second.waiting.insert(unit);
  Refresh(job_id, job->second);
}

void LeaseQueue::Remove(std::int64_t job_id) {
  share_.Remove(job_id);
  jobs_.erase(job_id);
}

void LeaseQueue::Hold(std::int64_t job_id) {
  const auto job = jobs_.find(job_id);
  if (job == jobs_.end()) return;
  job->second.held = true;
  Refresh(job_id, job->second);
}

void LeaseQueue::Release(std::int64_t job_id) {
  const auto job = jobs_.find(job_id);
  if (job == jobs_.end()) return;
  job->second.held = false;
  Refresh(job_id, job->second);
}

void LeaseQueue::LimitStarts(std::int64_t job_id, int end) {
  const auto job = jobs_.find(job_id);
  if (job == jobs_.end()) return;
  job->second.end = end;
  Refresh(job_id, job->second);
}

void LeaseQueue::DropStarts(std::int64_t job_id, int begin) {
  const auto job = jobs_.find(job_id);
  if (job == jobs_.end()) return;
  std::set<int>& waiting = job->second.waiting;
  waiting.erase(waiting.lower_bound(begin), waiting.end());
  Refresh(job_id, job->second);
}

void LeaseQueue::Refresh(std::int64_t job_id, const Job& job) {
  share_.SetReady(job_id, !job.held && !job.waiting.empty() && *job.waiting.begin() < job.end);
}

std::optional<Lease> LeaseQueue::Take(SteadyTime now) {
  const std::optional<std::int64_t> job_id = share_.Next(now);
  if (!job_id) return std::nullopt;
  Job& job = jobs_.at(*job_id);
  const Lease lease{*job_id, *job.waiting.begin()};
  job.waiting.erase(job.waiting.begin());
  job.leased.insert(lease.start);
  job.begun = true;
  const double expected_s = ExpectedSeconds(job, lease.start);
  out_[lease] = {share_.Begin(*job_id, expected_s, now), now + absl::Seconds(expected_s)};
  Refresh(*job_id, job);
  return lease;
}

void LeaseQueue::Vacate(const Lease& lease, SteadyTime now, bool ran_to_end) {
  const auto out = out_.find(lease);
  if (out == out_.end()) return;
  const double seconds = share_.End(out->second.ticket, now);
  out_.erase(out);
  if (ran_to_end) Measure(lease, seconds);
}

void LeaseQueue::Measure(const Lease& lease, double seconds) {
  if (lease.start < 0) {
    if (lease.start == kBoundUnit) Blend(seconds, &seconds_per_bound_);
    return;
  }
  const auto job = jobs_.find(lease.job_id);
  if (job == jobs_.end()) return;
  job->second.measured_s += seconds;
  ++job->second.measured;
  Blend(seconds / job->second.start_work, &seconds_per_work_);
}

double LeaseQueue::ExpectedSeconds(const Job& job, int start) const {
  if (start < 0) return seconds_per_bound_;
  return job.measured > 0 ? job.measured_s / job.measured : seconds_per_work_ * job.start_work;
}

void LeaseQueue::Complete(const Lease& lease) {
  if (const auto job = jobs_.find(lease.job_id); job != jobs_.end()) job->second.leased.erase(lease.start);
}

void LeaseQueue::GiveBack(const Lease& lease) {
  const auto job = jobs_.find(lease.job_id);
  if (job == jobs_.end() || job->second.leased.erase(lease.start) == 0) return;
  job->second.waiting.insert(lease.start);
  Refresh(lease.job_id, job->second);
}

bool LeaseQueue::IsFinished(std::int64_t job_id) const {
  const Job& job = jobs_.at(job_id);
  return job.waiting.empty() && job.leased.empty();
}

std::int64_t LeaseQueue::num_waiting() const {
  std::int64_t waiting = 0;
  for (const auto& [id, job] : jobs_) {
    if (job.held || job.waiting.empty()) continue;
    const bool all = *job.waiting.rbegin() < job.end;
    waiting += all ? std::ssize(job.waiting) : std::distance(job.waiting.begin(), job.waiting.lower_bound(job.end));
  }
  return waiting;
}

QueuePlan LeaseQueue::Plan() const {
  QueuePlan plan{share_, {}, {}};
  for (const auto& [id, job] : jobs_) {
    const int first = job.waiting.empty() ? 0 : *job.waiting.begin();
    plan.loads[id] = {static_cast<int>(job.waiting.size()), ExpectedSeconds(job, first), job.begun};
  }
  for (const auto& [lease, out] : out_) plan.busy.push_back({out.ticket, out.expected_end});
  return plan;
}

}  // namespace oneloop
