#ifndef ONELOOP_COMMON_MODEL_GOAL_WORKLOAD_SUM_H_
#define ONELOOP_COMMON_MODEL_GOAL_WORKLOAD_SUM_H_

#include <cstddef>
#include <vector>

#include "common/model/goal/metrics.h"
#include "common/workload/workload.h"

namespace oneloop {

// How the figures of layers add up to those of a workload: by occurrences in one run of each network and, by the
// networks' weights, in all. Immutable; thread-safe.
class WorkloadSum {
 public:
  explicit WorkloadSum(const Workload& workload);

  // Figures of a design of which no layer is known yet.
  WorkloadMetrics Start(double area_mm2) const;
  // Adds all occurrences of a layer, given the figures of one. The sums have the same bits for the same order of
  // layers.
  void Add(std::size_t layer, const LayerFigures& figures, WorkloadMetrics* metrics) const;

 private:
  struct Part {
    double count;
    std::size_t network;
  };
  std::vector<Part> layers_;
  std::vector<double> weights_;  // by network; empty when there is but one
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_GOAL_WORKLOAD_SUM_H_
