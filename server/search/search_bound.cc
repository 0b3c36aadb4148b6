#include "server/search/search_bound.h"

#include <cmath>

#include "server/search/evaluator.h"

namespace oneloop {

std::optional<LowerBound> ProveSearchBound(const SearchSpec& spec, const std::function<bool()>& stop_requested) {
  bool stopped = false;
  LowerBoundOptions options;
  options.stop_requested = [&] {
    stopped = stopped || stop_requested();
    return stopped;
  };
  const CostModel model(spec.hardware_template);
  const LowerBound bound =
      ProveLowerBound(model, *spec.workload, spec.hardware_range, WeightsOf(spec.objective), options);
  // What was proven by then is true, but another run would prove something else.
  if (stopped) return std::nullopt;
  return bound;
}

std::optional<double> GapOf(double score, double bound) {
  if (!(score > 0 && bound > 0) || !std::isfinite(score) || !std::isfinite(bound)) return std::nullopt;
  return score / bound - 1;
}

double LargestScoreWithin(double gap, double bound) {
  double score = bound * (1 + gap);
  // Rounding may have put it just beyond.
  while (score > bound && score / bound - 1 > gap) score = std::nextafter(score, 0.0);
  return score;
}

}  // namespace oneloop
