#include "server/jobs/worker_desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "server/work/memory_gate.h"
#include "server/work/worker.h"
#include "tests/server/jobs/jobs_test_util.h"
#include "tests/server/store/memory_run_store.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using PointKey = std::tuple<std::int64_t, std::int64_t, double, double, double, bool>;

std::vector<PointKey> PointsOf(RunStore& store, std::int64_t job_id) {
  std::vector<PointKey> keys;
  for (const PointRecord& record : AllPoints(store, job_id)) {
    keys.emplace_back(record.number, record.point.sample, record.point.energy_uj, record.point.latency_cycles,
                      record.point.parameters.at(0), record.on_front());
  }
  return keys;
}

constexpr absl::Duration kLeaseTime = absl::Seconds(10);

class WorkerDeskTest : public testing::Test {
 protected:
  JobManager::Options JobOptions(RunStore* store, int threads = JobManager::kNoThreads) {
    JobManager::Options options;
    options.store = store;
    options.decode_spec = [this](const JobRecord&) { return spec_; };
    options.run_start = FakeRun;
    options.prove_bound = [](const SearchSpec&, const std::function<bool()>&) { return LowerBound{}; };
    options.num_threads = threads;
    options.steady_clock = [this] { return clock_.Steady(); };
    return options;
  }

  WorkerDesk::Options DeskOptions() {
    WorkerDesk::Options options;
    options.jobs = jobs_.get();
    options.lease_time = kLeaseTime;
    options.max_workers = 3;
    options.make_secret = [this] { return absl::StrCat("secret", ++secrets_); };
    options.clock = [this] { return clock_.Now(); };
    options.steady_clock = [this] { return clock_.Steady(); };
    return options;
  }

  std::string Begin(const std::string& user = "slurm") {
    return desk_->Start({"pilot", "node1", 2, "1.0", "AVX2", user}).value().secret;
  }

  std::vector<HeldLease> Take(const std::string& secret, int count) {
    return desk_->Take({secret, "slurm"}, count).value();
  }

  absl::Status Append(const std::string& secret, const HeldLease& held, PointBatch batch,
                      const std::string& user = "slurm") {
    absl::Status result = absl::UnknownError("not called");
    std::atomic<bool> called = false;
    desk_->AppendPoints({secret, user}, held.epoch, std::move(batch), [&](const absl::Status& status) {
      result = absl::Status(status.code(), status.message());
      called = true;
    });
    while (!called) std::this_thread::yield();
    return result;
  }

  // All points of a start, as one batch.
  PointBatch BatchOf(const Lease& lease) const {
    class Keeper final : public BatchSink {
     public:
      void AppendPoints(PointBatch batch, std::function<void(absl::Status)> done) override {
        kept = std::move(batch);
        done(absl::OkStatus());
      }
      PointBatch kept;
    };
    Keeper keeper;
    WorkSignals signals;
    PointWriter writer(&keeper, *spec_->hardware_template, lease, &signals, {});
    const StartSummary summary = FakeRun(*spec_, lease.start, writer);
    EXPECT_TRUE(writer.Finish(summary.samples, Ending::kDone).ok());
    return keeper.kept;
  }

  static Outcome Done() {
    Outcome outcome;
    outcome.ending = Ending::kDone;
    return outcome;
  }

  absl::Status End(const std::string& secret, const HeldLease& held, const absl::StatusOr<Outcome>& outcome) {
    return desk_->End({secret, "slurm"}, held.lease, held.epoch, outcome);
  }

  // As a worker does; with what a real one adds to a proof.
  absl::Status Finish(const std::string& secret, const HeldLease& held) {
    Outcome outcome = Done();
    if (held.lease.start == kBoundUnit) {
      outcome.bound = JobBound{};
    } else if (held.lease.start >= 0) {
      RETURN_IF_ERROR(Append(secret, held, BatchOf(held.lease)));
    }
    return End(secret, held, outcome);
  }

  std::int64_t Submit() { return jobs_->Submit(JobOf(*spec_)).value().record.id; }

  void PassTime(absl::Duration by) {
    clock_.Advance(by);
    jobs_->KeepHouse();
  }

  const std::shared_ptr<const SearchSpec> spec_ = TestSpec(5, 60);
  FakeClock clock_;
  int secrets_ = 0;
  MemoryRunStore store_;
  StoreWatcher watcher_{&store_};
  std::unique_ptr<JobManager> jobs_ = JobManager::Create(JobOptions(&store_)).value();
  std::unique_ptr<WorkerDesk> desk_ = std::make_unique<WorkerDesk>(DeskOptions());
};

TEST_F(WorkerDeskTest, AJobOfWorkersEndsWithThePointsOfLocalThreads) {
  const std::int64_t id = Submit();
  const std::string one = Begin();
  const std::string two = Begin();
  for (;;) {
    std::vector<HeldLease> held = Take(one, 1);
    for (const HeldLease& lease : held) EXPECT_EQ(Finish(one, lease), absl::OkStatus());
    for (const HeldLease& lease : Take(two, 1)) EXPECT_EQ(Finish(two, lease), absl::OkStatus());
    if (held.empty()) break;
  }
  watcher_.AwaitState(id, JobState::kSucceeded);
  MemoryRunStore local_store;
  StoreWatcher local_watcher(&local_store);
  const auto local = JobManager::Create(JobOptions(&local_store, 2)).value();
  const std::int64_t local_id = local->Submit(JobOf(*spec_)).value().record.id;
  local_watcher.AwaitState(local_id, JobState::kSucceeded);
  EXPECT_EQ(PointsOf(store_, id), PointsOf(local_store, local_id));
}

TEST_F(WorkerDeskTest, ALeaseThatIsNotRenewedGoesToAnotherAndItsFirstHolderCanDoNothingWithIt) {
  const std::int64_t id = Submit();
  const std::string late = Begin();
  const std::string other = Begin();
  const std::vector<HeldLease> lost = Take(late, 2);
  ASSERT_THAT(lost, SizeIs(2));
  PassTime(kLeaseTime - absl::Seconds(1));
  EXPECT_THAT(desk_->Renew({late, "slurm"}, {{lost[1].lease, lost[1].epoch}}).value(),
              testing::ElementsAre(JobManager::LeaseState::kHeld));
  PassTime(absl::Seconds(1));
  const std::vector<HeldLease> taken = Take(other, 1);
  ASSERT_THAT(taken, SizeIs(1));
  EXPECT_EQ(taken[0].lease, lost[0].lease);
  // The first is the proof; of a start the points are refused, too.
  PassTime(kLeaseTime);
  const std::vector<HeldLease> start = Take(other, 1);
  ASSERT_THAT(start, SizeIs(1));
  EXPECT_EQ(desk_->Renew({late, "slurm"}, {{lost[1].lease, lost[1].epoch}}).value()[0], JobManager::LeaseState::kLost);
  EXPECT_TRUE(absl::IsFailedPrecondition(Append(late, lost[1], BatchOf(lost[1].lease))));
  Outcome forged = Done();
  forged.conflict = "nothing";
  EXPECT_EQ(End(late, lost[1], forged), absl::OkStatus());
  EXPECT_EQ(store_.GetJob(id)->state, JobState::kRunning) << "a late worker has no say";
  EXPECT_EQ(store_.GetJob(id)->points, 0);
}

TEST_F(WorkerDeskTest, ABatchThatIsSentTwiceCountsOnce) {
  const std::int64_t id = Submit();
  const std::string worker = Begin();
  const std::vector<HeldLease> held = Take(worker, 2);
  ASSERT_EQ(held[1].lease.start, 0);
  EXPECT_EQ(Append(worker, held[1], BatchOf(held[1].lease)), absl::OkStatus());
  EXPECT_EQ(Append(worker, held[1], BatchOf(held[1].lease)), absl::OkStatus());
  EXPECT_EQ(store_.GetJob(id)->points, 60);
  EXPECT_EQ(store_.GetJob(id)->samples_done, 60);
}

TEST_F(WorkerDeskTest, WhatADeadWorkerHadReportedIsNotDoubledWhenItsStartRunsAgain) {
  const std::int64_t id = Submit();
  const std::string dead = Begin();
  const std::vector<HeldLease> lost = Take(dead, 2);
  PointBatch half = BatchOf(lost[1].lease);
  half.points.resize(30);
  half.samples_done = 30;
  half.start_done = false;
  EXPECT_EQ(Append(dead, lost[1], half), absl::OkStatus());
  PassTime(kLeaseTime);
  const std::string other = Begin();
  for (std::vector<HeldLease> held = Take(other, 3); !held.empty(); held = Take(other, 3)) {
    for (const HeldLease& lease : held) EXPECT_EQ(Finish(other, lease), absl::OkStatus());
  }
  watcher_.AwaitState(id, JobState::kSucceeded);
  EXPECT_EQ(store_.GetJob(id)->points, 5 * 60);
}

TEST_F(WorkerDeskTest, OneWithoutTheSecretOrAnotherUserIsNoWorker) {
  Submit();
  const std::string worker = Begin();
  const std::vector<HeldLease> held = Take(worker, 2);
  EXPECT_TRUE(absl::IsNotFound(desk_->Take({"guessed", "slurm"}, 1).status()));
  EXPECT_TRUE(absl::IsNotFound(desk_->Take({worker, "mallory"}, 1).status()));
  EXPECT_TRUE(absl::IsNotFound(Append(worker, held[1], BatchOf(held[1].lease), "mallory")));
  EXPECT_TRUE(absl::IsNotFound(desk_->SearchOf({worker, "mallory"}, held[1].lease, held[1].epoch).status()));
}

TEST_F(WorkerDeskTest, AWorkerReachesOnlyWhatItHolds) {
  const std::int64_t id = Submit();
  const std::string worker = Begin();
  const std::string other = Begin();
  const std::vector<HeldLease> held = Take(worker, 2);
  EXPECT_TRUE(absl::IsFailedPrecondition(desk_->SearchOf({other, "slurm"}, held[1].lease, held[1].epoch).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(Append(other, held[1], BatchOf(held[1].lease))));
  HeldLease never = held[1];
  never.lease.start = 4;
  EXPECT_TRUE(absl::IsFailedPrecondition(Append(worker, never, BatchOf(never.lease))));
  never.lease.job_id = id + 1;
  EXPECT_TRUE(absl::IsFailedPrecondition(Append(worker, never, BatchOf(never.lease))));
  EXPECT_EQ(End(other, held[1], absl::InternalError("broken")), absl::OkStatus());
  EXPECT_EQ(store_.GetJob(id)->state, JobState::kRunning);
}

TEST_F(WorkerDeskTest, WhatAJobIsStoppedForIsToldWithTheNextRenewal) {
  const std::int64_t id = Submit();
  const std::string worker = Begin();
  const std::vector<HeldLease> held = Take(worker, 2);
  ASSERT_TRUE(jobs_->Pause(id, std::nullopt).ok());
  EXPECT_EQ(desk_->Renew({worker, "slurm"}, {{held[1].lease, held[1].epoch}}).value()[0],
            JobManager::LeaseState::kStopped);
  EXPECT_EQ(End(worker, held[1], Outcome{}), absl::OkStatus());
  EXPECT_THAT(Take(worker, 4), IsEmpty());
  ASSERT_TRUE(jobs_->Resume(id, std::nullopt).ok());
  EXPECT_THAT(Take(worker, 1), SizeIs(1));
  EXPECT_EQ(jobs_->num_waiting(), 4) << "all but that and the proof, which is out";
}

TEST_F(WorkerDeskTest, AWorkerHoldsNoMoreThanItHasThreadsFor) {
  Submit();
  const std::string worker = Begin();
  const std::vector<HeldLease> held = Take(worker, 9);
  EXPECT_THAT(held, SizeIs(2));
  EXPECT_THAT(Take(worker, 1), IsEmpty());
  EXPECT_EQ(End(worker, held[1], Outcome{}), absl::OkStatus());
  EXPECT_THAT(Take(worker, 9), SizeIs(1));
  EXPECT_THAT(Take(Begin(), 9), SizeIs(2)) << "others are not held up";
}

TEST_F(WorkerDeskTest, AStartIsNotOverBeforeAllItsPointsHaveCome) {
  const std::int64_t id = Submit();
  const std::string worker = Begin();
  const HeldLease held = Take(worker, 2)[1];
  Outcome done;
  done.ending = Ending::kDone;
  const absl::Status early = End(worker, held, done);
  EXPECT_TRUE(absl::IsInvalidArgument(early));
  EXPECT_THAT(Message(early), HasSubstr("start_done"));
  PointBatch last = BatchOf(held.lease);
  last.start_done = true;
  ASSERT_EQ(Append(worker, held, last), absl::OkStatus());
  EXPECT_EQ(Append(worker, held, last), absl::OkStatus()) << "sent twice";
  last.start_done = false;
  EXPECT_TRUE(absl::IsInvalidArgument(Append(worker, held, last)));
  EXPECT_EQ(End(worker, held, done), absl::OkStatus());
  EXPECT_EQ(store_.GetJob(id)->starts_done, 1);
}

TEST_F(WorkerDeskTest, OneThatLeavesGivesBackWhatItHas) {
  Submit();
  const std::string worker = Begin();
  const std::vector<HeldLease> held = Take(worker, 2);
  EXPECT_EQ(desk_->Leave({worker, "slurm"}), absl::OkStatus());
  EXPECT_EQ(desk_->Leave({worker, "slurm"}), absl::OkStatus()) << "sent twice";
  const std::string other = Begin();
  const std::vector<HeldLease> taken = Take(other, 2);
  ASSERT_THAT(taken, SizeIs(2));
  EXPECT_EQ(taken[0].lease, held[0].lease);
  EXPECT_EQ(taken[1].lease, held[1].lease);
  EXPECT_TRUE(absl::IsNotFound(Append(worker, held[1], BatchOf(held[1].lease))));
}

TEST_F(WorkerDeskTest, ListsWorkersWithTheirLeasesAndRates) {
  const std::int64_t id = Submit();
  const std::string worker = Begin();
  PassTime(absl::Seconds(5));
  const std::vector<HeldLease> held = Take(worker, 2);
  EXPECT_EQ(Append(worker, held[1], BatchOf(held[1].lease)), absl::OkStatus());
  PassTime(absl::Seconds(1));
  const std::vector<WorkerDesk::Status> list = desk_->List();
  ASSERT_THAT(list, SizeIs(1));
  EXPECT_EQ(list[0].number, 1);
  EXPECT_EQ(list[0].worker.host, "node1");
  EXPECT_EQ(list[0].worker.user, "slurm");
  ASSERT_THAT(list[0].leases, SizeIs(2));
  EXPECT_EQ(list[0].leases[1].lease, (Lease{id, 0}));
  EXPECT_EQ(list[0].leases[1].since, clock_.Now() - absl::Seconds(1));
  EXPECT_EQ(list[0].last_heard, clock_.Now() - absl::Seconds(1));
  EXPECT_EQ(list[0].points, 60);
  EXPECT_NEAR(list[0].points_per_second, 10, 0.5);
}

TEST_F(WorkerDeskTest, TooManyAreRefusedUntilTheSilentOnesAreForgotten) {
  for (int i = 0; i < 3; ++i) Begin();
  const absl::Status refused = desk_->Start({"pilot", "node1", 1, "1", "AVX2", "slurm"}).status();
  EXPECT_TRUE(absl::IsResourceExhausted(refused));
  EXPECT_THAT(Message(refused), HasSubstr("max_workers"));
  PassTime(absl::Minutes(2));
  EXPECT_THAT(desk_->List(), SizeIs(3)) << "as long as nobody wants their places";
  EXPECT_TRUE(desk_->Start({"pilot", "node1", 1, "1", "AVX2", "slurm"}).ok());
  EXPECT_THAT(desk_->List(), SizeIs(1));
  PassTime(absl::Minutes(11));
  EXPECT_THAT(desk_->List(), IsEmpty());
}

TEST_F(WorkerDeskTest, WhoeverDoesNotStopLosesTheLeaseInTime) {
  const std::int64_t id = Submit();
  const std::string worker = Begin();
  const std::vector<HeldLease> held = Take(worker, 2);
  ASSERT_TRUE(jobs_->Pause(id, std::nullopt).ok());
  ASSERT_TRUE(jobs_->Resume(id, std::nullopt).ok());
  const auto renew = [&] { return desk_->Renew({worker, "slurm"}, {{held[1].lease, held[1].epoch}}).value()[0]; };
  PassTime(kLeaseTime - absl::Seconds(1));
  EXPECT_EQ(renew(), JobManager::LeaseState::kStopped);
  PassTime(absl::Seconds(1));
  EXPECT_EQ(renew(), JobManager::LeaseState::kLost);
}

TEST_F(WorkerDeskTest, AFailedUnitEndsItsJobWithTheReason) {
  const std::int64_t id = Submit();
  const std::string worker = Begin();
  const std::vector<HeldLease> held = Take(worker, 2);
  EXPECT_EQ(End(worker, held[1], absl::InternalError("there was not enough memory for it")), absl::OkStatus());
  const JobRecord job = watcher_.AwaitState(id, JobState::kFailed);
  EXPECT_THAT(job.message, HasSubstr("not enough memory"));
  EXPECT_EQ(desk_->Renew({worker, "slurm"}, {{held[0].lease, held[0].epoch}}).value()[0],
            JobManager::LeaseState::kStopped);
}

TEST_F(WorkerDeskTest, AStoppingDaemonHandsOutNothing) {
  Submit();
  const std::string worker = Begin();
  const std::vector<HeldLease> held = Take(worker, 1);
  EXPECT_EQ(jobs_->Drain(absl::Seconds(10)), absl::OkStatus()) << "it does not wait for workers elsewhere";
  EXPECT_TRUE(absl::IsUnavailable(desk_->Take({worker, "slurm"}, 1).status()));
  EXPECT_EQ(desk_->Renew({worker, "slurm"}, {{held[0].lease, held[0].epoch}}).value()[0],
            JobManager::LeaseState::kStopped);
}

}  // namespace
}  // namespace oneloop
