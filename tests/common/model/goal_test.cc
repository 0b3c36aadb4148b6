#include "common/model/goal/goal.h"

#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/random.h"
#include "gtest/gtest.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::shared_ptr<const Template> TemplateWith(std::optional<double> clock_mhz, double leakage_w_per_mm2) {
  TemplateSpec spec = ShippedTemplate("gemmini")->spec();
  spec.clock_mhz = clock_mhz;
  spec.leakage_w_per_mm2 = leakage_w_per_mm2;
  return Template::Create(spec).value();
}

WorkloadMetrics RandomMetrics(Random& random) {
  return {std::exp2(20 * random.Uniform()), std::exp2(30 * random.Uniform()), std::exp2(8 * random.Uniform() - 4)};
}

MetricProduct RandomProduct(Random& random) {
  MetricProduct product;
  for (double& exponent : product.exponents) exponent = static_cast<double>(random.Below(5)) / 2;
  return product;
}

TEST(MetricProductTest, ReadsAndWritesProducts) {
  EXPECT_EQ(MetricProduct::Parse("energy*latency")->ToString(), "energy*latency");
  EXPECT_EQ(*MetricProduct::Parse("energy*latency"), MetricProduct::Edp());
  EXPECT_EQ(MetricProduct::Parse("latency^2 * energy")->ToString(), "energy*latency^2");
  EXPECT_EQ(MetricProduct::Parse("area^0.5*power")->ToString(), "area^0.5*power");
  EXPECT_EQ(MetricProduct::Parse("energy*energy")->ToString(), "energy^2");
}

TEST(MetricProductTest, RefusesWhatIsNoProduct) {
  for (const auto& [text, reason] :
       {std::pair("enregy", "energy"), std::pair("", "expected"), std::pair("energy+latency", "not a product"),
        std::pair("2*energy", "not a product"), std::pair("energy/latency", "exponent of -1 for latency"),
        std::pair("latency^5", "valid: 0 to 4"), std::pair("energy^0", "no metric"), std::pair("1", "no metric"),
        std::pair("energy^nan", "expected"), std::pair("energy*", "expected")}) {
    const auto product = MetricProduct::Parse(text);
    ASSERT_FALSE(product.ok()) << text;
    EXPECT_EQ(product.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(product.status().message().find(reason), std::string::npos) << product.status();
  }
}

// 2 µJ in 4 cycles at 500 MHz are 250 W, and 0.1 W/mm² leak from 3 mm².
TEST(MetricFormTest, PowerIsEnergyOverTimeAndLeakage) {
  const MetricForm power(MetricProduct::Of(Metric::kPower), *TemplateWith(500, 0.1));
  EXPECT_DOUBLE_EQ(power.Value({2, 4, 3}), 250 + 0.3);
  const MetricForm no_leakage(MetricProduct::Of(Metric::kPower, 2), *TemplateWith(500, 0));
  EXPECT_DOUBLE_EQ(no_leakage.Value({2, 4, 3}), 250.0 * 250);
  EXPECT_FALSE(no_leakage.DependsOnArea());
  EXPECT_TRUE(power.DependsOnArea());
}

TEST(MetricFormTest, Log2SlopesAndValueAgree) {
  Random random(1);
  for (int trial = 0; trial < 500; ++trial) {
    SCOPED_TRACE(trial);
    const auto hardware_template = TemplateWith(1000 * random.Uniform() + 1, trial % 2 == 0 ? 0.2 : 0);
    const MetricForm form(RandomProduct(random), *hardware_template);
    const WorkloadMetrics metrics = RandomMetrics(random);
    const WorkloadMetrics logs = Log2Of(metrics);
    EXPECT_NEAR(form.Log2(logs), std::log2(form.Value(metrics)), 1e-9);
    LogSlopes slopes;
    form.AddSlopes(logs, 2, &slopes);
    constexpr double kStep = 1e-5;
    const auto central = [&](double WorkloadMetrics::*figure) {
      WorkloadMetrics up = logs;
      WorkloadMetrics down = logs;
      up.*figure += kStep;
      down.*figure -= kStep;
      return 2 * (form.Log2(up) - form.Log2(down)) / (2 * kStep);
    };
    EXPECT_NEAR(slopes.energy, central(&WorkloadMetrics::energy_uj), 1e-6);
    EXPECT_NEAR(slopes.latency, central(&WorkloadMetrics::latency_cycles), 1e-6);
    EXPECT_NEAR(slopes.area, central(&WorkloadMetrics::area_mm2), 1e-6);
  }
}

TEST(MetricFormTest, LeastValueIsBelowThatOfEveryPointOfTheBox) {
  Random random(2);
  for (int trial = 0; trial < 500; ++trial) {
    SCOPED_TRACE(trial);
    const MetricProduct product = RandomProduct(random);
    SCOPED_TRACE(product.ToString());
    const MetricForm form(product, *TemplateWith(700, trial % 2 == 0 ? 0.2 : 0));
    MetricBox box{.least = RandomMetrics(random)};
    if (trial % 3 != 0) {
      box.most = {box.least.energy_uj * 4, box.least.latency_cycles * 16, box.least.area_mm2 * 2};
    }
    const double least = form.LeastValue(box);
    for (int draw = 0; draw < 50; ++draw) {
      const WorkloadMetrics inside = {box.least.energy_uj * (1 + 3 * random.Uniform()),
                                      box.least.latency_cycles * (1 + 15 * random.Uniform()),
                                      box.least.area_mm2 * (1 + random.Uniform())};
      EXPECT_LE(least, form.Value(inside) * (1 + 1e-12));
    }
  }
}

// 2 W at 1,000 MHz, half of them for 10 mm² that leak: energy/latency of at most 0.001, so that 5 µJ take 5,000 cycles
// and 9,000 cycles have 9 µJ. The area has what 5 µJ in 9,000 cycles leave.
TEST(MetricFormTest, PowerLimitNarrowsEnergyLatencyAndArea) {
  const MetricForm power(MetricProduct::Of(Metric::kPower), *TemplateWith(1000, 0.1));
  MetricBox box{{5, 10, 10}, {100, 9000, 100}};
  power.Narrow(2, &box);
  EXPECT_DOUBLE_EQ(box.least.latency_cycles, 5000);
  EXPECT_DOUBLE_EQ(box.most.energy_uj, 9);
  EXPECT_NEAR(box.most.area_mm2, (2 - 1000 * 5.0 / 9000) / 0.1, 1e-9);
  EXPECT_EQ(box.least.energy_uj, 5);
  EXPECT_EQ(box.most.latency_cycles, 9000);
}

TEST(MetricFormTest, NarrowingLosesNoPointOfTheBoxWithinTheLimit) {
  Random random(4);
  int narrowed = 0;
  for (int trial = 0; trial < 1000; ++trial) {
    SCOPED_TRACE(trial);
    const MetricForm form(RandomProduct(random), *TemplateWith(700, trial % 2 == 0 ? 0.2 : 0));
    MetricBox box{.least = RandomMetrics(random)};
    if (trial % 3 != 0) {
      box.most = {box.least.energy_uj * 4, box.least.latency_cycles * 16, box.least.area_mm2 * 2};
    }
    const auto inside = [&] {
      return WorkloadMetrics{box.least.energy_uj * (1 + 3 * random.Uniform()),
                             box.least.latency_cycles * (1 + 15 * random.Uniform()),
                             box.least.area_mm2 * (1 + random.Uniform())};
    };
    const double most = form.Value(inside());
    MetricBox narrow = box;
    form.Narrow(most, &narrow);
    for (int draw = 0; draw < 50; ++draw) {
      const WorkloadMetrics point = inside();
      if (form.Value(point) > most) continue;
      for (const auto figure :
           {&WorkloadMetrics::energy_uj, &WorkloadMetrics::latency_cycles, &WorkloadMetrics::area_mm2}) {
        EXPECT_GE(point.*figure, narrow.least.*figure * (1 - 1e-9));
        EXPECT_LE(point.*figure, narrow.most.*figure * (1 + 1e-9));
        narrowed += narrow.least.*figure > box.least.*figure || narrow.most.*figure < box.most.*figure ? 1 : 0;
      }
    }
  }
  EXPECT_GT(narrowed, 1000);
}

// A limit on the power and one on the latency together leave little energy: each on its own says nothing of it.
TEST(ConstraintsTest, LimitsNarrowTogether) {
  const auto hardware_template = TemplateWith(1000, 0);
  const std::vector<MetricLimit> limits = {{Quantity::kPowerW, 2}, {Quantity::kLatencyCycles, 500}};
  const Constraints constraints(limits, *hardware_template);
  MetricBox box;
  EXPECT_TRUE(constraints.Narrow(&box));
  EXPECT_NEAR(box.most.energy_uj, 1, 1e-6);
  box = {.least = {1.1, 1, 1}};
  EXPECT_FALSE(constraints.Narrow(&box));
  box = {.least = {0.9, 1, 1}};
  EXPECT_TRUE(constraints.Narrow(&box));
  EXPECT_NEAR(box.least.latency_cycles, 450, 1e-3);
}

// Energy times latency squared of a product with power: what cancels is not bounded twice.
TEST(MetricFormTest, LeastPowerTimesLatencyIsEnergy) {
  const MetricForm form({{0, 1, 0, 1}}, *TemplateWith(1000, 0.5));
  EXPECT_DOUBLE_EQ(form.LeastValue({.least = {10, 100, 2}}), 1000 * 10 + 0.5 * 2 * 100);
}

TEST(ConstraintsTest, AreMetInTheUnitsInWhichTheyAreGiven) {
  const auto hardware_template = TemplateWith(200, 0.01);
  struct Case {
    Quantity quantity;
    double value;  // of the metrics below
  };
  const WorkloadMetrics metrics{5, 3e5, 2};
  for (const Case& one : {Case{Quantity::kEnergyUj, 5}, Case{Quantity::kLatencyCycles, 3e5},
                          Case{Quantity::kAreaMm2, 2}, Case{Quantity::kEdp, 1.5e6}, Case{Quantity::kLatencyMs, 1.5},
                          Case{Quantity::kThroughput, 200e6 / 3e5}, Case{Quantity::kPowerW, 5 / 3e5 * 200 + 0.02}}) {
    const QuantityInfo& info = InfoOf(one.quantity);
    SCOPED_TRACE(info.name);
    const auto met = [&](double bound) {
      const std::vector<MetricLimit> limits = {{one.quantity, bound}};
      const Constraints constraints(limits, *hardware_template);
      const bool is_met = constraints.Met(metrics);
      EXPECT_EQ(is_met, constraints.Overrun(0, Log2Of(metrics)) <= 0);
      EXPECT_EQ(is_met, constraints.MayBeMet({metrics, metrics}));
      return is_met;
    };
    EXPECT_EQ(met(one.value * 1.001), !info.at_least);
    EXPECT_EQ(met(one.value * 0.999), info.at_least);
  }
  const std::vector<MetricLimit> exact = {{Quantity::kEdp, 1.5e6}, {Quantity::kAreaMm2, 2}};
  EXPECT_TRUE(Constraints(exact, *hardware_template).Met(metrics)) << "a limit is met at its own value";
}

TEST(GoalTest, DescentsValueHasItsSlopesAndBendsNowhere) {
  Random random(3);
  const auto hardware_template = TemplateWith(300, 0.05);
  for (int trial = 0; trial < 300; ++trial) {
    SCOPED_TRACE(trial);
    const WorkloadMetrics metrics = RandomMetrics(random);
    const std::vector<MetricLimit> limits = {{Quantity::kAreaMm2, metrics.area_mm2 * std::exp2(random.Normal())},
                                             {Quantity::kPowerW, std::exp2(4 * random.Normal())},
                                             {Quantity::kEdp, metrics.edp() * std::exp2(random.Normal())}};
    MetricProduct product = RandomProduct(random);
    product.exponents[0] += 0.5;
    const Goal goal(product, limits, *hardware_template);
    std::vector<double> multipliers = {random.Uniform(), 2 * random.Uniform(), 0};
    const Goal::Smooth smooth = goal.Evaluate(metrics, multipliers);
    constexpr double kStep = 1e-5;
    const auto central = [&](double WorkloadMetrics::*figure) {
      WorkloadMetrics up = metrics;
      WorkloadMetrics down = metrics;
      up.*figure *= std::exp2(kStep);
      down.*figure *= std::exp2(-kStep);
      const Goal::Smooth above = goal.Evaluate(up, multipliers);
      const Goal::Smooth below = goal.Evaluate(down, multipliers);
      return (above.value + above.penalty - below.value - below.penalty) / (2 * kStep);
    };
    // Its slope is continuous, so that a difference across a limit is off by no more than the step.
    EXPECT_NEAR(smooth.slopes.energy, central(&WorkloadMetrics::energy_uj), 1e-3);
    EXPECT_NEAR(smooth.slopes.latency, central(&WorkloadMetrics::latency_cycles), 1e-3);
    EXPECT_NEAR(smooth.slopes.area, central(&WorkloadMetrics::area_mm2), 1e-3);
  }
}

TEST(GoalTest, MultipliersRiseWhereALimitIsOverrunAndFallWhereItIsMet) {
  const std::vector<MetricLimit> limits = {{Quantity::kAreaMm2, 2}, {Quantity::kLatencyCycles, 100}};
  const Goal goal(MetricProduct::Edp(), limits, *TemplateWith({}, 0));
  std::vector<double> multipliers = {1, 1};
  goal.UpdateMultipliers({1, 50, 2.5}, multipliers);
  EXPECT_GT(multipliers[0], 1);
  EXPECT_EQ(multipliers[1], 0);
}

TEST(GoalTest, ScoreIsInfiniteBeyondALimitAndForFiguresOfNoDesign) {
  const std::vector<MetricLimit> limits = {{Quantity::kAreaMm2, 2}};
  const Goal goal(MetricProduct::Edp(), limits, *TemplateWith({}, 0));
  EXPECT_EQ(goal.Score({3, 4, 2}), 12);
  EXPECT_EQ(goal.Score({3, 4, 2.1}), kInfinity);
  EXPECT_EQ(goal.Score({3, 0, 1}), kInfinity);
  EXPECT_EQ(goal.Score({kInfinity, 4, 1}), kInfinity);
  EXPECT_EQ(goal.Score({std::nan(""), 4, 1}), kInfinity);
  EXPECT_EQ(goal.Merit({0, 4, 1}), kInfinity);
  EXPECT_LT(goal.Merit({3, 4, 2}), goal.Merit({3, 4, 2.1}));
}

// The objective first, then EDP, then area.
TEST(GoalTest, TiesAreBrokenByEdpThenArea) {
  const Goal energy(MetricProduct::Of(Metric::kEnergy), {}, *TemplateWith({}, 0));
  EXPECT_LT(energy.Merit({3, 4, 9}), energy.Merit({3, 5, 1}));
  EXPECT_LT(energy.Merit({3, 4, 1}), energy.Merit({3, 4, 2}));
  EXPECT_LT(energy.Merit({3, 500, 9}), energy.Merit({3.001, 4, 1}));
  const Goal area(MetricProduct::Of(Metric::kArea), {}, *TemplateWith({}, 0));
  EXPECT_LT(area.Merit({3, 4, 1}), area.Merit({3, 5, 1}));
  EXPECT_LT(area.Merit({300, 4, 1}), area.Merit({3, 4, 1.001}));
}

}  // namespace
}  // namespace oneloop
