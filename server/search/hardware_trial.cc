#include "server/search/hardware_trial.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "server/search/filling.h"
#include "server/search/limited_hardware.h"
#include "server/search/start_point.h"

namespace oneloop {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int kHardwareDraws = 1000;

}  // namespace

std::vector<MappingSampler> MakeSamplers(Evaluator& evaluator, Random& random) {
  std::vector<MappingSampler> samplers;
  samplers.reserve(static_cast<std::size_t>(evaluator.num_layers()));
  for (int layer = 0; layer < evaluator.num_layers() && !evaluator.Interrupted(); ++layer) {
    samplers.emplace_back(evaluator.model(), evaluator.shape(layer), random);
  }
  return samplers;
}

std::optional<HardwarePoint> DrawHardware(Evaluator& evaluator, const std::vector<MappingSampler>& samplers,
                                          Random& random) {
  const SearchSpec& spec = evaluator.spec();
  const auto fits = [&](const HardwarePoint& hardware) {
    const ComponentCosts costs = evaluator.model().CostsAt(hardware);
    return std::all_of(samplers.begin(), samplers.end(),
                       [&costs](const MappingSampler& sampler) { return sampler.FitsAtAll(costs); });
  };
  const LimitedHardware limited(spec, evaluator.goal());
  for (int draw = 0; draw < kHardwareDraws; ++draw) {
    if (evaluator.Interrupted()) return std::nullopt;
    const HardwarePoint hardware = RandomHardwareFor(spec, evaluator.model(), random);
    if (limited.Keeps(hardware) && fits(hardware)) return hardware;
  }
  HardwarePoint largest;
  for (const ParameterRange& range : spec.hardware_range) largest.push_back(range.max);
  largest = UsableHardware(spec, evaluator.model(), largest).value_or(largest);
  if (!fits(largest)) {
    // Some memory shrinks as something else grows.
    const std::optional<HardwarePoint> smallest = SmallestFor(spec, evaluator.model());
    return smallest.has_value() ? UsableHardware(spec, evaluator.model(), *smallest) : std::nullopt;
  }
  // Limits so tight that no draw keeps them: what they leave of the largest, if that takes every layer.
  const std::optional<HardwarePoint> within = limited.Within(largest, -1, random);
  return within.has_value() && fits(*within) ? within : largest;
}

HardwareTrial::HardwareTrial(Evaluator& evaluator, SearchPointOrigin origin, HardwarePoint hardware)
    : evaluator_(evaluator),
      origin_(origin),
      hardware_(std::move(hardware)),
      costs_(evaluator.model().CostsAt(hardware_)),
      figures_(static_cast<std::size_t>(evaluator.num_layers())),
      merit_(kInfinity) {
  std::vector<ObjectiveWeights> weights = {evaluator.weights()};
  const Constraints& constraints = evaluator.goal().constraints();
  for (std::size_t limit = 0; limit < constraints.size(); ++limit) {
    const std::array<double, 3> exponents = constraints.form(limit).LeadingExponents();
    const ObjectiveWeights weight = {std::max(0.0, exponents[0]), std::max(0.0, exponents[1])};
    if (weight.energy > 0 || weight.latency > 0) weights.push_back(weight);
  }
  for (const ObjectiveWeights& weight : weights) criteria_.push_back({weight, {}, {}, {}, false});
}

double HardwareTrial::LogCost(const LayerFigures& figures) const {
  return criteria_.front().weights.Log2Of(figures.energy_uj, figures.latency_cycles);
}

void HardwareTrial::Sample(const std::vector<Mapping>& mappings) {
  for (std::size_t i = 0; i < mappings.size(); ++i) {
    figures_[i] = evaluator_.model().Score(evaluator_.EvaluateLayer(static_cast<int>(i), mappings[i]), costs_);
  }
  const WorkloadMetrics metrics = Sum(figures_);
  evaluator_.Report(origin_, metrics, hardware_, &mappings);
  merit_ = std::min(merit_, evaluator_.Merit(metrics));
  for (Criterion& criterion : criteria_) Keep(mappings, &criterion);
}

void HardwareTrial::Keep(const std::vector<Mapping>& mappings, Criterion* criterion) {
  const auto cost_of = [criterion](const LayerFigures& figures) {
    return criterion->weights.Log2Of(figures.energy_uj, figures.latency_cycles);
  };
  if (criterion->mappings.empty()) {
    criterion->mappings = mappings;
    criterion->figures = figures_;
    for (const LayerFigures& figures : figures_) criterion->costs.push_back(cost_of(figures));
    return;
  }
  std::size_t better = 0;
  for (std::size_t i = 0; i < mappings.size(); ++i) {
    const double cost = cost_of(figures_[i]);
    if (!(cost < criterion->costs[i])) continue;
    ++better;
    criterion->costs[i] = cost;
    criterion->figures[i] = figures_[i];
    criterion->mappings[i] = mappings[i];
  }
  if (better == 0) return;
  criterion->mixed = better < mappings.size();
  if (!criterion->mixed) return;
  const WorkloadMetrics metrics = Sum(criterion->figures);
  const double merit = evaluator_.Merit(metrics);
  if (!(merit < merit_)) return;
  merit_ = merit;
  evaluator_.Report(origin_, metrics, hardware_, &criterion->mappings);
}

WorkloadMetrics HardwareTrial::Sum(const std::vector<LayerFigures>& figures) const {
  WorkloadMetrics metrics = evaluator_.sum().Start(costs_.area_mm2);
  for (std::size_t i = 0; i < figures.size(); ++i) evaluator_.sum().Add(i, figures[i], &metrics);
  return metrics;
}

}  // namespace oneloop
