#include "server/search/factor_optimizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <vector>

#include "common/base/random.h"
#include "common/model/exact/cost_model.h"
#include "server/search/adam.h"
#include "server/search/raw_adam.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

using MakeOptimizer = std::function<std::unique_ptr<FactorOptimizer>(const SmoothModel&)>;

struct Kind {
  const char* name;
  MakeOptimizer make;
};

class FactorOptimizerTest : public testing::TestWithParam<Kind> {
 protected:
  FactorOptimizerTest() : optimizer_(GetParam().make(smooth_)) {}

  // Factors at 2, where the bound leaves room for that.
  std::vector<double> Start() const {
    std::vector<double> x(smooth_.size());
    for (int layer = 0; layer < smooth_.num_layers(); ++layer) {
      for (int s = 0; s < smooth_.num_slots(); ++s)
        x[smooth_.index(layer, s)] = smooth_.log2_bound(layer, s) > 8 ? 1 : 0;
    }
    return x;
  }

  const CostModel model_{ShippedTemplate("gemmini")};
  const Workload workload_ = ShippedWorkload("resnet50");
  const SmoothModel smooth_{
      model_, workload_, {{2, 128}, {1, 8192}, {1, 8192}}, Goal(MetricProduct::Edp(), {}, model_.hardware_template())};
  std::unique_ptr<FactorOptimizer> optimizer_;
};

INSTANTIATE_TEST_SUITE_P(
    Kinds, FactorOptimizerTest,
    testing::Values(Kind{"Log", [](const SmoothModel& m) { return std::make_unique<ProjectedAdam>(m); }},
                    Kind{"Raw", [](const SmoothModel& m) { return std::make_unique<RawAdam>(m); }}),
    [](const auto& tested) { return tested.param.name; });

TEST_P(FactorOptimizerTest, StaysWithinTheBoundsWhateverTheGradient) {
  Random random(3);
  std::vector<double> x = Start();
  std::vector<double> gradient(x.size());
  for (int step = 0; step < 50; ++step) {
    for (double& slope : gradient) slope = 4 * random.Uniform() - 3;
    ASSERT_TRUE(optimizer_->Step(2, gradient, x));
    for (int layer = 0; layer < smooth_.num_layers(); ++layer) {
      for (const Dim dim : kAllDims) {
        double sum = 0;
        double room = 0;
        for (int s = 0; s < smooth_.num_slots(); ++s) {
          if (smooth_.slots()[static_cast<std::size_t>(s)].dim != dim) continue;
          EXPECT_GE(x[smooth_.index(layer, s)], 0);
          sum += x[smooth_.index(layer, s)];
          room = smooth_.log2_bound(layer, s);
        }
        EXPECT_LE(sum, room + 1e-9);
      }
    }
  }
}

TEST_P(FactorOptimizerTest, ResetForgetsTheMomentum) {
  std::vector<double> once = Start();
  std::vector<double> gradient(once.size(), -1.0);
  ASSERT_TRUE(optimizer_->Step(0.1, gradient, once));
  std::vector<double> other = Start();
  ASSERT_TRUE(optimizer_->Step(0.1, gradient, other));
  optimizer_->Reset();
  std::vector<double> again = Start();
  ASSERT_TRUE(optimizer_->Step(0.1, gradient, again));
  EXPECT_EQ(again, once);
}

TEST_P(FactorOptimizerTest, SaysWhenADerivativeIsNotFinite) {
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    std::vector<double> x = Start();
    std::vector<double> gradient(x.size(), 0.1);
    gradient[smooth_.index(3, 0)] = bad;
    EXPECT_FALSE(optimizer_->Step(0.1, gradient, x));
    optimizer_->Reset();
  }
}

// The first step of Adam has the size of the rate: in the factors, not in their log2, and against the slope.
TEST(RawAdamTest, MovesFactorsByTheRate) {
  const CostModel model(ShippedTemplate("gemmini"));
  Workload workload{"one", "", {{"layer", 1, {}}}};
  workload.layers[0].shape.bounds.fill(64);
  const SmoothModel smooth(model, workload, {{2, 128}, {1, 8192}, {1, 8192}},
                           Goal(MetricProduct::Edp(), {}, model.hardware_template()));
  RawAdam adam(smooth);
  std::vector<double> x(smooth.size());
  std::vector<double> gradient(x.size());
  const std::size_t small = smooth.index(0, 0);
  const std::size_t large = smooth.index(0, smooth.num_slots() - 1);
  x[small] = 1;
  x[large] = 5;
  gradient[small] = -0.01;
  gradient[large] = 3;
  ASSERT_TRUE(adam.Step(0.25, gradient, x));
  EXPECT_NEAR(std::exp2(x[small]), 2.25, 1e-5);
  EXPECT_NEAR(std::exp2(x[large]), 31.75, 1e-5);
}

double Distance(const std::vector<double>& a, const std::vector<double>& b) {
  double square = 0;
  for (std::size_t i = 0; i < a.size(); ++i) square += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(square);
}

TEST(ProjectProductTest, FindsTheNearestPointToAPointABitOutside) {
  Random random(4);
  for (int trial = 0; trial < 50; ++trial) {
    const std::vector<double> factors = {1 + 7 * random.Uniform(), 1 + 7 * random.Uniform(), 1 + 2 * random.Uniform()};
    const double bound = std::max(1.0, 0.97 * factors[0] * factors[1] * factors[2]);
    std::vector<double> projected = factors;
    ProjectProduct(bound, projected);
    EXPECT_NEAR(projected[0] * projected[1] * projected[2], bound, 1e-6 * bound);
    // Against a walk over the surface.
    for (int other = 0; other < 2000; ++other) {
      const double a = std::max(1.0, projected[0] + 0.02 * (random.Uniform() - 0.5));
      const double b = std::max(1.0, projected[1] + 0.02 * (random.Uniform() - 0.5));
      const std::vector<double> point = {a, b, bound / (a * b)};
      if (point[2] >= 1) {
        EXPECT_GE(Distance(factors, point), Distance(factors, projected) - 1e-9);
      }
    }
  }
}

TEST(ProjectProductTest, LeavesWhatIsWithinTheBoundAndMeetsAnyBound) {
  std::vector<double> within = {2, 3, 1};
  ProjectProduct(6, within);
  EXPECT_EQ(within, (std::vector<double>{2, 3, 1}));
  std::vector<double> far = {1e6, 1e3, 5};
  ProjectProduct(2, far);
  EXPECT_LE(far[0] * far[1] * far[2], 2);
  for (const double factor : far) EXPECT_GE(factor, 1);
}

}  // namespace
}  // namespace oneloop
