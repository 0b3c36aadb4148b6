// What every RunStore promises to who comes back and asks what changed after a revision, or how it was at one.

#include <gmock/gmock.h>

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/server/store/run_store_suite.h"

namespace oneloop {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::int64_t kWholeRevision = std::numeric_limits<std::int64_t>::max();

// "3" for a job that is wanted, "-3" for another, in their order.
std::vector<std::int64_t> Marks(const ChangedJobs& changed) {
  std::vector<std::int64_t> marks;
  for (const auto& [record, wanted] : changed.jobs) marks.push_back(wanted ? record.id : -record.id);
  return marks;
}

ChangedJobs ChangedSince(RunStore& store, const JobQuery& query, std::int64_t since) {
  const auto changed = store.ListChangedJobs(query, since, {since, kWholeRevision});
  EXPECT_TRUE(changed.ok()) << changed.status();
  return changed.ok() ? *changed : ChangedJobs();
}

TEST_P(RunStoreSuite, ChangedJobsComeInTheOrderOfTheirChanges) {
  const std::int64_t a = CreateJob(1).id;
  const std::int64_t b = CreateJob(1).id;
  const std::int64_t c = CreateJob(1).id;
  const std::int64_t seen = store_->revision();
  EXPECT_THAT(Marks(ChangedSince(*store_, {}, seen)), IsEmpty());
  Move(c, JobState::kRunning);
  ASSERT_TRUE(Append(*store_, TestBatch(a, 0, 0, 5)).ok());
  const ChangedJobs changed = ChangedSince(*store_, {}, seen);
  EXPECT_THAT(Marks(changed), ElementsAre(c, a));
  EXPECT_EQ(changed.revision, store_->revision());
  EXPECT_FALSE(changed.more);
  EXPECT_EQ(changed.jobs[1].record.points, 5);
  EXPECT_THAT(Marks(ChangedSince(*store_, {}, seen + 1)), ElementsAre(a));
  EXPECT_THAT(Marks(ChangedSince(*store_, {}, changed.revision)), IsEmpty());
  EXPECT_THAT(Marks(ChangedSince(*store_, {}, 0)), ElementsAre(b, c, a));
  EXPECT_EQ(store_->ListChangedJobs({}, changed.revision + 1, {}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(RunStoreSuite, ChangedJobsThatTheQueryDoesNotFindAreToldApart) {
  NewJob other_project = TestJob(1);
  other_project.project = "other";
  const std::int64_t a = CreateJob(1).id;
  const std::int64_t b = CreateJob(1).id;
  CreateJob(other_project);
  Move(a, JobState::kRunning);
  JobQuery query;
  query.project = "team";
  query.states = {JobState::kRunning};
  ChangedJobs changed = ChangedSince(*store_, query, 0);
  EXPECT_THAT(Marks(changed), ElementsAre(-b, a));
  EXPECT_EQ(changed.jobs[0].record.job.project, "team");
  const std::int64_t seen = changed.revision;
  Move(a, JobState::kCancelled);
  EXPECT_THAT(Marks(ChangedSince(*store_, query, seen)), ElementsAre(-a));
  query.states.clear();
  query.filter.emplace();
  query.filter->kind = JobFilter::Kind::kCompare;
  query.filter->field = JobFilter::Field::kLabel;
  query.filter->label = "chip";
  query.filter->text = "a1";
  EXPECT_THAT(Marks(ChangedSince(*store_, query, seen)), ElementsAre(-a));
  JobChange label;
  label.labels = std::map<std::string, std::string>{{"chip", "a1"}};
  ASSERT_TRUE(store_->ChangeJob(a, label, {}).ok());
  EXPECT_THAT(Marks(ChangedSince(*store_, query, seen)), ElementsAre(a));
  JobChange deletion;
  deletion.purge_time = clock_.Now() + absl::Hours(1);
  ASSERT_TRUE(store_->ChangeJob(a, deletion, {}).ok());
  EXPECT_THAT(Marks(ChangedSince(*store_, query, seen)), ElementsAre(-a));
  query.show_deleted = true;
  EXPECT_THAT(Marks(ChangedSince(*store_, query, seen)), ElementsAre(a));
}

TEST_P(RunStoreSuite, ChangedJobsArePagedWithoutLossWhileTheyChange) {
  std::vector<std::int64_t> ids(5);
  for (std::int64_t& id : ids) id = CreateJob(1).id;
  JobQuery query;
  query.limit = 2;
  const auto next = [&](const ChangedJobs& page) {
    const JobRecord& last = page.jobs.back().record;
    return store_->ListChangedJobs(query, 0, {last.revision, last.id}).value();
  };
  const ChangedJobs first = store_->ListChangedJobs(query, 0, {}).value();
  EXPECT_THAT(Marks(first), ElementsAre(ids[0], ids[1]));
  EXPECT_TRUE(first.more);
  // One that was listed, and one that was to come.
  Move(ids[0], JobState::kRunning);
  Move(ids[2], JobState::kRunning);
  const ChangedJobs second = next(first);
  EXPECT_THAT(Marks(second), ElementsAre(ids[3], ids[4]));
  const ChangedJobs third = next(second);
  EXPECT_THAT(Marks(third), ElementsAre(ids[0], ids[2]));
  EXPECT_FALSE(third.more);
}

TEST_P(RunStoreSuite, PurgeIsToldToTheProjectsOfItsJob) {
  NewJob other_project = TestJob(1);
  other_project.project = "other";
  const std::int64_t a = CreateJob(1).id;
  const std::int64_t b = CreateJob(1).id;
  CreateJob(other_project);
  Move(a, JobState::kCancelled);
  Move(b, JobState::kCancelled);
  JobQuery team;
  team.project = "team";
  JobQuery other;
  other.project = "other";
  std::int64_t seen = store_->revision();
  ASSERT_TRUE(store_->DeleteJob(a, {}).ok());
  EXPECT_TRUE(ChangedSince(*store_, team, seen).purged);
  EXPECT_THAT(Marks(ChangedSince(*store_, team, seen)), IsEmpty());
  EXPECT_TRUE(ChangedSince(*store_, {}, seen).purged);
  EXPECT_FALSE(ChangedSince(*store_, other, seen).purged);
  // And those that time purges.
  seen = store_->revision();
  EXPECT_FALSE(ChangedSince(*store_, team, seen).purged);
  JobChange deletion;
  deletion.purge_time = clock_.Now() + absl::Hours(1);
  ASSERT_TRUE(store_->ChangeJob(b, deletion, {}).ok());
  EXPECT_FALSE(ChangedSince(*store_, team, seen).purged);
  clock_.Advance(absl::Hours(2));
  ASSERT_EQ(store_->SweepJobs({})->purged, 1);
  EXPECT_TRUE(ChangedSince(*store_, team, seen).purged);
}

// --- Points ---

std::vector<std::int64_t> ListAllNumbers(RunStore& store, PointQuery query) {
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

// Starts of very different lengths and speeds, whose long runs of descent steps are cut anywhere.
TEST_P(RunStoreSuite, PointsOfARangeOfRevisionsAreListed) {
  constexpr int kStarts = 4;
  constexpr std::int64_t kLengths[] = {1700, 90, 0, 620};
  const std::int64_t id = CreateJob(kStarts).id;
  std::vector<std::int64_t> revisions = {0};
  for (std::int64_t first = 0; first < 1700; first += 170) {
    for (int start = 0; start < kStarts; ++start) {
      const std::int64_t count = std::min<std::int64_t>(170, kLengths[start] - first);
      if (count <= 0) continue;
      ASSERT_TRUE(Append(*store_, TestBatch(id, start, first, count)).ok());
    }
    revisions.push_back(store_->revision());
  }
  const std::vector<PointRecord> all = AllPoints(*store_, id);
  ASSERT_EQ(all.size(), 2410u);
  for (const std::int64_t after : revisions) {
    for (const std::int64_t last : {revisions[2], revisions[7], kWholeRevision}) {
      for (int filter = 0; filter < 12; ++filter) {
        PointQuery query;
        query.job_id = id;
        query.after_revision = after;
        query.last_revision = last;
        query.exact_only = filter % 2 == 1;
        query.ever_on_front = filter % 4 >= 2;
        if (filter >= 4) query.start = filter >= 8 ? 3 : 0;
        std::vector<std::int64_t> expected;
        for (const PointRecord& point : all) {
          if (point.revision <= after || point.revision > last) continue;
          if (query.exact_only && point.point.origin == PointOrigin::kDescent) continue;
          if (query.ever_on_front && point.entered_front_revision == 0) continue;
          if (query.start && point.start != *query.start) continue;
          expected.push_back(point.number);
        }
        for (const int limit : {3, 100, 5000}) {
          query.limit = limit;
          EXPECT_EQ(ListAllNumbers(*store_, query), expected)
              << "after " << after << " to " << last << ", filter " << filter << ", limit " << limit;
        }
      }
    }
  }
}

// --- Fronts ---

TEST_P(RunStoreSuite, FrontOfAnyRevisionIsReadBack) {
  const std::int64_t id = CreateJob(2).id;
  const std::int64_t before = store_->revision();
  std::vector<std::pair<std::int64_t, std::vector<PointRecord>>> fronts;
  for (std::int64_t first = 0; first < 140; first += 10) {
    for (int start = 0; start < 2; ++start) {
      ASSERT_TRUE(Append(*store_, TestBatch(id, start, first, 10)).ok());
      const JobSnapshot snapshot = store_->Snapshot(id).value();
      fronts.emplace_back(snapshot.revision, snapshot.front);
    }
  }
  ASSERT_NE(Numbers(fronts.front().second), Numbers(fronts.back().second));
  for (const auto& [revision, front] : fronts) {
    const auto was = store_->FrontAt(id, revision);
    ASSERT_TRUE(was.ok()) << was.status();
    EXPECT_EQ(Numbers(*was), Numbers(front)) << revision;
    EXPECT_TRUE(std::all_of(was->begin(), was->end(), [](const PointRecord& point) { return point.on_front(); }));
  }
  EXPECT_THAT(*store_->FrontAt(id, before), IsEmpty());
  EXPECT_EQ(store_->FrontAt(id, store_->revision() + 1).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(store_->FrontAt(id, -1).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(store_->FrontAt(id + 1, 1).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace oneloop
