#include "server/jobs/job_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <new>
#include <string>
#include <thread>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "server/search/own_best.h"
#include "server/search/run_start.h"
#include "server/store/sqlite_run_store.h"
#include "tests/server/jobs/jobs_test_util.h"
#include "tests/server/store/memory_run_store.h"
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

  static JobManager::BoundProver ProverOf(GatedProver* prover) {
    return [prover](const SearchSpec& spec, const std::function<bool()>& stop_requested) {
      return prover->Prove(spec, stop_requested);
    };
  }

  std::int64_t Submit(JobManager& manager) {
    NewJob job = JobOf(*spec_);
    job.stop_gap = stop_gap_;
    return manager.Submit(job).value().record.id;
  }

  // The points of the same job when nothing disturbs it.
  std::vector<PointKey> UndisturbedPoints() {
    MemoryRunStore store;
    StoreWatcher watcher(&store);
    JobManager::Options options = ManagerOptions(1);
    options.store = &store;
    GatedProver prover(bound_);
    prover.Open();
    if (stop_gap_) options.prove_bound = ProverOf(&prover);
    const auto manager = Manager(std::move(options));
    const std::int64_t id = Submit(*manager);
    watcher.AwaitState(id, JobState::kSucceeded);
    return PointsOf(store, id);
  }

  // Has spec_, stop_gap_ and bound_ be a job whose start `index`, and none before it, comes within the gap.
  void MakeStopGapJob() {
    spec_ = TestSpec(40, 60);
    double least = std::numeric_limits<double>::infinity();
    for (int start = 0; start < 8; ++start) {
      const double best = BestOf(start);
      if (best < least) first_within_ = start;
      least = std::min(least, best);
    }
    ASSERT_GE(first_within_, 2) << "too near to the beginning to tell anything";
    stop_gap_ = 0.25;
    bound_ = least / 1.25;
  }

  double BestOf(int start) const {
    class Sink : public PointSink {
     public:
      void OnPoint(const SearchPoint& point) override { best = std::min(best, point.score); }
      bool StopRequested() override { return false; }
      double best = std::numeric_limits<double>::infinity();
    };
    Sink sink;
    FakeRun(*spec_, start, sink);
    return sink.best;
  }

  std::shared_ptr<const SearchSpec> spec_ = TestSpec(5, 60);
  std::optional<double> stop_gap_;
  double bound_ = 1;
  int first_within_ = -1;
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

TEST_F(JobManagerTest, JobSaysThatItConvergedWhenItsSecondHalfBroughtNothingBetter) {
  for (const std::int64_t best_sample : {20, 40}) {
    JobManager::Options options = ManagerOptions();
    options.run_start = [best_sample](const SearchSpec& spec, int start, PointSink& sink) {
      const std::vector<Mapping> mappings(spec.workload->layers.size());
      StartSummary summary;
      for (std::int64_t sample = 1; sample <= spec.samples_per_start; ++sample) {
        const double score = 100 + start + std::abs(static_cast<double>(sample - best_sample));
        const HardwarePoint hardware(static_cast<std::size_t>(spec.hardware_template->num_parameters()), 1);
        sink.OnPoint({sample, SearchPointOrigin::kPolish, {score, 1, 1}, score, hardware, &mappings});
        summary.samples = sample;
      }
      return summary;
    };
    options.prove_bound = [](const SearchSpec&, const std::function<bool()>&) {
      LowerBound bound;
      bound.objective = 80;
      return std::optional<LowerBound>(bound);
    };
    const auto manager = Manager(std::move(options));
    const JobRecord job = watcher_.AwaitState(Submit(*manager), JobState::kSucceeded);
    if (best_sample == 20) {
      EXPECT_EQ(job.message,
                "converged: start 0 found the best design at its sample 20 of 60, and none found a better one; it is "
                "25 % above the proven lower bound");
    } else {
      EXPECT_EQ(job.message, "");
    }
  }
}

TEST_F(JobManagerTest, WhereNothingIsProvenNoJobSaysThatItConverged) {
  JobManager::Options options = ManagerOptions();
  options.prove_bound = [](const SearchSpec&, const std::function<bool()>&) {
    return std::optional<LowerBound>(LowerBound());
  };
  const auto manager = Manager(std::move(options));
  EXPECT_EQ(watcher_.AwaitState(Submit(*manager), JobState::kSucceeded).message, "");
}

TEST_F(JobManagerTest, StartsThatDivergedAreToldInTheJobsMessage) {
  JobManager::Options options = ManagerOptions();
  options.run_start = [](const SearchSpec&, int start, PointSink&) {
    StartSummary summary;
    if (start != 0) summary.message = "the descent diverged";
    return summary;
  };
  const auto manager = Manager(std::move(options));
  const std::string message = watcher_.AwaitState(Submit(*manager), JobState::kSucceeded).message;
  EXPECT_THAT(message, HasSubstr("4 starts did not run as planned, start "));
  EXPECT_THAT(message, HasSubstr(" for one: the descent diverged"));
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

// The ratio to each network's own best, which is found with the bound.
TEST_F(JobManagerTest, StartsThatCompareWithOwnBestsWaitForThem) {
  auto spec = std::make_shared<SearchSpec>(*TestSpec(3, 20));
  Workload workload = *spec->workload;
  workload.networks = {{"alone", 1}};
  spec->workload = std::make_shared<const Workload>(workload);
  spec->combination = {Combination::Kind::kWorstRatio, {0}};
  // Its template costs no energy.
  spec->objective = MetricProduct::Of(Metric::kLatency);
  spec_ = spec;
  for (const bool restarted : {false, true}) {
    SCOPED_TRACE(restarted);
    std::atomic<int> without_reference = 0;
    GatedProver prover(1);
    JobManager::Options options = ManagerOptions();
    options.prove_bound = ProverOf(&prover);
    options.run_start = [&](const SearchSpec& asked, int start, PointSink& sink) {
      if (LacksReferences(asked)) ++without_reference;
      return FakeRun(asked, start, sink);
    };
    options.decode_spec = [this](const JobRecord& record) -> absl::StatusOr<std::shared_ptr<const SearchSpec>> {
      return record.bound ? WithReferences(spec_, record.bound->own_bests) : spec_;
    };
    NewJob job = JobOf(*spec_);
    job.starts_wait_for_bound = true;
    std::unique_ptr<JobManager> manager = Manager(options);
    const std::int64_t id = manager->Submit(job).value().record.id;
    if (restarted) {
      ASSERT_TRUE(manager->Pause(id, std::nullopt).ok());
      manager = nullptr;
      manager = Manager(options);
      ASSERT_TRUE(manager->Resume(id, std::nullopt).ok());
    }
    prover.Open();
    const JobRecord ended = watcher_.AwaitState(id, JobState::kSucceeded);
    EXPECT_EQ(ended.starts_done, 3);
    EXPECT_EQ(without_reference, 0);
    ASSERT_EQ(ended.bound->own_bests.size(), 1u);
    EXPECT_TRUE(std::isfinite(ended.bound->own_bests[0]));
  }
}

TEST_F(JobManagerTest, JobWhoseStartsAreAllDoneSucceedsAtRecovery) {
  spec_ = TestSpec(1, 5);
  const std::int64_t id = store_.CreateJob(JobOf(*spec_))->record.id;
  PointBatch batch;
  batch.job_id = id;
  batch.samples_done = 5;
  batch.start_done = true;
  ASSERT_TRUE(Append(store_, std::move(batch)).ok());
  ASSERT_TRUE(store_.SetJobBound(id, {1, 1, 1, 1, true}).ok());
  const auto manager = Manager(ManagerOptions());
  EXPECT_THAT(watcher_.AwaitState(id, JobState::kSucceeded).message, HasSubstr("no design was found"));
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
  absl::StatusOr<JobRecord> SetJobState(std::int64_t id, const std::vector<JobState>& from, JobState to,
                                        const std::string& message,
                                        std::optional<std::int64_t> expected_revision) override {
    if (refuses_states || (refuses_ends && IsFinal(to))) return error;
    return ForwardingStore::SetJobState(id, from, to, message, expected_revision);
  }
  absl::StatusOr<std::vector<StartRecord>> ListStarts(std::int64_t job_id) override {
    if (refuses_starts) {
      ++starts_refused;
      return error;
    }
    return ForwardingStore::ListStarts(job_id);
  }
  std::atomic<bool> refuses = true;
  std::atomic<bool> refuses_states = false;
  std::atomic<bool> refuses_ends = false;
  std::atomic<bool> refuses_starts = false;
  std::atomic<int> starts_refused = 0;
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

JobManager::Options RetryingAtOnce(JobManager::Options options) {
  options.stalled.first_delay = absl::Milliseconds(1);
  options.stalled.most_delay = absl::Milliseconds(1);
  return options;
}

TEST_F(JobManagerTest, JobGoesOnByItselfOnceTheStorageWorksAgain) {
  for (const absl::Status& error :
       {absl::ResourceExhaustedError("the disk is full"), absl::UnavailableError("disk I/O error")}) {
    RefusingStore failing(&store_);
    failing.error = error;
    JobManager::Options options = RetryingAtOnce(ManagerOptions());
    options.store = &failing;
    const auto manager = Manager(std::move(options));
    const std::int64_t id = Submit(*manager);
    EXPECT_THAT(watcher_.AwaitState(id, JobState::kPaused).message, HasSubstr(std::string(error.message())));
    failing.refuses = false;
    EXPECT_EQ(watcher_.AwaitState(id, JobState::kSucceeded).message.find("paused"), std::string::npos);
    EXPECT_EQ(PointsOf(store_, id), UndisturbedPoints());
    EXPECT_FALSE(manager->StorageStall(id).has_value());
  }
}

TEST_F(JobManagerTest, JobOfWhichNotEvenThePauseCouldBeStoredGoesOnByItself) {
  RefusingStore full(&store_);
  full.error = absl::ResourceExhaustedError("the disk is full");
  JobManager::Options options = RetryingAtOnce(ManagerOptions());
  options.store = &full;
  const auto manager = Manager(std::move(options));
  full.refuses_states = true;
  const std::int64_t id = Submit(*manager);
  while (!manager->StorageStall(id)) std::this_thread::yield();
  EXPECT_THAT(*manager->StorageStall(id), HasSubstr("the disk is full"));
  EXPECT_NE(store_.GetJob(id)->state, JobState::kPaused);
  full.refuses_states = false;
  full.refuses = false;
  watcher_.AwaitState(id, JobState::kSucceeded);
  EXPECT_EQ(PointsOf(store_, id), UndisturbedPoints());
}

// Whether it was the disk or something else.
TEST_F(JobManagerTest, EndThatCouldNotBeStoredIsStoredLater) {
  for (const absl::Status& error :
       {absl::ResourceExhaustedError("the disk is full"), absl::InternalError("the controller is on fire")}) {
    SCOPED_TRACE(error);
    RefusingStore refusing(&store_);
    refusing.error = error;
    refusing.refuses = false;
    GatedRunner runner(20);
    JobManager::Options options = RetryingAtOnce(ManagerOptions());
    options.store = &refusing;
    options.run_start = [&runner](const SearchSpec& spec, int start, PointSink& sink) {
      return runner.Run(spec, start, sink);
    };
    const auto manager = Manager(std::move(options));
    const std::int64_t id = Submit(*manager);
    watcher_.AwaitState(id, JobState::kRunning);
    refusing.refuses_ends = true;
    runner.Open();
    while (!manager->StorageStall(id)) std::this_thread::yield();
    EXPECT_EQ(store_.GetJob(id)->state, JobState::kRunning);
    refusing.refuses_ends = false;
    watcher_.AwaitState(id, JobState::kSucceeded);
  }
}

TEST_F(JobManagerTest, JobThatCannotBeQueuedStaysPausedAndCanBeResumedLater) {
  RefusingStore broken(&store_);
  broken.refuses = false;
  GatedRunner runner(20);
  JobManager::Options options = ManagerOptions();
  options.store = &broken;
  options.run_start = [&runner](const SearchSpec& spec, int start, PointSink& sink) {
    return runner.Run(spec, start, sink);
  };
  const auto manager = Manager(std::move(options));
  const std::int64_t id = Submit(*manager);
  watcher_.AwaitState(id, JobState::kRunning);
  ASSERT_TRUE(manager->Pause(id, std::nullopt).ok());
  for (const absl::Status& error : {absl::UnavailableError("disk I/O error"), absl::DataLossError("page 7 is torn")}) {
    broken.error = error;
    broken.refuses_starts = true;
    EXPECT_EQ(manager->Resume(id, std::nullopt).status(), error);
    EXPECT_EQ(store_.GetJob(id)->state, JobState::kPaused);
    EXPECT_EQ(store_.GetJob(id)->message, "paused on request");
  }
  broken.refuses_starts = false;
  runner.Open();
  ASSERT_TRUE(manager->Resume(id, std::nullopt).ok());
  watcher_.AwaitState(id, JobState::kSucceeded);
  EXPECT_EQ(PointsOf(store_, id), UndisturbedPoints());
}

TEST_F(JobManagerTest, StalledJobThatCannotBeQueuedIsNotStoredAsPending) {
  RefusingStore full(&store_);
  full.error = absl::ResourceExhaustedError("the disk is full");
  JobManager::Options options = RetryingAtOnce(ManagerOptions());
  options.store = &full;
  const auto manager = Manager(std::move(options));
  full.refuses_starts = true;
  const std::int64_t id = Submit(*manager);
  watcher_.AwaitState(id, JobState::kPaused);
  full.refuses = false;
  while (full.starts_refused < 3) std::this_thread::yield();
  EXPECT_EQ(store_.GetJob(id)->state, JobState::kPaused);
  full.refuses_starts = false;
  watcher_.AwaitState(id, JobState::kSucceeded);
}

TEST_F(JobManagerTest, FailureThatCouldNotBeStoredIsStoredLater) {
  RefusingStore full(&store_);
  full.error = absl::ResourceExhaustedError("the disk is full");
  full.refuses = false;
  JobManager::Options options = RetryingAtOnce(ManagerOptions());
  options.store = &full;
  options.run_start = [&full](const SearchSpec&, int, PointSink&) -> StartSummary {
    full.refuses_states = true;
    throw std::bad_alloc();
  };
  const auto manager = Manager(std::move(options));
  const std::int64_t id = Submit(*manager);
  while (!manager->StorageStall(id)) std::this_thread::yield();
  EXPECT_EQ(store_.GetJob(id)->state, JobState::kRunning);
  full.refuses_states = false;
  EXPECT_THAT(watcher_.AwaitState(id, JobState::kFailed).message, HasSubstr("bad_alloc"));
}

TEST_F(JobManagerTest, PauseForTheStorageEndsWithTheNextManagerAndAUsersDoesNot) {
  std::int64_t by_storage = 0;
  std::int64_t by_user = 0;
  {
    RefusingStore full(&store_);
    full.error = absl::ResourceExhaustedError("the disk is full");
    JobManager::Options options = ManagerOptions();
    options.stalled = {absl::Hours(1), absl::Hours(1)};
    options.store = &full;
    const auto manager = Manager(std::move(options));
    by_storage = Submit(*manager);
    by_user = Submit(*manager);
    watcher_.AwaitState(by_storage, JobState::kPaused);
    watcher_.AwaitState(by_user, JobState::kPaused);
    const auto paused = manager->Pause(by_user, std::nullopt);
    ASSERT_TRUE(paused.ok()) << paused.status();
    EXPECT_EQ(paused->message, "paused on request");
    EXPECT_EQ(manager->Pause(by_user, std::nullopt).status().code(), absl::StatusCode::kFailedPrecondition);
  }
  EXPECT_EQ(store_.GetJob(by_storage)->state, JobState::kPaused);
  const auto manager = Manager(RetryingAtOnce(ManagerOptions()));
  watcher_.AwaitState(by_storage, JobState::kSucceeded);
  EXPECT_EQ(PointsOf(store_, by_storage), UndisturbedPoints());
  EXPECT_EQ(store_.GetJob(by_user)->state, JobState::kPaused);
}

TEST_F(JobManagerTest, StalledJobCanBeCancelled) {
  RefusingStore full(&store_);
  full.error = absl::ResourceExhaustedError("the disk is full");
  JobManager::Options options = ManagerOptions();
  options.store = &full;
  const auto manager = Manager(std::move(options));
  const std::int64_t id = Submit(*manager);
  watcher_.AwaitState(id, JobState::kPaused);
  EXPECT_TRUE(manager->Cancel(id, std::nullopt).ok());
  EXPECT_FALSE(manager->StorageStall(id).has_value());
}

TEST(StalledJobsTest, DelaysDoubleUpToTheLargest) {
  const StalledJobs::Options options = {absl::Seconds(1), absl::Seconds(60)};
  EXPECT_EQ(StalledJobs::DelayBefore(0, options), absl::Seconds(1));
  EXPECT_EQ(StalledJobs::DelayBefore(1, options), absl::Seconds(2));
  EXPECT_EQ(StalledJobs::DelayBefore(5, options), absl::Seconds(32));
  EXPECT_EQ(StalledJobs::DelayBefore(6, options), absl::Seconds(60));
  EXPECT_EQ(StalledJobs::DelayBefore(1000000, options), absl::Seconds(60));
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

// --- The lower bound ---

TEST_F(JobManagerTest, JobHasItsBoundOnceItHasSucceeded) {
  auto spec = std::make_shared<SearchSpec>(*spec_);
  spec->objective = MetricProduct::Of(Metric::kLatency);
  spec_ = spec;
  const auto manager = Manager(ManagerOptions());
  const JobRecord job = watcher_.AwaitState(Submit(*manager), JobState::kSucceeded);
  ASSERT_TRUE(job.bound.has_value());
  const LowerBound expected = *ProveSearchBound(*spec_, [] { return false; });
  EXPECT_GT(expected.objective, 0);
  EXPECT_EQ(job.bound->objective, expected.objective);
  EXPECT_EQ(job.bound->energy_uj, expected.energy_uj);
  EXPECT_EQ(job.bound->latency_cycles, expected.latency_cycles);
  EXPECT_EQ(job.bound->boxes, expected.boxes);
  EXPECT_EQ(job.bound->exhausted, expected.exhausted);
}

TEST_F(JobManagerTest, LimitThatTheProofShowsImpossibleFailsTheJobAsSoonAsTheBoundIsKnown) {
  auto spec = std::make_shared<SearchSpec>(*spec_);
  const LowerBound bound = *ProveSearchBound(*spec, [] { return false; });
  spec->limits = {{Quantity::kLatencyCycles, bound.latency_cycles - 1}};
  spec_ = spec;
  GatedRunner runner(20);  // never opened: no start ends
  const auto manager = GatedManager(&runner);
  const std::int64_t id = Submit(*manager);
  const JobRecord job = watcher_.AwaitState(id, JobState::kFailed);
  EXPECT_THAT(job.message, HasSubstr(absl::StrCat("latency_cycles <= ", bound.latency_cycles - 1, " is impossible")));
  EXPECT_THAT(job.message, HasSubstr(absl::StrCat("at least ", bound.latency_cycles, ";")));
  EXPECT_THAT(job.message, HasSubstr("the nearest value that a design was found for is "));
  ASSERT_TRUE(job.bound.has_value());
  EXPECT_TRUE(std::isinf(job.bound->objective));
}

TEST_F(JobManagerTest, LimitThatAStoredBoundShowsImpossibleFailsTheJobAtRecovery) {
  auto spec = std::make_shared<SearchSpec>(*spec_);
  spec->limits = {{Quantity::kLatencyCycles, ProveSearchBound(*spec, [] { return false; })->latency_cycles - 1}};
  spec_ = spec;
  const std::int64_t id = store_.CreateJob(JobOf(*spec_)).value().record.id;
  const double infinity = std::numeric_limits<double>::infinity();
  ASSERT_TRUE(store_.SetJobBound(id, {.objective = infinity, .energy_uj = infinity, .latency_cycles = infinity}).ok());
  GatedRunner runner(20);  // never opened: no start ends
  const auto manager = GatedManager(&runner);
  const JobRecord job = watcher_.AwaitState(id, JobState::kFailed);
  EXPECT_THAT(job.message, HasSubstr("limit latency_cycles <= "));
  EXPECT_THAT(job.message, HasSubstr("is impossible"));
}

// Every start ends without a design, and no bound says why.
TEST_F(JobManagerTest, JobThatFindsNothingFailsWithTheLimitsInConflict) {
  auto spec = std::make_shared<SearchSpec>(*spec_);
  spec->limits = {{Quantity::kLatencyCycles, ProveSearchBound(*spec, [] { return false; })->latency_cycles - 1}};
  spec_ = spec;
  JobManager::Options options = ManagerOptions();
  options.prove_bound = [](const SearchSpec&, const std::function<bool()>&) {
    LowerBound bound;
    bound.objective = 1;
    return bound;
  };
  options.run_start = RunStart;
  const auto manager = Manager(std::move(options));
  const JobRecord job = watcher_.AwaitState(Submit(*manager), JobState::kFailed);
  EXPECT_EQ(job.starts_done, job.job.num_starts);
  EXPECT_THAT(job.message, HasSubstr("limit latency_cycles <= "));
}

// Its diagnosis is no start that the rule of the stop gap knows.
TEST_F(JobManagerTest, JobWithAStopGapThatFindsNothingSaysSo) {
  JobManager::Options options = ManagerOptions();
  options.run_start = [](const SearchSpec&, int, PointSink&) { return StartSummary(); };
  const auto manager = Manager(std::move(options));
  NewJob job = JobOf(*spec_);
  job.stop_gap = 0.01;
  const std::int64_t id = manager->Submit(job)->record.id;
  EXPECT_THAT(watcher_.AwaitState(id, JobState::kSucceeded).message, HasSubstr("no design was found"));
}

TEST_F(JobManagerTest, LimitOfTheBoundItselfIsPossible) {
  auto spec = std::make_shared<SearchSpec>(*spec_);
  spec->limits = {{Quantity::kLatencyCycles, ProveSearchBound(*spec, [] { return false; })->latency_cycles}};
  spec_ = spec;
  const auto manager = Manager(ManagerOptions());
  watcher_.AwaitState(Submit(*manager), JobState::kSucceeded);
}

TEST_F(JobManagerTest, StartsDoNotWaitForTheBoundAndTheJobDoes) {
  GatedProver prover(1);
  JobManager::Options options = ManagerOptions();
  options.prove_bound = ProverOf(&prover);
  const auto manager = Manager(std::move(options));
  const std::int64_t id = Submit(*manager);
  watcher_.Await([&] { return store_.GetJob(id)->starts_done == 5; });
  EXPECT_EQ(store_.GetJob(id)->state, JobState::kRunning);
  EXPECT_FALSE(store_.GetJob(id)->bound.has_value());
  prover.Open();
  EXPECT_EQ(watcher_.AwaitState(id, JobState::kSucceeded).bound->objective, 1);
  EXPECT_EQ(prover.proven(), 1);
}

TEST_F(JobManagerTest, RunningJobShowsItsBoundAndAnotherManagerDoesNotProveItAgain) {
  GatedProver prover(1);
  prover.Open();
  GatedRunner runner(20);
  std::int64_t id = 0;
  {
    JobManager::Options options = ManagerOptions();
    options.prove_bound = ProverOf(&prover);
    options.run_start = [&](const SearchSpec& spec, int start, PointSink& sink) {
      return runner.Run(spec, start, sink);
    };
    const auto manager = Manager(std::move(options));
    id = Submit(*manager);
    watcher_.Await([&] { return store_.GetJob(id)->bound.has_value(); });
    EXPECT_EQ(store_.GetJob(id)->state, JobState::kRunning);
    ASSERT_TRUE(manager->Pause(id, std::nullopt).ok());
    ASSERT_TRUE(manager->Resume(id, std::nullopt).ok());
  }
  JobManager::Options options = ManagerOptions();
  options.prove_bound = ProverOf(&prover);
  const auto manager = Manager(std::move(options));
  watcher_.AwaitState(id, JobState::kSucceeded);
  EXPECT_EQ(prover.proven(), 1);
}

TEST_F(JobManagerTest, ProofThatTheDrainStoppedIsMadeByTheNextManager) {
  GatedProver prover(1);
  std::int64_t id = 0;
  {
    JobManager::Options options = ManagerOptions(1);
    options.prove_bound = ProverOf(&prover);
    const auto manager = Manager(std::move(options));
    id = Submit(*manager);
    prover.AwaitBegun(1);
    ASSERT_TRUE(manager->Drain(absl::Seconds(60)).ok());
    EXPECT_EQ(prover.stopped(), 1);
    EXPECT_EQ(store_.GetJob(id)->state, JobState::kRunning);
    EXPECT_FALSE(store_.GetJob(id)->bound.has_value());
  }
  prover.Open();
  JobManager::Options options = ManagerOptions();
  options.prove_bound = ProverOf(&prover);
  const auto manager = Manager(std::move(options));
  EXPECT_TRUE(watcher_.AwaitState(id, JobState::kSucceeded).bound.has_value());
  EXPECT_EQ(prover.proven(), 1);
}

TEST_F(JobManagerTest, CancelAndPauseStopTheProof) {
  GatedProver prover(1);
  JobManager::Options options = ManagerOptions(1);
  options.prove_bound = ProverOf(&prover);
  const auto manager = Manager(std::move(options));
  const std::int64_t cancelled = Submit(*manager);
  prover.AwaitBegun(1);
  ASSERT_TRUE(manager->Cancel(cancelled, std::nullopt).ok());
  const std::int64_t paused = Submit(*manager);
  prover.AwaitBegun(2);
  EXPECT_EQ(prover.stopped(), 1);
  ASSERT_TRUE(manager->Pause(paused, std::nullopt).ok());
  ASSERT_TRUE(manager->Resume(paused, std::nullopt).ok());
  prover.AwaitBegun(3);
  EXPECT_EQ(prover.stopped(), 2);
  prover.Open();
  EXPECT_TRUE(watcher_.AwaitState(paused, JobState::kSucceeded).bound.has_value());
  EXPECT_FALSE(store_.GetJob(cancelled)->bound.has_value());
  EXPECT_EQ(prover.proven(), 1);
}

// Refuses bounds while `error` is set.
class NoBoundStore : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  absl::Status SetJobBound(std::int64_t id, const JobBound& bound) override {
    return refuses ? absl::ResourceExhaustedError("the disk is full") : ForwardingStore::SetJobBound(id, bound);
  }
  std::atomic<bool> refuses = true;
};

TEST_F(JobManagerTest, FullDiskThatTakesNoBoundPausesTheJob) {
  NoBoundStore full(&store_);
  JobManager::Options options = ManagerOptions(1);
  options.store = &full;
  const auto manager = Manager(std::move(options));
  const std::int64_t id = Submit(*manager);
  EXPECT_THAT(watcher_.AwaitState(id, JobState::kPaused).message, HasSubstr("the disk is full"));
  full.refuses = false;
  ASSERT_TRUE(manager->Resume(id, std::nullopt).ok());
  EXPECT_TRUE(watcher_.AwaitState(id, JobState::kSucceeded).bound.has_value());
}

// --- The stop gap ---

TEST_F(JobManagerTest, StopGapEndsTheJobEarlyWithTheSamePointsOnAnyNumberOfThreads) {
  MakeStopGapJob();
  const std::vector<PointKey> expected = UndisturbedPoints();
  GatedProver prover(bound_);
  prover.Open();
  for (const int threads : {1, 2, 16}) {
    JobManager::Options options = ManagerOptions(threads);
    options.prove_bound = ProverOf(&prover);
    const auto manager = Manager(std::move(options));
    const std::int64_t id = Submit(*manager);
    const JobRecord job = watcher_.AwaitState(id, JobState::kSucceeded);
    EXPECT_EQ(job.starts_done, first_within_ + 5) << "an eighth of 40 starts from the first one within the gap on";
    EXPECT_LT(job.points, 60 * job.starts_done);
    EXPECT_EQ(job.message, "ended early: start " + std::to_string(first_within_) +
                               " found a design at most 25 % above the proven lower bound");
    EXPECT_LE(store_.GetPoint(id, *job.best_point)->point.score, 1.25 * bound_);
    EXPECT_EQ(PointsOf(store_, id), expected) << threads << " threads";
  }
}

TEST_F(JobManagerTest, StopGapJobGivesTheSamePointsWhenItIsInterrupted) {
  MakeStopGapJob();
  const std::vector<PointKey> expected = UndisturbedPoints();
  GatedProver prover(bound_);
  prover.Open();
  std::int64_t id = 0;
  // Each manager is gone once the starts up to `last` have ended, those after it being held.
  for (const int last : {0, first_within_, first_within_ + 2}) {
    GatedRunner runner(1);
    JobManager::Options options = ManagerOptions();
    options.prove_bound = ProverOf(&prover);
    options.run_start = [&](const SearchSpec& spec, int start, PointSink& sink) {
      return start <= last ? FakeRun(spec, start, sink) : runner.Run(spec, start, sink);
    };
    const auto manager = Manager(std::move(options));
    if (last == 0) id = Submit(*manager);
    watcher_.Await([&] { return store_.GetJob(id)->starts_done > last; });
    ASSERT_TRUE(manager->Pause(id, std::nullopt).ok());
    ASSERT_TRUE(manager->Resume(id, std::nullopt).ok());
  }
  JobManager::Options options = ManagerOptions();
  options.prove_bound = ProverOf(&prover);
  const auto manager = Manager(std::move(options));
  const JobRecord job = watcher_.AwaitState(id, JobState::kSucceeded);
  EXPECT_THAT(job.message, HasSubstr("ended early: start " + std::to_string(first_within_)));
  EXPECT_EQ(PointsOf(store_, id), expected);
}

TEST_F(JobManagerTest, StartsOfAStopGapJobWaitForTheBound) {
  MakeStopGapJob();
  GatedProver prover(bound_);
  std::atomic<int> begun = 0;
  // Two workers are busy with proofs.
  JobManager::Options options = ManagerOptions(3);
  options.prove_bound = ProverOf(&prover);
  options.run_start = [&](const SearchSpec& spec, int start, PointSink& sink) {
    ++begun;
    return FakeRun(spec, start, sink);
  };
  const auto manager = Manager(std::move(options));
  const std::int64_t waiting = Submit(*manager);
  prover.AwaitBegun(1);
  stop_gap_.reset();
  const std::int64_t other = Submit(*manager);
  watcher_.Await([&] { return store_.GetJob(other)->starts_done == 40; });
  EXPECT_EQ(begun, 40) << "other jobs go on meanwhile";
  EXPECT_EQ(store_.GetJob(waiting)->points, 0);
  prover.Open();
  watcher_.AwaitState(waiting, JobState::kSucceeded);
}

TEST_F(JobManagerTest, StopGapThatNothingReachesChangesNoPointAndIsTold) {
  const std::vector<PointKey> expected = UndisturbedPoints();
  stop_gap_ = 0.01;
  for (const double bound : {1.0, 0.0, std::numeric_limits<double>::infinity()}) {
    GatedProver prover(bound);
    prover.Open();
    JobManager::Options options = ManagerOptions();
    options.prove_bound = ProverOf(&prover);
    const auto manager = Manager(std::move(options));
    const std::int64_t id = Submit(*manager);
    const JobRecord job = watcher_.AwaitState(id, JobState::kSucceeded);
    EXPECT_EQ(job.message, "all samples were used without finding a design at most 1 % above the proven lower bound");
    EXPECT_EQ(PointsOf(store_, id), expected) << bound;
  }
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
