#include "server/search/search_bound.h"

#include <cmath>
#include <utility>
#include <vector>

#include "server/search/evaluator.h"

namespace oneloop {
namespace {

bool DependsOnLatency(const MetricProduct& product) {
  return product.of(Metric::kLatency) > 0 || product.of(Metric::kPower) > 0;
}

// The proof is about the analytical latency, so that limits on a predicted one cut nothing.
Goal ProvenGoal(const SearchSpec& spec) {
  if (spec.latency == nullptr) return GoalOf(spec);
  std::vector<MetricLimit> limits = spec.limits;
  std::erase_if(limits, [](const MetricLimit& limit) { return DependsOnLatency(InfoOf(limit.quantity).product); });
  SearchSpec proven = spec;
  proven.limits = std::move(limits);
  return GoalOf(proven);
}

// Of a predicted latency nothing is known but that it is not negative.
void ForgetLatency(const MetricProduct& objective, LowerBound* bound) {
  if (std::isinf(bound->objective)) return;  // no design fits, however long it would take
  bound->latency_cycles = 0;
  if (DependsOnLatency(objective)) bound->objective = 0;
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
  LowerBound bound =
      ProveLowerBound(model, MergeEqualShapes(*spec.workload).workload, spec.hardware_range, ProvenGoal(spec), options);
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
