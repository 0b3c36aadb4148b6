#include "server/search/search_bound.h"

#include <cmath>
#include <limits>
#include <tuple>
#include <vector>

#include "common/base/random.h"
#include "gtest/gtest.h"
#include "server/search/run_start.h"
#include "tests/common/model/random_latency.h"
#include "tests/server/search/search_cases.h"

namespace oneloop {
namespace {

class SearchBoundTest : public testing::TestWithParam<std::tuple<const char*, MetricProduct>> {
 protected:
  // Runs one start within the ranges and proves that it found nothing below the bound.
  static void Check(const std::vector<ParameterRange>& ranges) {
    const auto& [network, objective] = GetParam();
    SearchSpec spec = ShippedSpec(network);
    spec.objective = objective;
    spec.samples_per_start = 300;
    spec.hardware_range = ranges;
    RecordingSink sink;
    RunStart(spec, 0, sink);
    const std::optional<LowerBound> bound = ProveSearchBound(spec, [] { return false; });
    ASSERT_TRUE(bound.has_value());
    EXPECT_GT(bound->objective, 0);
    for (const RecordingSink::Point& point : sink.points) {
      if (point.mappings.empty()) continue;
      EXPECT_GE(point.score, bound->objective);
      EXPECT_GE(point.metrics.energy_uj, bound->energy_uj);
      EXPECT_GE(point.metrics.latency_cycles, bound->latency_cycles);
    }
    EXPECT_GE(*GapOf(sink.best(), bound->objective), 0);
  }
};

TEST_P(SearchBoundTest, NoScoreLiesBelowTheBound) { Check({{2, 128}, {1, 8192}, {1, 8192}}); }

TEST_P(SearchBoundTest, NoScoreLiesBelowTheBoundWhenHardwareIsPartlyFixed) { Check({{16, 16}, {64, 512}, {32, 32}}); }

INSTANTIATE_TEST_SUITE_P(Networks, SearchBoundTest,
                         testing::Combine(testing::Values("alexnet", "bert", "deepbench", "resnet50"),
                                          testing::Values(MetricProduct::Edp(), MetricProduct::Of(Metric::kEnergy),
                                                          MetricProduct::Of(Metric::kLatency))));

TEST(SearchBoundTest, OnlyAScoreBelowTheBoundContradictsIt) {
  EXPECT_FALSE(Contradicts(10, 10));
  EXPECT_FALSE(Contradicts(10 * (1 - 1e-12), 10)) << "rounding";
  EXPECT_FALSE(Contradicts(std::numeric_limits<double>::infinity(), 10)) << "no design";
  EXPECT_TRUE(Contradicts(9.99, 10));
  EXPECT_TRUE(Contradicts(0, 10));
}

class LimitedBoundTest : public testing::Test {
 protected:
  static LowerBound Prove(const SearchSpec& spec) {
    return *ProveSearchBound(spec, [] { return false; });
  }

  const SearchSpec free_ = ShippedSpec("alexnet");
  const LowerBound free_bound_ = Prove(free_);
};

TEST_F(LimitedBoundTest, NoScoreWithinTheLimitsLiesBelowTheBound) {
  for (const std::vector<MetricLimit>& limits : {std::vector<MetricLimit>{{Quantity::kAreaMm2, 1}},
                                                 {{Quantity::kAreaMm2, 2}, {Quantity::kLatencyCycles, 1.5e7}},
                                                 {{Quantity::kPowerW, 0.5}}}) {
    SearchSpec spec = free_;
    spec.limits = limits;
    spec.samples_per_start = 1000;
    RecordingSink sink;
    RunStart(spec, 0, sink);
    ASSERT_TRUE(std::isfinite(sink.best()));
    const LowerBound bound = Prove(spec);
    EXPECT_GT(bound.objective, 1.01 * free_bound_.objective);
    EXPECT_GE(*GapOf(sink.best(), bound.objective), 0);
    for (const RecordingSink::Point& point : sink.points) {
      if (point.mappings.empty() || !std::isfinite(point.score)) continue;
      EXPECT_GE(point.metrics.energy_uj, bound.energy_uj);
      EXPECT_GE(point.metrics.latency_cycles, bound.latency_cycles);
    }
  }
}

TEST_F(LimitedBoundTest, IdealPointOfAFrontIsProvenFigureByFigure) {
  SearchSpec spec = free_;
  spec.front.emplace();
  spec.objective = ProductOf(*spec.front);
  spec.limits = {{Quantity::kLatencyCycles, 4e7}};
  spec.samples_per_start = 400;
  const LowerBound ideal = Prove(spec);
  RecordingSink sink;
  RunStart(spec, 0, sink);
  for (const RecordingSink::Point& point : sink.points) {
    if (!std::isfinite(point.score)) continue;
    EXPECT_GE(point.metrics.energy_uj, ideal.energy_uj);
    EXPECT_GE(point.metrics.latency_cycles, ideal.latency_cycles);
    EXPECT_GE(point.metrics.area_mm2, ideal.area_mm2);
  }
  for (const auto& [metric, bound] : {std::pair(Metric::kEnergy, ideal.energy_uj),
                                      {Metric::kLatency, ideal.latency_cycles},
                                      {Metric::kArea, ideal.area_mm2}}) {
    SearchSpec alone = spec;
    alone.front.reset();
    alone.objective = MetricProduct::Of(metric);
    EXPECT_GE(bound, Prove(alone).objective);
    EXPECT_GT(bound, 0);
  }
}

// What is predicted may be shorter than anything analytical.
TEST_F(LimitedBoundTest, LimitsOnPredictedLatenciesCutNothing) {
  SearchSpec spec = free_;
  const CostModel model(spec.hardware_template);
  Random random(1);
  spec.latency = *LatencyPredictor::Create(model, {16, 8, 8},
                                           RandomLatencyParameters(LatencyFeatures(model, {16, 8, 8}), true, random));
  const LowerBound unlimited = Prove(spec);
  for (const Quantity quantity : {Quantity::kLatencyCycles, Quantity::kLatencyMs, Quantity::kEdp, Quantity::kPowerW}) {
    spec.limits = {{quantity, 1e-9}};
    EXPECT_EQ(Prove(spec).objective, 0);
    EXPECT_EQ(Prove(spec).energy_uj, unlimited.energy_uj);
  }
  spec.limits = {{Quantity::kThroughput, 1e15}};
  EXPECT_EQ(Prove(spec).energy_uj, unlimited.energy_uj);
  spec.limits = {{Quantity::kAreaMm2, 0.1}, {Quantity::kLatencyCycles, 1}};
  EXPECT_GT(Prove(spec).energy_uj, 1.04 * unlimited.energy_uj);
  EXPECT_EQ(Prove(spec).latency_cycles, 0);
  spec.limits = {{Quantity::kEnergyUj, 0.999 * unlimited.energy_uj}};
  EXPECT_EQ(Prove(spec).objective, std::numeric_limits<double>::infinity());
}

TEST(SearchBoundProofTest, SameSpecGivesTheSameBound) {
  const SearchSpec spec = ShippedSpec("alexnet");
  const std::optional<LowerBound> first = ProveSearchBound(spec, [] { return false; });
  const std::optional<LowerBound> second = ProveSearchBound(spec, [] { return false; });
  EXPECT_EQ(first->objective, second->objective);
  EXPECT_EQ(first->boxes, second->boxes);
}

TEST(SearchBoundProofTest, ProofThatIsStoppedGivesNoBoundAndEndsSoon) {
  for (const int stop_at : {1, 2, 5}) {
    int asked = 0;
    EXPECT_FALSE(ProveSearchBound(ShippedSpec("resnet50"), [&] { return ++asked >= stop_at; }).has_value());
    EXPECT_EQ(asked, stop_at) << "it goes on after it was told to stop";
  }
}

TEST(GapTest, GapIsRelativeToTheBoundAndUnknownWithoutOne) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_DOUBLE_EQ(*GapOf(1.25, 1), 0.25);
  EXPECT_EQ(GapOf(3, 3), 0);
  for (const double nothing : {0.0, kInfinity, std::nan("")}) {
    EXPECT_FALSE(GapOf(nothing, 1).has_value());
    EXPECT_FALSE(GapOf(1, nothing).has_value());
  }
}

TEST(GapTest, ScoreWithinAGapIsNeverBeyondItAndTheNextOneIs) {
  Random random(5);
  for (int i = 0; i < 1000; ++i) {
    const double gap = std::exp2(-20 * random.Uniform());
    const double bound = std::exp2(40 * random.Uniform());
    const double score = LargestScoreWithin(gap, bound);
    EXPECT_LE(*GapOf(score, bound), gap);
    EXPECT_GT(*GapOf(score * (1 + 1e-15) + bound * 1e-15, bound), gap * (1 - 1e-9));
  }
}

class StopScoreTest : public testing::TestWithParam<Algorithm> {};

TEST_P(StopScoreTest, StartEndsWithTheFirstDesignThatIsGoodEnough) {
  SearchSpec spec = ShippedSpec("alexnet");
  spec.algorithm = GetParam();
  spec.samples_per_start = 400;
  RecordingSink whole;
  RunStart(spec, 1, whole);
  // Halfway in log between the first design and the best.
  double first = 0;
  for (const RecordingSink::Point& point : whole.points) {
    if (first == 0 && std::isfinite(point.score)) first = point.score;
  }
  spec.stop_score = std::sqrt(first * whole.best());
  RecordingSink sink;
  const StartSummary summary = RunStart(spec, 1, sink);
  EXPECT_EQ(summary.termination, StartSummary::Termination::kStopScoreReached);
  EXPECT_LE(sink.best(), *spec.stop_score);
  EXPECT_LT(summary.samples, 400);
  ASSERT_LT(sink.points.size(), whole.points.size());
  for (std::size_t i = 0; i < sink.points.size(); ++i) EXPECT_TRUE(sink.points[i] == whole.points[i]);
  RecordingSink again;
  EXPECT_EQ(RunStart(spec, 1, again).samples, summary.samples);
  EXPECT_TRUE(again.points == sink.points);
}

TEST_P(StopScoreTest, ScoreOutOfReachChangesNothing) {
  SearchSpec spec = ShippedSpec("alexnet");
  spec.algorithm = GetParam();
  spec.samples_per_start = 200;
  RecordingSink whole;
  const StartSummary without = RunStart(spec, 0, whole);
  spec.stop_score = 1;
  RecordingSink sink;
  EXPECT_EQ(RunStart(spec, 0, sink).termination, without.termination);
  EXPECT_TRUE(sink.points == whole.points);
}

TEST_P(StopScoreTest, StartThatIsStoppedFirstHasToRunAgain) {
  SearchSpec spec = ShippedSpec("alexnet");
  spec.algorithm = GetParam();
  spec.samples_per_start = 400;
  spec.stop_score = std::numeric_limits<double>::max();
  RecordingSink sink;
  sink.stop = true;
  EXPECT_EQ(RunStart(spec, 0, sink).termination, StartSummary::Termination::kStopped);
}

INSTANTIATE_TEST_SUITE_P(Algorithms, StopScoreTest,
                         testing::Values(Algorithm::kGradient, Algorithm::kRandom, Algorithm::kBayesian));

}  // namespace
}  // namespace oneloop
