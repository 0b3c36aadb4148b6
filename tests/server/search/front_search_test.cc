// Fronts on purpose: how a start walks along its part of a front.
#include "server/search/front_search.h"

#include <algorithm>
#include <cmath>

#include "common/base/status.h"
#include "common/front/front_space.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/search/front_gaps.h"
#include "server/search/run_start.h"
#include "server/search/spec_validation.h"
#include "tests/server/search/free_and_fixed.h"
#include "tests/server/search/search_cases.h"

namespace oneloop {
namespace {

SearchSpec FrontSpec(const char* space, std::int64_t samples, int starts) {
  SearchSpec spec = ShippedSpec("bert");
  spec.front = *FrontSpace::Parse(space);
  spec.objective = ProductOf(*spec.front);
  spec.samples_per_start = samples;
  spec.starts = starts;
  return spec;
}

std::vector<RecordingSink::Point> PointsOf(const SearchSpec& spec) {
  RecordingSink sink;
  for (int start = 0; start < spec.starts; ++start) RunStart(spec, start, sink);
  return sink.points;
}

std::vector<FrontPoint> DesignsOf(const std::vector<RecordingSink::Point>& points) {
  std::vector<FrontPoint> designs;
  for (const RecordingSink::Point& point : points) {
    if (!std::isfinite(point.score)) continue;
    designs.push_back({point.metrics.energy_uj, point.metrics.latency_cycles, point.metrics.area_mm2});
  }
  return designs;
}

TEST(FrontSearchTest, EveryStartIsAPureFunctionOfItsIndex) {
  const SearchSpec spec = FrontSpec("energy,latency,area", 150, 3);
  std::vector<RecordingSink> first(3);
  for (int start = 0; start < 3; ++start) RunStart(spec, start, first[static_cast<std::size_t>(start)]);
  for (int start = 2; start >= 0; --start) {
    RecordingSink again;
    RunStart(spec, start, again);
    EXPECT_EQ(again.points, first[static_cast<std::size_t>(start)].points) << start;
  }
  EXPECT_NE(first[0].points, first[1].points);
}

TEST(FrontSearchTest, StagesShareOneBudget) {
  for (const std::int64_t samples : {1, 2, 10, 45, 200}) {
    SearchSpec spec = FrontSpec("energy,latency,area", samples, 1);
    RecordingSink sink;
    const StartSummary summary = RunStart(spec, 0, sink);
    EXPECT_LE(summary.samples, samples);
    EXPECT_GE(summary.samples, samples - 1) << "of which nothing is left over";
    ASSERT_FALSE(sink.points.empty()) << samples;
    for (const RecordingSink::Point& point : sink.points) EXPECT_LE(point.sample, samples);
  }
}

TEST(FrontSearchTest, EveryStageKeepsTheLimitsOfTheJob) {
  SearchSpec spec = FrontSpec("energy,latency,area", 300, 2);
  spec.limits = {{Quantity::kAreaMm2, 1}, {Quantity::kLatencyCycles, 2e7}};
  const std::vector<RecordingSink::Point> points = PointsOf(spec);
  const std::vector<FrontPoint> designs = DesignsOf(points);
  ASSERT_GT(designs.size(), 20u);
  const auto exact = static_cast<std::size_t>(
      std::count_if(points.begin(), points.end(), [](const auto& point) { return !point.mappings.empty(); }));
  EXPECT_GT(designs.size(), exact * 2 / 3) << "little is spent on what breaks a limit";
  double least = 1;
  for (const FrontPoint& design : designs) {
    EXPECT_LE(design[kAreaFigure], 1);
    EXPECT_LE(design[kLatencyFigure], 2e7);
    least = std::min(least, design[kAreaFigure]);
  }
  EXPECT_LT(least, 0.5) << "it walks along what the limits leave";
}

TEST(FrontSearchTest, GoesOnUntilSomethingKeepsTheLimits) {
  SearchSpec spec = FrontSpec("energy,latency", 200, 1);
  // No start is drawn so small.
  spec.limits = {{Quantity::kAreaMm2, 0.05}};
  EXPECT_FALSE(DesignsOf(PointsOf(spec)).empty());
}

TEST(FrontSearchTest, CoversTheFrontBetterThanASearchForOneProduct) {
  for (const char* const text : {"energy,latency,area", "energy,area", "latency,area"}) {
    const SearchSpec spec = FrontSpec(text, 400, 3);
    SearchSpec edp = spec;
    edp.front.reset();
    edp.objective = MetricProduct::Edp();
    const Front front = spec.front->FrontOf(DesignsOf(PointsOf(spec)));
    const Front other = spec.front->FrontOf(DesignsOf(PointsOf(edp)));
    FrontPoint reference = spec.front->ReferenceOf(JointFront(std::vector<Front>{front, other}));
    EXPECT_GT(LogHypervolume(front, reference), 1.2 * LogHypervolume(other, reference)) << text;
    reference[kAreaFigure] = 0.5;
    EXPECT_GT(LogHypervolume(front, reference), 1.5 * LogHypervolume(other, reference)) << text;
  }
}

TEST(FrontSearchTest, OneStartAloneWalksFromTheLargestDesignsToTheSmallest) {
  const SearchSpec spec = FrontSpec("energy,latency,area", 600, 1);
  std::vector<RecordingSink::Point> points = PointsOf(spec);
  const auto volume_of = [&spec](const std::vector<RecordingSink::Point>& found) {
    return LogHypervolume(spec.front->FrontOf(DesignsOf(found)), {2e4, 2e8, 0.5});
  };
  const double walked = volume_of(points);
  std::erase_if(points, [](const RecordingSink::Point& point) { return point.sample > 120; });
  EXPECT_GT(walked, 1.5 * volume_of(points)) << "its first stage finds large designs";
}

TEST(FrontSearchTest, TradesEnergyForLatencyWhereThatIsAsked) {
  SearchSpec spec = FrontSpec("energy,latency", 1200, 3);
  // Of the other one, a single design is nearly the best in both.
  spec.workload = std::make_shared<const Workload>(ShippedWorkload("unet"));
  SearchSpec edp = spec;
  edp.front.reset();
  const Front front = spec.front->FrontOf(DesignsOf(PointsOf(spec)));
  const Front other = spec.front->FrontOf(DesignsOf(PointsOf(edp)));
  const FrontPoint reference = spec.front->ReferenceOf(JointFront(std::vector<Front>{front, other}));
  EXPECT_GT(LogHypervolume(front, reference), LogHypervolume(other, reference));
  EXPECT_GT(front.points().size(), other.points().size());
}

TEST(FrontSearchTest, WorksOnFixedHardware) {
  SearchSpec spec = FrontSpec("energy,latency,area", 100, 2);
  for (ParameterRange& range : spec.hardware_range) range = {64, 64};
  EXPECT_FALSE(DesignsOf(PointsOf(spec)).empty());
}

TEST(FrontSearchTest, FindsFrontsOfAnyTemplate) {
  Random random(7);
  for (int i = 0; i < 30; ++i) {
    SearchSpec spec = RandomSearchCase(random);
    const bool has_area = spec.hardware_template->spec().area_mm2.has_value();
    spec.front = *FrontSpace::Parse(!has_area ? "energy,latency" : i % 2 == 0 ? "energy,latency,area" : "latency,area");
    spec.objective = ProductOf(*spec.front);
    spec.samples_per_start = 80;
    spec.starts = 2;
    if (!ValidateSearchSpec(spec).ok()) continue;
    RecordingSink sink;
    EXPECT_LE(RunStart(spec, 1, sink).samples, 80) << i;
    EXPECT_TRUE(std::isfinite(sink.best())) << i;
  }
}

TEST(FrontSearchTest, StopsWhenAsked) {
  RecordingSink sink;
  sink.stop_after = 20;
  const StartSummary summary = RunStart(FrontSpec("energy,latency,area", 400, 1), 0, sink);
  EXPECT_EQ(summary.termination, StartSummary::Termination::kStopped);
  EXPECT_EQ(sink.points.size(), 20u);
}

TEST(FrontSearchTest, OtherAlgorithmsReportDesignsByTheProduct) {
  SearchSpec spec = FrontSpec("energy,area", 30, 1);
  spec.algorithm = Algorithm::kRandom;
  ASSERT_EQ(ValidateSearchSpec(spec), absl::OkStatus());
  for (const RecordingSink::Point& point : PointsOf(spec)) {
    EXPECT_DOUBLE_EQ(point.score, point.metrics.energy_uj * point.metrics.area_mm2);
  }
}

TEST(FrontSearchTest, RefusesWhatMakesNoFront) {
  SearchSpec spec = FrontSpec("energy,area", 30, 1);
  spec.algorithm = Algorithm::kDefaultTiling;
  EXPECT_EQ(FieldOf(ValidateSearchSpec(spec)), "algorithm");
  spec.algorithm = Algorithm::kGradient;
  spec.stop_score = 1;
  EXPECT_EQ(FieldOf(ValidateSearchSpec(spec)), "stop_gap");
}

FrontArchive::Member MemberAt(FrontPoint figures) { return {figures, {}}; }

TEST(FrontGapsTest, LooksWhereTheFrontGainsTheMost) {
  const std::vector<FrontDirection> directions = DirectionsOf(*FrontSpace::Parse("energy,area"));
  ASSERT_EQ(directions.size(), 1u);
  EXPECT_EQ(directions[0].budgeted, kAreaFigure);
  // By area: steps of 1 x 1, 2 x 2 and 1 x 2 octaves.
  const std::vector<FrontArchive::Member> members = {MemberAt({0, 0, 4}), MemberAt({5, 0, 0}), MemberAt({4, 0, 1}),
                                                     MemberAt({2, 0, 3})};
  FrontGaps gaps(directions, 2);
  const std::optional<FrontGap> gap = gaps.Next(members);
  ASSERT_TRUE(gap.has_value());
  EXPECT_EQ(gap->below, &members[2]);
  EXPECT_EQ(gap->above, &members[3]);
  EXPECT_DOUBLE_EQ(gap->budget, 2);
  // What was looked at without success promises less.
  std::vector<double> budgets;
  budgets.reserve(12);
  for (int i = 0; i < 12; ++i) budgets.push_back(gaps.Next(members)->budget);
  EXPECT_THAT(budgets, testing::Contains(3.5));
  EXPECT_THAT(budgets, testing::Contains(0.5));
  EXPECT_FALSE(gaps.Next({}).has_value());
}

TEST(FrontGapsTest, ThreeMetricsAreWalkedInThreeDirections) {
  const std::vector<FrontDirection> directions = DirectionsOf(FrontSpace());
  ASSERT_EQ(directions.size(), 3u);
  const std::vector<FrontArchive::Member> members = {MemberAt({3, 3, 0}), MemberAt({0, 0, 3})};
  FrontGaps gaps(directions, 1);
  std::vector<std::size_t> seen;
  seen.reserve(6);
  for (int i = 0; i < 6; ++i) seen.push_back(gaps.Next(members)->direction);
  for (const std::size_t direction : {0u, 1u, 2u}) EXPECT_THAT(seen, testing::Contains(direction));
}

TEST(FrontArchiveTest, KeepsWhatNothingDominatesAndNoMoreThanItsSize) {
  FrontArchive archive(*FrontSpace::Parse("energy,latency"));
  archive.Add({4, 4, 1}, {});
  EXPECT_FALSE(archive.Wants({4, 4, 0.5})) << "the area does not count";
  EXPECT_TRUE(archive.Wants({4, 3, 9}));
  archive.Add({2, 2, 9}, {});
  EXPECT_EQ(archive.members().size(), 1u);
  for (int i = 1; i <= 200; ++i) archive.Add({std::exp2(-i * 0.05), std::exp2(i * 0.05), 1}, {});
  EXPECT_EQ(archive.members().size(), FrontArchive::kMost);
  double least = 0;
  double most = 0;
  for (const FrontArchive::Member& member : archive.members()) {
    least = std::min(least, member.figures[kEnergyFigure]);
    most = std::max(most, member.figures[kEnergyFigure]);
  }
  EXPECT_LT(least, -9) << "both ends stay";
  EXPECT_GT(most, -1);
}

}  // namespace
}  // namespace oneloop
