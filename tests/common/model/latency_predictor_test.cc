#include "common/model/latency/latency_predictor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/base/random.h"
#include "common/base/status.h"
#include "common/mapping/random_mapping.h"
#include "common/model/smooth/smooth_model.h"
#include "common/workload/dims.h"
#include "tests/common/model/perfect_template.h"
#include "tests/common/model/random_cases.h"
#include "tests/common/model/random_latency.h"
#include "tests/common/model/reference/autodiff.h"
#include "tests/common/model/reference/count.h"
#include "tests/common/model/reference/factor.h"
#include "tests/common/model/reference/latency_base.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

// Factors of one layer by the rules of count.h: S = double or Var.
template <class S>
struct RuleFactors {
  NestFactors<LogFactor<S>> nest;
  std::array<std::array<S, kNumDims>, kMaxAxes> spatial;
};

template <class S>
RuleFactors<S> FactorsOf(const SmoothModel& smooth, const Template& hardware_template, const LayerShape& shape,
                         std::span<const S> x) {
  RuleFactors<S> factors{};
  std::array<S, kNumDims> rest;
  for (const Dim dim : kAllDims) rest[ToIndex(Index(dim))] = S(std::log2(static_cast<double>(shape.bound(dim))));
  for (std::size_t s = 0; s < smooth.slots().size(); ++s) {
    const FactorSlot& slot = smooth.slots()[s];
    const std::size_t d = ToIndex(Index(slot.dim));
    if (shape.bounds[d] == 1) continue;
    rest[d] = rest[d] - x[s];
    if (slot.place.is_spatial) {
      factors.spatial[ToIndex(slot.place.index)][d] = x[s];
      S& level = factors.nest.spatial[ToIndex(hardware_template.axes()[ToIndex(slot.place.index)].level)][d].log2;
      level = level + x[s];
    } else {
      factors.nest.temporal[ToIndex(slot.place.index)][d].log2 = x[s];
    }
  }
  for (std::size_t d = 0; d < kNumDims; ++d) factors.nest.temporal[ToIndex(smooth.outermost_level())][d].log2 = rest[d];
  return factors;
}

template <class S>
std::vector<S> InputsByRules(const LatencyFeatures& features, const LayerShape& shape, const LoopOrders& orders,
                             const RuleFactors<S>& factors) {
  const auto counts = NestCounter<LogFactor<S>>(features.model().structure(), shape, orders, factors.nest).Count();
  std::vector<S> base(ToIndex(features.base().size()));
  std::vector<S> inputs(ToIndex(features.num_inputs()));
  SetSmoothBase<S>(features, shape, factors.nest, factors.spatial, counts, base);
  features.SetInputs<S>(base, inputs);
  return inputs;
}

// The vector kernel against the rules on a tape: cycles and gradient of one layer.
void CompareWithTape(std::uint64_t seed) {
  Random random(seed);
  const CostModel model{std::shared_ptr<const Template>(Perfect(*RandomTemplate(random)))};
  const auto predictor = RandomLatencyPredictor(model, seed % 3 != 0, random);
  const Workload workload{"one", "", {{"layer", 1, RandomShape(random)}}};
  const LayerShape& shape = workload.layers[0].shape;
  const std::vector<ParameterRange> ranges(ToIndex(model.hardware_template().num_parameters()), {1, 1e30});
  // Of the latency alone, without the little of the energy that decides between equals.
  const Goal goal({{1e-300, 1, 0, 0}}, {}, model.hardware_template());
  const SmoothModel smooth(model, workload, ranges, goal, predictor.get());
  const std::vector<double> x = RandomFactors(smooth, random);
  const std::vector<SmoothModel::Orders> orders = {RandomOrders(1, random)};
  std::vector<double> gradient(x.size());
  SmoothModel::Result result;
  smooth.Evaluate(x, orders, *smooth.MakeWorkspace(), gradient, &result);

  Tape tape;
  std::vector<Var> factors;
  for (const double factor : smooth.LayerFactors(x, 0)) factors.push_back(Var::Input(&tape, factor));
  const std::vector<Var> inputs = InputsByRules<Var>(predictor->features(), shape, orders[0].candidates[0],
                                                     FactorsOf<Var>(smooth, model.hardware_template(), shape, factors));
  std::vector<double> values;
  values.reserve(inputs.size());
  for (const Var& input : inputs) values.push_back(input.value());
  std::vector<double> slopes(values.size());
  const double log_cycles = predictor->LogCycles(values, slopes);
  const std::span<double> adjoint = tape.ResetAdjoint();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].node() != Tape::kConstant) adjoint[ToIndex(inputs[i].node())] += slopes[i] / std::log(2.0);
  }
  tape.Sweep();
  EXPECT_NEAR(std::log(result.metrics.latency_cycles), log_cycles, 1e-11);
  EXPECT_NEAR(std::log(predictor->PredictInputs(values).cycles), log_cycles, 1e-12);
  double largest = 0;
  for (const double slope : gradient) largest = std::max(largest, std::abs(slope));
  for (int s = 0; s < smooth.num_slots(); ++s) {
    if (!smooth.IsActive(0, s)) continue;
    EXPECT_NEAR(gradient[smooth.index(0, s)], adjoint[ToIndex(factors[ToIndex(s)].node())], 1e-10 * (1 + largest))
        << "slot " << s;
  }
}

TEST(LatencyPredictorTest, KernelEqualsTheRulesOnATape) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    CompareWithTape(seed);
  }
}

TEST(LatencyPredictorTest, LogCyclesHasTheDerivativesOfItsValue) {
  Random random(5);
  const CostModel model(ShippedTemplate("gemmini"));
  for (int trial = 0; trial < 60; ++trial) {
    SCOPED_TRACE(trial);
    const auto predictor = RandomLatencyPredictor(model, trial % 4 != 0, random);
    std::vector<double> inputs;
    for (const LatencyFeatures::Input& input : predictor->features().inputs()) {
      // Outputs move at least once.
      inputs.push_back(input.name == "size O" ? 0 : 12 * random.Uniform());
    }
    std::vector<double> gradient(inputs.size());
    std::vector<double> unused(inputs.size());
    predictor->LogCycles(inputs, gradient);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      constexpr double kStep = 1e-4;
      const double x = inputs[i];
      std::array<double, 4> values{};
      for (std::size_t k = 0; k < 4; ++k) {
        inputs[i] = x + kStep * std::array{-2.0, -1.0, 1.0, 2.0}[k];
        values[k] = predictor->LogCycles(inputs, unused);
      }
      inputs[i] = x;
      const double difference = (8 * (values[2] - values[1]) - (values[3] - values[0])) / (12 * kStep);
      EXPECT_NEAR(gradient[i], difference, 1e-6 * std::max(1.0, std::abs(difference))) << "input " << i;
    }
  }
}

// At whole factors the smooth inputs are those of the exact counts, corners of the input aside.
TEST(LatencyPredictorTest, ExactInputsEqualTheSmoothOnes) {
  Random random(9);
  for (int trial = 0; trial < 300; ++trial) {
    SCOPED_TRACE(trial);
    const CostModel model{std::shared_ptr<const Template>(Perfect(*RandomTemplate(random)))};
    const auto predictor = RandomLatencyPredictor(model, true, random);
    const LatencyFeatures& features = predictor->features();
    const Workload workload{"one", "", {{"layer", 1, RandomShape(random)}}};
    const LayerShape& shape = workload.layers[0].shape;
    const std::vector<ParameterRange> ranges(ToIndex(model.hardware_template().num_parameters()), {1, 1e30});
    const SmoothModel smooth(model, workload, ranges, Goal(MetricProduct::Edp(), {}, model.hardware_template()));
    const Mapping mapping = RandomMapping(model.hardware_template(), shape, random);
    const std::vector<double> x = smooth.LayerFactors(smooth.FactorsOf(std::vector<Mapping>{mapping}), 0);
    const auto factors = FactorsOf<double>(smooth, model.hardware_template(), shape, x);
    const std::vector<double> expected = InputsByRules<double>(features, shape, mapping.order, factors);
    // The same counts without corners, as a LayerUse.
    const auto counts = NestCounter<LogFactor<double>>(model.structure(), shape, mapping.order, factors.nest).Count();
    LayerUse use = model.Use(shape, mapping);
    for (std::size_t f = 0; f < model.flows().size(); ++f) {
      const Flow& flow = model.flows()[f];
      const auto& count = counts.tensors[ToIndex(flow.level)][ToIndex(Index(flow.tensor))];
      use.words[f] = flow.kind == Flow::Kind::kRead   ? count.reads
                     : flow.kind == Flow::Kind::kFill ? count.fills
                                                      : count.updates;
    }
    std::vector<double> base(ToIndex(features.base().size()));
    std::vector<double> inputs(ToIndex(features.num_inputs()));
    features.SetBase(shape, mapping, use, base);
    features.SetInputs<double>(base, inputs);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      EXPECT_NEAR(inputs[i], expected[i], 1e-9) << features.inputs()[i].name;
    }
  }
}

// C 32 and K 8 on axes of 16, 4 × 4 pixels: quantities that can be counted on paper.
TEST(LatencyFeaturesTest, InputsOfASmallMapping) {
  const CostModel model(ShippedTemplate("gemmini"));
  const LatencyFeatures features(model, {16, 8, 8});
  LayerShape shape;
  shape.bounds = {1, 1, 4, 4, 64, 32, 1, 1};
  const auto mapping =
      ParseMapping(model.hardware_template(), "L3[WIO] K2 Q2 - L2[WI] K2 K8X - L1[O] C2 C32X - L0[W] P4 Q2");
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  std::vector<double> base(ToIndex(features.base().size()));
  std::vector<double> inputs(ToIndex(features.num_inputs()));
  features.SetBase(shape, *mapping, model.Use(shape, *mapping), base);
  features.SetInputs<double>(base, inputs);
  const auto amount = [&](const std::string& name) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (features.inputs()[i].name == name) return std::exp2(inputs[i]);
    }
    ADD_FAILURE() << "no input " << name;
    return 0.0;
  };
  EXPECT_NEAR(amount("outer K"), 2, 1e-12);
  EXPECT_NEAR(amount("outer Q"), 2, 1e-12);
  EXPECT_NEAR(amount("tile C"), 64, 1e-12);
  EXPECT_NEAR(amount("tile K"), 16, 1e-12);
  EXPECT_NEAR(amount("copies along axis 0"), 16, 1e-12) << "32 copies take turns on 16 rows";
  EXPECT_NEAR(amount("copies along axis 1"), 8, 1e-12);
  // Once: the innermost loop outside, over Q, leaves the weights where they are.
  EXPECT_NEAR(amount("words W"), 64 * 32, 1e-9);
  EXPECT_NEAR(amount("words O"), 4 * 4 * 32, 1e-9);
  // Twice 64 · 32 weights for 16 · 8 places; outputs of 4 · 2 pixels for 8 columns.
  EXPECT_NEAR(amount("loads W at level 0"), 2 * 64 * 32 / (16.0 * 8), 1e-9);
  EXPECT_NEAR(amount("loads O at level 1"), 4 * 4 * 32 / (8.0 * 8), 1e-9);
  EXPECT_NEAR(amount("loads W at level 2"), 2, 1e-12);
  EXPECT_NEAR(amount("loads I at level 2"), 4, 1e-12);
  EXPECT_NEAR(amount("compute"), 4 * 4 * 64 * 32 / (16.0 * 8), 1e-9);
  EXPECT_NEAR(amount("iterations"), 4, 1e-12);
}

LatencyParameters GemminiParameters(const CostModel& model, Random& random) {
  return RandomLatencyParameters(LatencyFeatures(model, {16, 8, 8}), true, random);
}

TEST(LatencyPredictorTest, FarFromTheMeasurementsOnlyThePhysicalPartIsLeft) {
  Random random(3);
  const CostModel model(ShippedTemplate("gemmini"));
  const auto predictor = LatencyPredictor::Create(model, {16, 8, 8}, GemminiParameters(model, random));
  ASSERT_TRUE(predictor.ok()) << predictor.status();
  const LatencyFeatures& features = (*predictor)->features();
  std::vector<double> inputs(ToIndex(features.num_inputs()), 2.0);
  const auto correction = [&](double away) {
    std::vector<double> far = inputs;
    for (double& input : far) input += away;
    const LatencyPrediction prediction = (*predictor)->PredictInputs(far);
    const double physics = LatencyPredictor::LogPhysics(features, (*predictor)->parameters().physics, far, {});
    EXPECT_LE(std::abs(std::log(prediction.cycles) - physics), 1.5) << "the bound";
    return std::pair(std::abs(std::log(prediction.cycles) - physics), prediction);
  };
  const auto near = correction(0);
  const auto far = correction(400);
  EXPECT_GT(near.first, 0.01);
  EXPECT_LT(far.first, 0.01);
  EXPECT_LT(far.second.trust, 0.01);
  EXPECT_GT(far.second.log_sigma, near.second.log_sigma);
  EXPECT_NEAR(far.second.log_sigma, std::hypot(0.2, 0.8), 0.05);
}

TEST(LatencyPredictorTest, PredictsAnExactMapping) {
  Random random(4);
  const CostModel model(ShippedTemplate("gemmini"));
  const auto predictor = RandomLatencyPredictor(model, true, random);
  LayerShape shape;
  shape.bounds = {3, 3, 14, 14, 64, 64, 1, 1};
  const Mapping mapping = RandomMapping(model.hardware_template(), shape, random);
  const LatencyPrediction prediction = predictor->Predict(shape, mapping, model.Use(shape, mapping));
  EXPECT_GT(prediction.cycles, 0);
  EXPECT_TRUE(std::isfinite(prediction.cycles));
  EXPECT_GE(prediction.log_sigma, 0.2);
  EXPECT_GE(prediction.trust, 0);
  EXPECT_LE(prediction.trust, 1);
}

TEST(LatencyPredictorTest, RefusesParametersThatDoNotBelongTogether) {
  Random random(6);
  const CostModel model(ShippedTemplate("gemmini"));
  const LatencyParameters good = GemminiParameters(model, random);
  const auto error = [&](auto change) {
    LatencyParameters parameters = good;
    change(&parameters);
    const auto predictor = LatencyPredictor::Create(model, {16, 8, 8}, parameters);
    EXPECT_FALSE(predictor.ok());
    EXPECT_EQ(predictor.status().code(), absl::StatusCode::kInvalidArgument);
    return FieldOf(predictor.status());
  };
  EXPECT_EQ(error([](auto* p) { p->physics.coefficients.pop_back(); }), "physics.coefficients");
  EXPECT_EQ(error([](auto* p) { p->physics.coefficients[0] = -1; }), "physics.coefficients");
  EXPECT_EQ(error([](auto* p) { p->physics.p = 0.5; }), "physics.p");
  EXPECT_EQ(error([](auto* p) { p->networks.members = 1000; }), "networks.members");
  EXPECT_EQ(error([](auto* p) { p->networks.first_units = 0; }), "networks.units");
  EXPECT_EQ(error([](auto* p) { p->networks.inputs[0] = 500; }), "networks.inputs");
  EXPECT_EQ(error([](auto* p) { p->networks.second.pop_back(); }), "networks.second");
  EXPECT_EQ(error([](auto* p) { p->networks.last[0] = std::numeric_limits<double>::quiet_NaN(); }), "networks");
  EXPECT_EQ(error([](auto* p) { p->trust.low.pop_back(); }), "trust.low");
  EXPECT_EQ(error([](auto* p) { p->trust.scale[0] = 0; }), "trust.scale");
  EXPECT_EQ(error([](auto* p) { p->trust.agreement = 0; }), "trust");
  EXPECT_EQ(error([](auto* p) { p->trust.sigma = -1; }), "trust.sigma");
  EXPECT_EQ(error([](auto* p) { p->offset = std::numeric_limits<double>::infinity(); }), "offset");
  EXPECT_FALSE(LatencyPredictor::Create(model, {16, 8}, good).ok()) << "a hardware point with a value missing";
}

TEST(LatencyPredictorTest, RationalTanhIsCloseToTanhAndSmooth) {
  for (double x = -5; x <= 5; x += 0.01) {
    EXPECT_NEAR(RationalTanh::Value(x), std::tanh(x), 0.025);
    const double difference = (RationalTanh::Value(x + 1e-6) - RationalTanh::Value(x - 1e-6)) / 2e-6;
    EXPECT_NEAR(RationalTanh::Slope(x), difference, 1e-8);
  }
}

}  // namespace
}  // namespace oneloop
