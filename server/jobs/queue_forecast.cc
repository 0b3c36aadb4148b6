#include "server/jobs/queue_forecast.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <queue>
#include <utility>

namespace oneloop {
namespace {

constexpr int kMostTurns = 20000;
constexpr absl::Duration kMostAge = absl::Seconds(1);
constexpr absl::Duration kMostAgeForNewJob = absl::Milliseconds(100);

// A worker and when it becomes free; ticket 0 for one that is.
struct Worker {
  SteadyTime free;
  FairShare::Ticket ticket = 0;
  bool operator>(const Worker& other) const { return std::pair(free, ticket) > std::pair(other.free, other.ticket); }
};

}  // namespace

std::map<std::int64_t, ForecastStart> ForecastStarts(QueuePlan plan, int threads, SteadyTime now) {
  std::priority_queue<Worker, std::vector<Worker>, std::greater<>> workers;
  for (const QueuePlan::Busy& busy : plan.busy) workers.push({std::max(busy.end, now), busy.ticket});
  while (workers.size() < static_cast<std::size_t>(threads)) workers.push({now, 0});
  auto waiting = std::count_if(plan.loads.begin(), plan.loads.end(),
                               [](const auto& load) { return !load.second.begun && load.second.units > 0; });
  std::map<std::int64_t, ForecastStart> expected;
  int idle = 0;  // workers that only the end of another's work brings something
  for (int turn = 0; turn < kMostTurns && waiting > 0 && !workers.empty(); ++turn) {
    const Worker worker = workers.top();
    workers.pop();
    if (worker.ticket != 0) plan.share.End(worker.ticket, worker.free);
    for (++idle; idle > 0; --idle) {
      const std::optional<std::int64_t> job_id = plan.share.Next(worker.free);
      if (!job_id) break;
      QueuePlan::Load& load = plan.loads.at(*job_id);
      workers.push({worker.free + absl::Seconds(load.unit_s), plan.share.Begin(*job_id, load.unit_s, worker.free)});
      if (--load.units == 0) plan.share.SetReady(*job_id, false);
      if (std::exchange(load.begun, true)) continue;
      const int position = static_cast<int>(expected.size()) + 1;
      expected[*job_id] = {position, worker.free};
      --waiting;
    }
  }
  return expected;
}

std::optional<ForecastStart> ForecastCache::Of(std::int64_t job_id, std::int64_t changes, SteadyTime now,
                                               const std::function<QueuePlan()>& plan) {
  MutexLock lock(&mutex_);
  const bool knows_job = expected_.contains(job_id) || changes_ == changes;
  if (now - time_ >= (knows_job ? kMostAge : kMostAgeForNewJob)) {
    QueuePlan now_queued = plan();
    const int threads = now_queued.threads;
    expected_ = ForecastStarts(std::move(now_queued), threads, now);
    time_ = now;
    changes_ = changes;
  }
  const auto expected = expected_.find(job_id);
  if (expected == expected_.end()) return std::nullopt;
  return expected->second;
}

}  // namespace oneloop
