// Jobs that bring the daemon down: they are not resumed again and again, and others are.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <stdexcept>
#include <thread>

#include "server/jobs/job_manager.h"
#include "tests/server/jobs/jobs_test_util.h"
#include "tests/server/store/memory_run_store.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

// Stores nothing any more once the daemon is dead, until the next one begins.
class MortalStore final : public ForwardingStore {
 public:
  explicit MortalStore(RunStore* target) : ForwardingStore(target) {}
  void SetDead(bool dead) { dead_ = dead; }

  absl::Status NoteActivity(const std::map<std::int64_t, JobActivity>& activities) override {
    return dead_ ? absl::OkStatus() : ForwardingStore::NoteActivity(activities);
  }
  absl::Status ForgetCrashes() override { return dead_ ? absl::OkStatus() : ForwardingStore::ForgetCrashes(); }
  absl::Status SetJobBound(std::int64_t id, const JobBound& bound) override {
    return dead_ ? Dead() : ForwardingStore::SetJobBound(id, bound);
  }
  absl::StatusOr<JobRecord> SetJobState(std::int64_t id, const std::vector<JobState>& from, JobState to,
                                        const std::string& message,
                                        std::optional<std::int64_t> expected_revision) override {
    if (dead_) return Dead();
    return ForwardingStore::SetJobState(id, from, to, message, expected_revision);
  }
  void AppendPoints(PointBatch batch, std::function<void(absl::Status)> done) override {
    if (dead_) return done(Dead());
    ForwardingStore::AppendPoints(std::move(batch), std::move(done));
  }

 private:
  static absl::Status Dead() { return absl::UnavailableError("the daemon is dead"); }

  std::atomic<bool> dead_ = false;
};

class CrashLoopTest : public testing::Test {
 protected:
  // Starts of jobs among `hanging_` get stuck in an evaluation until the daemon dies.
  std::unique_ptr<JobManager> Begin(int threads = 2) {
    mortal_.SetDead(false);
    dying_ = false;
    begun_ = 0;
    JobManager::Options options;
    options.store = &mortal_;
    options.num_threads = threads;
    options.decode_spec = [this](const JobRecord& record) {
      auto spec = std::make_shared<SearchSpec>(*spec_);
      spec->seed = static_cast<std::uint64_t>(record.id);
      return spec;
    };
    options.prove_bound = [](const SearchSpec&, const std::function<bool()>&) { return LowerBound{}; };
    options.run_start = [this](const SearchSpec& spec, int start, PointSink& sink) { return Run(spec, start, sink); };
    return JobManager::Create(std::move(options)).value();
  }

  void Die(std::unique_ptr<JobManager> manager) {
    mortal_.SetDead(true);
    dying_ = true;
    manager.reset();
  }

  StartSummary Run(const SearchSpec& spec, int start, PointSink& sink) {
    const auto job_id = static_cast<std::int64_t>(spec.seed);
    if (!hanging_.contains(job_id)) return FakeRun(spec, start, sink);
    ++begun_;
    while (!dying_) std::this_thread::yield();
    StartSummary summary;
    summary.termination = StartSummary::Termination::kStopped;
    return summary;
  }

  void AwaitHanging(int starts) const {
    while (begun_ < starts) std::this_thread::yield();
  }

  std::int64_t Submit(JobManager& manager) { return manager.Submit(JobOf(*spec_)).value().record.id; }

  std::shared_ptr<const SearchSpec> spec_ = TestSpec(4, 60);
  std::set<std::int64_t> hanging_;
  std::atomic<bool> dying_ = false;
  std::atomic<int> begun_ = 0;
  MemoryRunStore store_;
  MortalStore mortal_{&store_};
};

TEST_F(CrashLoopTest, JobThatWasSilentAtTwoDeathsInARowIsFailed) {
  hanging_ = {1};
  for (int death = 1; death <= 2; ++death) {
    auto manager = Begin(1);
    if (death == 1) Submit(*manager);
    AwaitHanging(1);
    manager->KeepHouse();
    manager->KeepHouse();
    Die(std::move(manager));
    EXPECT_EQ(store_.GetJob(1)->state, JobState::kRunning);
  }
  const auto manager = Begin(1);
  EXPECT_EQ(store_.GetJob(1)->state, JobState::kFailed);
  EXPECT_THAT(store_.GetJob(1)->message, HasSubstr("the daemon died 2 times in a row while this job ran"));
  EXPECT_THAT(store_.GetJob(1)->message, HasSubstr("Submit it anew with less"));
  EXPECT_EQ(begun_, 0);
}

TEST_F(CrashLoopTest, JobsBesideItAreResumedAndSucceed) {
  hanging_ = {1};
  std::int64_t beside = 0;
  for (int death = 1; death <= 2; ++death) {
    auto manager = Begin(1);
    if (death == 1) {
      Submit(*manager);
      beside = Submit(*manager);
    }
    AwaitHanging(1);
    manager->KeepHouse();
    manager->KeepHouse();
    Die(std::move(manager));
  }
  const auto manager = Begin(1);
  StoreWatcher watcher(&store_);
  watcher.AwaitState(beside, JobState::kSucceeded);
  EXPECT_EQ(store_.GetJob(1)->state, JobState::kFailed);
}

TEST_F(CrashLoopTest, StopIsNoDeath) {
  hanging_ = {1};
  for (int stop = 1; stop <= 3; ++stop) {
    const auto manager = Begin(1);
    if (stop == 1) Submit(*manager);
    AwaitHanging(1);
    manager->KeepHouse();
    manager->KeepHouse();
    dying_ = true;
    ASSERT_EQ(manager->Drain(absl::InfiniteDuration()), absl::OkStatus());
  }
  EXPECT_EQ(store_.GetJob(1)->state, JobState::kRunning);
  EXPECT_THAT(*store_.CountCrashes(), testing::IsEmpty());
}

TEST_F(CrashLoopTest, JobThatDiesWithTheDaemonAtOnceIsFailedInTheEnd) {
  hanging_ = {1};
  for (int death = 1; death <= Suspects::kMostCrashes; ++death) {
    auto manager = Begin(1);
    if (death == 1) Submit(*manager);
    AwaitHanging(1);
    Die(std::move(manager));
    EXPECT_EQ(store_.GetJob(1)->state, JobState::kRunning) << "after " << death;
  }
  const auto manager = Begin(1);
  EXPECT_EQ(store_.GetJob(1)->state, JobState::kFailed);
}

TEST_F(CrashLoopTest, SuspectsRunOneAtATime) {
  hanging_ = {1, 2};
  {
    auto manager = Begin(8);
    Submit(*manager);
    Submit(*manager);
    AwaitHanging(8);
    Die(std::move(manager));
  }
  hanging_ = {1};
  auto manager = Begin(8);
  AwaitHanging(4);
  EXPECT_EQ(store_.GetJob(2)->starts_done, 0);
  EXPECT_EQ(manager->Cancel(1, {})->state, JobState::kCancelled);
  // Now it is the other's turn.
  StoreWatcher watcher(&store_);
  watcher.AwaitState(2, JobState::kSucceeded);
  dying_ = true;
}

TEST_F(CrashLoopTest, OutOfMemoryEndsTheJobAndNotTheDaemon) {
  JobManager::Options options;
  options.store = &store_;
  options.num_threads = 1;
  options.decode_spec = [this](const JobRecord&) { return spec_; };
  options.run_start = [](const SearchSpec&, int, PointSink&) -> StartSummary { throw std::bad_alloc(); };
  StoreWatcher watcher(&store_);
  const auto manager = JobManager::Create(std::move(options)).value();
  const std::int64_t job = Submit(*manager);
  EXPECT_THAT(watcher.AwaitState(job, JobState::kFailed).message, HasSubstr("bad_alloc"));
}

}  // namespace
}  // namespace oneloop
