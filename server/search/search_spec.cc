#include "server/search/search_spec.h"

#include <cstddef>

namespace oneloop {

MetricProduct ProductOf(const FrontSpace& front) {
  MetricProduct product;
  const auto set = [&](std::size_t figure, Metric metric) {
    product.exponents[static_cast<std::size_t>(metric)] = front.Has(figure) ? 1 : 0;
  };
  set(kEnergyFigure, Metric::kEnergy);
  set(kLatencyFigure, Metric::kLatency);
  set(kAreaFigure, Metric::kArea);
  return product;
}

Goal GoalOf(const SearchSpec& spec) {
  return Goal({spec.objective, spec.combination}, spec.limits, spec.workload->networks, *spec.hardware_template);
}

}  // namespace oneloop
