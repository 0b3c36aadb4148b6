#include "tests/server/store/run_store_suite.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <thread>
#include <vector>

#include "common/base/mutex.h"
#include "gmock/gmock.h"
#include "server/store/job_ledger.h"

namespace oneloop {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<std::int64_t> Ids(const std::vector<JobRecord>& jobs) {
  std::vector<std::int64_t> ids;
  ids.reserve(jobs.size());
  for (const JobRecord& job : jobs) ids.push_back(job.id);
  return ids;
}

std::vector<JobState> States(const std::vector<StateChangeRecord>& changes) {
  std::vector<JobState> states;
  states.reserve(changes.size());
  for (const StateChangeRecord& change : changes) states.push_back(change.state);
  return states;
}

void ExpectSameBound(const JobBound& a, const JobBound& b) {
  EXPECT_EQ(a.objective, b.objective);
  EXPECT_EQ(a.energy_uj, b.energy_uj);
  EXPECT_EQ(a.latency_cycles, b.latency_cycles);
  EXPECT_EQ(a.boxes, b.boxes);
  EXPECT_EQ(a.exhausted, b.exhausted);
  EXPECT_EQ(a.own_bests, b.own_bests);
  EXPECT_EQ(a.area_mm2, b.area_mm2);
}

void ExpectSameJob(const JobRecord& a, const JobRecord& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.job.project, b.job.project);
  EXPECT_EQ(a.job.request_id, b.job.request_id);
  EXPECT_EQ(a.job.owner, b.job.owner);
  EXPECT_EQ(a.job.spec, b.job.spec);
  EXPECT_EQ(a.job.resolved, b.job.resolved);
  EXPECT_EQ(a.job.workload_name, b.job.workload_name);
  EXPECT_EQ(a.job.template_name, b.job.template_name);
  EXPECT_EQ(a.job.parameter_names, b.job.parameter_names);
  EXPECT_EQ(a.job.num_starts, b.job.num_starts);
  EXPECT_EQ(a.job.samples_total, b.job.samples_total);
  EXPECT_EQ(a.state, b.state);
  EXPECT_EQ(a.message, b.message);
  EXPECT_EQ(a.create_time, b.create_time);
  EXPECT_EQ(a.start_time, b.start_time);
  EXPECT_EQ(a.end_time, b.end_time);
  EXPECT_EQ(a.revision, b.revision);
  EXPECT_EQ(a.starts_done, b.starts_done);
  EXPECT_EQ(a.samples_done, b.samples_done);
  EXPECT_EQ(a.points, b.points);
  EXPECT_EQ(a.front_size, b.front_size);
  EXPECT_EQ(a.best_point, b.best_point);
  EXPECT_EQ(a.job.stop_gap, b.job.stop_gap);
  ASSERT_EQ(a.bound.has_value(), b.bound.has_value());
  if (a.bound) ExpectSameBound(*a.bound, *b.bound);
}

// --- Jobs ---

TEST_P(RunStoreSuite, NewStoreIsEmptyAtRevisionZero) {
  EXPECT_EQ(store_->revision(), 0);
  EXPECT_THAT(*store_->ListJobs({}), IsEmpty());
}

TEST_P(RunStoreSuite, CreatedJobIsPendingAndKeepsWhatItWasGiven) {
  NewJob job = TestJob(3);
  job.request_id = "r1";
  const auto result = store_->CreateJob(job);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->created);
  const JobRecord& record = result->record;
  EXPECT_GT(record.id, 0);
  EXPECT_EQ(record.state, JobState::kPending);
  EXPECT_EQ(record.create_time, clock_.Now());
  EXPECT_FALSE(record.start_time || record.end_time || record.best_point);
  EXPECT_EQ(record.revision, 1);
  EXPECT_EQ(store_->revision(), 1);
  EXPECT_EQ(record.job.spec, job.spec);
  EXPECT_EQ(record.job.owner, "ada");
  EXPECT_EQ(record.job.parameter_names, job.parameter_names);
  ExpectSameJob(GetJob(record.id), record);
  EXPECT_THAT(States(store_->ReadChanges(record.id, 0, 10)->states), ElementsAre(JobState::kPending));
}

TEST_P(RunStoreSuite, CreateWithAKnownRequestIdReturnsTheFirstJob) {
  NewJob job = TestJob(3);
  job.request_id = "again";
  const JobRecord first = CreateJob(job);
  NewJob other = TestJob(9);
  other.request_id = "again";
  const auto second = store_->CreateJob(other);
  ASSERT_TRUE(second.ok());
  EXPECT_FALSE(second->created);
  ExpectSameJob(second->record, first);
  EXPECT_EQ(store_->revision(), first.revision);
  other.project = "another team";
  EXPECT_TRUE(store_->CreateJob(other)->created);
  EXPECT_TRUE(store_->CreateJob(TestJob(1))->created);
  EXPECT_TRUE(store_->CreateJob(TestJob(1))->created);
  EXPECT_THAT(*store_->ListJobs({}), SizeIs(4));
}

TEST_P(RunStoreSuite, JobIsFoundByItsRequestIdInItsProject) {
  NewJob job = TestJob(3);
  job.request_id = "r1";
  const std::int64_t id = store_->CreateJob(job)->record.id;
  EXPECT_EQ(store_->FindRequest("team", job.owner, "r1")->id, id);
  EXPECT_EQ(store_->FindRequest("team", job.owner, "r2").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->FindRequest("other", job.owner, "r1").status().code(), absl::StatusCode::kNotFound);
}

TEST_P(RunStoreSuite, RequestIdIsItsUsersAndNotTheProjects) {
  NewJob job = TestJob(3);
  job.request_id = "r1";
  job.owner = "ada";
  const std::int64_t id = store_->CreateJob(job)->record.id;
  EXPECT_EQ(store_->FindRequest("team", "otto", "r1").status().code(), absl::StatusCode::kNotFound);
  job.owner = "otto";
  const auto of_otto = store_->CreateJob(job);
  ASSERT_TRUE(of_otto.ok()) << of_otto.status();
  EXPECT_TRUE(of_otto->created);
  EXPECT_NE(of_otto->record.id, id);
  EXPECT_EQ(store_->FindRequest("team", "ada", "r1")->id, id);
  EXPECT_EQ(store_->FindRequest("team", "otto", "r1")->id, of_otto->record.id);
  EXPECT_FALSE(store_->CreateJob(job)->created);
}

TEST_P(RunStoreSuite, TotalsCountJobsByStateAndStartsThatAreLeft) {
  EXPECT_TRUE(store_->ReadTotals()->jobs.empty());
  const std::int64_t running = store_->CreateJob(TestJob(3))->record.id;
  const std::int64_t paused = store_->CreateJob(TestJob(5))->record.id;
  ASSERT_TRUE(store_->CreateJob(TestJob(7)).ok());
  ASSERT_TRUE(store_->SetJobState(running, {JobState::kPending}, JobState::kRunning, "", std::nullopt).ok());
  ASSERT_TRUE(store_->SetJobState(paused, {JobState::kPending}, JobState::kPaused, "", std::nullopt).ok());
  PointBatch last = TestBatch(running, 0, 0, 5);
  last.start_done = true;
  ASSERT_TRUE(Append(*store_, last).ok());
  const StoreTotals totals = store_->ReadTotals().value();
  const std::map<JobState, std::int64_t> expected = {
      {JobState::kPending, 1}, {JobState::kRunning, 1}, {JobState::kPaused, 1}};
  EXPECT_EQ(totals.jobs, expected);
  EXPECT_EQ(totals.unfinished_starts, 2 + 7);
}

TEST_P(RunStoreSuite, UsageCountsUnfinishedJobsOfTheOwnerAndPointsOfTheProject) {
  const std::int64_t id = store_->CreateJob(TestJob(1))->record.id;
  const std::int64_t ended = store_->CreateJob(TestJob(1))->record.id;
  NewJob other = TestJob(1);
  other.owner = "eve";
  other.project = "side";
  const std::int64_t side = store_->CreateJob(other)->record.id;
  ASSERT_TRUE(Append(*store_, TestBatch(id, 0, 0, 5)).ok());
  ASSERT_TRUE(Append(*store_, TestBatch(ended, 0, 0, 2)).ok());
  ASSERT_TRUE(Append(*store_, TestBatch(side, 0, 0, 4)).ok());
  ASSERT_TRUE(store_->SetJobState(ended, {JobState::kPending}, JobState::kCancelled, "", std::nullopt).ok());
  ASSERT_TRUE(store_->SetJobState(id, {JobState::kPending}, JobState::kPaused, "", std::nullopt).ok());
  const StoreUsage usage = store_->ReadUsage("ada", "team").value();
  EXPECT_EQ(usage.unfinished_jobs_of_owner, 1);
  EXPECT_EQ(usage.points_of_project, 7);
  EXPECT_EQ(store_->ReadUsage("eve", "side")->points_of_project, 4);
  EXPECT_EQ(store_->ReadUsage("nobody", "none")->unfinished_jobs_of_owner, 0);
  EXPECT_EQ(store_->ReadUsage("nobody", "none")->points_of_project, 0);
  EXPECT_EQ(store_->ReadUsage("nobody", "none")->bytes_of_project, 0);
  EXPECT_EQ(usage.bytes_of_project, store_->GetJob(id)->bytes + store_->GetJob(ended)->bytes);
}

TEST_P(RunStoreSuite, CountsTheBytesOfSpecAndDesignsOnce) {
  const NewJob job = TestJob(1);
  const std::int64_t id = store_->CreateJob(job)->record.id;
  auto bytes = static_cast<std::int64_t>(job.spec.size() + job.resolved.size());
  EXPECT_EQ(store_->GetJob(id)->bytes, bytes);
  const PointBatch batch = TestBatch(id, 0, 0, 40);
  for (const NewPoint& point : batch.points) bytes += static_cast<std::int64_t>(point.design.size());
  ASSERT_GT(bytes, store_->GetJob(id)->bytes);
  ASSERT_TRUE(Append(*store_, batch).ok());
  // Of a replay, only what is new counts.
  ASSERT_TRUE(Append(*store_, batch).ok());
  EXPECT_EQ(store_->GetJob(id)->bytes, bytes);
}

TEST_P(RunStoreSuite, ConcurrentCreatesWithOneRequestIdMakeOneJob) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 20;
  std::atomic<int> created{0};
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) {
        NewJob job = TestJob(1);
        job.request_id = "round " + std::to_string(round);
        const auto result = store_->CreateJob(job);
        if (result.ok() && result->created) ++created;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(created, kRounds);
  EXPECT_THAT(*store_->ListJobs({}), SizeIs(kRounds));
}

TEST_P(RunStoreSuite, CreateRefusesAJobWithoutStarts) {
  EXPECT_EQ(store_->CreateJob(TestJob(0)).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(store_->revision(), 0);
}

TEST_P(RunStoreSuite, ListJobsIsNewestFirstFilteredAndPaged) {
  std::vector<std::int64_t> ids;
  for (int i = 0; i < 5; ++i) {
    NewJob job = TestJob(1);
    if (i % 2 == 1) job.project = "other";
    ids.push_back(CreateJob(job).id);
  }
  Move(ids[0], JobState::kRunning);
  Move(ids[2], JobState::kCancelled);
  EXPECT_THAT(Ids(*store_->ListJobs({})), ElementsAre(ids[4], ids[3], ids[2], ids[1], ids[0]));
  JobQuery query;
  query.limit = 2;
  EXPECT_THAT(Ids(*store_->ListJobs(query)), ElementsAre(ids[4], ids[3]));
  query.after = JobCursor{ids[3], ids[3]};
  EXPECT_THAT(Ids(*store_->ListJobs(query)), ElementsAre(ids[2], ids[1]));
  JobQuery of_team;
  of_team.project = "team";
  EXPECT_THAT(Ids(*store_->ListJobs(of_team)), ElementsAre(ids[4], ids[2], ids[0]));
  of_team.states = {JobState::kRunning, JobState::kCancelled};
  EXPECT_THAT(Ids(*store_->ListJobs(of_team)), ElementsAre(ids[2], ids[0]));
  of_team.project = "nobody";
  EXPECT_THAT(*store_->ListJobs(of_team), IsEmpty());
  query.limit = 0;
  EXPECT_EQ(store_->ListJobs(query).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(RunStoreSuite, StateChangesSetTimesMessageAndRevision) {
  const std::int64_t id = CreateJob(1).id;
  clock_.Advance(absl::Seconds(5));
  const absl::Time started = clock_.Now();
  const JobRecord running = Move(id, JobState::kRunning);
  EXPECT_EQ(running.state, JobState::kRunning);
  EXPECT_EQ(running.start_time, started);
  EXPECT_FALSE(running.end_time.has_value());
  EXPECT_EQ(running.revision, 2);
  Move(id, JobState::kPaused, "for lunch");
  clock_.Advance(absl::Seconds(7));
  EXPECT_EQ(Move(id, JobState::kRunning).start_time, started);
  const JobRecord failed = Move(id, JobState::kFailed, "out of luck");
  EXPECT_EQ(failed.message, "out of luck");
  EXPECT_EQ(failed.end_time, clock_.Now());
  EXPECT_EQ(failed.revision, 5);
  ExpectSameJob(GetJob(id), failed);
  const auto changes = store_->ReadChanges(id, 1, 10);
  ASSERT_THAT(changes->states, SizeIs(4));
  EXPECT_EQ(changes->states[1].message, "for lunch");
  EXPECT_EQ(changes->states[1].revision, 3);
  EXPECT_THAT(States(changes->states),
              ElementsAre(JobState::kRunning, JobState::kPaused, JobState::kRunning, JobState::kFailed));
}

TEST_P(RunStoreSuite, StateChangeIsRefusedFromOtherStatesAndStaleRevisions) {
  const JobRecord job = CreateJob(1);
  const auto set = [&](std::int64_t id, const std::vector<JobState>& from, std::optional<std::int64_t> revision) {
    return store_->SetJobState(id, from, JobState::kRunning, "", revision).status().code();
  };
  EXPECT_EQ(set(job.id + 1, {JobState::kPending}, {}), absl::StatusCode::kNotFound);
  EXPECT_EQ(set(job.id, {JobState::kPaused}, {}), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(set(job.id, {JobState::kPending}, job.revision + 1), absl::StatusCode::kAborted);
  ExpectSameJob(GetJob(job.id), job);
  EXPECT_EQ(store_->revision(), job.revision);
  EXPECT_EQ(set(job.id, {JobState::kPending}, job.revision), absl::StatusCode::kOk);
  EXPECT_EQ(set(job.id, {JobState::kRunning}, job.revision), absl::StatusCode::kAborted);
}

TEST_P(RunStoreSuite, FinalStatesAreNeverLeft) {
  for (const JobState final_state : {JobState::kCancelled, JobState::kSucceeded, JobState::kFailed}) {
    const std::int64_t id = CreateJob(1).id;
    Move(id, final_state);
    EXPECT_EQ(store_->SetJobState(id, {final_state}, JobState::kRunning, "", {}).status().code(),
              absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(GetJob(id).state, final_state);
  }
}

TEST_P(RunStoreSuite, DeleteRemovesAFinishedJobWithEverythingAndItsIdIsNotReused) {
  NewJob request = TestJob(2);
  request.request_id = "once";
  const std::int64_t id = CreateJob(request).id;
  ASSERT_TRUE(Append(*store_, TestBatch(id, 0, 0, 3000)).ok());
  EXPECT_EQ(store_->DeleteJob(id, {}).code(), absl::StatusCode::kFailedPrecondition);
  const JobRecord ended = Move(id, JobState::kSucceeded);
  EXPECT_EQ(store_->DeleteJob(id, ended.revision - 1).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(store_->DeleteJob(id, ended.revision), absl::OkStatus());
  EXPECT_EQ(store_->revision(), ended.revision + 1);
  EXPECT_EQ(store_->DeleteJob(id, {}).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->GetJob(id).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->ListStarts(id).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->GetPoint(id, 0).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->GetDesign(id, 0).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->Snapshot(id).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->ReadChanges(id, 0, 1).status().code(), absl::StatusCode::kNotFound);
  PointQuery query;
  query.job_id = id;
  EXPECT_EQ(store_->ListPoints(query).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Append(*store_, TestBatch(id, 0, 0, 1)).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(*store_->ListJobs({}), IsEmpty());
  const auto next = store_->CreateJob(request);
  EXPECT_TRUE(next->created);
  EXPECT_GT(next->record.id, id);
  EXPECT_THAT(AllPoints(*store_, next->record.id), IsEmpty());
}

TEST_P(RunStoreSuite, BoundIsKeptWithTheJobAndTold) {
  const JobRecord created = CreateJob(1);
  EXPECT_FALSE(created.bound.has_value());
  const JobBound bound{6.1927e10, 9321.5, 6.2e6, 417, true, {}, 0.3};
  EXPECT_EQ(store_->SetJobBound(created.id, bound), absl::OkStatus());
  const JobRecord job = GetJob(created.id);
  ASSERT_TRUE(job.bound.has_value());
  ExpectSameBound(*job.bound, bound);
  EXPECT_EQ(job.state, JobState::kPending);
  EXPECT_EQ(job.revision, created.revision + 1);
  EXPECT_EQ(store_->revision(), job.revision);
  JobRecord listed = job;
  listed.job.resolved.clear();
  ExpectSameJob(store_->ListJobs({})->at(0), listed);
  ExpectSameJob(store_->Snapshot(job.id)->job, listed);
  ExpectSameJob(store_->ReadChanges(job.id, created.revision, 10)->job, listed);
  const JobRecord running = Move(job.id, JobState::kRunning);
  ExpectSameJob(running, GetJob(job.id));
}

TEST_P(RunStoreSuite, BoundsMayBeInfinite) {
  const std::int64_t id = CreateJob(1).id;
  const JobBound bound{kInfinity, kInfinity, kInfinity, 1, true, {}, kInfinity};
  ASSERT_TRUE(store_->SetJobBound(id, bound).ok());
  ExpectSameBound(*GetJob(id).bound, bound);
}

TEST_P(RunStoreSuite, OwnBestsOfNetworksAreKept) {
  NewJob request = TestJob(3);
  request.starts_wait_for_bound = true;
  const std::int64_t id = CreateJob(request).id;
  EXPECT_TRUE(GetJob(id).job.starts_wait_for_bound);
  EXPECT_FALSE(CreateJob(1).job.starts_wait_for_bound);
  const JobBound bound{10, 5, 2, 3, false, {6.2946523e10, kInfinity, 0.1}};
  ASSERT_TRUE(store_->SetJobBound(id, bound).ok());
  ExpectSameBound(*GetJob(id).bound, bound);
}

TEST_P(RunStoreSuite, FirstBoundStays) {
  const std::int64_t id = CreateJob(1).id;
  const JobBound first{10, 5, 2, 3, false};
  ASSERT_TRUE(store_->SetJobBound(id, first).ok());
  const std::int64_t revision = store_->revision();
  EXPECT_EQ(store_->SetJobBound(id, {11, 6, 3, 4, true}), absl::OkStatus());
  ExpectSameBound(*GetJob(id).bound, first);
  EXPECT_EQ(store_->revision(), revision) << "nothing changed, so nothing is committed";
}

TEST_P(RunStoreSuite, OnlyUnfinishedJobsTakeABound) {
  const std::int64_t id = CreateJob(1).id;
  EXPECT_EQ(store_->SetJobBound(id + 1, {1, 1, 1, 1, true}).code(), absl::StatusCode::kNotFound);
  Move(id, JobState::kPaused);
  EXPECT_EQ(store_->SetJobBound(id, {1, 1, 1, 1, true}), absl::OkStatus());
  const std::int64_t over = CreateJob(1).id;
  Move(over, JobState::kCancelled);
  EXPECT_EQ(store_->SetJobBound(over, {1, 1, 1, 1, true}).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(GetJob(over).bound.has_value());
}

TEST_P(RunStoreSuite, StopGapAndTheStartsThatEndedWithinItAreKept) {
  NewJob request = TestJob(3);
  request.stop_gap = 0.015;
  const std::int64_t id = CreateJob(request).id;
  EXPECT_EQ(GetJob(id).job.stop_gap, 0.015);
  EXPECT_FALSE(CreateJob(1).job.stop_gap.has_value());
  PointBatch batch = TestBatch(id, 0, 0, 5);
  batch.start_done = true;
  ASSERT_TRUE(Append(*store_, batch).ok());
  batch = TestBatch(id, 1, 0, 5);
  batch.start_done = true;
  batch.within_stop_gap = true;
  ASSERT_TRUE(Append(*store_, batch).ok());
  const std::vector<StartRecord> starts = *store_->ListStarts(id);
  EXPECT_TRUE(starts[0].done);
  EXPECT_FALSE(starts[0].within_stop_gap);
  EXPECT_TRUE(starts[1].done);
  EXPECT_TRUE(starts[1].within_stop_gap);
  EXPECT_FALSE(starts[2].done);
  EXPECT_FALSE(starts[2].within_stop_gap);
}

// --- Points ---

TEST_P(RunStoreSuite, PointsComeBackAsTheyWere) {
  const std::int64_t id = CreateJob(3).id;
  PointBatch batch = TestBatch(id, 2, 0, 50);
  batch.start_done = true;
  ASSERT_TRUE(Append(*store_, batch).ok());
  ExpectConsistent(*store_, id);
  const JobRecord job = GetJob(id);
  EXPECT_EQ(job.points, 50);
  EXPECT_EQ(job.samples_done, batch.samples_done);
  EXPECT_EQ(job.starts_done, 1);
  EXPECT_EQ(job.revision, store_->revision());
  for (const NewPoint& point : batch.points) {
    const auto record = store_->GetPoint(id, point.sequence * 3 + 2);
    ASSERT_TRUE(record.ok()) << record.status();
    EXPECT_EQ(record->point.parameters, point.parameters);
    EXPECT_EQ(record->revision, job.revision);
    const auto design = store_->GetDesign(id, record->number);
    if (point.design.empty()) {
      EXPECT_EQ(design.status().code(), absl::StatusCode::kNotFound);
    } else {
      ASSERT_TRUE(design.ok()) << design.status();
      EXPECT_EQ(*design, point.design);
    }
  }
  EXPECT_EQ(store_->GetPoint(id, 0).status().code(), absl::StatusCode::kNotFound);
  const auto starts = store_->ListStarts(id);
  ASSERT_THAT(*starts, SizeIs(3));
  EXPECT_EQ(starts->at(1).start, 1);
  EXPECT_EQ(starts->at(1).points, 0);
  EXPECT_FALSE(starts->at(1).done);
  EXPECT_EQ(starts->at(2).points, 50);
  EXPECT_EQ(starts->at(2).samples_done, batch.samples_done);
  EXPECT_TRUE(starts->at(2).done);
}

TEST_P(RunStoreSuite, AnyBytesOfADesignComeBack) {
  const std::int64_t id = CreateJob(1).id;
  PointBatch batch{id, 0, {ExactPoint(0, 1, 2, 3)}, 1, false};
  batch.points[0].design = std::string("\0\xff\xfe binary \0", 12);
  ASSERT_TRUE(Append(*store_, batch).ok());
  EXPECT_EQ(*store_->GetDesign(id, 0), batch.points[0].design);
}

TEST_P(RunStoreSuite, WhatIsNotFiniteIsInfeasible) {
  const std::int64_t id = CreateJob(1).id;
  PointBatch batch{id, 0, {}, 5, false};
  for (int i = 0; i < 5; ++i) batch.points.push_back(ExactPoint(i, 1, 1, 1));
  batch.points[0].score = kInfinity;
  batch.points[1].energy_uj = kInfinity;
  batch.points[2].latency_cycles = std::numeric_limits<double>::quiet_NaN();
  batch.points[3].area_mm2 = -kInfinity;
  batch.points[4].origin = PointOrigin::kDescent;
  ASSERT_TRUE(Append(*store_, batch).ok());
  const std::vector<PointRecord> points = AllPoints(*store_, id);
  ASSERT_THAT(points, SizeIs(5));
  EXPECT_EQ(points[0].point.score, kInfinity);
  EXPECT_EQ(points[1].point.energy_uj, kInfinity);
  EXPECT_EQ(points[2].point.latency_cycles, kInfinity);
  EXPECT_EQ(points[3].point.area_mm2, kInfinity);
  EXPECT_THAT(store_->Snapshot(id)->front, IsEmpty());
  EXPECT_FALSE(GetJob(id).best_point.has_value());
}

TEST_P(RunStoreSuite, ReplayedPointsAreSkipped) {
  const std::int64_t id = CreateJob(2).id;
  ASSERT_TRUE(Append(*store_, TestBatch(id, 1, 0, 30)).ok());
  const JobRecord before = GetJob(id);
  EXPECT_TRUE(Append(*store_, TestBatch(id, 1, 0, 30)).ok());
  EXPECT_TRUE(Append(*store_, TestBatch(id, 1, 10, 5)).ok());
  ExpectSameJob(GetJob(id), before);
  EXPECT_EQ(store_->revision(), before.revision) << "nothing changed, so nothing is committed";
  EXPECT_TRUE(Append(*store_, TestBatch(id, 1, 20, 30)).ok());
  ExpectConsistent(*store_, id);
  EXPECT_EQ(GetJob(id).points, 50);
  EXPECT_EQ(GetJob(id).samples_done, 100);
}

TEST_P(RunStoreSuite, BatchThatDoesNotFitIsRefusedAsAWhole) {
  const std::int64_t id = CreateJob(2).id;
  const auto code = [&](const PointBatch& batch) { return Append(*store_, batch).code(); };
  EXPECT_EQ(code(TestBatch(id, 0, 1, 1)), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(code(TestBatch(id, 2, 0, 1)), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(TestBatch(id, -1, 0, 1)), absl::StatusCode::kInvalidArgument);
  PointBatch hole = TestBatch(id, 0, 0, 3);
  hole.points.erase(hole.points.begin() + 1);
  EXPECT_EQ(code(hole), absl::StatusCode::kInvalidArgument);
  PointBatch negative = TestBatch(id, 0, 0, 1);
  negative.points[0].sequence = -1;
  EXPECT_EQ(code(negative), absl::StatusCode::kInvalidArgument);
  PointBatch parameters = TestBatch(id, 0, 0, 3);
  parameters.points[2].parameters.pop_back();
  EXPECT_EQ(code(parameters), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(TestBatch(id + 1, 0, 0, 1)), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(store_->revision(), 1);
  EXPECT_THAT(AllPoints(*store_, id), IsEmpty());
}

TEST_P(RunStoreSuite, PointsForAJobThatIsOverAreDropped) {
  const std::int64_t id = CreateJob(1).id;
  ASSERT_TRUE(Append(*store_, TestBatch(id, 0, 0, 5)).ok());
  Move(id, JobState::kCancelled);
  EXPECT_EQ(Append(*store_, TestBatch(id, 0, 5, 5)).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(GetJob(id).points, 5);
  ExpectConsistent(*store_, id);
}

TEST_P(RunStoreSuite, BatchWithoutPointsReportsProgress) {
  const std::int64_t id = CreateJob(2).id;
  EXPECT_TRUE(Append(*store_, {id, 0, {}, 40, false}).ok());
  EXPECT_TRUE(Append(*store_, {id, 1, {}, 60, true}).ok());
  EXPECT_TRUE(Append(*store_, {id, 1, {}, 60, true}).ok());
  EXPECT_EQ(GetJob(id).samples_done, 100);
  EXPECT_EQ(GetJob(id).starts_done, 1);
}

TEST_P(RunStoreSuite, AcknowledgedPointsAreVisible) {
  const std::int64_t id = CreateJob(1).id;
  std::atomic<int> visible{0};
  for (int i = 0; i < 20; ++i) {
    store_->AppendPoints(TestBatch(id, 0, i, 1), [&, i](const absl::Status& status) {
      if (status.ok() && store_->GetPoint(id, i).ok()) ++visible;
    });
  }
  ASSERT_TRUE(Append(*store_, {id, 0, {}, 40, true}).ok());
  EXPECT_EQ(visible, 20);
}

TEST_P(RunStoreSuite, FullQueueHoldsAppendersBack) {
  constexpr std::int64_t kQueuedRows = 64;
  constexpr std::int64_t kBatches = 600;
  // A point alone, and one whose design makes it weigh eight rows.
  for (const std::int64_t rows : {1, 8}) {
    Open(kQueuedRows);
    const std::int64_t id = CreateJob(1).id;
    const std::int64_t queued = kQueuedRows / rows;
    Mutex mutex;
    CondVar changed;
    std::int64_t appended = 0;
    std::int64_t acknowledged = 0;
    std::int64_t most_waiting = 0;
    for (std::int64_t i = 0; i < kBatches; ++i) {
      PointBatch batch{id, 0, {ExactPoint(i, 1, 1, 1)}, i, false};
      batch.points[0].design = std::string(static_cast<std::size_t>(256 * (rows - 1)), 'd');
      store_->AppendPoints(std::move(batch), [&, i](const absl::Status& status) {
        EXPECT_TRUE(status.ok()) << status;
        MutexLock lock(&mutex);
        // The first acknowledgement holds the writer until the queue is as full as it gets.
        while (i == 0 && appended < queued) changed.Wait(mutex);
        ++acknowledged;
      });
      MutexLock lock(&mutex);
      ++appended;
      most_waiting = std::max(most_waiting, appended - acknowledged);
      changed.SignalAll();
    }
    ASSERT_TRUE(Append(*store_, {id, 0, {}, 2 * kBatches, true}).ok());
    EXPECT_GE(most_waiting, queued / 2);
    EXPECT_LE(most_waiting, 2 * queued + 1) << "one full queue behind one full transaction";
    EXPECT_EQ(GetJob(id).points, kBatches);
  }
}

// --- Lists of points ---

// The numbers that match, page by page.
std::vector<std::int64_t> ListNumbers(RunStore& store, PointQuery query) {
  std::vector<std::int64_t> listed;
  for (;;) {
    const auto page = store.ListPoints(query);
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok() || page->empty()) return listed;
    EXPECT_LE(page->size(), static_cast<std::size_t>(query.limit));
    for (const PointRecord& point : *page) listed.push_back(point.number);
    query.after_number = listed.back();
  }
}

std::vector<std::int64_t> MatchingNumbers(const PointQuery& query, const std::vector<PointRecord>& all) {
  std::vector<std::int64_t> expected;
  for (const PointRecord& point : all) {
    if (query.front_only && !point.on_front()) continue;
    if (query.exact_only && point.point.origin == PointOrigin::kDescent) continue;
    if (query.start && point.start != *query.start) continue;
    if (point.number > query.after_number) expected.push_back(point.number);
  }
  return expected;
}

TEST_P(RunStoreSuite, ListPointsFiltersAndPages) {
  const std::int64_t id = CreateJob(3).id;
  const std::int64_t other = CreateJob(3).id;
  for (int start = 0; start < 3; ++start) {
    ASSERT_TRUE(Append(*store_, TestBatch(id, start, 0, 100 + 50 * start)).ok());
    ASSERT_TRUE(Append(*store_, TestBatch(other, start, 0, 10)).ok());
  }
  const std::vector<PointRecord> all = AllPoints(*store_, id);
  ASSERT_THAT(all, SizeIs(450));
  for (int filter = 0; filter < 16; ++filter) {
    PointQuery query;
    query.job_id = id;
    query.front_only = (filter & 1) != 0;
    query.exact_only = (filter & 2) != 0;
    if ((filter & 4) != 0) query.start = (filter & 8) != 0 ? 2 : 0;
    for (const int limit : {1, 7, 1000}) {
      query.limit = limit;
      EXPECT_EQ(ListNumbers(*store_, query), MatchingNumbers(query, all)) << "filter " << filter << " limit " << limit;
    }
  }
  PointQuery nothing;
  nothing.job_id = id;
  nothing.start = 3;
  EXPECT_THAT(*store_->ListPoints(nothing), IsEmpty());
  nothing.limit = 0;
  EXPECT_EQ(store_->ListPoints(nothing).status().code(), absl::StatusCode::kInvalidArgument);
}

// Starts of very different lengths, in batches that cut long runs of descent steps anywhere; exact points between.
TEST_P(RunStoreSuite, ListPointsPagesThroughLongRunsFromAnywhere) {
  constexpr std::int64_t kLengths[] = {1200, 160, 0, 700, 1};
  const std::int64_t id = CreateJob(5).id;
  std::vector<PointRecord> all;
  for (int start = 0; start < 5; ++start) {
    for (std::int64_t first = 0; first < kLengths[start]; first += 130) {
      const std::int64_t count = std::min<std::int64_t>(130, kLengths[start] - first);
      ASSERT_TRUE(Append(*store_, TestBatch(id, start, first, count)).ok());
    }
  }
  for (int start = 0; start < 5; ++start) {
    for (std::int64_t sequence = 0; sequence < kLengths[start]; ++sequence) {
      const auto point = store_->GetPoint(id, sequence * 5 + start);
      ASSERT_TRUE(point.ok()) << point.status();
      ASSERT_EQ(point->start, start);
      ASSERT_EQ(point->point.sequence, sequence);
      all.push_back(*point);
    }
    EXPECT_EQ(store_->GetPoint(id, kLengths[start] * 5 + start).status().code(), absl::StatusCode::kNotFound);
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  ExpectConsistent(*store_, id);
  for (int filter = 0; filter < 24; ++filter) {
    PointQuery query;
    query.job_id = id;
    query.front_only = (filter & 1) != 0;
    query.exact_only = (filter & 2) != 0;
    if (filter >= 4) query.start = filter / 4 - 1;
    for (const std::int64_t after : {-1, 0, 3, 802, 849, 900, 2498, 4100, 5995, 6000}) {
      query.after_number = after;
      for (const int limit : {6, 100, 10000}) {
        query.limit = limit;
        EXPECT_EQ(ListNumbers(*store_, query), MatchingNumbers(query, all))
            << "filter " << filter << " after " << after << " limit " << limit;
      }
    }
  }
  PointQuery beyond;
  beyond.job_id = id;
  beyond.after_number = std::numeric_limits<std::int64_t>::max();
  EXPECT_THAT(*store_->ListPoints(beyond), IsEmpty());
  for (const std::int64_t number : {std::int64_t{-1}, beyond.after_number, std::numeric_limits<std::int64_t>::min()}) {
    EXPECT_EQ(store_->GetPoint(id, number).status().code(), absl::StatusCode::kNotFound) << number;
  }
}

TEST_P(RunStoreSuite, EveryKindOfDescentPointComesBack) {
  const std::int64_t id = CreateJob(1).id;
  PointBatch batch{id, 0, {}, 60, false};
  for (std::int64_t i = 0; i < 60; ++i) batch.points.push_back(DescentPoint(0, i));
  batch.points[10].score = 5;
  batch.points[20].design = "a design";
  for (std::size_t i = 30; i < 60; ++i) batch.points[i].sample += 1000;
  batch.points[40].sample = std::numeric_limits<std::int64_t>::max();
  batch.points[41].sample = -5;
  batch.points[50].sample = batch.points[49].sample;
  batch.points[55].parameters[0] = std::numeric_limits<double>::quiet_NaN();
  ASSERT_TRUE(Append(*store_, batch).ok());
  const std::vector<PointRecord> points = AllPoints(*store_, id);
  ASSERT_THAT(points, SizeIs(60));
  for (std::size_t i = 0; i < points.size(); ++i) {
    EXPECT_EQ(points[i].point.sample, batch.points[i].sample) << i;
    EXPECT_EQ(points[i].point.score, batch.points[i].score) << i;
    EXPECT_EQ(points[i].point.energy_uj, batch.points[i].energy_uj) << i;
    EXPECT_EQ(points[i].point.parameters[1], batch.points[i].parameters[1]) << i;
    EXPECT_EQ(points[i].revision, store_->revision()) << i;
  }
  EXPECT_TRUE(std::isnan(points[55].point.parameters[0]));
  EXPECT_EQ(*store_->GetDesign(id, 20), "a design");
  EXPECT_EQ(store_->GetDesign(id, 21).status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(store_->Snapshot(id)->front, IsEmpty());
  PointQuery exact;
  exact.job_id = id;
  exact.exact_only = true;
  EXPECT_THAT(*store_->ListPoints(exact), IsEmpty());
  exact.start = 0;
  EXPECT_THAT(*store_->ListPoints(exact), IsEmpty());
}

TEST_P(RunStoreSuite, ReplayMayBeginAndEndInsideALongRun) {
  const std::int64_t id = CreateJob(2).id;
  ASSERT_TRUE(Append(*store_, TestBatch(id, 1, 0, 230)).ok());
  ASSERT_TRUE(Append(*store_, TestBatch(id, 1, 170, 80)).ok());
  ASSERT_TRUE(Append(*store_, TestBatch(id, 1, 249, 2)).ok());
  ASSERT_TRUE(Append(*store_, TestBatch(id, 1, 160, 10)).ok());
  ASSERT_TRUE(Append(*store_, TestBatch(id, 1, 0, 400)).ok());
  EXPECT_EQ(GetJob(id).points, 400);
  ExpectConsistent(*store_, id);
}

TEST_P(RunStoreSuite, ListedPointsCarryNoDesign) {
  const std::int64_t id = CreateJob(1).id;
  ASSERT_TRUE(Append(*store_, {id, 0, {ExactPoint(0, 1, 1, 1)}, 1, false}).ok());
  EXPECT_EQ(AllPoints(*store_, id).at(0).point.design, "");
  EXPECT_EQ(store_->GetPoint(id, 0)->point.design, "");
  EXPECT_EQ(store_->Snapshot(id)->front.at(0).point.design, "");
}

// --- Front, best, changes ---

TEST_P(RunStoreSuite, FrontAndBestFollowTheStoredPoints) {
  const std::int64_t id = CreateJob(4).id;
  for (std::int64_t first = 0; first < 200; first += 10) {
    for (int start = 3; start >= 0; --start) ASSERT_TRUE(Append(*store_, TestBatch(id, start, first, 10)).ok());
    if (first % 50 == 0) ExpectConsistent(*store_, id);
  }
  ExpectConsistent(*store_, id);
}

TEST_P(RunStoreSuite, FrontMarksAreTheRevisionsOfEnteringAndLeaving) {
  const std::int64_t id = CreateJob(1).id;
  ASSERT_TRUE(Append(*store_, {id, 0, {ExactPoint(0, 5, 5, 5)}, 1, false}).ok());
  const std::int64_t entered = store_->revision();
  EXPECT_EQ(store_->GetPoint(id, 0)->entered_front_revision, entered);
  EXPECT_TRUE(store_->GetPoint(id, 0)->on_front());
  ASSERT_TRUE(Append(*store_, {id, 0, {ExactPoint(1, 4, 4, 5), ExactPoint(2, 9, 9, 9)}, 3, false}).ok());
  const std::int64_t left = store_->revision();
  EXPECT_GT(left, entered);
  EXPECT_EQ(store_->GetPoint(id, 0)->left_front_revision, left);
  EXPECT_FALSE(store_->GetPoint(id, 0)->on_front());
  EXPECT_EQ(store_->GetPoint(id, 1)->entered_front_revision, left);
  EXPECT_EQ(store_->GetPoint(id, 2)->entered_front_revision, 0);
  // As of a revision at which the point was still there.
  const auto changes = store_->ReadChanges(id, 1, 1);
  EXPECT_EQ(changes->resume_revision, entered);
  ASSERT_THAT(changes->entered, SizeIs(1));
  EXPECT_TRUE(changes->entered[0].on_front());
  EXPECT_THAT(changes->left, IsEmpty());
  EXPECT_EQ(changes->new_points, 1);
}

TEST_P(RunStoreSuite, PointThatEntersAndLeavesInOneCommitIsNeverMarked) {
  const std::int64_t id = CreateJob(1).id;
  ASSERT_TRUE(Append(*store_, {id, 0, {ExactPoint(0, 5, 5, 5), ExactPoint(1, 4, 4, 4)}, 2, false}).ok());
  EXPECT_EQ(store_->GetPoint(id, 0)->entered_front_revision, 0);
  EXPECT_EQ(store_->GetPoint(id, 0)->left_front_revision, 0);
  const auto changes = store_->ReadChanges(id, 1, 10);
  EXPECT_THAT(Numbers(changes->entered), ElementsAre(1));
  EXPECT_THAT(changes->left, IsEmpty());
}

TEST_P(RunStoreSuite, LowestNumberWinsAmongEqualsWhateverCameFirst) {
  const std::int64_t id = CreateJob(2).id;
  ASSERT_TRUE(Append(*store_, {id, 1, {ExactPoint(0, 5, 5, 5)}, 1, false}).ok());
  EXPECT_EQ(GetJob(id).best_point, 1);
  ASSERT_TRUE(Append(*store_, {id, 0, {ExactPoint(0, 5, 5, 5), ExactPoint(1, 5, 5, 5)}, 2, false}).ok());
  EXPECT_EQ(GetJob(id).best_point, 0);
  EXPECT_THAT(Numbers(store_->Snapshot(id)->front), ElementsAre(0));
  const auto changes = store_->ReadChanges(id, store_->revision() - 1, 10);
  EXPECT_THAT(Numbers(changes->entered), ElementsAre(0));
  EXPECT_THAT(changes->left, ElementsAre(1));
}

// Many designs are equally fast; the one that is shown is the best of them.
TEST_P(RunStoreSuite, AmongEqualScoresTheLeastEdpThenTheLeastAreaIsBest) {
  const std::int64_t id = CreateJob(1).id;
  const auto point = [](std::int64_t sequence, double energy, double area, double score) {
    NewPoint exact = ExactPoint(sequence, energy, 100, area);
    exact.score = score;
    return exact;
  };
  ASSERT_TRUE(Append(*store_, {id, 0, {point(0, 9, 64, 100)}, 1, false}).ok());
  EXPECT_EQ(GetJob(id).best_point, 0);
  ASSERT_TRUE(Append(*store_, {id, 0, {point(1, 8, 70, 100 * (1 + 1e-15))}, 2, false}).ok());
  EXPECT_EQ(GetJob(id).best_point, 1) << "a difference by rounding is none";
  ASSERT_TRUE(Append(*store_, {id, 0, {point(2, 8, 3, 100), point(3, 8, 5, 100)}, 4, false}).ok());
  EXPECT_EQ(GetJob(id).best_point, 2);
  ASSERT_TRUE(Append(*store_, {id, 0, {point(4, 50, 90, 99.9)}, 5, false}).ok());
  EXPECT_EQ(GetJob(id).best_point, 4) << "the objective comes first";
  ASSERT_TRUE(Append(*store_, {id, 0, {point(5, 1, 1, 100)}, 6, false}).ok());
  EXPECT_EQ(GetJob(id).best_point, 4);
}

TEST_P(RunStoreSuite, ReadChangesEndsAtARevisionAndGoesOnFromThere) {
  const std::int64_t id = CreateJob(1).id;
  // Four points that do not beat each other: one revision with four changes, then one with one in and four out.
  ASSERT_TRUE(
      Append(*store_, {id,
                       0,
                       {ExactPoint(0, 1, 9, 5), ExactPoint(1, 2, 8, 5), ExactPoint(2, 3, 7, 5), ExactPoint(3, 4, 6, 5)},
                       4,
                       false})
          .ok());
  const std::int64_t first = store_->revision();
  Move(id, JobState::kRunning);
  ASSERT_TRUE(Append(*store_, {id, 0, {ExactPoint(4, 1, 1, 1)}, 5, false}).ok());
  const std::int64_t second = store_->revision();
  Move(id, JobState::kPaused);
  for (const int limit : {1, 4, 8}) {
    const auto start = store_->ReadChanges(id, 0, limit);
    EXPECT_EQ(start->resume_revision, first) << "limit " << limit;
    EXPECT_THAT(Numbers(start->entered), ElementsAre(0, 1, 2, 3));
    EXPECT_THAT(States(start->states), ElementsAre(JobState::kPending));
    EXPECT_EQ(start->new_points, 4);
    EXPECT_EQ(start->job.points, 5);
    const auto rest = store_->ReadChanges(id, start->resume_revision, limit);
    EXPECT_EQ(rest->resume_revision, limit < 5 ? second : store_->revision()) << "limit " << limit;
    EXPECT_THAT(Numbers(rest->entered), ElementsAre(4));
    EXPECT_THAT(rest->left, ElementsAre(0, 1, 2, 3));
    EXPECT_EQ(rest->new_points, 1);
  }
  const auto everything = store_->ReadChanges(id, 0, 9);
  EXPECT_EQ(everything->resume_revision, store_->revision());
  EXPECT_THAT(Numbers(everything->entered), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(everything->left, ElementsAre(0, 1, 2, 3));
}

TEST_P(RunStoreSuite, ReadChangesOfOneJobSkipsOtherJobsRevisions) {
  const std::int64_t quiet = CreateJob(1).id;
  const std::int64_t busy = CreateJob(1).id;
  ASSERT_TRUE(Append(*store_, TestBatch(busy, 0, 0, 100)).ok());
  const auto changes = store_->ReadChanges(quiet, 1, 10);
  EXPECT_EQ(changes->resume_revision, store_->revision());
  EXPECT_THAT(changes->states, IsEmpty());
  EXPECT_THAT(changes->entered, IsEmpty());
  EXPECT_EQ(changes->new_points, 0);
}

TEST_P(RunStoreSuite, ReadChangesRefusesRevisionsThatAreNotThere) {
  const std::int64_t id = CreateJob(1).id;
  EXPECT_EQ(store_->ReadChanges(id, store_->revision() + 1, 1).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(store_->ReadChanges(id, -1, 1).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(store_->ReadChanges(id, 0, 0).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(store_->ReadChanges(id, store_->revision(), 1).ok());
}

// --- Listener and end ---

TEST_P(RunStoreSuite, ListenerHearsEveryCommitInOrder) {
  Mutex mutex;
  std::vector<std::int64_t> revisions;
  std::multiset<std::int64_t> jobs;
  std::atomic<bool> visible{true};
  store_->SetCommitListener([&](std::int64_t revision, const std::vector<std::int64_t>& ids) {
    if (store_->revision() != revision || store_->GetJob(ids.at(0))->revision != revision) visible = false;
    MutexLock lock(&mutex);
    revisions.push_back(revision);
    jobs.insert(ids.begin(), ids.end());
  });
  const std::int64_t first = CreateJob(1).id;
  const std::int64_t second = CreateJob(1).id;
  ASSERT_TRUE(Append(*store_, TestBatch(second, 0, 0, 10)).ok());
  ASSERT_TRUE(Append(*store_, TestBatch(second, 0, 0, 10)).ok());  // replayed: no commit
  Move(first, JobState::kRunning);
  // The writer gets to this one, which commits nothing, only after the listener has heard of the last commit.
  ASSERT_TRUE(Append(*store_, TestBatch(second, 0, 0, 10)).ok());
  store_->SetCommitListener(nullptr);
  CreateJob(1);
  EXPECT_THAT(revisions, ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(jobs, (std::multiset<std::int64_t>{first, first, second, second}));
  EXPECT_TRUE(visible);
}

TEST_P(RunStoreSuite, CloseWritesWhatIsQueuedAndEndsTheStore) {
  const std::int64_t id = CreateJob(1).id;
  std::atomic<int> acknowledged{0};
  for (int i = 0; i < 50; ++i) {
    store_->AppendPoints(TestBatch(id, 0, i, 1), [&](const absl::Status& status) { acknowledged += status.ok(); });
  }
  const std::int64_t last_revision = [&] {
    EXPECT_EQ(store_->Close(), absl::OkStatus());
    return store_->revision();
  }();
  EXPECT_EQ(acknowledged, 50);
  EXPECT_GT(last_revision, 1);
  EXPECT_EQ(Append(*store_, TestBatch(id, 0, 50, 1)).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(store_->CreateJob(TestJob(1)).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(store_->SetJobState(id, {JobState::kPending}, JobState::kRunning, "", {}).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(store_->DeleteJob(id, {}).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(store_->GetJob(id).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(store_->ListJobs({}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(store_->Snapshot(id).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(store_->ReadChanges(id, 0, 1).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(store_->Close(), absl::OkStatus());
}

// --- Threads ---

// Follows a job by ReadChanges and complains about anything seen twice, missed or out of order.
class Watcher {
 public:
  Watcher(RunStore* store, std::int64_t job_id, int limit) : store_(store), job_id_(job_id), limit_(limit) {}

  // Until the job is over and everything is seen.
  void Run() {
    std::int64_t after = 0;
    for (;;) {
      const auto changes = store_->ReadChanges(job_id_, after, limit_);
      ASSERT_TRUE(changes.ok()) << changes.status();
      ASSERT_GE(changes->resume_revision, after);
      for (const PointRecord& point : changes->entered) {
        ASSERT_GT(point.entered_front_revision, after);
        ASSERT_LE(point.entered_front_revision, changes->resume_revision);
        ASSERT_TRUE(front_.insert(point.number).second) << point.number << " entered twice";
      }
      for (const std::int64_t number : changes->left) ASSERT_EQ(front_.erase(number), 1u) << number;
      for (const StateChangeRecord& state : changes->states) {
        ASSERT_GT(state.revision, after);
        states_.push_back(state.state);
      }
      new_points_ += changes->new_points;
      after = changes->resume_revision;
      if (IsFinal(changes->job.state) && after >= changes->job.revision) return;
      if (changes->entered.empty() && changes->left.empty()) std::this_thread::yield();
    }
  }

  const std::set<std::int64_t>& front() const { return front_; }
  const std::vector<JobState>& states() const { return states_; }
  std::int64_t new_points() const { return new_points_; }

 private:
  RunStore* const store_;
  const std::int64_t job_id_;
  const int limit_;
  std::set<std::int64_t> front_;
  std::vector<JobState> states_;
  std::int64_t new_points_ = 0;
};

void AppendStart(RunStore& store, std::int64_t job_id, int start, std::int64_t points) {
  for (std::int64_t first = 0; first < points; first += 1 + first % 13) {
    const std::int64_t count = std::min<std::int64_t>(1 + first % 13, points - first);
    PointBatch batch = TestBatch(job_id, start, first, count);
    batch.start_done = first + count == points;
    // The first batches wait for their commit, so that there are many commits to follow.
    if (first < 200) {
      EXPECT_EQ(Append(store, std::move(batch)), absl::OkStatus());
    } else {
      store.AppendPoints(std::move(batch), [](const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; });
    }
  }
}

TEST_P(RunStoreSuite, WatchersMissNothingWhileManyThreadsWrite) {
  constexpr int kStarts = 3;
  constexpr std::int64_t kPoints = 800;
  const std::int64_t id = CreateJob(kStarts).id;
  const std::int64_t other = CreateJob(1).id;
  std::vector<JobState> expected_states = {JobState::kPending};
  std::vector<Watcher> watchers = {{store_.get(), id, 1}, {store_.get(), id, 3}, {store_.get(), id, 1000}};
  std::vector<std::thread> watching;
  watching.reserve(watchers.size());
  for (Watcher& watcher : watchers) watching.emplace_back([&watcher] { watcher.Run(); });
  std::vector<std::thread> writing;
  writing.reserve(kStarts + 1);
  for (int start = 0; start < kStarts; ++start) {
    writing.emplace_back([this, id, start] { AppendStart(*store_, id, start, kPoints); });
  }
  writing.emplace_back([this, other] { AppendStart(*store_, other, 0, kPoints); });
  for (int i = 0; i < 20; ++i) {
    expected_states.push_back(i % 2 == 0 ? JobState::kRunning : JobState::kPaused);
    Move(id, expected_states.back());
  }
  for (std::thread& thread : writing) thread.join();
  ASSERT_TRUE(Append(*store_, {id, 0, {}, 2 * kPoints, true}).ok());
  expected_states.push_back(JobState::kSucceeded);
  Move(id, JobState::kSucceeded);
  for (std::thread& thread : watching) thread.join();
  ExpectConsistent(*store_, id);
  ExpectConsistent(*store_, other);
  const std::vector<std::int64_t> front = Numbers(store_->Snapshot(id)->front);
  for (const Watcher& watcher : watchers) {
    EXPECT_EQ(watcher.front(), std::set<std::int64_t>(front.begin(), front.end()));
    EXPECT_EQ(watcher.states(), expected_states);
    EXPECT_EQ(watcher.new_points(), kStarts * kPoints);
  }
  EXPECT_EQ(GetJob(id).starts_done, kStarts);
}

}  // namespace
}  // namespace oneloop
