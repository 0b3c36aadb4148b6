// What every RunStore promises of what it shows of large jobs: how their starts improved, and a few of their points.

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <vector>

#include "server/store/job_ledger.h"
#include "tests/server/store/run_store_suite.h"

namespace oneloop {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Exact points of one start with these scores, all of energy 1 and area 1.
PointBatch Scored(std::int64_t id, int start, std::int64_t first, const std::vector<double>& scores) {
  PointBatch batch{id, start, {}, first + static_cast<std::int64_t>(scores.size()), false};
  for (const double score : scores) batch.points.push_back(ExactPoint(first++, 1, score, 1));
  return batch;
}

std::vector<double> ScoresOf(const StartHistory& start) {
  std::vector<double> scores;
  for (const Improvement& improvement : start.improvements) scores.push_back(improvement.score);
  return scores;
}

TEST_P(RunStoreSuite, HistoryTellsHowEachStartImproved) {
  const std::int64_t id = CreateJob(3).id;
  ASSERT_TRUE(Append(*store_, Scored(id, 0, 0, {9, 9, 8, 20})).ok());
  ASSERT_TRUE(Append(*store_, Scored(id, 2, 0, {30, 29})).ok());
  const std::int64_t revision = store_->revision();
  PointBatch last = Scored(id, 0, 4, {8, 3});
  last.samples_done = 100;
  last.start_done = true;
  ASSERT_TRUE(Append(*store_, last).ok());
  const auto history = store_->ReadHistory(id, 100);
  ASSERT_TRUE(history.ok()) << history.status();
  EXPECT_EQ(history->revision, store_->revision());
  ASSERT_THAT(history->starts, SizeIs(2));
  EXPECT_EQ(history->starts[0].start.start, 0);
  EXPECT_EQ(history->starts[0].start.samples_done, 100);
  EXPECT_TRUE(history->starts[0].start.done);
  EXPECT_THAT(ScoresOf(history->starts[0]), ElementsAre(9, 8, 3));
  const Improvement expected = {6, 3, 1, 8, 1, 8, history->starts[0].improvements[0].revision};
  EXPECT_EQ(history->starts[0].improvements[1], expected);
  EXPECT_LT(history->starts[0].improvements[1].revision, revision);
  EXPECT_EQ(history->starts[0].improvements[2].revision, store_->revision());
  EXPECT_EQ(history->starts[1].start.start, 2);
  EXPECT_THAT(ScoresOf(history->starts[1]), ElementsAre(30, 29));
  EXPECT_EQ(store_->ReadHistory(id + 1, 100).status().code(), absl::StatusCode::kNotFound);
}

// A start that is run again from its beginning brings what is stored once more.
TEST_P(RunStoreSuite, ReplayedImprovementsAreToldOnce) {
  const std::int64_t id = CreateJob(1).id;
  ASSERT_TRUE(Append(*store_, Scored(id, 0, 0, {9, 8})).ok());
  ASSERT_TRUE(Append(*store_, Scored(id, 0, 0, {9, 8, 7})).ok());
  EXPECT_THAT(ScoresOf(store_->ReadHistory(id, 100)->starts.at(0)), ElementsAre(9, 8, 7));
  EXPECT_EQ(store_->SamplePoints(id, 100)->total, 3);
}

TEST_P(RunStoreSuite, HistoryIsThinnedEvenlyAndKeepsTheEnds) {
  const std::int64_t id = CreateJob(2).id;
  std::vector<double> scores(500);
  for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = 1000 - static_cast<double>(i);
  ASSERT_TRUE(Append(*store_, Scored(id, 0, 0, scores)).ok());
  ASSERT_TRUE(Append(*store_, Scored(id, 1, 0, {5, 4, 3})).ok());
  const auto history = store_->ReadHistory(id, 14);
  ASSERT_TRUE(history.ok()) << history.status();
  EXPECT_THAT(ScoresOf(history->starts.at(0)), ElementsAre(1000, 951, 901, 851, 801, 751, 701, 651, 601, 551, 501));
  EXPECT_THAT(ScoresOf(history->starts.at(1)), ElementsAre(5, 4, 3));
}

TEST_P(RunStoreSuite, HistoryOfTooManyStartsIsThatOfTheBest) {
  const std::int64_t id = CreateJob(6).id;
  for (int start = 0; start < 5; ++start) {
    ASSERT_TRUE(Append(*store_, Scored(id, start, 0, {100, 50, 10.0 + std::abs(start - 3)})).ok());
  }
  const auto history = store_->ReadHistory(id, 4);
  ASSERT_TRUE(history.ok()) << history.status();
  ASSERT_THAT(history->starts, SizeIs(2));
  EXPECT_EQ(history->starts[0].start.start, 2);
  EXPECT_THAT(ScoresOf(history->starts[0]), ElementsAre(100, 11));
  EXPECT_EQ(history->starts[1].start.start, 3);
  EXPECT_THAT(ScoresOf(history->starts[1]), ElementsAre(100, 10));
}

// --- Samples ---

TEST_P(RunStoreSuite, SampleOfFewResultsHasAll) {
  const std::int64_t id = CreateJob(2).id;
  EXPECT_THAT(store_->SamplePoints(id, 9)->points, IsEmpty());
  for (int start = 0; start < 2; ++start) ASSERT_TRUE(Append(*store_, TestBatch(id, start, 0, 400)).ok());
  std::vector<std::int64_t> results;
  for (const PointRecord& point : AllPoints(*store_, id)) {
    if (IsResult(point.point)) results.push_back(point.number);
  }
  ASSERT_GT(results.size(), 100u);
  const auto sample = store_->SamplePoints(id, static_cast<int>(results.size()));
  ASSERT_TRUE(sample.ok()) << sample.status();
  EXPECT_EQ(Numbers(sample->points), results);
  EXPECT_EQ(sample->total, static_cast<std::int64_t>(results.size()));
  EXPECT_EQ(sample->revision, store_->revision());
  EXPECT_EQ(sample->points[0].point.design, "");
  EXPECT_EQ(store_->SamplePoints(id + 1, 9).status().code(), absl::StatusCode::kNotFound);
}

TEST_P(RunStoreSuite, SampleHasFrontAndExtremesAndIsEven) {
  const std::int64_t id = CreateJob(2).id;
  // The front: 40 points, late in the list. Far from it a cloud, with one point that is greatest in each figure.
  for (int start = 0; start < 2; ++start) {
    PointBatch batch{id, start, {}, 1000, false};
    for (int i = 0; i < 1000; ++i) {
      const bool front = start == 0 && i >= 950 && i < 990;
      batch.points.push_back(front ? ExactPoint(i, 1.0 + i - 950, 990.0 - i, 1)
                                   : ExactPoint(i, 200 + (i * 37) % 100, 200 + (i * 53) % 100, 2 + (i * 71) % 100));
    }
    if (start == 1) {
      batch.points[300] = ExactPoint(300, 1000, 201, 3);
      batch.points[301] = ExactPoint(301, 201, 1100, 3);
      batch.points[302] = ExactPoint(302, 201, 201, 1200);
      batch.points[303] = ExactPoint(303, 900, 1000, 3);
      // The greatest by number, and none by figure.
      batch.points[304] = ExactPoint(304, 1000, 201, 3);
    }
    ASSERT_TRUE(Append(*store_, batch).ok());
  }
  const auto sample = store_->SamplePoints(id, 200);
  ASSERT_TRUE(sample.ok()) << sample.status();
  EXPECT_EQ(sample->total, 2000);
  EXPECT_EQ(sample->points.size(), 200u);
  const std::vector<std::int64_t> listed = Numbers(sample->points);
  EXPECT_TRUE(std::is_sorted(listed.begin(), listed.end()));
  const std::set<std::int64_t> numbers(listed.begin(), listed.end());
  ASSERT_THAT(numbers, SizeIs(200)) << "none twice";
  const JobSnapshot snapshot = store_->Snapshot(id).value();
  for (const PointRecord& point : snapshot.front) EXPECT_TRUE(numbers.contains(point.number));
  for (const std::int64_t extreme : {601, 603, 605, 607}) EXPECT_TRUE(numbers.contains(extreme)) << extreme;
  for (std::size_t i = 1; i < listed.size(); ++i) {
    EXPECT_LE(listed[i] - listed[i - 1], 20) << "after " << listed[i - 1];
  }
}

TEST_P(RunStoreSuite, SampleOfALargeFrontIsEvenAlongIt) {
  const std::int64_t id = CreateJob(1).id;
  PointBatch batch{id, 0, {}, 300, false};
  // In another order than that of their energies.
  for (int i = 0; i < 300; ++i) {
    const int place = (i * 7) % 300;
    batch.points.push_back(ExactPoint(i, 100 + place, 1000.0 / (100 + place), 1));
  }
  batch.points.push_back(ExactPoint(300, 5000, 5000, 50));
  ASSERT_TRUE(Append(*store_, batch).ok());
  const auto sample = store_->SamplePoints(id, 40);
  ASSERT_TRUE(sample.ok()) << sample.status();
  EXPECT_EQ(sample->points.size(), 40u);
  EXPECT_EQ(sample->points.back().number, 300) << "greatest of all figures";
  std::vector<double> energies;
  for (const PointRecord& point : sample->points) energies.push_back(point.point.energy_uj);
  std::sort(energies.begin(), energies.end());
  EXPECT_EQ(energies.front(), 100);
  EXPECT_EQ(energies[38], 399);
  for (std::size_t i = 1; i < 39; ++i) EXPECT_LE(energies[i] - energies[i - 1], 12);
}

// Results in clusters, and long stretches of steps and of points that break a limit.
TEST_P(RunStoreSuite, SampleIsFilledWhereResultsLieInClusters) {
  const std::int64_t id = CreateJob(1).id;
  PointBatch batch{id, 0, {}, 4000, false};
  for (int i = 0; i < 4000; ++i) {
    NewPoint point = ExactPoint(i, 10 + i % 13, 10 + i % 17, 5);
    if (i % 1000 < 700) point = DescentPoint(0, i);
    if (i % 1000 >= 700 && i % 1000 < 800) point.score = std::numeric_limits<double>::infinity();
    batch.points.push_back(point);
  }
  ASSERT_TRUE(Append(*store_, batch).ok());
  const auto sample = store_->SamplePoints(id, 300);
  ASSERT_TRUE(sample.ok()) << sample.status();
  EXPECT_EQ(sample->total, 800);
  EXPECT_EQ(sample->points.size(), 300u);
  EXPECT_TRUE(std::all_of(sample->points.begin(), sample->points.end(),
                          [](const PointRecord& point) { return IsResult(point.point); }));
}

TEST_P(RunStoreSuite, PurgeLeavesNothingOfAnOverviewToTheNextJob) {
  const std::int64_t id = CreateJob(1).id;
  ASSERT_TRUE(Append(*store_, TestBatch(id, 0, 0, 100)).ok());
  Move(id, JobState::kCancelled);
  ASSERT_TRUE(store_->DeleteJob(id, {}).ok());
  EXPECT_EQ(store_->ReadHistory(id, 100).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->SamplePoints(id, 100).status().code(), absl::StatusCode::kNotFound);
  const std::int64_t next = CreateJob(1).id;
  EXPECT_THAT(store_->ReadHistory(next, 100)->starts, IsEmpty());
  EXPECT_EQ(store_->SamplePoints(next, 100)->total, 0);
}

}  // namespace
}  // namespace oneloop
