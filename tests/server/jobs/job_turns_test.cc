// Whose starts JobManager runs, and what the passing of time does to jobs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/base/mutex.h"
#include "server/jobs/job_manager.h"
#include "tests/server/jobs/jobs_test_util.h"
#include "tests/server/store/memory_run_store.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Writes down which job's starts begin, and lets each end only with a permit.
class PermitRunner {
 public:
  StartSummary Run(const SearchSpec& spec, int start, PointSink& sink) {
    {
      MutexLock lock(&mutex_);
      begun_.push_back(spec.seed);
    }
    bool permitted = false;
    while (!permitted && !sink.StopRequested()) {
      std::this_thread::yield();
      MutexLock lock(&mutex_);
      permitted = permits_ > 0;
      permits_ -= permitted ? 1 : 0;
    }
    return FakeRun(spec, start, sink);
  }
  void Permit(int starts) {
    MutexLock lock(&mutex_);
    permits_ += starts;
  }
  // The seeds of the first `count` starts, once so many have begun.
  std::vector<std::uint64_t> AwaitBegun(std::size_t count) {
    for (;;) {
      MutexLock lock(&mutex_);
      if (begun_.size() >= count) return {begun_.begin(), begun_.begin() + static_cast<std::ptrdiff_t>(count)};
    }
  }

 private:
  Mutex mutex_;
  std::vector<std::uint64_t> begun_ ABSL_GUARDED_BY(mutex_);
  int permits_ ABSL_GUARDED_BY(mutex_) = 0;
};

class JobTurnsTest : public testing::Test {
 protected:
  // A job's spec has its id as seed.
  std::unique_ptr<JobManager> Manager(int threads, const FairShare::Options& fair_share = {},
                                      const JobSweep& sweep = {}) {
    JobManager::Options options;
    options.store = &store_;
    options.decode_spec = [](const JobRecord& record) {
      auto spec = std::make_shared<SearchSpec>(*TestSpec(record.job.num_starts, 5));
      spec->seed = static_cast<std::uint64_t>(record.id);
      return std::shared_ptr<const SearchSpec>(spec);
    };
    options.run_start = [this](const SearchSpec& spec, int start, PointSink& sink) {
      return runner_.Run(spec, start, sink);
    };
    options.prove_bound = [](const SearchSpec&, const std::function<bool()>&) { return LowerBound(); };
    options.num_threads = threads;
    options.fair_share = fair_share;
    options.sweep = sweep;
    options.clock = [this] { return clock_.Now(); };
    options.steady_clock = [this] { return clock_.Steady(); };
    return JobManager::Create(std::move(options)).value();
  }

  static NewJob JobOfUser(const std::string& owner, int starts, int priority = 0) {
    NewJob job = JobOf(*TestSpec(starts, 5));
    job.owner = owner;
    job.settings.priority = priority;
    return job;
  }
  static std::uint64_t Submit(JobManager& manager, const NewJob& job) {
    return static_cast<std::uint64_t>(manager.Submit(job).value().record.id);
  }
  static std::int64_t Id(std::uint64_t seed) { return static_cast<std::int64_t>(seed); }

  FakeClock clock_;
  PermitRunner runner_;
  MemoryRunStore store_{[this] { return clock_.Now(); }};
  StoreWatcher watcher_{&store_};
};

TEST_F(JobTurnsTest, OneJobIsNotKeptWaitingByAThousandOfAnotherUser) {
  const auto manager = Manager(2);
  for (int i = 0; i < 1000; ++i) Submit(*manager, JobOfUser("ada", 7));
  runner_.AwaitBegun(2);
  clock_.Advance(absl::Seconds(1));
  const std::uint64_t of_bob = Submit(*manager, JobOfUser("bob", 1));
  // One start ends, and its worker is bob's, for his bound and his start.
  runner_.Permit(1);
  EXPECT_EQ(runner_.AwaitBegun(3)[2], of_bob);
  runner_.Permit(3);
  watcher_.AwaitState(Id(of_bob), JobState::kSucceeded);
}

TEST_F(JobTurnsTest, HigherPriorityRunsFirstAndMayBeChangedWhileTheJobWaits) {
  const auto manager = Manager(1);
  const std::uint64_t running = Submit(*manager, JobOfUser("ada", 1));
  runner_.AwaitBegun(1);
  const std::uint64_t low = Submit(*manager, JobOfUser("ada", 1, -10));
  const std::uint64_t high = Submit(*manager, JobOfUser("ada", 1, 10));
  const std::uint64_t raised = Submit(*manager, JobOfUser("ada", 1, -20));
  JobChange change;
  change.priority = 20;
  ASSERT_TRUE(manager->Update(Id(raised), change, std::nullopt).ok());
  runner_.Permit(4);
  EXPECT_THAT(runner_.AwaitBegun(4), ElementsAre(running, raised, high, low));
}

TEST_F(JobTurnsTest, PriorityOutlivesARestart) {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  {
    const auto manager = Manager(1);
    Submit(*manager, JobOfUser("ada", 1));
    runner_.AwaitBegun(1);
    low = Submit(*manager, JobOfUser("ada", 1));
    high = Submit(*manager, JobOfUser("ada", 1, 1));
  }
  const auto manager = Manager(1);
  runner_.Permit(3);
  const std::vector<std::uint64_t> begun = runner_.AwaitBegun(4);
  EXPECT_EQ(begun[1], high);
  EXPECT_EQ(begun[3], low);
}

TEST_F(JobTurnsTest, UserAtTheLimitOfWorkersLeavesTheRestToOthers) {
  FairShare::Options fair_share;
  fair_share.max_running_per_user = 1;
  const auto manager = Manager(3, fair_share);
  const std::uint64_t of_ada = Submit(*manager, JobOfUser("ada", 3));
  runner_.AwaitBegun(1);
  const std::uint64_t of_bob = Submit(*manager, JobOfUser("bob", 3));
  EXPECT_THAT(runner_.AwaitBegun(2), ElementsAre(of_ada, of_bob));
  runner_.Permit(6);
  watcher_.AwaitState(Id(of_ada), JobState::kSucceeded);
  watcher_.AwaitState(Id(of_bob), JobState::kSucceeded);
}

TEST_F(JobTurnsTest, WaitingJobsKnowTheirPlaces) {
  const auto manager = Manager(1);
  const std::uint64_t running = Submit(*manager, JobOfUser("ada", 1));
  runner_.AwaitBegun(1);
  EXPECT_EQ(manager->ExpectedStartOf(Id(running)), std::nullopt);
  const std::uint64_t second = Submit(*manager, JobOfUser("ada", 1));
  clock_.Advance(absl::Milliseconds(100));
  EXPECT_EQ(manager->ExpectedStartOf(Id(second))->position, 1);
  const std::uint64_t of_bob = Submit(*manager, JobOfUser("bob", 1));
  clock_.Advance(absl::Milliseconds(100));
  EXPECT_EQ(manager->ExpectedStartOf(Id(of_bob))->position, 1);
  EXPECT_EQ(manager->ExpectedStartOf(Id(second))->position, 2);
  EXPECT_GE(manager->ExpectedStartOf(Id(second))->time, manager->ExpectedStartOf(Id(of_bob))->time);
  ASSERT_TRUE(manager->Pause(Id(second), std::nullopt).ok());
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(manager->ExpectedStartOf(Id(second)), std::nullopt);
}

TEST_F(JobTurnsTest, WallClockSetBackMovesDeadlinesAndNoTurns) {
  const auto manager = Manager(1);
  Submit(*manager, JobOfUser("ada", 1));
  runner_.AwaitBegun(1);
  NewJob job = JobOfUser("ada", 1);
  job.settings.deadline = clock_.Now() + absl::Minutes(1);
  const std::int64_t waiting = Id(Submit(*manager, job));
  clock_.Advance(absl::Milliseconds(100));
  clock_.SetWall(-absl::Hours(1));
  const auto expected = manager->ExpectedStartOf(waiting);
  ASSERT_TRUE(expected.has_value()) << "the forecast is made anew";
  EXPECT_EQ(expected->position, 1);
  EXPECT_GE(expected->time, clock_.Now()) << "told on the clock that people see";
  EXPECT_LT(expected->time, clock_.Now() + absl::Minutes(30));
  clock_.Advance(absl::Minutes(1));
  manager->KeepHouse();
  EXPECT_FALSE(IsFinal(store_.GetJob(waiting)->state));
  clock_.Advance(absl::Hours(1));
  manager->KeepHouse();
  EXPECT_EQ(store_.GetJob(waiting)->state, JobState::kCancelled);
  runner_.Permit(1);
}

TEST_F(JobTurnsTest, JobIsCancelledAtItsDeadline) {
  const auto manager = Manager(1);
  NewJob job = JobOfUser("ada", 1);
  job.settings.deadline = clock_.Now() + absl::Hours(2);
  const std::int64_t running = Id(Submit(*manager, job));
  runner_.AwaitBegun(1);
  const std::int64_t waiting = Id(Submit(*manager, job));
  const std::int64_t paused = Id(Submit(*manager, job));
  ASSERT_TRUE(manager->Pause(paused, std::nullopt).ok());
  clock_.Advance(absl::Hours(2) - absl::Seconds(1));
  manager->KeepHouse();
  EXPECT_FALSE(IsFinal(store_.GetJob(running)->state));
  clock_.Advance(absl::Seconds(1));
  manager->KeepHouse();
  for (const std::int64_t id : {running, waiting, paused}) {
    const JobRecord record = store_.GetJob(id).value();
    EXPECT_EQ(record.state, JobState::kCancelled);
    EXPECT_THAT(record.message, HasSubstr("cancelled at its deadline, 2027-01-15T10:00:00Z"));
  }
  ASSERT_TRUE(manager->Drain(absl::Seconds(60)).ok()) << "the running start has stopped";
}

TEST_F(JobTurnsTest, DeadlineMayBeMovedAndTakenAway) {
  const auto manager = Manager(1);
  NewJob job = JobOfUser("ada", 1);
  job.settings.deadline = clock_.Now() + absl::Hours(1);
  const std::int64_t later = Id(Submit(*manager, job));
  const std::int64_t never = Id(Submit(*manager, job));
  const std::int64_t given = Id(Submit(*manager, JobOfUser("ada", 1)));
  JobChange change;
  change.deadline = clock_.Now() + absl::Hours(3);
  ASSERT_TRUE(manager->Update(later, change, std::nullopt).ok());
  change.deadline.emplace();
  ASSERT_TRUE(manager->Update(never, change, std::nullopt).ok());
  change.deadline = clock_.Now() + absl::Hours(2);
  ASSERT_TRUE(manager->Update(given, change, std::nullopt).ok());
  clock_.Advance(absl::Hours(2));
  manager->KeepHouse();
  EXPECT_FALSE(IsFinal(store_.GetJob(later)->state));
  EXPECT_EQ(store_.GetJob(given)->state, JobState::kCancelled);
  clock_.Advance(absl::Hours(1));
  manager->KeepHouse();
  EXPECT_EQ(store_.GetJob(later)->state, JobState::kCancelled);
  EXPECT_FALSE(IsFinal(store_.GetJob(never)->state));
}

TEST_F(JobTurnsTest, DeadlineThatPassesWhileTheDaemonIsDownHoldsAtItsNextStart) {
  NewJob job = JobOfUser("ada", 1);
  job.settings.deadline = clock_.Now() + absl::Hours(1);
  std::int64_t waiting = 0;
  std::int64_t paused = 0;
  {
    const auto manager = Manager(1);
    Submit(*manager, JobOfUser("ada", 1));
    runner_.AwaitBegun(1);
    waiting = Id(Submit(*manager, job));
    paused = Id(Submit(*manager, job));
    ASSERT_TRUE(manager->Pause(paused, std::nullopt).ok());
  }
  clock_.Advance(absl::Hours(1));
  const auto manager = Manager(1);
  EXPECT_EQ(store_.GetJob(waiting)->state, JobState::kCancelled);
  EXPECT_EQ(store_.GetJob(paused)->state, JobState::kCancelled);
}

TEST_F(JobTurnsTest, DeadlineIsTriedAgainWhenItCouldNotBeStored) {
  const auto manager = Manager(1);
  NewJob job = JobOfUser("ada", 1);
  job.settings.deadline = clock_.Now() + absl::Hours(1);
  const std::int64_t id = Id(Submit(*manager, job));
  runner_.AwaitBegun(1);
  clock_.Advance(absl::Hours(1));
  store_.SetWriteError(absl::ResourceExhaustedError("the disk is full"));
  manager->KeepHouse();
  EXPECT_FALSE(IsFinal(store_.GetJob(id)->state));
  store_.SetWriteError(absl::OkStatus());
  manager->KeepHouse();
  EXPECT_EQ(store_.GetJob(id)->state, JobState::kCancelled);
}

TEST_F(JobTurnsTest, FinishedJobsAreKeptForTheRetentionThenDeletedThenPurged) {
  JobSweep sweep;
  sweep.retention = absl::Hours(24);
  sweep.purge_after = absl::Hours(12);
  const auto manager = Manager(1, {}, sweep);
  const std::int64_t id = Id(Submit(*manager, JobOfUser("ada", 1)));
  ASSERT_TRUE(manager->Cancel(id, std::nullopt).ok());
  clock_.Advance(absl::Hours(23));
  manager->KeepHouse();
  EXPECT_EQ(store_.GetJob(id)->delete_time, std::nullopt);
  clock_.Advance(absl::Hours(1));
  manager->KeepHouse();
  EXPECT_EQ(store_.GetJob(id)->purge_time, clock_.Now() + absl::Hours(12));
  clock_.Advance(absl::Hours(12));
  manager->KeepHouse();
  EXPECT_EQ(store_.GetJob(id).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace oneloop
