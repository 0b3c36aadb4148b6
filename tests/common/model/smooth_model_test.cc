#include "common/model/smooth/smooth_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <iostream>
#include <memory>
#include <vector>

#include "common/base/random.h"
#include "common/mapping/random_mapping.h"
#include "tests/common/model/random_cases.h"
#include "tests/common/model/random_costs.h"
#include "tests/common/model/random_latency.h"
#include "tests/common/model/reference/count.h"
#include "tests/common/model/reference/factor.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

// One random descent state on one random accelerator.
class RandomCase {
 public:
  RandomCase(std::uint64_t seed, bool fixed_hardware, bool mixed_orders, bool predicted_latency, bool several_networks,
             bool by_flow)
      : random_(seed) {
    model_ = std::make_unique<CostModel>(
        std::shared_ptr<const Template>(by_flow ? RandomCosts(random_, false).Draw() : RandomTemplate(random_)));
    const std::uint64_t num_layers = 1 + random_.Below(3);
    workload_.layers.reserve(num_layers);
    for (std::uint64_t i = 0; i < num_layers; ++i) {
      workload_.layers.push_back({"layer", static_cast<std::int64_t>(1 + random_.Below(4)), RandomShape(random_)});
    }
    if (several_networks) SplitIntoNetworks();
    const std::vector<ParameterRange> ranges(static_cast<std::size_t>(model_->hardware_template().num_parameters()),
                                             fixed_hardware ? ParameterRange{4, 4} : ParameterRange{1, 1 << 20});
    std::vector<MetricLimit> limits;
    if (random_.Below(2) == 0) limits.push_back({Quantity::kAreaMm2, 0.5});
    ObjectiveSpec objective;
    if (several_networks) {
      objective.combination = RandomCombination(workload_.networks.size(), random_);
      limits.push_back({Quantity::kEdp, std::exp2(20 + 20 * random_.Uniform()), 1});
    }
    if (predicted_latency) latency_ = RandomLatencyPredictor(*model_, random_.Below(3) > 0, random_);
    smooth_ = std::make_unique<SmoothModel>(*model_, workload_, ranges,
                                            Goal(objective, limits, workload_.networks, model_->hardware_template()),
                                            latency_.get());
    x_ = RandomFactors(*smooth_, random_);
    for (std::size_t i = 0; i < workload_.layers.size(); ++i)
      orders_.push_back(RandomOrders(mixed_orders ? 3 : 1, random_));
    workspace_ = smooth_->MakeWorkspace();
    gradient_.resize(x_.size());
  }

  double Value(const std::vector<double>& x) {
    std::vector<double> unused(x.size());
    SmoothModel::Result result;
    smooth_->Evaluate(x, orders_, *workspace_, unused, &result);
    return result.value;
  }

  // Compares all partial derivatives with central differences of fourth order; counts those that a kink spoils.
  void Check(int* compared, int* at_kinks) {
    SmoothModel::Result result;
    smooth_->Evaluate(x_, orders_, *workspace_, gradient_, &result);
    double largest = 0;
    for (const double slope : gradient_) largest = std::max(largest, std::abs(slope));
    for (std::size_t i = 0; i < x_.size(); ++i) {
      if (x_[i] == 0) {
        EXPECT_EQ(gradient_[i], 0) << "an inactive slot has no derivative";
        continue;
      }
      constexpr double kStep = 3e-4;
      std::vector<double> values;
      for (const int k : {-2, -1, 0, 1, 2}) {
        std::vector<double> x = x_;
        x[i] += k * kStep;
        values.push_back(Value(x));
      }
      // Smooth values leave a fourth difference of the order of rounding; a jump of the slope inside the stencil does
      // not.
      const double fourth = values[0] - 4 * values[1] + 6 * values[2] - 4 * values[3] + values[4];
      if (std::abs(fourth) > 2e-11) {
        ++*at_kinks;
        continue;
      }
      const double difference = (8 * (values[3] - values[1]) - (values[4] - values[0])) / (12 * kStep);
      ++*compared;
      EXPECT_NEAR(gradient_[i], difference, 1e-6 * std::max(std::abs(difference), 0.01 * largest) + 1e-10)
          << "place " << i << ", value " << values[2];
    }
  }

 private:
  // One layer to each network but the last, which has the rest.
  void SplitIntoNetworks() {
    const std::size_t networks = 2 + random_.Below(2);
    while (workload_.layers.size() < networks + 1) {
      workload_.layers.push_back({"layer", static_cast<std::int64_t>(1 + random_.Below(4)), RandomShape(random_)});
    }
    for (std::size_t n = 0; n < networks; ++n) {
      workload_.networks.push_back({"network", std::exp2(2 * random_.Normal())});
    }
    for (std::size_t i = 0; i < workload_.layers.size(); ++i) {
      workload_.layers[i].network = static_cast<int>(std::min(i, networks - 1));
    }
  }

  Random random_;
  Workload workload_;
  std::unique_ptr<CostModel> model_;
  std::unique_ptr<const LatencyPredictor> latency_;
  std::unique_ptr<SmoothModel> smooth_;
  SmoothModel::WorkspacePtr workspace_;
  std::vector<double> x_;
  std::vector<SmoothModel::Orders> orders_;
  std::vector<double> gradient_;
};

void CheckGradients(bool fixed_hardware, bool mixed_orders, bool predicted_latency = false,
                    bool several_networks = false, bool by_flow = false) {
  int compared = 0;
  int at_kinks = 0;
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(seed);
    RandomCase(seed, fixed_hardware, mixed_orders, predicted_latency, several_networks, by_flow)
        .Check(&compared, &at_kinks);
  }
  testing::Test::RecordProperty("derivatives_compared", compared);
  std::cout << compared << " derivatives compared, " << at_kinks << " at kinks\n";
  testing::Test::RecordProperty("derivatives_at_kinks", at_kinks);
  EXPECT_GT(compared, 3000);
  EXPECT_LT(at_kinks, compared / 10);
}

TEST(SmoothModelTest, GradientEqualsCentralDifferencesWithFreeHardware) { CheckGradients(false, false); }
TEST(SmoothModelTest, GradientEqualsCentralDifferencesOnFixedHardware) { CheckGradients(true, false); }
TEST(SmoothModelTest, GradientEqualsCentralDifferencesWithMixedOrders) { CheckGradients(false, true); }
TEST(SmoothModelTest, GradientEqualsCentralDifferencesWithPredictedLatency) { CheckGradients(false, true, true); }
TEST(SmoothModelTest, GradientEqualsCentralDifferencesOfSeveralNetworks) { CheckGradients(false, true, false, true); }
TEST(SmoothModelTest, GradientEqualsCentralDifferencesOfSeveralNetworksWithPredictedLatency) {
  CheckGradients(false, true, true, true);
}

TEST(SmoothModelTest, GradientEqualsCentralDifferencesOfCostsByFlow) {
  CheckGradients(false, false, false, false, true);
}
TEST(SmoothModelTest, GradientEqualsCentralDifferencesOfCostsByFlowOnFixedHardware) {
  CheckGradients(true, true, false, false, true);
}
TEST(SmoothModelTest, GradientEqualsCentralDifferencesOfCostsByFlowWithPredictedLatency) {
  CheckGradients(false, true, true, false, true);
}
TEST(SmoothModelTest, GradientEqualsCentralDifferencesOfCostsByFlowOfSeveralNetworks) {
  CheckGradients(false, true, false, true, true);
}

// Where nothing slides, there are no corners, and where hops are by spread and blocks left out, descent and exact score
// are one but for whole cycles.
TEST(SmoothModelTest, CostsByFlowEqualTheExactOnesAtWholeFactors) {
  Random random(17);
  int compared = 0;
  for (int trial = 0; trial < 400; ++trial) {
    SCOPED_TRACE(trial);
    const CostModel model{std::shared_ptr<const Template>(RandomCosts(random, false).Draw())};
    const Template& hardware_template = model.hardware_template();
    bool by_position = false;
    for (const LinkRow& link : model.structure().links()) by_position = by_position || link.spec.mesh;
    if (by_position) continue;
    LayerShape shape = RandomShape(random);
    for (const Dim dim : {Dim::kR, Dim::kS}) shape.bounds[ToIndex(dim)] = 1;
    const Mapping mapping = RandomPerfectMapping(hardware_template, shape, random);
    const LayerUse use = model.Use(shape, mapping);
    const std::vector<ParameterRange> ranges(ToIndex(hardware_template.num_parameters()), {1, 1 << 20});
    const SmoothModel smooth(model, {"one", "", {{"layer", 1, shape}}}, ranges,
                             Goal(MetricProduct::Edp(), {}, hardware_template));
    const std::vector<double> x = smooth.FactorsOf(std::vector<Mapping>{mapping});
    std::vector<double> gradient(x.size());
    SmoothModel::Result result;
    const std::vector<SmoothModel::Orders> orders = {{{mapping.order}, {1}}};
    smooth.Evaluate(x, orders, *smooth.MakeWorkspace(), gradient, &result);
    const ComponentCosts costs = model.CostsAt(result.hardware);
    const LayerParts parts = model.PartsOf(use, costs);
    const double cycles = std::max(parts.compute_cycles, *std::max_element(parts.cycles.begin(), parts.cycles.end()));
    EXPECT_NEAR(result.metrics.latency_cycles, cycles, 1e-9 * cycles);
    double energy_pj = parts.mac_energy_pj;
    // Without the rounding of accesses to whole ones, and of cycles.
    for (std::size_t p = 0; p < model.structure().ports().size(); ++p) {
      const PortRow& port = model.structure().ports()[p];
      const double instances = use.instances[ToIndex(port.level)];
      for (const int f : port.flows) {
        energy_pj +=
            use.words[ToIndex(f)] / instances * std::min(instances, costs.ports[p].most_clusters) * costs.WordPj(p);
      }
    }
    for (const auto& link : parts.link_pj) energy_pj += link[0] + link[1] + link[2];
    for (const int level : model.structure().leaking_levels()) {
      energy_pj += costs.leak_pj[ToIndex(level)] * cycles * use.instances[ToIndex(level)];
    }
    EXPECT_NEAR(result.metrics.energy_uj, energy_pj * 1e-6, 1e-9 * energy_pj * 1e-6);
    ++compared;
    if (HasFailure()) return;
  }
  EXPECT_GT(compared, 100);
}

// Counts in log2 of whole factors, against the same rules in whole numbers.
TEST(SmoothModelTest, CountsEqualTheExactOnesAtWholeFactors) {
  Random random(11);
  for (int trial = 0; trial < 500; ++trial) {
    SCOPED_TRACE(trial);
    const CostModel model{std::shared_ptr<const Template>(RandomTemplate(random))};
    const Template& hardware_template = model.hardware_template();
    const LayerShape shape = RandomShape(random);
    const Mapping mapping = RandomPerfectMapping(hardware_template, shape, random);
    NestFactors<ExactFactor> exact;
    NestFactors<LogFactor<double>> smooth;
    for (int level = 0; level < hardware_template.num_levels(); ++level) {
      for (std::size_t d = 0; d < kNumDims; ++d) {
        double spatial = 1;
        for (std::size_t a = 0; a < hardware_template.axes().size(); ++a) {
          if (hardware_template.axes()[a].level == level) spatial *= static_cast<double>(mapping.spatial[a][d]);
        }
        const auto l = static_cast<std::size_t>(level);
        exact.spatial[l][d] = ExactFactor::Of(spatial);
        smooth.spatial[l][d] = LogFactor<double>::Of(spatial);
        exact.temporal[l][d] = ExactFactor::Of(static_cast<double>(mapping.temporal[l][d]));
        smooth.temporal[l][d] = LogFactor<double>::Of(static_cast<double>(mapping.temporal[l][d]));
      }
    }
    const auto expected = NestCounter<ExactFactor>(model.structure(), shape, mapping.order, exact).Count();
    const auto counts = NestCounter<LogFactor<double>>(model.structure(), shape, mapping.order, smooth).Count();
    for (const Flow& flow : model.flows()) {
      const auto& e = expected.tensors[static_cast<std::size_t>(flow.level)][static_cast<std::size_t>(flow.tensor)];
      const auto& c = counts.tensors[static_cast<std::size_t>(flow.level)][static_cast<std::size_t>(flow.tensor)];
      const double tolerance = 1e-9 * (1 + e.reads + e.fills + e.updates);
      EXPECT_NEAR(c.reads, e.reads, tolerance);
      EXPECT_NEAR(c.fills, e.fills, tolerance);
      EXPECT_NEAR(c.updates, e.updates, tolerance);
      EXPECT_NEAR(c.tile, e.tile, 1e-9 * e.tile);
    }
  }
}

// A layer that is there twice costs the same as one with count 2.
TEST(SmoothModelTest, CountsMultiplyLayers) {
  const CostModel model(ShippedTemplate("gemmini"));
  Layer layer{"conv", 2, {}};
  layer.shape.bounds = {3, 3, 14, 14, 64, 64, 1, 1};
  Workload counted{"counted", "", {layer}};
  layer.count = 1;
  Workload repeated{"repeated", "", {layer, layer}};
  const std::vector<ParameterRange> ranges = {{2, 128}, {1, 8192}, {1, 8192}};
  const auto metrics = [&](const Workload& workload) {
    const SmoothModel smooth(model, workload, ranges, Goal(MetricProduct::Edp(), {}, model.hardware_template()));
    std::vector<double> x(smooth.size(), 0.0);
    std::vector<double> gradient(x.size());
    LoopOrders order;
    order.fill(kAllDims);
    const std::vector<SmoothModel::Orders> orders(workload.layers.size(), SmoothModel::Orders{{order}, {1}});
    SmoothModel::Result result;
    smooth.Evaluate(x, orders, *smooth.MakeWorkspace(), gradient, &result);
    return result.metrics;
  };
  EXPECT_DOUBLE_EQ(metrics(counted).energy_uj, metrics(repeated).energy_uj);
  EXPECT_DOUBLE_EQ(metrics(counted).latency_cycles, metrics(repeated).latency_cycles);
}

}  // namespace
}  // namespace oneloop
