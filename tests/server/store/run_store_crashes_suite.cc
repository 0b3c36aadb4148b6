// What every RunStore promises of the deaths of daemons.

#include <gmock/gmock.h>

#include <vector>

#include "tests/server/store/run_store_suite.h"

namespace oneloop {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_P(RunStoreSuite, DaemonsDeathsAreCountedOfJobsThatRanAtThem) {
  const std::int64_t running = CreateJob(TestJob(3)).id;
  const std::int64_t pending = CreateJob(TestJob(3)).id;
  ASSERT_TRUE(store_->SetJobState(running, {JobState::kPending}, JobState::kRunning, "", {}).ok());
  ASSERT_EQ(store_->NoteActivity({{pending, JobActivity::kSilent}}), absl::OkStatus());
  for (int crash = 1; crash <= 3; ++crash) {
    const std::vector<JobCrashes> counted = store_->CountCrashes().value();
    ASSERT_THAT(counted, SizeIs(1));
    EXPECT_EQ(counted[0].job_id, running);
    EXPECT_EQ(counted[0].crashes, crash);
    EXPECT_EQ(counted[0].silent_crashes, 0);
    EXPECT_EQ(counted[0].activity, JobActivity::kIdle);
    EXPECT_EQ(store_->CountCrashes()->at(0).crashes, crash) << "it did not run since";
    ASSERT_EQ(store_->NoteActivity({{running, JobActivity::kRunning}}), absl::OkStatus());
  }
  // With a point stored, what comes is another story.
  ASSERT_EQ(Append(*store_, TestBatch(running, 0, 0, 5)), absl::OkStatus());
  EXPECT_EQ(store_->CountCrashes()->at(0).crashes, 1);
  ASSERT_EQ(store_->ForgetCrashes(), absl::OkStatus());
  EXPECT_THAT(*store_->CountCrashes(), IsEmpty());
}

TEST_P(RunStoreSuite, DeathsWhileAJobWasSilentAreCountedUntilItHasAUnitDone) {
  const std::int64_t job = CreateJob(TestJob(3)).id;
  ASSERT_TRUE(store_->SetJobState(job, {JobState::kPending}, JobState::kRunning, "", {}).ok());
  ASSERT_EQ(store_->NoteActivity({{job, JobActivity::kSilent}}), absl::OkStatus());
  EXPECT_EQ(store_->CountCrashes()->at(0).silent_crashes, 1);
  ASSERT_EQ(Append(*store_, TestBatch(job, 0, 0, 5)), absl::OkStatus());
  ASSERT_EQ(store_->NoteActivity({{job, JobActivity::kSilent}}), absl::OkStatus());
  EXPECT_EQ(store_->CountCrashes()->at(0).silent_crashes, 2) << "points are not enough";
  ASSERT_EQ(store_->SetJobBound(job, {}), absl::OkStatus());
  ASSERT_EQ(store_->NoteActivity({{job, JobActivity::kSilent}}), absl::OkStatus());
  EXPECT_EQ(store_->CountCrashes()->at(0).silent_crashes, 1);
}

TEST_P(RunStoreSuite, JobThatRunsNoMoreIsNotBlamed) {
  const std::int64_t paused = CreateJob(TestJob(3)).id;
  const std::int64_t ended = CreateJob(TestJob(3)).id;
  for (const std::int64_t job : {paused, ended}) {
    ASSERT_TRUE(store_->SetJobState(job, {JobState::kPending}, JobState::kRunning, "", {}).ok());
  }
  ASSERT_TRUE(store_->SetJobState(paused, {JobState::kRunning}, JobState::kPaused, "", {}).ok());
  ASSERT_TRUE(store_->SetJobState(ended, {JobState::kRunning}, JobState::kCancelled, "", {}).ok());
  const std::vector<JobCrashes> counted = store_->CountCrashes().value();
  ASSERT_THAT(counted, SizeIs(1));
  EXPECT_EQ(counted[0].job_id, paused);
  EXPECT_EQ(counted[0].crashes, 0);
}

}  // namespace
}  // namespace oneloop
