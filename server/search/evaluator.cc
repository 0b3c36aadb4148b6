#include "server/search/evaluator.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>

namespace oneloop {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Layer evaluations between two looks at whether to stop: some tens of microseconds. What else takes long asks itself.
constexpr std::int64_t kStopCheckPeriod = 16;
// A limit that is overrun by a factor of 2 costs this much of log2 of the objective.
constexpr double kLimitPenalty = 8;
// What decides between equals, in log2 of the objective for a factor of 2: of energy or latency where the objective
// leaves it out, and of area.
constexpr double kTieWeight = 1e-6;
constexpr double kAreaTieWeight = 1e-8;

double Overrun(double figure, const std::optional<double>& limit) {
  return limit.has_value() && figure > *limit ? std::log2(figure / *limit) : 0;
}

}  // namespace

ObjectiveWeights WeightsOf(Objective objective) {
  switch (objective) {
    case Objective::kEnergy:
      return {1, 0};
    case Objective::kLatency:
      return {0, 1};
    case Objective::kEdp:
      break;
  }
  return {1, 1};
}

ObjectiveWeights SearchWeights(const SearchSpec& spec) {
  ObjectiveWeights weights = WeightsOf(spec.objective);
  if (weights.energy == 0) weights.energy = kTieWeight;
  if (weights.latency == 0) weights.latency = kTieWeight;
  if (!spec.hardware_template->GivesEnergy()) weights.energy = 0;
  return weights;
}

Evaluator::Evaluator(const SearchSpec& spec, const CostModel& model, PointSink& sink)
    : spec_(spec),
      model_(model),
      sink_(sink),
      num_layers_(static_cast<int>(spec.workload->layers.size())),
      budget_(spec.samples_per_start * num_layers_),
      stop_score_(spec.stop_score.value_or(-kInfinity)),
      weights_(SearchWeights(spec)),
      best_score_(kInfinity) {}

const LayerShape& Evaluator::shape(int layer) const {
  return spec_.workload->layers[static_cast<std::size_t>(layer)].shape;
}

double Evaluator::count(int layer) const {
  return static_cast<double>(spec_.workload->layers[static_cast<std::size_t>(layer)].count);
}

LayerUse Evaluator::EvaluateLayer(int layer, const Mapping& mapping) {
  ++layer_evaluations_;
  LayerUse use = model_.Use(shape(layer), mapping);
  if (spec_.latency != nullptr) use.predicted_cycles = spec_.latency->Predict(shape(layer), mapping, use).cycles;
  return use;
}

bool Evaluator::Finished() {
  if (layer_evaluations_ >= next_stop_check_) {
    next_stop_check_ = layer_evaluations_ + kStopCheckPeriod;
    Interrupted();
  }
  return stopped_ || stop_score_reached() || layer_evaluations_ >= budget_;
}

bool Evaluator::Interrupted() {
  stopped_ = stopped_ || sink_.StopRequested();
  return stopped_;
}

double Evaluator::Merit(const WorkloadMetrics& metrics) const {
  const MetricLimits& limits = spec_.limits;
  const double overrun = Overrun(metrics.energy_uj, limits.energy_uj) +
                         Overrun(metrics.latency_cycles, limits.latency_cycles) +
                         Overrun(metrics.area_mm2, limits.area_mm2) + Overrun(metrics.edp(), limits.edp);
  const double merit = weights_.Log2Of(metrics.energy_uj, metrics.latency_cycles) +
                       (metrics.area_mm2 > 0 ? kAreaTieWeight * std::log2(metrics.area_mm2) : 0) +
                       kLimitPenalty * overrun;
  // A figure of 0 is a fault of the numbers, not a perfect design.
  return std::isfinite(merit) ? merit : kInfinity;
}

double Evaluator::Score(const WorkloadMetrics& metrics) const {
  const MetricLimits& limits = spec_.limits;
  const auto beyond = [](double figure, const std::optional<double>& limit) {
    return !std::isfinite(figure) || (limit.has_value() && figure > *limit);
  };
  if (beyond(metrics.energy_uj, limits.energy_uj) || beyond(metrics.latency_cycles, limits.latency_cycles) ||
      beyond(metrics.area_mm2, limits.area_mm2) || beyond(metrics.edp(), limits.edp)) {
    return kInfinity;
  }
  // No design takes no time; energy is 0 only where the template gives none.
  if (!(metrics.latency_cycles > 0) || !(metrics.energy_uj >= 0)) return kInfinity;
  const double score = spec_.objective == Objective::kEnergy    ? metrics.energy_uj
                       : spec_.objective == Objective::kLatency ? metrics.latency_cycles
                                                                : metrics.edp();
  return score > 0 ? score : kInfinity;
}

void Evaluator::Report(SearchPointOrigin origin, const WorkloadMetrics& metrics, const HardwarePoint& hardware,
                       const std::vector<Mapping>* mappings) {
  // It may rest on work that the stop cut short, and the start, run again, would find another in its place.
  if (stopped_) return;
  const double score = mappings == nullptr ? kInfinity : Score(metrics);
  best_score_ = std::min(best_score_, score);
  ++points_;
  sink_.OnPoint({std::max<std::int64_t>(1, samples()), origin, metrics, score, hardware, mappings});
}

}  // namespace oneloop
