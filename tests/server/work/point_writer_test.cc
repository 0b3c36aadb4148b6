#include "server/work/point_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <thread>

#include "tests/server/jobs/jobs_test_util.h"
#include "tests/server/store/memory_run_store.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

// Keeps the batches, and their acknowledgements until asked.
class RecordingStore : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  void AppendPoints(PointBatch batch, std::function<void(absl::Status)> done) override {
    batches.push_back(batch);
    if (hold) {
      held.push_back(std::move(done));
    } else {
      done(result);
    }
  }
  std::vector<PointBatch> batches;
  bool hold = false;
  std::vector<std::function<void(absl::Status)>> held;
  absl::Status result;
};

class PointWriterTest : public testing::Test {
 protected:
  PointWriter::Options WriterOptions() {
    PointWriter::Options options;
    options.points_per_batch = 10;
    options.clock = [this] { return clock_.Steady(); };
    return options;
  }

  MemoryRunStore memory_;
  RecordingStore store_{&memory_};
  FakeClock clock_;
  WorkSignals signals_;
};

TEST_F(PointWriterTest, PacksPointsInOrderAndEndsTheStart) {
  const auto spec = TestSpec(1, 25);
  PointWriter writer(&store_, *spec->hardware_template, Lease{4, 0}, &signals_, WriterOptions());
  const StartSummary summary = FakeRun(*spec, 0, writer);
  ASSERT_TRUE(writer.Finish(summary.samples, Ending::kDone).ok());
  ASSERT_EQ(store_.batches.size(), 3u);
  std::int64_t sequence = 0;
  for (const PointBatch& batch : store_.batches) {
    EXPECT_EQ(batch.job_id, 4);
    EXPECT_LE(batch.points.size(), 10u);
    EXPECT_EQ(batch.samples_done, batch.points.back().sample);
    for (const NewPoint& point : batch.points) EXPECT_EQ(point.sequence, sequence++);
  }
  EXPECT_EQ(sequence, 25);
  EXPECT_FALSE(store_.batches[1].start_done);
  EXPECT_TRUE(store_.batches[2].start_done);
}

TEST_F(PointWriterTest, DesignHasOneLineOfMappingTextPerLayer) {
  const auto spec = TestSpec(1, 5);
  PointWriter writer(&store_, *spec->hardware_template, Lease{1, 0}, &signals_, WriterOptions());
  FakeRun(*spec, 0, writer);
  ASSERT_TRUE(writer.Finish(5, Ending::kDone).ok());
  EXPECT_EQ(store_.batches[0].points[0].design, "");
  EXPECT_EQ(store_.batches[0].points[4].design,
            "L1[WIO] P4 Q4 C8 K8 - L0[WIO] N1\nL1[WIO] R3 S3 P4 Q4 C8 K8 - L0[WIO] N1");
}

TEST_F(PointWriterTest, FewPointsBecomeVisibleAfterTheInterval) {
  const auto spec = TestSpec(1, 3);
  PointWriter writer(&store_, *spec->hardware_template, Lease{1, 0}, &signals_, WriterOptions());
  FakeRun(*spec, 0, writer);
  EXPECT_TRUE(store_.batches.empty());
  clock_.Advance(WriterOptions().flush_interval);
  EXPECT_FALSE(writer.StopRequested());
  ASSERT_EQ(store_.batches.size(), 1u);
  EXPECT_EQ(store_.batches[0].points.size(), 3u);
  EXPECT_TRUE(writer.Finish(3, Ending::kOpen).ok());
}

TEST_F(PointWriterTest, SearchEndsOnceTheStoreHasRefusedABatch) {
  const auto spec = TestSpec(1, 100);
  store_.result = absl::ResourceExhaustedError("disk full");
  PointWriter writer(&store_, *spec->hardware_template, Lease{1, 0}, &signals_, WriterOptions());
  const StartSummary summary = FakeRun(*spec, 0, writer);
  EXPECT_EQ(summary.termination, StartSummary::Termination::kStopped);
  EXPECT_EQ(writer.Finish(summary.samples, Ending::kOpen).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(store_.batches.size(), 1u) << "points after a lost batch were written";
}

// Acknowledges a batch only once `limit` of them wait, as a slow disk would.
class SlowStore : public ForwardingStore {
 public:
  SlowStore(RunStore* target, std::size_t limit) : ForwardingStore(target), limit_(limit) {}
  void AppendPoints(PointBatch, std::function<void(absl::Status)> done) override {
    MutexLock lock(&mutex_);
    waiting_.push_back(std::move(done));
    most_in_flight_ = std::max(most_in_flight_, waiting_.size());
    changed_.SignalAll();
  }
  void Acknowledge() {
    for (;;) {
      std::function<void(absl::Status)> done;
      {
        MutexLock lock(&mutex_);
        while (waiting_.size() < limit_ && !last_) changed_.Wait(mutex_);
        if (waiting_.empty()) return;
        done = std::move(waiting_.front());
        waiting_.pop_front();
      }
      done(absl::OkStatus());
    }
  }
  void NoMoreComing() {
    MutexLock lock(&mutex_);
    last_ = true;
    changed_.SignalAll();
  }
  std::size_t most_in_flight() {
    MutexLock lock(&mutex_);
    return most_in_flight_;
  }

 private:
  const std::size_t limit_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<std::function<void(absl::Status)>> waiting_ ABSL_GUARDED_BY(mutex_);
  std::size_t most_in_flight_ ABSL_GUARDED_BY(mutex_) = 0;
  bool last_ ABSL_GUARDED_BY(mutex_) = false;
};

TEST_F(PointWriterTest, SearchWaitsWhileTooManyBatchesAwaitTheirCommit) {
  const auto spec = TestSpec(1, 100);
  SlowStore slow(&memory_, 2);
  PointWriter::Options options = WriterOptions();
  options.batches_in_flight = 2;
  std::thread disk([&] { slow.Acknowledge(); });
  {
    PointWriter writer(&slow, *spec->hardware_template, Lease{1, 0}, &signals_, options);
    FakeRun(*spec, 0, writer);
    slow.NoMoreComing();
  }
  disk.join();
  EXPECT_EQ(slow.most_in_flight(), 2u);
}

}  // namespace
}  // namespace oneloop
