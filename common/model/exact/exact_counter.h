#ifndef ONELOOP_COMMON_MODEL_EXACT_EXACT_COUNTER_H_
#define ONELOOP_COMMON_MODEL_EXACT_EXACT_COUNTER_H_

#include <array>
#include <vector>

#include "common/hardware/template.h"
#include "common/mapping/mapping.h"
#include "common/model/exact/layer_use.h"
#include "common/workload/workload.h"

namespace oneloop {

// The rules of count.h and input_corners.h for whole factors, with unit loops left out and corners looked for only
// where they can be. Gives the same bits as the rules: its floating-point operations are theirs, in their order, but
// for those with 1 or 0. Immutable; thread-safe; allocates nothing, except in corners.
class ExactCounter {
 public:
  // `hardware_template` must outlive the counter. `flows` as CostModel::flows().
  ExactCounter(const Template& hardware_template, const std::vector<Flow>& flows);

  // Precondition: ValidateMapping is OK.
  LayerUse Use(const LayerShape& shape, const Mapping& mapping) const;

 private:
  class Nest;

  struct Level {
    int first_axis = 0;
    int num_axes = 0;
    std::array<int, kNumTensors> flow = {-1, -1, -1};  // index of the tensor's reads; fills and updates follow
  };

  void CountMonomialTensor(const Nest& nest, Tensor tensor, LayerUse* use) const;
  void CountInput(const Nest& nest, LayerUse* use) const;
  void SetNeeds(const Nest& nest, LayerUse* use) const;

  const Template& template_;
  int num_levels_;
  int top_extent_ = -1;  // highest level whose extents are asked for
  std::array<Level, kMaxLevels> levels_;
  std::array<std::vector<int>, kNumTensors> keepers_;
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_EXACT_EXACT_COUNTER_H_
