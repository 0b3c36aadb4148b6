#include "client/worker/reported_points.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

#include "common/base/mutex.h"

namespace oneloop {
namespace {

PointBatch BatchFrom(std::int64_t first, int points) {
  PointBatch batch;
  for (int i = 0; i < points; ++i) batch.points.emplace_back().sequence = first + i;
  batch.samples_done = first + points;
  return batch;
}

// A daemon that answers when it is told to.
class SlowDaemon {
 public:
  absl::Status Report(const PointBatch& batch) {
    MutexLock lock(&mutex);
    ++calls;
    for (const NewPoint& point : batch.points) sequences.push_back(point.sequence);
    last = batch;
    changed.SignalAll();
    while (!is_open) changed.Wait(mutex);
    return answer;
  }
  void AwaitCall() {
    MutexLock lock(&mutex);
    while (calls == 0) changed.Wait(mutex);
  }
  void Open(const absl::Status& with = absl::OkStatus()) {
    MutexLock lock(&mutex);
    answer = with;
    is_open = true;
    changed.SignalAll();
  }

  Mutex mutex;
  CondVar changed;
  bool is_open = false;
  int calls = 0;
  absl::Status answer;
  std::vector<std::int64_t> sequences;
  PointBatch last;
};

TEST(ReportedPointsTest, WhatComesDuringACallGoesTogetherInOrder) {
  SlowDaemon daemon;
  std::atomic<int> stored = 0;
  {
    ReportedPoints points([&daemon](const PointBatch& batch) { return daemon.Report(batch); });
    const auto done = [&stored](const absl::Status& status) { stored += status.ok() ? 1 : 0; };
    points.AppendPoints(BatchFrom(0, 3), done);
    daemon.AwaitCall();
    for (int i = 1; i <= 5; ++i) points.AppendPoints(BatchFrom(std::int64_t{3} * i, 3), done);
    PointBatch last = BatchFrom(18, 0);
    last.start_done = true;
    points.AppendPoints(last, done);
    EXPECT_EQ(stored, 0);
    daemon.Open();
  }
  EXPECT_EQ(stored, 7);
  EXPECT_EQ(daemon.calls, 2);
  ASSERT_EQ(daemon.sequences.size(), 18u);
  for (std::size_t i = 0; i < 18; ++i) EXPECT_EQ(daemon.sequences[i], static_cast<std::int64_t>(i));
  EXPECT_TRUE(daemon.last.start_done);
  EXPECT_EQ(daemon.last.samples_done, 18);
}

TEST(ReportedPointsTest, AnEndlessQueueIsSentInPieces) {
  SlowDaemon daemon;
  {
    ReportedPoints points([&daemon](const PointBatch& batch) { return daemon.Report(batch); });
    points.AppendPoints(BatchFrom(0, 1), [](const absl::Status&) {});
    daemon.AwaitCall();
    for (int i = 0; i < 20; ++i)
      points.AppendPoints(BatchFrom(1 + std::int64_t{1000} * i, 1000), [](const absl::Status&) {});
    daemon.Open();
  }
  EXPECT_EQ(daemon.calls, 1 + 4);
  EXPECT_EQ(daemon.sequences.size(), 20001u);
}

TEST(ReportedPointsTest, AfterAnErrorNothingMoreIsSent) {
  SlowDaemon daemon;
  daemon.Open(absl::FailedPreconditionError("lost"));
  std::atomic<int> refused = 0;
  {
    ReportedPoints points([&daemon](const PointBatch& batch) { return daemon.Report(batch); });
    for (int i = 0; i < 4; ++i) {
      points.AppendPoints(BatchFrom(std::int64_t{6000} * i, 6000), [&refused](const absl::Status& status) {
        refused += absl::IsFailedPrecondition(status) ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(refused, 4);
  EXPECT_EQ(daemon.calls, 1);
}

}  // namespace
}  // namespace oneloop
