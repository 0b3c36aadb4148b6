#ifndef ONELOOP_COMMON_MODEL_BOUND_LOWER_BOUND_H_
#define ONELOOP_COMMON_MODEL_BOUND_LOWER_BOUND_H_

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "common/hardware/template.h"
#include "common/model/exact/cost_model.h"
#include "common/model/goal/goal.h"
#include "common/workload/workload.h"

namespace oneloop {

struct LowerBoundOptions {
  int max_boxes = 3000;  // boxes of hardware points that are looked at, >= 1; a few tens of microseconds each
  std::int64_t max_tiles = 2'000'000;  // tiles over all layers that are told apart; more are merged, at least 1 a layer
  // Asked every few milliseconds; true ends early. The bound is valid whenever it stops, and 0 before the first box.
  std::function<bool()> stop_requested;
};

struct LowerBound {
  // No design of the template in these ranges that keeps the goal's limits has an objective below this; infinite when
  // it is proven that there is none.
  double objective = 0;
  // None of those designs takes less energy, less time or less area; each on its own.
  double energy_uj = 0;
  double latency_cycles = 0;
  double area_mm2 = 0;
  // Where the objective's bound is least, so that a better design could only be hiding there: a box of hardware points.
  // Empty when no box is left.
  std::vector<ParameterRange> box;
  int boxes = 0;           // looked at
  bool exhausted = false;  // no box is left that could be split: more boxes would not raise the bound
};

// What the proof takes at most, about, with the default options.
std::int64_t MostProofBytes(const Template& hardware_template, const Workload& workload);

// A proven lower bound of the goal's objective for the workload, over all hardware points in `ranges` (by parameter
// index; min == max fixes one) and all mappings of every layer that keep the goal's limits: branch and bound over boxes
// of hardware points, with LayerBound in each. Proof: docs/MODEL.md, section "Lower bound". A pure function unless
// stop_requested is set. Preconditions: ValidateWorkload is OK; ranges lie in the template's.
LowerBound ProveLowerBound(const CostModel& model, const Workload& workload, std::span<const ParameterRange> ranges,
                           const Goal& goal, const LowerBoundOptions& options = {});

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_BOUND_LOWER_BOUND_H_
