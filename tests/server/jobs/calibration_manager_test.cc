#include "server/jobs/calibration_manager.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/store/memory_run_store.h"

namespace oneloop {
namespace {

// A training that goes on until it is let go or told to stop.
class GatedTrainer {
 public:
  CalibrationManager::Trainer AsTrainer() {
    return [this](const CalibrationRecord& record, const std::function<bool(double)>& should_stop) {
      return Run(record, should_stop);
    };
  }

  void Open() {
    const MutexLock lock(&mutex_);
    open_ = true;
    changed_.SignalAll();
  }
  // Returns once a training of that name has begun.
  void AwaitBegun(const std::string& name) {
    const MutexLock lock(&mutex_);
    while (begun_.empty() || begun_.back() != name) changed_.Wait(mutex_);
  }
  std::vector<std::string> begun() {
    const MutexLock lock(&mutex_);
    return begun_;
  }

 private:
  absl::StatusOr<CalibrationOutcome> Run(const CalibrationRecord& record,
                                         const std::function<bool(double)>& should_stop) {
    const MutexLock lock(&mutex_);
    begun_.push_back(record.calibration.name);
    changed_.SignalAll();
    while (!open_) {
      if (should_stop(0.25)) return absl::CancelledError("training was stopped");
      changed_.WaitFor(mutex_, std::chrono::milliseconds(1));
    }
    if (record.calibration.request == "bad") return absl::InvalidArgumentError("rows: all alike");
    return CalibrationOutcome{record.id, CalibrationState::kReady, "", "report", "model of " + record.calibration.name};
  }

  Mutex mutex_;
  CondVar changed_;
  bool open_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::string> begun_ ABSL_GUARDED_BY(mutex_);
};

class CalibrationManagerTest : public testing::Test {
 protected:
  std::unique_ptr<CalibrationManager> Make() {
    auto manager = CalibrationManager::Create(&store_, trainer_.AsTrainer());
    EXPECT_TRUE(manager.ok()) << manager.status();
    return *std::move(manager);
  }
  CalibrationRecord AwaitEnd(const std::string& name) {
    for (;;) {
      const auto record = store_.GetCalibration(name);
      if (!record.ok() || record->state != CalibrationState::kTraining) return record.value_or(CalibrationRecord{});
      std::this_thread::yield();
    }
  }

  MemoryRunStore store_;
  GatedTrainer trainer_;
};

TEST_F(CalibrationManagerTest, TrainsOneAfterTheOtherAndKeepsTheModel) {
  const auto manager = Make();
  ASSERT_TRUE(manager->Submit({"a", "", "good"})->created);
  ASSERT_TRUE(manager->Submit({"b", "", "good"})->created);
  trainer_.AwaitBegun("a");
  EXPECT_EQ(trainer_.begun().size(), 1u);
  EXPECT_FALSE(manager->Submit({"a", "", "good"})->created);
  trainer_.Open();
  EXPECT_EQ(AwaitEnd("a").model, "model of a");
  EXPECT_EQ(AwaitEnd("b").state, CalibrationState::kReady);
  EXPECT_EQ(trainer_.begun(), (std::vector<std::string>{"a", "b"}));
}

TEST_F(CalibrationManagerTest, FailureIsKeptWithItsReason) {
  const auto manager = Make();
  trainer_.Open();
  ASSERT_TRUE(manager->Submit({"a", "summary", "bad"}).ok());
  const CalibrationRecord record = AwaitEnd("a");
  EXPECT_EQ(record.state, CalibrationState::kFailed);
  EXPECT_EQ(record.message, "rows: all alike");
  EXPECT_EQ(record.calibration.summary, "summary");
  EXPECT_EQ(record.model, "");
}

TEST_F(CalibrationManagerTest, DeletionEndsTheTrainingAndFreesTheName) {
  const auto manager = Make();
  ASSERT_TRUE(manager->Submit({"a", "", "good"}).ok());
  trainer_.AwaitBegun("a");
  ASSERT_EQ(manager->Delete("a"), absl::OkStatus());
  EXPECT_EQ(manager->Delete("a").code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(manager->Submit({"b", "", "good"}).ok());
  trainer_.AwaitBegun("b");
  ASSERT_TRUE(manager->Submit({"a", "", "good"})->created);
  trainer_.Open();
  EXPECT_EQ(AwaitEnd("a").state, CalibrationState::kReady);
}

TEST_F(CalibrationManagerTest, StoppedTrainingBeginsAnewWithTheNextManager) {
  {
    const auto manager = Make();
    ASSERT_TRUE(manager->Submit({"a", "", "good"}).ok());
    ASSERT_TRUE(manager->Submit({"b", "", "good"}).ok());
    trainer_.AwaitBegun("a");
    manager->Drain();
    EXPECT_EQ(manager->Submit({"c", "", "good"}).status().code(), absl::StatusCode::kUnavailable);
  }
  EXPECT_EQ(store_.GetCalibration("a")->state, CalibrationState::kTraining);
  trainer_.Open();
  const auto manager = Make();
  EXPECT_EQ(AwaitEnd("a").state, CalibrationState::kReady);
  EXPECT_EQ(AwaitEnd("b").state, CalibrationState::kReady);
}

}  // namespace
}  // namespace oneloop
