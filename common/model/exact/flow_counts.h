#ifndef ONELOOP_COMMON_MODEL_EXACT_FLOW_COUNTS_H_
#define ONELOOP_COMMON_MODEL_EXACT_FLOW_COUNTS_H_

#include <array>

#include "common/model/exact/input_corners.h"
#include "common/model/exact/layer_use.h"
#include "common/model/structure/structure.h"
#include "common/workload/dims.h"

namespace oneloop {

// What follows from the counts of a nest, whether its factors divide what they split or not.

// Words of a tensor at a level that keeps it.
struct KeeperCounts {
  double requests;  // of what is inside (C3)
  double loads;     // of tiles from outside (C1, C2)
  double first;     // elements that come first, in each copy of the tile; of outputs
};

// What each flow of a keeper counts, as the structure says.
inline void SetFlows(const Structure& structure, const Keeper& keeper, const KeeperCounts& counts,
                     std::array<double, kMaxFlows>* words) {
  for (const int f : keeper.flow) {
    if (f < 0) continue;
    const Flow& flow = structure.flows()[ToIndex(f)];
    double& of_flow = (*words)[ToIndex(f)];
    of_flow = flow.counts == Flow::Counts::kRequests ? counts.requests : counts.loads;
    if (flow.leaves_out_first) of_flow -= counts.first;  // (C4)
  }
}

// Words of a tensor that cross a fan-out.
struct FanOutWords {
  double words;            // each as often as it leaves the root
  double by_position;      // the same, as if the next level inwards kept the tensor; of meshes
  double copies;           // of the fan-out
  double sharing;          // of them that share a word, on average
  double handed_over = 0;  // between neighbours
};

// Their ways (N1 to N4).
LinkUse WaysOf(const FanOutWords& crossing, const Structure& structure, const LinkRow& link, Tensor tensor,
               const InputCorners& corners);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_EXACT_FLOW_COUNTS_H_
