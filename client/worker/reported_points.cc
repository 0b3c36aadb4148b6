#include "client/worker/reported_points.h"

#include <iterator>
#include <utility>

namespace oneloop {
namespace {

// Of one call, unless a batch alone has more.
constexpr std::size_t kMostPoints = 5000;
constexpr std::size_t kMostDesignBytes = std::size_t{4} << 20;

std::size_t DesignBytes(const PointBatch& batch) {
  std::size_t bytes = 0;
  for (const NewPoint& point : batch.points) bytes += point.design.size();
  return bytes;
}

void Add(PointBatch more, PointBatch* batch) {
  std::move(more.points.begin(), more.points.end(), std::back_inserter(batch->points));
  batch->samples_done = more.samples_done;
  batch->start_done = more.start_done;
  batch->within_stop_gap = more.within_stop_gap;
}

}  // namespace

ReportedPoints::ReportedPoints(std::function<absl::Status(const PointBatch&)> report)
    : report_(std::move(report)), thread_([this] { Loop(); }) {}

ReportedPoints::~ReportedPoints() {
  {
    MutexLock lock(&mutex_);
    closing_ = true;
    changed_.Signal();
  }
  thread_.join();
}

void ReportedPoints::AppendPoints(PointBatch batch, std::function<void(absl::Status)> done) {
  MutexLock lock(&mutex_);
  waiting_.push_back({std::move(batch), std::move(done)});
  changed_.Signal();
}

std::deque<ReportedPoints::Waiting> ReportedPoints::Next() {
  std::deque<Waiting> next;
  std::size_t points = 0;
  std::size_t bytes = 0;
  MutexLock lock(&mutex_);
  while (waiting_.empty() && !closing_) changed_.Wait(mutex_);
  while (!waiting_.empty()) {
    const PointBatch& batch = waiting_.front().batch;
    points += batch.points.size();
    bytes += DesignBytes(batch);
    if (!next.empty() && (points > kMostPoints || bytes > kMostDesignBytes)) break;
    next.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return next;
}

void ReportedPoints::Loop() {
  absl::Status status;
  for (std::deque<Waiting> next = Next(); !next.empty(); next = Next()) {
    PointBatch batch = std::move(next.front().batch);
    for (std::size_t i = 1; i < next.size(); ++i) Add(std::move(next[i].batch), &batch);
    if (status.ok()) status = report_(batch);
    for (const Waiting& waiting : next) waiting.done(status);
  }
}

}  // namespace oneloop
