#include "common/model/kernel/batch_kernel.h"

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "common/base/random.h"
#include "common/mapping/random_mapping.h"
#include "common/model/smooth/smooth_model.h"
#include "tests/common/model/random_cases.h"
#include "tests/common/model/random_latency.h"
#include "tests/common/model/reference/reference_smooth_model.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

// A random descent problem, and a state of it.
struct Problem {
  Problem(std::uint64_t seed, int max_layers) : random(seed), model(RandomTemplate(random)) {
    const std::uint64_t num_layers = 1 + random.Below(static_cast<std::uint64_t>(max_layers));
    for (std::uint64_t i = 0; i < num_layers; ++i) {
      workload.layers.push_back({"layer", static_cast<std::int64_t>(1 + random.Below(4)), RandomShape(random)});
      orders.push_back(RandomOrders(static_cast<int>(1 + random.Below(3)), random));
    }
    const bool fixed = random.Below(3) == 0;
    for (int p = 0; p < model.hardware_template().num_parameters(); ++p) {
      ranges.push_back(fixed ? ParameterRange{4, 4} : ParameterRange{1, 1 << 20});
    }
    if (random.Below(2) == 0) limits.push_back({Quantity::kAreaMm2, 0.5});
    if (random.Below(4) == 0) limits.push_back({Quantity::kEdp, 1});
    smooth = std::make_unique<SmoothModel>(model, workload, ranges,
                                           Goal(MetricProduct::Edp(), limits, model.hardware_template()));
  }

  // From here on the latency is a predictor's.
  void PredictLatency() {
    latency = RandomLatencyPredictor(model, random.Below(3) > 0, random);
    smooth = std::make_unique<SmoothModel>(
        model, workload, ranges, Goal(MetricProduct::Edp(), limits, model.hardware_template()), latency.get());
  }

  std::vector<double> WholeFactors() {
    std::vector<Mapping> mappings;
    for (const Layer& layer : workload.layers) {
      mappings.push_back(RandomMapping(model.hardware_template(), layer.shape, random));
    }
    return smooth->FactorsOf(mappings);
  }

  Random random;
  CostModel model;
  Workload workload;
  std::vector<SmoothModel::Orders> orders;
  std::vector<ParameterRange> ranges;
  std::vector<MetricLimit> limits;
  std::unique_ptr<const LatencyPredictor> latency;
  std::unique_ptr<SmoothModel> smooth;
};

struct Evaluation {
  SmoothModel::Result result;
  std::vector<double> gradient;
};

Evaluation Evaluate(const SmoothModel& smooth, const std::vector<double>& x,
                    const std::vector<SmoothModel::Orders>& orders, SmoothModel::Workspace& workspace) {
  Evaluation evaluation;
  evaluation.gradient.resize(x.size());
  smooth.Evaluate(x, orders, workspace, evaluation.gradient, &evaluation.result);
  return evaluation;
}
Evaluation Evaluate(const SmoothModel& smooth, const std::vector<double>& x,
                    const std::vector<SmoothModel::Orders>& orders) {
  return Evaluate(smooth, x, orders, *smooth.MakeWorkspace());
}

// The same by the templated rules, with the gradient in the kernel's layout.
Evaluation EvaluateByRules(const Problem& problem, const std::vector<double>& x) {
  const SmoothModel& smooth = *problem.smooth;
  const ReferenceSmoothModel reference(problem.model, problem.workload, problem.ranges,
                                       Goal(MetricProduct::Edp(), problem.limits, problem.model.hardware_template()));
  const auto place = [&](int layer, int s) {
    const FactorSlot& slot = smooth.slots()[static_cast<std::size_t>(s)];
    const auto same = std::find_if(reference.slots().begin(), reference.slots().end(),
                                   [&](const FactorSlot& other) { return other == slot; });
    return static_cast<std::size_t>(layer) * static_cast<std::size_t>(reference.num_slots()) +
           static_cast<std::size_t>(same - reference.slots().begin());
  };
  std::vector<double> reference_x(static_cast<std::size_t>(reference.num_layers() * reference.num_slots()));
  std::vector<double> reference_gradient(reference_x.size());
  for (int layer = 0; layer < smooth.num_layers(); ++layer) {
    for (int s = 0; s < smooth.num_slots(); ++s) reference_x[place(layer, s)] = x[smooth.index(layer, s)];
  }
  Evaluation evaluation;
  reference.Evaluate(reference_x, problem.orders, *reference.MakeWorkspace(), reference_gradient, &evaluation.result);
  evaluation.gradient.resize(x.size());
  for (int layer = 0; layer < smooth.num_layers(); ++layer) {
    for (int s = 0; s < smooth.num_slots(); ++s) {
      evaluation.gradient[smooth.index(layer, s)] = reference_gradient[place(layer, s)];
    }
  }
  return evaluation;
}

void ExpectClose(double actual, double expected, const char* what) {
  EXPECT_NEAR(actual, expected, 1e-12 * std::abs(expected) + 1e-300) << what;
}

void ExpectSameResult(const SmoothModel::Result& actual, const SmoothModel::Result& expected) {
  EXPECT_NEAR(actual.value, expected.value, 1e-12 * (1 + std::abs(expected.value)));
  EXPECT_NEAR(actual.penalty, expected.penalty, 1e-11 * (1 + expected.penalty));
  ExpectClose(actual.metrics.energy_uj, expected.metrics.energy_uj, "energy");
  ExpectClose(actual.metrics.latency_cycles, expected.metrics.latency_cycles, "latency");
  ExpectClose(actual.metrics.area_mm2, expected.metrics.area_mm2, "area");
  for (std::size_t p = 0; p < expected.hardware.size(); ++p) {
    ExpectClose(actual.hardware[p], expected.hardware[p], "hardware");
  }
  for (std::size_t layer = 0; layer < actual.candidate_costs.size(); ++layer) {
    for (std::size_t c = 0; c < actual.candidate_costs[layer].size(); ++c) {
      EXPECT_NEAR(actual.candidate_costs[layer][c], expected.candidate_costs[layer][c], 1e-11);
    }
  }
}

TEST(BatchKernelTest, AgreesWithTheTemplatedRulesOnRandomProblems) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    Problem problem(seed, 60);
    const std::vector<double> x = RandomFactors(*problem.smooth, problem.random);
    const Evaluation actual = Evaluate(*problem.smooth, x, problem.orders);
    const Evaluation expected = EvaluateByRules(problem, x);
    ExpectSameResult(actual.result, expected.result);
    double largest = 0;
    for (const double slope : expected.gradient) largest = std::max(largest, std::abs(slope));
    for (std::size_t i = 0; i < x.size(); ++i) {
      EXPECT_NEAR(actual.gradient[i], expected.gradient[i], 1e-12 * (1 + largest)) << "place " << i;
    }
  }
}

TEST(BatchKernelTest, AgreesWithTheTemplatedRulesAtWholeFactors) {
  for (std::uint64_t seed = 1000; seed < 1200; ++seed) {
    SCOPED_TRACE(seed);
    Problem problem(seed, 60);
    const std::vector<double> x = problem.WholeFactors();
    ExpectSameResult(Evaluate(*problem.smooth, x, problem.orders).result, EvaluateByRules(problem, x).result);
  }
}

bool SameBits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}
void ExpectSameBits(const Evaluation& actual, const Evaluation& expected) {
  EXPECT_TRUE(SameBits(actual.gradient, expected.gradient));
  EXPECT_TRUE(SameBits(actual.result.hardware, expected.result.hardware));
  const auto figures = [](const Evaluation& evaluation) {
    const SmoothModel::Result& result = evaluation.result;
    return std::vector<double>{result.value, result.penalty, result.metrics.energy_uj, result.metrics.latency_cycles,
                               result.metrics.area_mm2};
  };
  EXPECT_TRUE(SameBits(figures(actual), figures(expected)));
  ASSERT_EQ(actual.result.candidate_costs, expected.result.candidate_costs);
}

// Restores the choice of vectors at the end of a test.
class ChosenVectors {
 public:
  ~ChosenVectors() { Choose(0); }
  static void Choose(std::int64_t target) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
};

TEST(BatchKernelTest, EveryVectorWidthGivesTheSameBits) {
  ChosenVectors restore;
  std::vector<std::int64_t> targets;
  for (std::int64_t rest = hwy::SupportedTargets() & HWY_TARGETS; rest != 0; rest &= rest - 1) {
    targets.push_back(rest & -rest);
  }
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    Problem problem(seed, 20);
    if (seed % 2 == 1) problem.PredictLatency();
    const std::vector<double> x = RandomFactors(*problem.smooth, problem.random);
    ChosenVectors::Choose(targets.front());
    const Evaluation expected = Evaluate(*problem.smooth, x, problem.orders);
    for (const std::int64_t target : targets) {
      SCOPED_TRACE(hwy::TargetName(target));
      ChosenVectors::Choose(target);
      ExpectSameBits(Evaluate(*problem.smooth, x, problem.orders), expected);
    }
  }
}

TEST(BatchKernelTest, AUsedWorkspaceGivesTheSameBitsAsANewOne) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    Problem problem(seed, 20);
    if (seed % 2 == 1) problem.PredictLatency();
    const SmoothModel::WorkspacePtr workspace = problem.smooth->MakeWorkspace();
    // Other factors, orders and numbers of candidates first.
    std::vector<SmoothModel::Orders> others;
    for (std::size_t i = 0; i < problem.orders.size(); ++i) others.push_back(RandomOrders(2, problem.random));
    Evaluate(*problem.smooth, RandomFactors(*problem.smooth, problem.random), others, *workspace);
    const std::vector<double> x = RandomFactors(*problem.smooth, problem.random);
    ExpectSameBits(Evaluate(*problem.smooth, x, problem.orders, *workspace),
                   Evaluate(*problem.smooth, x, problem.orders));
  }
}

TEST(BatchKernelTest, FactorsThatAreNotFiniteGiveAValueThatIsNotFinite) {
  Problem problem(3, 5);
  ASSERT_GT(problem.smooth->num_slots(), 0);
  for (const double bad : {std::nan(""), HUGE_VAL, std::nan(""), HUGE_VAL}) {
    std::vector<double> x = RandomFactors(*problem.smooth, problem.random);
    int slot = 0;
    while (!problem.smooth->IsActive(0, slot)) ++slot;
    x[problem.smooth->index(0, slot)] = bad;
    EXPECT_FALSE(std::isfinite(Evaluate(*problem.smooth, x, problem.orders).result.value));
    if (bad == HUGE_VAL) problem.PredictLatency();
  }
}

TEST(BatchKernelTest, PowersAndLogarithmsAreAccurateToTheLastBits) {
  Random random(5);
  for (int i = 0; i < 100000; ++i) {
    std::vector<double> value = {400 * random.Uniform() - 200};
    const double exponent = value[0];
    Exp2InPlace(value);
    EXPECT_NEAR(value[0] / std::exp2(exponent), 1, 4e-16);
    const double power = value[0];
    Log2InPlace(value);
    EXPECT_NEAR(value[0], std::log2(power), 2.3e-16 * (1 + std::abs(exponent)));
  }
  for (int n = -100; n <= 100; ++n) {
    std::vector<double> value = {static_cast<double>(n)};
    Exp2InPlace(value);
    EXPECT_EQ(value[0], std::ldexp(1.0, n)) << "whole powers are exact";
    Log2InPlace(value);
    EXPECT_EQ(value[0], n);
  }
}

}  // namespace
}  // namespace oneloop
