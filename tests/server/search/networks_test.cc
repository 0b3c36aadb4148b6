// Searches for one chip for several networks.
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/model/exact/cost_model.h"
#include "common/model/goal/workload_sum.h"
#include "gtest/gtest.h"
#include "server/search/own_best.h"
#include "server/search/run_start.h"
#include "server/search/search_bound.h"
#include "server/search/spec_validation.h"
#include "tests/server/search/search_cases.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

bool Never() { return false; }

SearchSpec Joined(const std::vector<Network>& networks, Combination combination = {}) {
  SearchSpec spec = SpecFor(JoinShipped(networks), ShippedTemplate("gemmini"));
  spec.combination = std::move(combination);
  spec.starts = 2;
  spec.samples_per_start = 200;
  return spec;
}

// All points of a start; checks each exact one against the model.
class CheckingSink : public PointSink {
 public:
  explicit CheckingSink(const SearchSpec& spec)
      : spec_(spec), goal_(GoalOf(spec)), model_(spec.hardware_template), sum_(*spec.workload) {}

  void OnPoint(const SearchPoint& point) override {
    scores.push_back(point.score);
    if (point.mappings == nullptr) return;
    const ComponentCosts costs = model_.CostsAt(point.hardware);
    WorkloadMetrics metrics = sum_.Start(costs.area_mm2);
    for (std::size_t i = 0; i < point.mappings->size(); ++i) {
      sum_.Add(i, model_.Score(model_.Use(spec_.workload->layers[i].shape, (*point.mappings)[i]), costs), &metrics);
    }
    EXPECT_NEAR(point.metrics.energy_uj, metrics.energy_uj, 1e-9 * metrics.energy_uj);
    EXPECT_NEAR(point.metrics.latency_cycles, metrics.latency_cycles, 1e-9 * metrics.latency_cycles);
    EXPECT_EQ(point.metrics.area_mm2, metrics.area_mm2);
    if (std::isfinite(point.score)) {
      EXPECT_NEAR(point.score, goal_.Score(metrics), 1e-9 * point.score);
    }
    if (!(point.score < best)) return;
    best = point.score;
    best_metrics = metrics;
  }
  bool StopRequested() override { return false; }

  double best = std::numeric_limits<double>::infinity();
  WorkloadMetrics best_metrics;
  std::vector<double> scores;

 private:
  const SearchSpec& spec_;
  const Goal goal_;
  const CostModel model_;
  const WorkloadSum sum_;
};

TEST(NetworksSearchTest, OneNetworkIsThatWorkload) {
  SearchSpec plain = SpecFor(ShippedWorkload("bert"), ShippedTemplate("gemmini"));
  plain.samples_per_start = 300;
  CheckingSink expected(plain);
  RunStart(plain, 0, expected);
  for (const Combination::Kind kind : {Combination::Kind::kSum, Combination::Kind::kGeometricMean}) {
    SearchSpec spec = Joined({{"bert", 1}}, {kind});
    spec.samples_per_start = 300;
    CheckingSink found(spec);
    RunStart(spec, 0, found);
    if (kind == Combination::Kind::kSum) {
      EXPECT_EQ(found.scores, expected.scores);
    } else {
      EXPECT_NEAR(found.best, expected.best, 0.02 * expected.best);
    }
  }
}

TEST(NetworksSearchTest, EveryCombinationFindsDesignsWithinItsBound) {
  using Kind = Combination::Kind;
  for (const Combination& combination :
       {Combination{Kind::kSum}, {Kind::kGeometricMean}, {Kind::kWorstRatio, {6.3e10, 1.5e9}}}) {
    const SearchSpec spec = Joined({{"resnet50", 1}, {"bert", 8}}, combination);
    ASSERT_TRUE(ValidateSearchSpec(spec).ok());
    CheckingSink sink(spec);
    for (int start = 0; start < spec.starts; ++start) RunStart(spec, start, sink);
    const std::optional<LowerBound> bound = ProveSearchBound(spec, Never);
    ASSERT_TRUE(bound.has_value());
    EXPECT_GE(sink.best, bound->objective);
    EXPECT_LT(sink.best, 1.25 * bound->objective) << "a chip of both is nearly as good as the proof allows";
  }
}

TEST(NetworksSearchTest, WorstRatioEvensThePriceOut) {
  SearchSpec sum = Joined({{"unet", 1}, {"bert", 1}});
  SearchSpec worst = Joined({{"unet", 1}, {"bert", 1}}, {Combination::Kind::kWorstRatio, {1.1e13, 1.5e9}});
  // Where both are searched long enough for the goal to tell them apart.
  sum.samples_per_start = worst.samples_per_start = 600;
  const auto worst_of = [&worst](const SearchSpec& spec) {
    CheckingSink sink(spec);
    for (int start = 0; start < spec.starts; ++start) RunStart(spec, start, sink);
    return GoalOf(worst).objective().Value(sink.best_metrics);
  };
  EXPECT_LE(worst_of(worst), worst_of(sum));
}

TEST(NetworksSearchTest, LimitOfANetworkIsKept) {
  // Where it hardly counts, a network gets less than it could have on so small a chip.
  SearchSpec spec = Joined({{"resnet50", 1}, {"bert", 1e-3}});
  spec.limits = {{Quantity::kAreaMm2, 0.5}};
  CheckingSink free(spec);
  RunStart(spec, 1, free);
  const double bound = 0.9 * free.best_metrics.OfNetwork(1).edp();
  ASSERT_LT(FindOwnBests(spec, Never)->at(1), 0.8 * bound);
  spec.limits.push_back({Quantity::kEdp, bound, 1});
  ASSERT_TRUE(ValidateSearchSpec(spec).ok());
  CheckingSink limited(spec);
  RunStart(spec, 1, limited);
  ASSERT_TRUE(std::isfinite(limited.best));
  EXPECT_LE(limited.best_metrics.OfNetwork(1).edp(), bound);
  spec.limits = {{Quantity::kLatencyCycles, 1, 1}};
  const absl::Status status = ValidateSearchSpec(spec);
  EXPECT_NE(status.message().find("bert:latency_cycles <= 1 is impossible"), std::string::npos) << status;
}

TEST(OwnBestTest, IsWhatASearchOfTheNetworkAloneFinds) {
  SearchSpec spec = Joined({{"bert", 5}, {"alexnet", 1}});
  spec.limits = {{Quantity::kAreaMm2, 3}, {Quantity::kLatencyCycles, 1e12}, {Quantity::kEdp, 1e14, 1}};
  const std::optional<std::vector<double>> bests = FindOwnBests(spec, Never);
  ASSERT_TRUE(bests.has_value());
  ASSERT_EQ(bests->size(), 2);
  SearchSpec alone = SpecFor(ShippedWorkload("alexnet"), ShippedTemplate("gemmini"));
  alone.samples_per_start = spec.samples_per_start;
  alone.limits = {{Quantity::kAreaMm2, 3}, {Quantity::kEdp, 1e14}};
  CheckingSink sink(alone);
  for (int start = 0; start < spec.starts; ++start) RunStart(alone, start, sink);
  EXPECT_EQ((*bests)[1], sink.best);
  EXPECT_EQ(FindOwnBests(spec, [] { return true; }), std::nullopt);
}

TEST(OwnBestTest, FillsOnlyTheReferencesThatAreMissing) {
  auto spec = std::make_shared<const SearchSpec>(
      Joined({{"bert", 1}, {"alexnet", 1}}, {Combination::Kind::kWorstRatio, {0, 7}}));
  EXPECT_TRUE(LacksReferences(*spec));
  EXPECT_EQ(WithReferences(spec, {}), spec);
  const auto filled = WithReferences(spec, {3, 4});
  EXPECT_EQ(filled->combination.references, (std::vector<double>{3, 7}));
  EXPECT_FALSE(LacksReferences(*filled));
}

}  // namespace
}  // namespace oneloop
