// One layer's derivatives on given hardware, against those of the whole model on a workload of that layer alone.
#include "common/model/smooth/layer_gradient.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "common/base/random.h"
#include "common/mapping/random_mapping.h"
#include "common/model/latency/latency_predictor.h"
#include "tests/common/model/random_cases.h"
#include "tests/common/model/random_latency.h"

namespace oneloop {
namespace {

struct Figures {
  WorkloadMetrics metrics;
  std::vector<double> slopes;  // of log2 of one objective, by slot of the whole workload's model
};

// Nothing when the template's constant limits penalise the mapping.
std::optional<Figures> Whole(const CostModel& model, const SmoothModel& smooth, const Layer& layer,
                             const Mapping& mapping, const HardwarePoint& hardware, const MetricProduct& objective,
                             const LatencyPredictor* latency) {
  const Workload alone{"alone", "", {{layer.name, 1, layer.shape}}};
  std::vector<ParameterRange> ranges;
  for (const double value : hardware) ranges.push_back({value, value});
  const SmoothModel single(model, alone, ranges, Goal(objective, {}, model.hardware_template()), latency);
  const std::vector<double> x = single.FactorsOf(std::vector<Mapping>{mapping});
  std::vector<double> gradient(x.size());
  SmoothModel::Result result;
  single.Evaluate(x, std::vector<SmoothModel::Orders>{{{mapping.order}, {1.0}}}, *single.MakeWorkspace(), gradient,
                  &result);
  if (result.penalty != 0) return std::nullopt;
  Figures figures{result.metrics, std::vector<double>(static_cast<std::size_t>(smooth.num_slots()))};
  for (int s = 0; s < smooth.num_slots(); ++s) {
    const FactorSlot& slot = smooth.slots()[static_cast<std::size_t>(s)];
    for (int own = 0; own < single.num_slots(); ++own) {
      const FactorSlot& other = single.slots()[static_cast<std::size_t>(own)];
      if (!(other == slot)) continue;
      figures.slopes[static_cast<std::size_t>(s)] = gradient[single.index(0, own)];
    }
  }
  return figures;
}

// Lets some dimensions' inner loops reach beyond their bounds; returns which.
DimSet Pad(const SmoothModel& smooth, Random& random, Mapping* mapping) {
  DimSet padded;
  for (const FactorSlot& slot : smooth.slots()) {
    if (slot.place.is_spatial || padded.Has(slot.dim) || random.Below(2) == 0) continue;
    std::int64_t& rest = mapping->t(smooth.outermost_level(), slot.dim);
    if (rest == 1 && mapping->t(slot.place.index, slot.dim) == 1) continue;
    mapping->t(slot.place.index, slot.dim) = mapping->t(slot.place.index, slot.dim) * rest + 1;
    rest = 1;
    padded.Add(slot.dim);
  }
  return padded;
}

// Compares every layer of random workloads, also with a latency predictor; returns how many derivatives.
int CompareLayers(bool predicts, bool pads, std::uint64_t seed) {
  Random random(seed);
  int compared = 0;
  for (int trial = 0; trial < 60; ++trial) {
    SCOPED_TRACE(trial);
    const CostModel model{std::shared_ptr<const Template>(RandomTemplate(random))};
    Workload workload{"many", "", {}};
    const std::uint64_t layers = 1 + random.Below(12);
    for (std::uint64_t i = 0; i < layers; ++i) workload.layers.push_back({"layer", 3, RandomShape(random)});
    const HardwarePoint hardware(static_cast<std::size_t>(model.hardware_template().num_parameters()), 1 << 20);
    std::unique_ptr<const LatencyPredictor> predictor;
    if (predicts) {
      const LatencyFeatures features(model, hardware);
      predictor = LatencyPredictor::Create(model, hardware, RandomLatencyParameters(features, true, random)).value();
    }
    const SmoothModel smooth(model, workload, std::vector<ParameterRange>(hardware.size(), {1, 1 << 20}),
                             Goal(MetricProduct::Edp(), {}, model.hardware_template()), predictor.get());
    LayerGradient gradient(smooth);
    for (std::size_t i = 0; i < workload.layers.size(); ++i) {
      const Layer& layer = workload.layers[i];
      Mapping mapping = RandomPerfectMapping(model.hardware_template(), layer.shape, random);
      const DimSet padded = pads ? Pad(smooth, random, &mapping) : DimSet{};
      // Objectives of energy or latency alone have a little of the other, which decides between equals.
      const MetricProduct both = MetricProduct::Edp();
      const MetricProduct more_energy = {{2, 1, 0, 0}};
      std::optional<Figures> latency = Whole(model, smooth, layer, mapping, hardware, both, predictor.get());
      std::optional<Figures> energy = Whole(model, smooth, layer, mapping, hardware, more_energy, predictor.get());
      if (!energy.has_value() || !latency.has_value()) continue;
      for (std::size_t s = 0; s < energy->slopes.size(); ++s) {
        energy->slopes[s] -= latency->slopes[s];
        latency->slopes[s] -= energy->slopes[s];
      }
      const ObjectiveWeights weights{0.25 + random.Uniform(), 0.25 + random.Uniform()};
      const double energy_part = weights.energy * energy->metrics.energy_uj;
      const double latency_part = weights.latency * latency->metrics.latency_cycles;
      const auto slopes = gradient.Evaluate(static_cast<int>(i), mapping, model.CostsAt(hardware), weights);
      EXPECT_EQ(slopes.size(), energy->slopes.size());
      for (std::size_t s = 0; s < slopes.size(); ++s) {
        const double expected =
            (energy_part * energy->slopes[s] + latency_part * latency->slopes[s]) / (energy_part + latency_part);
        // In the whole model the outermost level has what the others leave, if they do.
        const Dim dim = smooth.slots()[s].dim;
        const double slope = slopes[s] - (padded.Has(dim) ? 0 : gradient.OutermostSlope(dim));
        EXPECT_NEAR(slope, expected, 1e-9 * (1 + std::abs(expected)));
        ++compared;
      }
    }
  }
  return compared;
}

TEST(LayerGradientTest, AgreesWithTheModelOfTheLayerAlone) { EXPECT_GT(CompareLayers(false, false, 21), 500); }

TEST(LayerGradientTest, AgreesWithItWhereFactorsReachBeyondTheirBounds) {
  EXPECT_GT(CompareLayers(false, true, 23), 500);
}

TEST(LayerGradientTest, AgreesWithItUnderAPredictedLatency) { EXPECT_GT(CompareLayers(true, false, 22), 500); }

}  // namespace
}  // namespace oneloop
