// Several networks on one chip: how their figures add up, become one objective and are bounded.
#include <cmath>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/random.h"
#include "common/mapping/random_mapping.h"
#include "common/model/bound/lower_bound.h"
#include "common/model/exact/cost_model.h"
#include "common/model/goal/goal.h"
#include "common/model/goal/workload_sum.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/common/model/random_cases.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

using testing::HasSubstr;

const std::vector<Network> kNetworks = {{"a", 3}, {"b", 1}, {"c", 0.5}};

// Sums by weight, as every producer of metrics makes them.
void SumUp(const std::vector<Network>& networks, WorkloadMetrics* metrics) {
  metrics->energy_uj = metrics->latency_cycles = 0;
  for (std::size_t n = 0; n < networks.size(); ++n) {
    metrics->energy_uj += networks[n].weight * metrics->networks[n].energy_uj;
    metrics->latency_cycles += networks[n].weight * metrics->networks[n].latency_cycles;
  }
}

WorkloadMetrics RandomMetrics(Random& random) {
  WorkloadMetrics metrics{0, 0, std::exp2(4 * random.Uniform())};
  for (std::size_t n = 0; n < kNetworks.size(); ++n) {
    metrics.networks.push_back({std::exp2(10 + 4 * random.Uniform()), std::exp2(10 + 4 * random.Uniform())});
  }
  SumUp(kNetworks, &metrics);
  return metrics;
}

Goal GoalFor(Combination combination, const std::vector<MetricLimit>& limits = {}) {
  return Goal({MetricProduct::Edp(), std::move(combination)}, limits, kNetworks, *ShippedTemplate("gemmini"));
}

TEST(WorkloadSumTest, AddsOccurrencesByNetworkAndRunsByWeight) {
  Workload workload;
  workload.networks = {{"a", 3}, {"b", 1}};
  workload.layers = {{"x", 2, {}, 0}, {"y", 1, {}, 0}, {"z", 5, {}, 1}};
  const WorkloadSum sum(workload);
  WorkloadMetrics metrics = sum.Start(7);
  sum.Add(0, {10, 1}, &metrics);
  sum.Add(1, {1, 100}, &metrics);
  sum.Add(2, {4, 2}, &metrics);
  EXPECT_EQ(metrics.networks[0].energy_uj, 21);
  EXPECT_EQ(metrics.networks[0].latency_cycles, 102);
  EXPECT_EQ(metrics.networks[1].energy_uj, 20);
  EXPECT_EQ(metrics.networks[1].latency_cycles, 10);
  EXPECT_EQ(metrics.energy_uj, 3 * 21 + 20);
  EXPECT_EQ(metrics.latency_cycles, 3 * 102 + 10);
  EXPECT_EQ(metrics.area_mm2, 7);
}

TEST(CombinationTest, ValuesAreThoseOfTheirDefinitions) {
  WorkloadMetrics metrics{0, 0, 2};
  metrics.networks.push_back({2, 8});  // EDP 16
  metrics.networks.push_back({4, 1});  // EDP 4
  metrics.networks.push_back({1, 2});  // EDP 2
  SumUp(kNetworks, &metrics);
  EXPECT_DOUBLE_EQ(GoalFor({Combination::Kind::kSum}).Score(metrics), (3 * 2 + 4 + 0.5) * (3 * 8 + 1 + 0.5 * 2));
  EXPECT_DOUBLE_EQ(GoalFor({Combination::Kind::kGeometricMean}).Score(metrics),
                   std::pow(std::pow(16, 3) * 4 * std::sqrt(2), 1 / 4.5));
  EXPECT_DOUBLE_EQ(GoalFor({Combination::Kind::kWorstRatio, {8, 1, 1.6}}).Score(metrics), 4);
  EXPECT_DOUBLE_EQ(GoalFor({Combination::Kind::kWorstRatio, {1, 1, 1}}).Score(metrics), 16);
  EXPECT_DOUBLE_EQ(GoalFor({Combination::Kind::kOne, {}, 2}).Score(metrics), 2);
  EXPECT_EQ(GoalFor({}).objective().ValueOfNetwork(metrics, 1), 4);
}

// Merit and the descent's value have the slopes that they say, by network and by area.
TEST(CombinationTest, SlopesEqualCentralDifferences) {
  Random random(1);
  for (int trial = 0; trial < 400; ++trial) {
    SCOPED_TRACE(trial);
    const WorkloadMetrics metrics = RandomMetrics(random);
    const Combination combination = RandomCombination(kNetworks.size(), random);
    const std::vector<MetricLimit> limits = {
        {Quantity::kLatencyCycles, metrics.networks[1].latency_cycles * std::exp2(random.Normal()), 1},
        {Quantity::kPowerW, std::exp2(2 * random.Normal()), 2},
        {Quantity::kEdp, metrics.edp() * std::exp2(random.Normal())}};
    const Goal goal = GoalFor(combination, limits);
    const std::vector<double> multipliers = {random.Uniform(), random.Uniform(), 0};
    const Goal::Smooth smooth = goal.Evaluate(metrics, multipliers);
    constexpr double kStep = 1e-6;
    const auto central = [&](auto change) {
      WorkloadMetrics up = metrics;
      WorkloadMetrics down = metrics;
      change(std::exp2(kStep), &up);
      change(std::exp2(-kStep), &down);
      SumUp(kNetworks, &up);
      SumUp(kNetworks, &down);
      const Goal::Smooth above = goal.Evaluate(up, multipliers);
      const Goal::Smooth below = goal.Evaluate(down, multipliers);
      return (above.value + above.penalty - below.value - below.penalty) / (2 * kStep);
    };
    for (std::size_t n = 0; n < kNetworks.size(); ++n) {
      const ObjectiveWeights linear = goal.LinearSlopes(metrics, smooth.slopes, n, 1);
      EXPECT_NEAR(linear.energy * metrics.networks[n].energy_uj,
                  central([n](double by, WorkloadMetrics* to) { to->networks[n].energy_uj *= by; }), 1e-3);
      EXPECT_NEAR(linear.latency * metrics.networks[n].latency_cycles,
                  central([n](double by, WorkloadMetrics* to) { to->networks[n].latency_cycles *= by; }), 1e-3);
    }
    EXPECT_NEAR(smooth.slopes.area, central([](double by, WorkloadMetrics* to) { to->area_mm2 *= by; }), 1e-3);
  }
}

TEST(CombinationTest, DescentsWorstRatioIsHardlyAboveTheWorst) {
  Random random(2);
  for (int trial = 0; trial < 200; ++trial) {
    const WorkloadMetrics metrics = RandomMetrics(random);
    const Goal goal = GoalFor({Combination::Kind::kWorstRatio, {1e6, 1e6, 1e6}});
    const double worst = std::log2(goal.Score(metrics));
    const double smooth = goal.Evaluate(metrics, {}).value;
    EXPECT_GE(smooth, worst - 0.05);
    EXPECT_LE(smooth, worst + 0.1);
  }
}

TEST(CombinationTest, LimitOnANetworkIsOnItsOwnRun) {
  WorkloadMetrics metrics{0, 0, 1};
  for (const double latency : {10.0, 20.0, 30.0}) metrics.networks.push_back({1, latency});
  SumUp(kNetworks, &metrics);
  const auto score = [&metrics](int network, double bound) {
    return GoalFor({}, {{Quantity::kLatencyCycles, bound, network}}).Score(metrics);
  };
  EXPECT_TRUE(std::isfinite(score(1, 20)));
  EXPECT_FALSE(std::isfinite(score(1, 19)));
  EXPECT_TRUE(std::isfinite(score(MetricLimit::kWholeWorkload, 65)));
  EXPECT_FALSE(std::isfinite(score(MetricLimit::kWholeWorkload, 64)));
}

// Small layers, whose mappings are drawn until many fit.
TEST(LowerBoundOfNetworksTest, NoDesignIsBelowIt) {
  Random random(3);
  int designs = 0;
  for (int trial = 0; trial < 60; ++trial) {
    SCOPED_TRACE(trial);
    const CostModel model{std::shared_ptr<const Template>(RandomTemplate(random))};
    Workload workload;
    workload.networks = {{"a", 2}, {"b", 0.25}};
    for (const int network : {0, 0, 1, 1}) {
      // One shape is in both.
      const LayerShape shape = workload.layers.size() == 3 ? workload.layers.front().shape : RandomShape(random);
      workload.layers.push_back({"layer", static_cast<std::int64_t>(1 + random.Below(3)), shape, network});
    }
    const std::vector<ParameterRange> ranges(static_cast<std::size_t>(model.hardware_template().num_parameters()),
                                             {1, 1 << 20});
    const WorkloadSum sum(workload);
    std::vector<WorkloadMetrics> found;
    for (int draw = 0; draw < 40; ++draw) {
      std::vector<LayerUse> uses;
      ResourceNeeds need{};
      for (const Layer& layer : workload.layers) {
        uses.push_back(model.Use(layer.shape, RandomMapping(model.hardware_template(), layer.shape, random)));
        RaiseTo(uses.back().need, &need);
      }
      const std::optional<HardwarePoint> hardware = model.SmallestHardware(need, ranges);
      if (!hardware.has_value()) continue;
      const ComponentCosts costs = model.CostsAt(*hardware);
      WorkloadMetrics metrics = sum.Start(costs.area_mm2);
      for (std::size_t i = 0; i < uses.size(); ++i) sum.Add(i, model.Score(uses[i], costs), &metrics);
      found.push_back(metrics);
    }
    if (found.empty()) continue;
    const Combination combination = RandomCombination(2, random);
    // Of one design, which may be the only one to keep it.
    const std::vector<MetricLimit> limits = {
        {Quantity::kEdp, found.front().OfNetwork(1).edp() * std::exp2(random.Uniform()), 1}};
    const Goal goal({MetricProduct::Edp(), combination}, limits, workload.networks, model.hardware_template());
    LowerBoundOptions options;
    options.max_boxes = 100;
    const LowerBound bound = ProveLowerBound(model, workload, ranges, goal, options);
    for (const WorkloadMetrics& metrics : found) {
      const double score = goal.Score(metrics);
      if (!std::isfinite(score)) continue;
      ++designs;
      EXPECT_LE(bound.objective, score * (1 + 1e-9));
      EXPECT_LE(bound.energy_uj, metrics.energy_uj * (1 + 1e-9));
      EXPECT_LE(bound.latency_cycles, metrics.latency_cycles * (1 + 1e-9));
    }
  }
  EXPECT_GT(designs, 300);
}

TEST(WorkloadTest, NetworksHaveNamesWeightsAndLayersInTheirOrder) {
  Workload workload;
  workload.name = "both";
  workload.networks = {{"a", 1}, {"b", 2}};
  workload.layers = {{"x", 1, {}, 0}, {"y", 1, {}, 1}};
  EXPECT_TRUE(ValidateWorkload(workload).ok());
  const auto error = [&workload](auto change) {
    Workload changed = workload;
    change(&changed);
    return std::string(ValidateWorkload(changed).message());
  };
  EXPECT_THAT(error([](Workload* w) { w->networks[1].name = "a"; }), HasSubstr("networks[1].name"));
  EXPECT_THAT(error([](Workload* w) { w->networks[1].weight = 0; }), HasSubstr("networks[1].weight"));
  EXPECT_THAT(error([](Workload* w) { w->networks[1].weight = std::nan(""); }), HasSubstr("networks[1].weight"));
  EXPECT_THAT(error([](Workload* w) { w->layers[1].network = 0; }), HasSubstr("2 networks, and layers of 1"));
  EXPECT_THAT(error([](Workload* w) { w->layers[0].network = 1; }), HasSubstr("network by network"));
  EXPECT_THAT(error([](Workload* w) { w->layers[1].network = -1; }), HasSubstr("network by network"));
}

}  // namespace
}  // namespace oneloop
