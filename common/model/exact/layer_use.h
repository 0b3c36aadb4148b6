#ifndef ONELOOP_COMMON_MODEL_EXACT_LAYER_USE_H_
#define ONELOOP_COMMON_MODEL_EXACT_LAYER_USE_H_

#include <algorithm>
#include <array>
#include <cstddef>

#include "common/hardware/template.h"
#include "common/workload/dims.h"

namespace oneloop {

inline constexpr int kMaxFlows = 7 * kMaxLevels;  // reads and fills of W, I, O, updates of O
inline constexpr int kMaxResources = kMaxAxes + kMaxPartitions;

// One stream of words at a level, over all its instances.
struct Flow {
  enum class Kind { kRead, kFill, kUpdate };
  int level;
  Tensor tensor;
  Kind kind;
};

// Amounts by Template::resources(): copies along an axis, bytes or words of one instance.
using ResourceNeeds = std::array<double, kMaxResources>;

// Makes `most` what it has to be for both: the larger of each amount.
inline void RaiseTo(const ResourceNeeds& need, ResourceNeeds* most) {
  for (std::size_t r = 0; r < need.size(); ++r) (*most)[r] = std::max((*most)[r], need[r]);
}

// What one layer's mapping asks of the hardware, whatever its sizes.
struct LayerUse {
  std::array<double, kMaxFlows> words;       // by CostModel::flows(), all instances together
  std::array<double, kMaxLevels> instances;  // in use, by level
  ResourceNeeds need;
  double macs;
  double lanes;  // multiply-accumulate units in use
  // By a LatencyPredictor that is to stand in the place of the analytical latency; 0 without one.
  double predicted_cycles = 0;
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_EXACT_LAYER_USE_H_
