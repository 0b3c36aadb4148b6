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
    MutexLock lock(&mutex_);
    ++calls_;
    for (const NewPoint& point : batch.points) sequences_.push_back(point.sequence);
    last_ = batch;
    changed_.SignalAll();
    while (!open_) changed_.Wait(mutex_);
    return answer_;
  }
  void AwaitCall() {
    MutexLock lock(&mutex_);
    while (calls_ == 0) changed_.Wait(mutex_);
  }
  void Open(absl::Status answer = absl::OkStatus()) {
    MutexLock lock(&mutex_);
    answer_ = answer;
    open_ = true;
    changed_.SignalAll();
  }

  Mutex mutex_;
  CondVar changed_;
  bool open_ = false;
  int calls_ = 0;
  absl::Status answer_;
  std::vector<std::int64_t> sequences_;
  PointBatch last_;
};

TEST(ReportedPointsTest, WhatComesDuringACallGoesTogetherInOrder) {
  SlowDaemon daemon;
  std::atomic<int> stored = 0;
  {
    ReportedPoints points([&daemon](const PointBatch& batch) { return daemon.Report(batch); });
    const auto done = [&stored](const absl::Status& status) { stored += status.ok() ? 1 : 0; };
    points.AppendPoints(BatchFrom(0, 3), done);
    daemon.AwaitCall();
    for (int i = 1; i <= 5; ++i) points.AppendPoints(BatchFrom(3 * i, 3), done);
    PointBatch last = BatchFrom(18, 0);
    last.start_done = true;
    points.AppendPoints(last, done);
    EXPECT_EQ(stored, 0);
    daemon.Open();
  }
  EXPECT_EQ(stored, 7);
  EXPECT_EQ(daemon.calls_, 2);
  ASSERT_EQ(daemon.sequences_.size(), 18u);
  for (std::size_t i = 0; i < 18; ++i) EXPECT_EQ(daemon.sequences_[i], static_cast<std::int64_t>(i));
  EXPECT_TRUE(daemon.last_.start_done);
  EXPECT_EQ(daemon.last_.samples_done, 18);
}

TEST(ReportedPointsTest, AnEndlessQueueIsSentInPieces) {
  SlowDaemon daemon;
  {
    ReportedPoints points([&daemon](const PointBatch& batch) { return daemon.Report(batch); });
    points.AppendPoints(BatchFrom(0, 1), [](const absl::Status&) {});
    daemon.AwaitCall();
    for (int i = 0; i < 20; ++i) points.AppendPoints(BatchFrom(1 + 1000 * i, 1000), [](const absl::Status&) {});
    daemon.Open();
  }
  EXPECT_EQ(daemon.calls_, 1 + 4);
  EXPECT_EQ(daemon.sequences_.size(), 20001u);
}

TEST(ReportedPointsTest, AfterAnErrorNothingMoreIsSent) {
  SlowDaemon daemon;
  daemon.Open(absl::FailedPreconditionError("lost"));
  std::atomic<int> refused = 0;
  {
    ReportedPoints points([&daemon](const PointBatch& batch) { return daemon.Report(batch); });
    for (int i = 0; i < 4; ++i) {
      points.AppendPoints(BatchFrom(6000 * i, 6000), [&refused](const absl::Status& status) {
        refused += absl::IsFailedPrecondition(status) ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(refused, 4);
  EXPECT_EQ(daemon.calls_, 1);
}

}  // namespace
}  // namespace oneloop
