#include "server/search/search_bound.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "server/search/evaluator.h"

namespace oneloop {
namespace {

bool DependsOnLatency(const MetricProduct& product) {
  return product.of(Metric::kLatency) > 0 || product.of(Metric::kPower) > 0;
}

// The proof is about the analytical latency, so that limits on a predicted one cut nothing.
Goal ProvenGoal(const SearchSpec& spec, const MetricProduct& objective) {
  std::vector<MetricLimit> limits = spec.limits;
  if (spec.latency != nullptr) {
    std::erase_if(limits, [](const MetricLimit& limit) { return DependsOnLatency(InfoOf(limit.quantity).product); });
  }
  SearchSpec proven = spec;
  proven.objective = objective;
  proven.limits = std::move(limits);
  return GoalOf(proven);
}

// Of a predicted latency nothing is known but that it is not negative.
void ForgetLatency(const MetricProduct& objective, LowerBound* bound) {
  if (std::isinf(bound->objective)) return;  // no design fits, however long it would take
  bound->latency_cycles = 0;
  if (DependsOnLatency(objective)) bound->objective = 0;
}

// Raises the bounds of single figures to what proofs of them alone find.
void ProveIdealPoint(const FrontSpace& space, const std::function<LowerBound(const MetricProduct&)>& prove,
                     LowerBound* bound) {
  const auto raise = [&](std::size_t figure, Metric metric, double* single) {
    if (space.Has(figure)) *single = std::max(*single, prove(MetricProduct::Of(metric)).objective);
  };
  raise(kEnergyFigure, Metric::kEnergy, &bound->energy_uj);
  raise(kLatencyFigure, Metric::kLatency, &bound->latency_cycles);
  raise(kAreaFigure, Metric::kArea, &bound->area_mm2);
}

}  // namespace

std::optional<LowerBound> ProveSearchBound(const SearchSpec& spec, const std::function<bool()>& stop_requested) {
  bool stopped = false;
  LowerBoundOptions options;
  options.stop_requested = [&] {
    stopped = stopped || stop_requested();
    return stopped;
  };
  const CostModel model(spec.hardware_template);
  const Workload workload = MergeEqualShapes(*spec.workload).workload;
  const auto prove = [&](const MetricProduct& objective) {
    return ProveLowerBound(model, workload, spec.hardware_range, ProvenGoal(spec, objective), options);
  };
  LowerBound bound = prove(spec.objective);
  if (spec.front.has_value() && !std::isinf(bound.objective)) ProveIdealPoint(*spec.front, prove, &bound);
  // What was proven by then is true, but another run would prove something else.
  if (stopped) return std::nullopt;
  if (spec.latency != nullptr) ForgetLatency(spec.objective, &bound);
  return bound;
}

std::optional<double> GapOf(double score, double bound) {
  if (!(score > 0 && bound > 0) || !std::isfinite(score) || !std::isfinite(bound)) return std::nullopt;
  return score / bound - 1;
}

bool Contradicts(double score, double bound) {
  // Sums over thousands of layers, in another order.
  constexpr double kRounding = 1e-9;
  return std::isfinite(score) && std::isfinite(bound) && score < bound * (1 - kRounding);
}

double LargestScoreWithin(double gap, double bound) {
  double score = bound * (1 + gap);
  // Rounding may have put it just beyond.
  while (score > bound && score / bound - 1 > gap) score = std::nextafter(score, 0.0);
  return score;
}

}  // namespace oneloop
