// What `explain` says of a little more or less of each parameter and limit.
#include "server/search/sensitivity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "server/search/limited_hardware.h"
#include "server/search/nearby_hardware.h"
#include "tests/server/search/free_and_fixed.h"
#include "tests/server/search/search_cases.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

bool Never() { return false; }

SearchSpec SmallSpec() {
  const Workload network = ShippedWorkload("resnet50");
  Workload workload{"small", "", {network.layers[2], network.layers[5], network.layers[9]}};
  workload.layers[1].count = 3;
  SearchSpec spec = SpecFor(std::move(workload), ShippedTemplate("gemmini"));
  spec.starts = 2;
  spec.samples_per_start = 600;
  return spec;
}

WorkloadMetrics MetricsOf(const SearchSpec& spec, const Found& design) {
  const CostModel model(spec.hardware_template);
  const ComponentCosts costs = model.CostsAt(design.hardware);
  WorkloadMetrics metrics{0, 0, costs.area_mm2};
  for (std::size_t i = 0; i < design.mappings.size(); ++i) {
    const Layer& layer = spec.workload->layers[i];
    const LayerFigures figures = model.Score(model.Use(layer.shape, design.mappings[i]), costs);
    metrics.energy_uj += static_cast<double>(layer.count) * figures.energy_uj;
    metrics.latency_cycles += static_cast<double>(layer.count) * figures.latency_cycles;
  }
  return metrics;
}

std::optional<Sensitivities> Find(const SearchSpec& spec, const Found& design, const SensitivityOptions& options = {}) {
  return FindSensitivities(spec, design.hardware, design.mappings, options, Never);
}

std::vector<double> Changes(const Sensitivities& found) {
  std::vector<double> changes = {found.settled, found.settled_freely.value_or(7), static_cast<double>(found.samples)};
  const auto add = [&changes](const std::optional<SensitivityStep>& step) {
    if (!step.has_value()) return;
    changes.insert(changes.end(), {step->value, step->predicted.value_or(7), step->searched.value_or(7)});
  };
  for (const ParameterSensitivity& parameter : found.parameters) {
    changes.insert(changes.end(), {parameter.direct_slope, parameter.room_slope});
    add(parameter.less);
    add(parameter.more);
  }
  for (const LimitSensitivity& limit : found.limits) {
    changes.insert(changes.end(), {limit.figure, limit.price});
    add(limit.tighter);
    add(limit.wider);
  }
  return changes;
}

TEST(SensitivityTest, TheSameDesignHasTheSameSensitivities) {
  SearchSpec spec = SmallSpec();
  spec.limits = {{Quantity::kAreaMm2, 1}};
  const Found design = BestOf(spec);
  EXPECT_EQ(Changes(*Find(spec, design, {.samples = 50})), Changes(*Find(spec, design, {.samples = 50})));
}

// The searched change against searches from scratch of the changed and of the unchanged hardware.
TEST(SensitivityTest, ChangesAreThoseOfSearchesFromScratch) {
  const SearchSpec spec = SmallSpec();
  const Found design = BestOf(spec);
  const auto on = [&spec](const HardwarePoint& hardware) {
    SearchSpec fixed = spec;
    for (std::size_t p = 0; p < hardware.size(); ++p) fixed.hardware_range[p] = {hardware[p], hardware[p]};
    fixed.samples_per_start = 2000;
    return BestOf(fixed).score;
  };
  const double unchanged = on(design.hardware);
  const std::optional<Sensitivities> found = Find(spec, design);
  ASSERT_TRUE(found.has_value());
  ASSERT_EQ(found->parameters.size(), 3u);
  EXPECT_LE(found->settled, 0);
  int changes = 0;
  for (const ParameterSensitivity& parameter : found->parameters) {
    for (const auto& step : {parameter.less, parameter.more}) {
      if (!step.has_value()) continue;
      ++changes;
      HardwarePoint hardware = design.hardware;
      hardware[parameter.parameter] = step->value;
      const double truth = on(hardware) / unchanged - 1;
      EXPECT_NEAR(*step->searched, truth, 0.005 + 0.1 * std::abs(truth)) << parameter.parameter << " " << step->value;
      EXPECT_NEAR(*step->predicted, *step->searched, 0.005 + 0.25 * std::abs(*step->searched));
    }
  }
  EXPECT_GE(changes, 5);
}

TEST(SensitivityTest, ParametersChangeByWholeStepsWithinTheTemplate) {
  const SearchSpec spec = SmallSpec();
  SearchSpec fixed = spec;
  fixed.hardware_range[0] = {128, 128};
  fixed.hardware_range[2] = {3, 64};
  Found design = BestOf(fixed);
  design.hardware[2] = std::max(design.hardware[2], 4.0);
  const std::optional<Sensitivities> found = Find(fixed, design, {.samples = 20});
  ASSERT_TRUE(found.has_value());
  EXPECT_FALSE(found->parameters[0].more.has_value()) << "128 is the template's largest";
  EXPECT_EQ(found->parameters[0].less->value, 115) << "what the job fixed may be asked about";
  for (const ParameterSensitivity& parameter : found->parameters) {
    const double value = design.hardware[parameter.parameter];
    const double steps = std::max(1.0, std::nearbyint(0.1 * value));
    EXPECT_EQ(parameter.less->value, value - steps);
  }
}

TEST(SensitivityTest, WhatIsHeldDoesNotChange) {
  const SearchSpec spec = SmallSpec();
  const Found design = BestOf(spec);
  const std::optional<Sensitivities> found = Find(spec, design, {.samples = 5, .held = {true, false, false}});
  ASSERT_TRUE(found.has_value());
  EXPECT_FALSE(found->parameters[0].less.has_value());
  EXPECT_TRUE(found->parameters[1].less.has_value());
}

// With one sample nothing is re-tiled, so that both are of the same mappings.
TEST(SensitivityTest, DirectSlopeIsTheDerivativeOnTheSameMappings) {
  for (const char* const objective : {"energy*latency", "energy", "energy*latency^2*area"}) {
    SearchSpec spec = SmallSpec();
    spec.objective = *MetricProduct::Parse(objective);
    const Found design = BestOf(spec);
    const std::optional<Sensitivities> found = Find(spec, design, {.samples = 1});
    ASSERT_TRUE(found.has_value());
    const auto log_objective = [&](const HardwarePoint& hardware) {
      Found moved = design;
      moved.hardware = hardware;
      return GoalOf(spec).objective().Log2(Log2Of(MetricsOf(spec, moved)));
    };
    // Not of pe_dim: it is the size of blocks, too.
    for (const std::size_t p : {1u, 2u}) {
      HardwarePoint above = design.hardware;
      HardwarePoint below = design.hardware;
      above[p] *= std::exp2(0.001);
      below[p] *= std::exp2(-0.001);
      const double derivative = (log_objective(above) - log_objective(below)) / 0.002;
      EXPECT_NEAR(found->parameters[p].direct_slope, derivative, 1e-4) << objective << " " << p;
      EXPECT_LE(found->parameters[p].room_slope, 0) << "more room is worth something";
    }
  }
}

// Arrays that bring bandwidth or cost energy.
TEST(SensitivityTest, DirectSlopeIsTheDerivativeOnRandomAccelerators) {
  int sloping = 0;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Random random(seed);
    SearchSpec spec = RandomSearchCase(random);
    spec.starts = 1;
    spec.samples_per_start = 200;
    const Found design = BestOf(spec);
    const std::optional<Sensitivities> found = Find(spec, design, {.samples = 1});
    // With few layers one sample is some evaluations, and a mapping may move.
    if (!found.has_value() || found->settled < 0) continue;
    const auto log_objective = [&](std::size_t p, double factor) {
      Found moved = design;
      moved.hardware[p] *= factor;
      return GoalOf(spec).objective().Log2(Log2Of(MetricsOf(spec, moved)));
    };
    for (std::size_t p = 0; p < design.hardware.size(); ++p) {
      // A difference over whole cycles; where another component takes over, the slopes of its sides differ.
      const double above = (log_objective(p, std::exp2(0.01)) - log_objective(p, 1)) / 0.01;
      const double below = (log_objective(p, 1) - log_objective(p, std::exp2(-0.01))) / 0.01;
      if (std::abs(above - below) > 0.01) continue;
      EXPECT_NEAR(found->parameters[p].direct_slope, (above + below) / 2, 0.01) << seed << " " << p;
      sloping += std::abs(above) > 0.05;
    }
  }
  EXPECT_GT(sloping, 5);
}

TEST(SensitivityTest, AnActiveLimitHasAPriceAndAnotherHasNone) {
  SearchSpec spec = SmallSpec();
  spec.limits = {{Quantity::kAreaMm2, 0.6}, {Quantity::kLatencyCycles, 1e12}};
  const Found design = BestOf(spec);
  ASSERT_TRUE(std::isfinite(design.score));
  const std::optional<Sensitivities> found = Find(spec, design, {.samples = 100});
  ASSERT_TRUE(found.has_value());
  ASSERT_EQ(found->limits.size(), 2u);
  const LimitSensitivity& area = found->limits[0];
  EXPECT_TRUE(area.active);
  EXPECT_NEAR(area.figure, 0.6, 0.06);
  EXPECT_DOUBLE_EQ(area.tighter->value, 0.54);
  EXPECT_DOUBLE_EQ(area.wider->value, 0.66);
  EXPECT_GT(*area.tighter->searched, 0);
  EXPECT_LT(*area.wider->searched, 0);
  EXPECT_LT(*area.wider->predicted, 0);
  EXPECT_DOUBLE_EQ(area.price, -std::log2(1 + *area.wider->searched) / std::log2(1.1));
  EXPECT_FALSE(found->limits[1].active);
  EXPECT_EQ(found->limits[1].price, 0);
  EXPECT_FALSE(found->limits[1].wider.has_value());
  EXPECT_LE(*found->settled_freely, 0);
  // More of a memory does not fit into the limit.
  int broken = 0;
  for (const ParameterSensitivity& parameter : found->parameters) {
    if (parameter.more.has_value()) broken += parameter.more->broken == std::vector<std::size_t>{0};
  }
  EXPECT_GT(broken, 0);
}

// A limit that is a lower one is tighter when it is higher.
TEST(SensitivityTest, ThroughputIsTighterWhenItIsHigher) {
  SearchSpec spec = SmallSpec();
  const Found design = BestOf(spec);
  const double throughput = 0.99e9 / MetricsOf(spec, design).latency_cycles;
  spec.limits = {{Quantity::kThroughput, throughput}};
  const std::optional<Sensitivities> found = Find(spec, design, {.samples = 50});
  ASSERT_TRUE(found.has_value());
  ASSERT_TRUE(found->limits[0].active);
  EXPECT_GE(found->limits[0].figure, throughput);
  EXPECT_DOUBLE_EQ(found->limits[0].tighter->value, 1.1 * throughput);
  EXPECT_DOUBLE_EQ(found->limits[0].wider->value, 0.9 * throughput);
  // Nothing may be so fast.
  EXPECT_GE(found->limits[0].tighter->searched.value_or(0), 0);
  ASSERT_TRUE(found->limits[0].wider->searched.has_value());
  EXPECT_LE(*found->limits[0].wider->searched, 0);
}

TEST(SensitivityTest, WhatIsStoppedSaysNothing) {
  SearchSpec spec = SmallSpec();
  spec.limits = {{Quantity::kAreaMm2, 1}};
  const Found design = BestOf(spec);
  int questions = 0;
  ASSERT_TRUE(FindSensitivities(spec, design.hardware, design.mappings, {.samples = 20}, [&] {
                ++questions;
                return false;
              }).has_value());
  ASSERT_GT(questions, 100);
  for (const int stop_at : {1, questions / 3, 2 * questions / 3, questions}) {
    int asked = 0;
    EXPECT_FALSE(
        FindSensitivities(spec, design.hardware, design.mappings, {.samples = 20}, [&] { return ++asked >= stop_at; })
            .has_value())
        << stop_at;
    // At once: what is asked after the stop is asked while it unwinds.
    EXPECT_LT(asked, stop_at + 200) << stop_at;
  }
}

TEST(SensitivityTest, RandomDesignsAreRightInSignAndSizeAlmostAlways) {
  int changes = 0;
  int signs = 0;
  int sizes = 0;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    Random random(seed);
    SearchSpec spec = RandomSearchCase(random);
    spec.starts = 1;
    spec.samples_per_start = 400;
    const Found design = BestOf(spec);
    if (design.mappings.empty()) continue;
    const std::optional<Sensitivities> found = Find(spec, design);
    ASSERT_TRUE(found.has_value());
    for (const ParameterSensitivity& parameter : found->parameters) {
      for (const auto& step : {parameter.less, parameter.more}) {
        if (!step.has_value() || !step->searched.has_value()) continue;
        ++changes;
        const bool none = std::max(std::abs(*step->predicted), std::abs(*step->searched)) < kSensitivityResolution;
        signs += none || *step->predicted * *step->searched > 0;
        sizes += none || std::abs(*step->predicted - *step->searched) <= 0.25 * std::abs(*step->searched);
      }
    }
  }
  EXPECT_GT(changes, 25);
  EXPECT_GE(signs, changes - 1);
  EXPECT_GE(sizes, 0.9 * changes);
}

TEST(NearbyHardwareTest, KeepsRangesAndLimits) {
  SearchSpec spec = SmallSpec();
  spec.limits = {{Quantity::kAreaMm2, 0.8}};
  const Goal goal = GoalOf(spec);
  const LimitedHardware limited(spec, goal);
  const HardwarePoint inside = {32, 64, 8};
  ASSERT_TRUE(limited.Keeps(inside));
  EXPECT_EQ(NearestWithin(spec, limited, inside), std::vector<HardwarePoint>{inside});
  const std::vector<HardwarePoint> nearest = NearestWithin(spec, limited, {32, 640, 8});
  ASSERT_FALSE(nearest.empty());
  std::vector<HardwarePoint> points = NearbyWithin(spec, limited, inside);
  EXPECT_GT(points.size(), 15u);
  // One parameter at twice its value, paid for by another.
  EXPECT_TRUE(
      std::any_of(points.begin(), points.end(), [](const HardwarePoint& p) { return p[1] == 128 && p[0] < 32; }));
  points.insert(points.end(), nearest.begin(), nearest.end());
  for (const HardwarePoint& point : points) {
    EXPECT_TRUE(limited.Keeps(point));
    EXPECT_TRUE(spec.hardware_template->ValidateHardware(point).ok());
  }
}

}  // namespace
}  // namespace oneloop
