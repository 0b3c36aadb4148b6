// What every RunStore promises of settings, lists, deletion and purging of jobs.

#include <gmock/gmock.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/server/store/run_store_suite.h"

namespace oneloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::int64_t> Ids(const absl::StatusOr<std::vector<JobRecord>>& records) {
  EXPECT_TRUE(records.ok()) << records.status();
  std::vector<std::int64_t> ids;
  for (const JobRecord& record : *records) ids.push_back(record.id);
  return ids;
}

JobFilter Comparison(JobFilter::Field field, JobFilter::Operator op, std::int64_t number) {
  JobFilter filter;
  filter.kind = JobFilter::Kind::kCompare;
  filter.field = field;
  filter.op = op;
  filter.number = number;
  return filter;
}

JobFilter HasLabel(const std::string& name, const std::string& value) {
  JobFilter filter;
  filter.kind = JobFilter::Kind::kCompare;
  filter.field = JobFilter::Field::kLabel;
  filter.label = name;
  filter.text = value;
  return filter;
}

NewJob JobWith(int priority, const std::map<std::string, std::string>& labels) {
  NewJob job = TestJob(1);
  job.settings.priority = priority;
  job.settings.labels = labels;
  return job;
}

JobChange Deletion(absl::Time purge_time) {
  JobChange change;
  change.purge_time = purge_time;
  return change;
}

JobChange Undeletion() {
  JobChange change;
  change.purge_time.emplace();
  return change;
}

// S10: what is large of a job is read only where all of it is wanted.
TEST_P(RunStoreSuite, ListsAndWatchesHaveSummariesOfLargeSpecs) {
  NewJob job = TestJob(1);
  job.spec = std::string(100000, 'x');
  job.summary = "short";
  const std::int64_t id = store_->CreateJob(job)->record.id;
  EXPECT_EQ(store_->GetJob(id)->job.spec, job.spec);
  EXPECT_EQ(store_->GetJob(id)->job.resolved, job.resolved);
  for (const JobRecord& record : {store_->GetJobSummary(id).value(), store_->ListJobs({})->at(0),
                                  store_->Snapshot(id)->job, store_->ReadChanges(id, 0, 10)->job}) {
    EXPECT_EQ(record.job.spec, "short");
    EXPECT_EQ(record.job.resolved, "");
  }
  const absl::StatusOr<JobRecord> paused =
      store_->SetJobState(id, {JobState::kPending}, JobState::kPaused, "", std::nullopt);
  EXPECT_EQ(paused->job.spec, job.spec);
}

TEST_P(RunStoreSuite, SettingsOfAJobAreKept) {
  NewJob job = JobWith(-7, {{"chip", "a1"}, {"run", "nightly"}});
  job.num_layers = 24;
  job.settings.deadline = clock_.Now() + absl::Hours(2);
  job.settings.pinned = true;
  const JobRecord record = GetJob(CreateJob(job).id);
  EXPECT_EQ(record.job.settings.priority, -7);
  EXPECT_EQ(record.job.settings.labels, job.settings.labels);
  EXPECT_EQ(record.job.settings.deadline, job.settings.deadline);
  EXPECT_TRUE(record.job.settings.pinned);
  EXPECT_EQ(record.job.num_layers, 24);
  EXPECT_EQ(record.delete_time, std::nullopt);
}

TEST_P(RunStoreSuite, ChangeTouchesOnlyWhatItNames) {
  NewJob job = JobWith(3, {{"chip", "a1"}});
  job.settings.deadline = clock_.Now() + absl::Hours(2);
  const JobRecord before = CreateJob(job);
  JobChange change;
  change.priority = 9;
  const JobRecord after = store_->ChangeJob(before.id, change, before.revision).value();
  EXPECT_EQ(after.job.settings.priority, 9);
  EXPECT_EQ(after.job.settings.labels, job.settings.labels);
  EXPECT_EQ(after.job.settings.deadline, job.settings.deadline);
  EXPECT_GT(after.revision, before.revision);
  change = {};
  change.labels = std::map<std::string, std::string>{{"team", "noc"}};
  change.deadline.emplace();
  change.pinned = true;
  ASSERT_TRUE(store_->ChangeJob(before.id, change, {}).ok());
  const JobRecord last = GetJob(before.id);
  EXPECT_EQ(last.job.settings.priority, 9);
  EXPECT_EQ(last.job.settings.labels, *change.labels);
  EXPECT_EQ(last.job.settings.deadline, std::nullopt);
  EXPECT_TRUE(last.job.settings.pinned);
}

TEST_P(RunStoreSuite, ChangeOfAJobThatHasChangedOrIsNotThereOrIsOverIsRefused) {
  const JobRecord job = CreateJob(1);
  JobChange change;
  change.priority = 1;
  EXPECT_EQ(store_->ChangeJob(job.id + 1, change, {}).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->ChangeJob(job.id, change, job.revision - 1).status().code(), absl::StatusCode::kAborted);
  Move(job.id, JobState::kCancelled);
  EXPECT_EQ(store_->ChangeJob(job.id, change, {}).status().code(), absl::StatusCode::kFailedPrecondition);
  change = {};
  change.deadline = clock_.Now();
  EXPECT_THAT(std::string(store_->ChangeJob(job.id, change, {}).status().message()), HasSubstr("deadline"));
  change = {};
  change.pinned = true;
  EXPECT_TRUE(store_->ChangeJob(job.id, change, {}).ok()) << "labels and pins are for finished jobs, too";
}

TEST_P(RunStoreSuite, DeletedJobIsHiddenAndComesBackWhenUndeleted) {
  const JobRecord job = CreateJob(1);
  const absl::Time purge_time = clock_.Now() + absl::Hours(1);
  EXPECT_EQ(store_->ChangeJob(job.id, Deletion(purge_time), {}).status().code(), absl::StatusCode::kFailedPrecondition)
      << "it is not over";
  Move(job.id, JobState::kSucceeded);
  EXPECT_EQ(store_->ChangeJob(job.id, Undeletion(), {}).status().code(), absl::StatusCode::kFailedPrecondition);
  const JobRecord deleted = store_->ChangeJob(job.id, Deletion(purge_time), {}).value();
  EXPECT_EQ(deleted.delete_time, clock_.Now());
  EXPECT_EQ(deleted.purge_time, purge_time);
  EXPECT_EQ(deleted.state, JobState::kSucceeded);
  EXPECT_THAT(Ids(store_->ListJobs({})), IsEmpty());
  JobQuery all;
  all.show_deleted = true;
  EXPECT_THAT(Ids(store_->ListJobs(all)), ElementsAre(job.id));
  EXPECT_EQ(GetJob(job.id).purge_time, purge_time);
  JobChange pin;
  pin.pinned = true;
  EXPECT_EQ(store_->ChangeJob(job.id, pin, {}).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(store_->ChangeJob(job.id, Deletion(purge_time), {}).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(store_->ChangeJob(job.id, Undeletion(), {})->delete_time, std::nullopt);
  EXPECT_THAT(Ids(store_->ListJobs({})), ElementsAre(job.id));
}

TEST_P(RunStoreSuite, DeletedJobIsPurgedWhenItsTimeHasCome) {
  const std::int64_t id = CreateJob(2).id;
  ASSERT_TRUE(Append(*store_, TestBatch(id, 0, 0, 10)).ok());
  Move(id, JobState::kCancelled);
  ASSERT_TRUE(store_->ChangeJob(id, Deletion(clock_.Now() + absl::Hours(1)), {}).ok());
  clock_.Advance(absl::Minutes(59));
  EXPECT_EQ(store_->SweepJobs({})->purged, 0);
  EXPECT_FALSE(AllPoints(*store_, id).empty()) << "its points are there until then";
  clock_.Advance(absl::Minutes(1));
  EXPECT_EQ(store_->SweepJobs({})->purged, 1);
  EXPECT_EQ(store_->GetJob(id).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->ChangeJob(id, Undeletion(), {}).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->SweepJobs({})->purged, 0);
}

TEST_P(RunStoreSuite, SweepDeletesWhatEndedLongAgoUnlessItIsPinned) {
  std::vector<std::int64_t> ids;
  ids.reserve(4);
  for (int i = 0; i < 4; ++i) ids.push_back(CreateJob(1).id);
  for (int i = 0; i < 3; ++i) Move(ids[static_cast<std::size_t>(i)], JobState::kSucceeded);
  JobChange pin;
  pin.pinned = true;
  ASSERT_TRUE(store_->ChangeJob(ids[1], pin, {}).ok());
  JobSweep sweep;
  clock_.Advance(absl::Hours(48));
  EXPECT_EQ(store_->SweepJobs(sweep)->deleted, 0) << "without a retention all are kept";
  sweep.retention = absl::Hours(49);
  EXPECT_EQ(store_->SweepJobs(sweep)->deleted, 0);
  clock_.Advance(absl::Hours(1));
  sweep.purge_after = absl::Hours(5);
  sweep.limit = 1;
  EXPECT_EQ(store_->SweepJobs(sweep)->deleted, 1);
  EXPECT_EQ(store_->SweepJobs(sweep)->deleted, 1);
  EXPECT_EQ(store_->SweepJobs(sweep)->deleted, 0);
  EXPECT_THAT(Ids(store_->ListJobs({})), ElementsAre(ids[3], ids[1]));
  EXPECT_EQ(GetJob(ids[0]).purge_time, clock_.Now() + absl::Hours(5));
}

TEST_P(RunStoreSuite, UndeletedJobIsKeptForAnotherRetention) {
  const std::int64_t id = CreateJob(1).id;
  Move(id, JobState::kSucceeded);
  JobSweep sweep;
  sweep.retention = absl::Hours(10);
  clock_.Advance(absl::Hours(10));
  EXPECT_EQ(store_->SweepJobs(sweep)->deleted, 1);
  ASSERT_TRUE(store_->ChangeJob(id, Undeletion(), {}).ok());
  EXPECT_EQ(store_->SweepJobs(sweep)->deleted, 0);
  clock_.Advance(absl::Hours(10));
  EXPECT_EQ(store_->SweepJobs(sweep)->deleted, 1);
}

TEST_P(RunStoreSuite, ListJobsFiltersByLabelsTimesAndPriority) {
  const std::int64_t a = CreateJob(JobWith(1, {{"chip", "a1"}})).id;
  clock_.Advance(absl::Seconds(1));
  const absl::Time between = clock_.Now();
  clock_.Advance(absl::Seconds(1));
  const std::int64_t b = CreateJob(JobWith(5, {{"chip", "a1"}, {"run", "x"}})).id;
  const std::int64_t c = CreateJob(JobWith(5, {{"chip", "b2"}})).id;
  Move(c, JobState::kCancelled);
  JobQuery query;
  query.filter = HasLabel("chip", "a1");
  EXPECT_THAT(Ids(store_->ListJobs(query)), ElementsAre(b, a));
  query.limit = 1;
  EXPECT_THAT(Ids(store_->ListJobs(query)), ElementsAre(b));
  query.after = JobCursor{b, b};
  EXPECT_THAT(Ids(store_->ListJobs(query)), ElementsAre(a));
  query = {};
  query.filter = Comparison(JobFilter::Field::kCreateTime, JobFilter::Operator::kGreater, absl::ToUnixMicros(between));
  EXPECT_THAT(Ids(store_->ListJobs(query)), ElementsAre(c, b));
  query.filter = Comparison(JobFilter::Field::kPriority, JobFilter::Operator::kLess, 5);
  EXPECT_THAT(Ids(store_->ListJobs(query)), ElementsAre(a));
  query.filter = Comparison(JobFilter::Field::kEndTime, JobFilter::Operator::kPresent, 0);
  EXPECT_THAT(Ids(store_->ListJobs(query)), ElementsAre(c));
}

TEST_P(RunStoreSuite, ListJobsInEveryOrderPageByPage) {
  std::vector<std::int64_t> ids;
  for (const int priority : {3, -1, 3, 100, -1}) ids.push_back(CreateJob(JobWith(priority, {})).id);
  for (const std::size_t i : {std::size_t{3}, std::size_t{0}}) {
    Move(ids[i], JobState::kCancelled);
    clock_.Advance(absl::Seconds(1));
  }
  const auto pages = [&](JobOrder order, bool ascending) {
    JobQuery query;
    query.order = order;
    query.ascending = ascending;
    query.limit = 2;
    std::vector<std::int64_t> listed;
    for (;;) {
      const std::vector<JobRecord> page = store_->ListJobs(query).value();
      for (const JobRecord& record : page) listed.push_back(record.id);
      if (page.size() < 2) return listed;
      query.after = JobCursor{OrderKey(order, page.back()), page.back().id};
    }
  };
  EXPECT_THAT(pages(JobOrder::kCreateTime, true), ElementsAre(ids[0], ids[1], ids[2], ids[3], ids[4]));
  EXPECT_THAT(pages(JobOrder::kCreateTime, false), ElementsAre(ids[4], ids[3], ids[2], ids[1], ids[0]));
  EXPECT_THAT(pages(JobOrder::kPriority, true), ElementsAre(ids[1], ids[4], ids[0], ids[2], ids[3]));
  EXPECT_THAT(pages(JobOrder::kPriority, false), ElementsAre(ids[3], ids[2], ids[0], ids[4], ids[1]));
  EXPECT_THAT(pages(JobOrder::kEndTime, true), ElementsAre(ids[3], ids[0], ids[1], ids[2], ids[4]));
  EXPECT_THAT(pages(JobOrder::kEndTime, false), ElementsAre(ids[4], ids[2], ids[1], ids[0], ids[3]));
}

}  // namespace
}  // namespace oneloop
