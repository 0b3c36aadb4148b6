#ifndef ONELOOP_COMMON_MODEL_BOUND_REUSE_LAYER_H_
#define ONELOOP_COMMON_MODEL_BOUND_REUSE_LAYER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "common/hardware/template.h"
#include "common/model/bound/loop_steps.h"
#include "common/model/bound/tile_shape.h"
#include "common/model/structure/structure.h"
#include "common/workload/dims.h"
#include "common/workload/workload.h"

namespace oneloop {

// By dimension.
using Extents = std::array<std::int64_t, kNumDims>;

inline std::int64_t Of(const Extents& extents, Dim dim) { return extents[ToIndex(dim)]; }

inline TileExtents TileOf(const Extents& extents) {
  TileExtents tile;
  for (std::size_t d = 0; d < extents.size(); ++d) {
    const auto extent = static_cast<double>(extents[d]);
    tile[d] = {extent, extent};
  }
  return tile;
}

// Spatial factors by level and dimension, of all axes of a level together.
using Unrolling = std::array<std::array<std::int32_t, kNumDims>, kMaxLevels>;

// What all orders of reuse of one layer on one template share: ReuseSearch finds the best of them. Template and
// structure must outlive this.
struct ReuseLayer {
  ReuseLayer(const Template& the_template, const Structure& the_structure, const LayerShape& the_shape);

  const std::vector<int>& Keepers(Tensor tensor) const { return structure.keeper_levels(tensor); }
  // A keeper below the outermost one, with the next: what is visited.
  std::size_t NumPairs(Tensor tensor) const { return Keepers(tensor).size() - 1; }
  bool IsUneven() const { return !uneven.empty(); }
  const LoopSteps& StepsOf(Dim dim, std::int64_t copies) const { return steps[ToIndex(dim)].find(copies)->second; }

  const Template& hardware_template;
  const Structure& structure;
  LayerShape shape;
  int outermost;
  double macs;
  TileExtents whole;
  std::array<double, kNumTensors> size{};  // distinct words
  // Inputs for each multiply-accumulate of one output channel, in tiles that are as large as can be, at least.
  double least_input_share;
  std::array<DimSet, kMaxLevels> no_loops_inside;  // by level: dimensions over which none there or further in may run
  DimSet uneven;                                   // whose factors need not divide
  std::array<std::map<std::int64_t, LoopSteps>, kNumDims> steps;  // by copies
};

// As a list: loops over them leave the tensor's tile in place. No two tensors have one in common.
const std::vector<Dim>& ListOfUnusedDims(Tensor tensor);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_BOUND_REUSE_LAYER_H_
