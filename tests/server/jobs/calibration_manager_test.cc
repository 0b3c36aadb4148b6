#include "server/jobs/calibration_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/server/jobs/jobs_test_util.h"
#include "tests/server/store/memory_run_store.h"

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
    while (std::find(begun_.begin(), begun_.end(), name) == begun_.end()) changed_.Wait(mutex_);
  }
  // Returns once so many trainings were told to stop.
  void AwaitStopped(int count) {
    const MutexLock lock(&mutex_);
    while (stopped_ < count) changed_.Wait(mutex_);
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
      if (should_stop(0.25)) {
        ++stopped_;
        changed_.SignalAll();
        return absl::CancelledError("training was stopped");
      }
      changed_.WaitFor(mutex_, std::chrono::milliseconds(1));
    }
    if (record.calibration.request == "bad") return absl::InvalidArgumentError("rows: all alike");
    return CalibrationOutcome{record.id, CalibrationState::kReady, "", "report", "model of " + record.calibration.name};
  }

  Mutex mutex_;
  CondVar changed_;
  bool open_ ABSL_GUARDED_BY(mutex_) = false;
  int stopped_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::string> begun_ ABSL_GUARDED_BY(mutex_);
};

constexpr char kProject[] = "team";

NewCalibration Small(const std::string& name, const std::string& request, const std::string& owner = "ada") {
  return {name, "summary", request, kProject, owner, 60};
}

NewCalibration Large(const std::string& name, const std::string& owner = "ada") {
  return {name, "summary", "good", kProject, owner, CalibrationManager::kMostShortRows + 1};
}

class CalibrationManagerTest : public testing::Test {
 protected:
  std::unique_ptr<CalibrationManager> Make() {
    auto manager = CalibrationManager::Create(&store_, trainer_.AsTrainer());
    EXPECT_TRUE(manager.ok()) << manager.status();
    return *std::move(manager);
  }
  CalibrationRecord AwaitEnd(const std::string& name) {
    for (;;) {
      const auto record = store_.GetCalibration(kProject, name);
      if (!record.ok() || record->state != CalibrationState::kTraining) return record.value_or(CalibrationRecord{});
      std::this_thread::yield();
    }
  }

  MemoryRunStore store_;
  GatedTrainer trainer_;
};

TEST_F(CalibrationManagerTest, TrainsOneAfterTheOtherAndKeepsTheModel) {
  const auto manager = Make();
  ASSERT_TRUE(manager->Submit(Small("a", "good"))->created);
  ASSERT_TRUE(manager->Submit(Small("b", "good"))->created);
  trainer_.AwaitBegun("a");
  EXPECT_EQ(trainer_.begun().size(), 1u);
  EXPECT_FALSE(manager->Submit(Small("a", "good"))->created);
  trainer_.Open();
  EXPECT_EQ(AwaitEnd("a").model, "model of a");
  EXPECT_EQ(AwaitEnd("b").state, CalibrationState::kReady);
  EXPECT_EQ(trainer_.begun(), (std::vector<std::string>{"a", "b"}));
}

// Refuses a number of calls that read or change a calibration, each time that it is told to.
class RefusingCalibrations : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  absl::StatusOr<CalibrationRecord> GetCalibration(const std::string& project, const std::string& name) override {
    if (reads-- > 0) return absl::UnavailableError("disk I/O error");
    return ForwardingStore::GetCalibration(project, name);
  }
  absl::Status NoteAttempts(std::int64_t id, int attempts) override {
    if (notes-- > 0) return absl::ResourceExhaustedError("the disk is full");
    return ForwardingStore::NoteAttempts(id, attempts);
  }
  absl::Status FinishCalibration(const CalibrationOutcome& outcome) override {
    if (ends-- > 0) return absl::ResourceExhaustedError("the disk is full");
    return ForwardingStore::FinishCalibration(outcome);
  }
  std::atomic<int> reads = 3;
  std::atomic<int> notes = 3;
  std::atomic<int> ends = 3;
};

TEST_F(CalibrationManagerTest, TrainingThatTheStorageRefusesGoesOnByItself) {
  RefusingCalibrations store(&store_);
  const auto manager =
      CalibrationManager::Create(&store, trainer_.AsTrainer(), {absl::Milliseconds(1), absl::Milliseconds(1)});
  ASSERT_TRUE(manager.ok()) << manager.status();
  trainer_.Open();
  ASSERT_TRUE((*manager)->Submit(Small("a", "good")).ok());
  const CalibrationRecord record = AwaitEnd("a");
  EXPECT_EQ(record.state, CalibrationState::kReady) << record.message;
  EXPECT_EQ(record.model, "model of a");
  EXPECT_EQ(trainer_.begun().size(), 1u) << "what was trained is kept";
}

TEST_F(CalibrationManagerTest, FailureIsKeptWithItsReason) {
  const auto manager = Make();
  trainer_.Open();
  ASSERT_TRUE(manager->Submit(Small("a", "bad")).ok());
  const CalibrationRecord record = AwaitEnd("a");
  EXPECT_EQ(record.state, CalibrationState::kFailed);
  EXPECT_EQ(record.message, "rows: all alike");
  EXPECT_EQ(record.calibration.summary, "summary");
  EXPECT_EQ(record.model, "");
}

TEST_F(CalibrationManagerTest, DeletionEndsTheTrainingAndFreesTheName) {
  const auto manager = Make();
  ASSERT_TRUE(manager->Submit(Small("a", "good")).ok());
  trainer_.AwaitBegun("a");
  ASSERT_EQ(manager->Delete(kProject, "a"), absl::OkStatus());
  EXPECT_EQ(manager->Delete(kProject, "a").code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(manager->Submit(Small("b", "good")).ok());
  trainer_.AwaitBegun("b");
  ASSERT_TRUE(manager->Submit(Small("a", "good"))->created);
  trainer_.Open();
  EXPECT_EQ(AwaitEnd("a").state, CalibrationState::kReady);
}

TEST_F(CalibrationManagerTest, StoppedTrainingBeginsAnewWithTheNextManager) {
  {
    const auto manager = Make();
    ASSERT_TRUE(manager->Submit(Small("a", "good")).ok());
    ASSERT_TRUE(manager->Submit(Small("b", "good")).ok());
    trainer_.AwaitBegun("a");
    manager->Drain();
    EXPECT_EQ(manager->Submit(Small("c", "good")).status().code(), absl::StatusCode::kUnavailable);
  }
  EXPECT_EQ(store_.GetCalibration(kProject, "a")->state, CalibrationState::kTraining);
  trainer_.Open();
  const auto manager = Make();
  EXPECT_EQ(AwaitEnd("a").state, CalibrationState::kReady);
  EXPECT_EQ(AwaitEnd("b").state, CalibrationState::kReady);
}

TEST_F(CalibrationManagerTest, ShortTrainingsGoOnBesideALongOne) {
  const auto manager = Make();
  ASSERT_TRUE(manager->Submit(Large("long")).ok());
  trainer_.AwaitBegun("long");
  ASSERT_TRUE(manager->Submit(Large("longer", "otto")).ok());
  ASSERT_TRUE(manager->Submit(Small("short", "good")).ok());
  trainer_.AwaitBegun("short");
  EXPECT_EQ(trainer_.begun(), (std::vector<std::string>{"long", "short"})) << "one long one at a time";
  EXPECT_EQ(manager->Progress(store_.GetCalibration(kProject, "longer")->id), std::nullopt) << "it waits";
  trainer_.Open();
  EXPECT_EQ(AwaitEnd("longer").state, CalibrationState::kReady);
}

TEST_F(CalibrationManagerTest, CancelledTrainingEndsAndKeepsItsName) {
  const auto manager = Make();
  ASSERT_TRUE(manager->Submit(Large("a")).ok());
  ASSERT_TRUE(manager->Submit(Large("waiting")).ok());
  trainer_.AwaitBegun("a");
  const auto waiting = manager->Cancel(kProject, "waiting");
  ASSERT_TRUE(waiting.ok()) << waiting.status();
  EXPECT_EQ(waiting->state, CalibrationState::kCancelled);
  const auto cancelled = manager->Cancel(kProject, "a");
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(cancelled->state, CalibrationState::kCancelled);
  EXPECT_EQ(cancelled->message, "cancelled on request");
  EXPECT_EQ(cancelled->calibration.summary, "summary");
  trainer_.AwaitStopped(1);
  EXPECT_EQ(manager->Cancel(kProject, "a").status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(manager->Cancel("other", "a").status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(manager->Submit(Large("a"))->created);
  // Others go on.
  ASSERT_TRUE(manager->Submit(Large("b")).ok());
  trainer_.Open();
  EXPECT_EQ(AwaitEnd("b").state, CalibrationState::kReady);
  EXPECT_EQ(store_.GetCalibration(kProject, "a")->state, CalibrationState::kCancelled);
  EXPECT_EQ(trainer_.begun(), (std::vector<std::string>{"a", "b"}));
}

TEST_F(CalibrationManagerTest, TrainingThatIsTheDaemonsDeathIsNotBegunAgain) {
  ASSERT_TRUE(store_.CreateCalibration(Large("a")).ok());
  ASSERT_EQ(store_.NoteAttempts(1, CalibrationManager::kMostAttempts - 1), absl::OkStatus());
  {
    const auto manager = Make();
    trainer_.AwaitBegun("a");
    EXPECT_EQ(store_.GetCalibration(kProject, "a")->attempts, CalibrationManager::kMostAttempts);
  }
  EXPECT_EQ(store_.GetCalibration(kProject, "a")->attempts, 0) << "it was stopped, and did not die";
  ASSERT_EQ(store_.NoteAttempts(1, CalibrationManager::kMostAttempts), absl::OkStatus());
  const auto manager = Make();
  const CalibrationRecord record = AwaitEnd("a");
  EXPECT_EQ(record.state, CalibrationState::kFailed);
  EXPECT_THAT(record.message, testing::HasSubstr("died 5 times"));
}

}  // namespace
}  // namespace oneloop
