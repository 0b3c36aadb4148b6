#include "server/jobs/job_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <tuple>

#include "common/base/status.h"
#include "server/store/memory_run_store.h"
#include "server/store/sqlite_run_store.h"
#include "tests/server/jobs/jobs_test_util.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

// Everything of a point that a user sees, but the revisions.
using PointKey = std::tuple<std::int64_t, std::int64_t, double, double, double, double, bool>;

std::vector<PointKey> PointsOf(RunStore& store, std::int64_t job_id) {
  std::vector<PointKey> keys;
  for (const PointRecord& record : AllPoints(store, job_id)) {
    keys.emplace_back(record.number, record.point.sample, record.point.energy_uj, record.point.latency_cycles,
                      record.point.area_mm2, record.point.parameters.at(0), record.on_front());
  }
  return keys;
}

class JobManagerTest : public testing::Test {
 protected:
  JobManager::Options ManagerOptions(int threads = 2) {
    JobManager::Options options;
    options.store = &store_;
    options.decode_spec = [this](const JobRecord&) { return spec_; };
    options.run_start = FakeRun;
    options.num_threads = threads;
    options.writer.points_per_batch = 7;
    return options;
  }

  std::unique_ptr<JobManager> Manager(JobManager::Options options) {
    return JobManager::Create(std::move(options)).value();
  }

  std::unique_ptr<JobManager> GatedManager(GatedRunner* runner) {
    JobManager::Options options = ManagerOptions();
    options.run_start = [runner](const SearchSpec& spec, int start, PointSink& sink) {
      return runner->Run(spec, start, sink);
    };
    return Manager(std::move(options));
  }

  std::int64_t Submit(JobManager& manager) { return manager.Submit(JobOf(*spec_)).value().record.id; }

  // The points of the same job when nothing disturbs it.
  std::vector<PointKey> UndisturbedPoints() {
    MemoryRunStore store;
    StoreWatcher watcher(&store);
    JobManager::Options options = ManagerOptions(1);
    options.store = &store;
    const auto manager = Manager(std::move(options));
    const std::int64_t id = Submit(*manager);
    watcher.AwaitState(id, JobState::kSucceeded);
    return PointsOf(store, id);
  }

  std::shared_ptr<const SearchSpec> spec_ = TestSpec(5, 60);
  MemoryRunStore store_;
  StoreWatcher watcher_{&store_};
};

TEST_F(JobManagerTest, RunsEveryStartAndSucceeds) {
  const auto manager = Manager(ManagerOptions());
  const std::int64_t id = Submit(*manager);
  const JobRecord job = watcher_.AwaitState(id, JobState::kSucceeded);
  EXPECT_EQ(job.starts_done, 5);
  EXPECT_EQ(job.samples_done, 300);
  EXPECT_EQ(job.points, 300);
  EXPECT_TRUE(job.best_point.has_value());
  EXPECT_TRUE(job.start_time.has_value());
  EXPECT_TRUE(job.end_time.has_value());
  const JobChanges changes = store_.ReadChanges(id, 0, 1000).value();
  ASSERT_EQ(changes.states.size(), 3u);
  EXPECT_EQ(changes.states[0].state, JobState::kPending);
  EXPECT_EQ(changes.states[1].state, JobState::kRunning);
  EXPECT_EQ(changes.states[2].state, JobState::kSucceeded);
}

TEST_F(JobManagerTest, AnyNumberOfThreadsAndSizeOfBatchesGivesTheSamePoints) {
  const std::vector<PointKey> expected = UndisturbedPoints();
  ASSERT_EQ(expected.size(), 300u);
  const TempDirectory directory;
  SqliteRunStore::Options options;
  options.data_dir = directory.path();
  const std::unique_ptr<RunStore> sqlite = SqliteRunStore::Create(options).value();
  for (RunStore* store : {static_cast<RunStore*>(&store_), sqlite.get()}) {
    StoreWatcher watcher(store);
    for (const int threads : {1, 2, 5}) {
      for (const int points_per_batch : {1, 3, 1000}) {
        JobManager::Options manager_options = ManagerOptions(threads);
        manager_options.store = store;
        manager_options.writer.points_per_batch = points_per_batch;
        const auto manager = Manager(std::move(manager_options));
        const std::int64_t id = Submit(*manager);
        watcher.AwaitState(id, JobState::kSucceeded);
        EXPECT_EQ(PointsOf(*store, id), expected) << threads << " threads, batches of " << points_per_batch;
      }
    }
  }
}

TEST_F(JobManagerTest, YoungerJobProgressesWhileAnOlderOneWaitsForItsTurns) {
  GatedRunner runner(0);
  spec_ = TestSpec(1000, 1);
  const auto manager = GatedManager(&runner);
  const std::int64_t older = Submit(*manager);
  const std::int64_t younger = Submit(*manager);
  runner.Open();
  watcher_.Await([&] { return store_.GetJob(younger)->starts_done >= 1; });
  EXPECT_LT(store_.GetJob(older)->starts_done, 1000);
}

TEST_F(JobManagerTest, CancelStopsRunningStartsAndKeepsTheirPoints) {
  GatedRunner runner(20);
  const auto manager = GatedManager(&runner);
  const std::int64_t id = Submit(*manager);
  runner.AwaitHeld(2);
  watcher_.Await([&] { return store_.GetJob(id)->points >= 28; });
  const JobRecord job = manager->Cancel(id, std::nullopt).value();
  EXPECT_EQ(job.state, JobState::kCancelled);
  ASSERT_TRUE(manager->Drain(absl::Seconds(60)).ok());
  EXPECT_EQ(runner.stopped(), 2);
  EXPECT_GE(store_.GetJob(id)->points, 28);
  EXPECT_EQ(store_.GetJob(id)->state, JobState::kCancelled);
  EXPECT_EQ(manager->Cancel(id, std::nullopt).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(JobManagerTest, PausedJobResumesAndEndsWithTheSamePoints) {
  GatedRunner runner(20);
  const auto manager = GatedManager(&runner);
  const std::int64_t id = Submit(*manager);
  runner.AwaitHeld(2);
  EXPECT_EQ(manager->Pause(id, std::nullopt)->state, JobState::kPaused);
  EXPECT_EQ(manager->Pause(id, std::nullopt).status().code(), absl::StatusCode::kFailedPrecondition);
  runner.Open();
  ASSERT_TRUE(manager->Resume(id, std::nullopt).ok());
  watcher_.AwaitState(id, JobState::kSucceeded);
  EXPECT_EQ(PointsOf(store_, id), UndisturbedPoints());
}

TEST_F(JobManagerTest, ManyPausesAndResumesLoseNothing) {
  spec_ = TestSpec(5, 500);
  const auto manager = Manager(ManagerOptions());
  const std::int64_t id = Submit(*manager);
  for (int i = 0; i < 20; ++i) {
    if (!manager->Pause(id, std::nullopt).ok() || !manager->Resume(id, std::nullopt).ok()) break;
  }
  watcher_.AwaitState(id, JobState::kSucceeded);
  EXPECT_EQ(PointsOf(store_, id), UndisturbedPoints());
}

TEST_F(JobManagerTest, StaleRevisionChangesNothing) {
  GatedRunner runner(0);
  const auto manager = GatedManager(&runner);
  const std::int64_t id = Submit(*manager);
  runner.AwaitHeld(2);
  EXPECT_EQ(manager->Cancel(id, 1).status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(store_.GetJob(id)->state, JobState::kRunning);
}

TEST_F(JobManagerTest, DrainedJobGoesOnWithTheNextManagerAndEndsWithTheSamePoints) {
  GatedRunner runner(20);
  std::int64_t id = 0;
  {
    const auto manager = GatedManager(&runner);
    id = Submit(*manager);
    runner.AwaitHeld(2);
    ASSERT_TRUE(manager->Drain(absl::Seconds(60)).ok());
    EXPECT_EQ(manager->Submit(JobOf(*spec_)).status().code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(store_.GetJob(id)->state, JobState::kRunning);
    EXPECT_EQ(store_.GetJob(id)->points, 40) << "points of the stopped starts are not stored";
  }
  const auto manager = Manager(ManagerOptions());
  watcher_.AwaitState(id, JobState::kSucceeded);
  EXPECT_EQ(PointsOf(store_, id), UndisturbedPoints());
}

TEST_F(JobManagerTest, PausedJobStaysPausedOverARestartUntilItIsResumed) {
  GatedRunner runner(20);
  std::int64_t id = 0;
  {
    const auto manager = GatedManager(&runner);
    id = Submit(*manager);
    runner.AwaitHeld(2);
    ASSERT_TRUE(manager->Pause(id, std::nullopt).ok());
  }
  const auto manager = Manager(ManagerOptions());
  EXPECT_EQ(store_.GetJob(id)->state, JobState::kPaused);
  ASSERT_TRUE(manager->Resume(id, std::nullopt).ok());
  watcher_.AwaitState(id, JobState::kSucceeded);
  EXPECT_EQ(PointsOf(store_, id), UndisturbedPoints());
}

TEST_F(JobManagerTest, JobWhoseStartsAreAllDoneSucceedsAtRecovery) {
  spec_ = TestSpec(1, 5);
  const std::int64_t id = store_.CreateJob(JobOf(*spec_))->record.id;
  PointBatch batch;
  batch.job_id = id;
  batch.samples_done = 5;
  batch.start_done = true;
  ASSERT_TRUE(Append(store_, std::move(batch)).ok());
  const auto manager = Manager(ManagerOptions());
  EXPECT_EQ(store_.GetJob(id)->state, JobState::kSucceeded);
}

TEST_F(JobManagerTest, JobThatCannotBeDecodedFailsWithTheReason) {
  JobManager::Options options = ManagerOptions();
  options.decode_spec = [](const JobRecord&) { return absl::DataLossError("the spec is damaged"); };
  const auto manager = Manager(std::move(options));
  const JobRecord job = watcher_.AwaitState(Submit(*manager), JobState::kFailed);
  EXPECT_THAT(job.message, HasSubstr("the spec is damaged"));
}

// Refuses points while `error` is set.
class RefusingStore : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  void AppendPoints(PointBatch batch, std::function<void(absl::Status)> done) override {
    if (refuses) {
      done(error);
    } else {
      ForwardingStore::AppendPoints(std::move(batch), std::move(done));
    }
  }
  std::atomic<bool> refuses = true;
  absl::Status error;
};

TEST_F(JobManagerTest, FullDiskPausesTheJobWithTheReasonAndItCanBeResumed) {
  RefusingStore full(&store_);
  full.error = absl::ResourceExhaustedError("the disk is full");
  JobManager::Options options = ManagerOptions();
  options.store = &full;
  const auto manager = Manager(std::move(options));
  const std::int64_t id = Submit(*manager);
  const JobRecord job = watcher_.AwaitState(id, JobState::kPaused);
  EXPECT_THAT(job.message, HasSubstr("the disk is full"));
  full.refuses = false;
  // The second of two starts may pause the job once more.
  while (!manager->Resume(id, std::nullopt).ok() || store_.GetJob(id)->state == JobState::kPaused) {
  }
  watcher_.Await([&] {
    if (store_.GetJob(id)->state == JobState::kPaused) manager->Resume(id, std::nullopt).IgnoreError();
    return store_.GetJob(id)->state == JobState::kSucceeded;
  });
  EXPECT_EQ(PointsOf(store_, id), UndisturbedPoints());
}

TEST_F(JobManagerTest, OtherStorageErrorsFailTheJobWithTheReason) {
  RefusingStore broken(&store_);
  broken.error = absl::InternalError("the controller is on fire");
  JobManager::Options options = ManagerOptions();
  options.store = &broken;
  const auto manager = Manager(std::move(options));
  const JobRecord job = watcher_.AwaitState(Submit(*manager), JobState::kFailed);
  EXPECT_THAT(job.message, HasSubstr("the controller is on fire"));
}

TEST_F(JobManagerTest, CountsOutOfRangeAreRefusedWithTheField) {
  const auto manager = Manager(ManagerOptions());
  NewJob job = JobOf(*spec_);
  for (const int starts : {0, -1, 10001, 1000000000}) {
    job.num_starts = starts;
    const absl::Status status = manager->Submit(job).status();
    EXPECT_EQ(FieldOf(status), "starts");
    EXPECT_THAT(Message(status), HasSubstr("valid: 1 to 10000"));
  }
  EXPECT_TRUE(store_.ListJobs(JobQuery())->empty());
}

TEST_F(JobManagerTest, TooManyUnfinishedJobsAreRefused) {
  GatedRunner runner(0);
  JobManager::Options options = ManagerOptions();
  options.max_unfinished_jobs = 2;
  options.run_start = [&](const SearchSpec& spec, int start, PointSink& sink) { return runner.Run(spec, start, sink); };
  const auto manager = Manager(std::move(options));
  Submit(*manager);
  Submit(*manager);
  EXPECT_EQ(manager->Submit(JobOf(*spec_)).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(JobManagerTest, RepeatedRequestIdRunsOneJob) {
  const auto manager = Manager(ManagerOptions());
  const RunStore::CreateResult first = manager->Submit(JobOf(*spec_, "once")).value();
  const RunStore::CreateResult second = manager->Submit(JobOf(*spec_, "once")).value();
  EXPECT_TRUE(first.created);
  EXPECT_FALSE(second.created);
  EXPECT_EQ(first.record.id, second.record.id);
  EXPECT_EQ(watcher_.AwaitState(first.record.id, JobState::kSucceeded).points, 300);
}

}  // namespace
}  // namespace oneloop
