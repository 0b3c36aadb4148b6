#ifndef ONELOOP_SERVER_SEARCH_SEARCH_POINT_H_
#define ONELOOP_SERVER_SEARCH_SEARCH_POINT_H_

#include <cstdint>
#include <vector>

#include "common/hardware/template.h"
#include "common/mapping/mapping.h"
#include "common/model/goal/metrics.h"

namespace oneloop {

enum class SearchPointOrigin { kDescent, kRounded, kPolish, kRandom, kBayesian, kHeuristic };

// One evaluation of the whole workload, as it happens. References live only during the call.
struct SearchPoint {
  std::int64_t sample;  // samples used so far, this one included
  SearchPointOrigin origin;
  WorkloadMetrics metrics;
  double score;  // the objective; infinite when not exact, infeasible or beyond a limit
  const HardwarePoint& hardware;
  const std::vector<Mapping>* mappings;  // by layer; null for a step of the descent
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_SEARCH_POINT_H_
