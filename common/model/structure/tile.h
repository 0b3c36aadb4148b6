#ifndef ONELOOP_COMMON_MODEL_STRUCTURE_TILE_H_
#define ONELOOP_COMMON_MODEL_STRUCTURE_TILE_H_

#include "common/workload/dims.h"
#include "common/workload/workload.h"

namespace oneloop {

// Positions of the input from the first to the last that `outputs` positions and `filters` taps see, along the width
// or the height (T2).
inline double WindowExtent(const LayerShape& shape, bool width, double outputs, double filters) {
  const auto stride = static_cast<double>(width ? shape.w_stride : shape.h_stride);
  const auto dilation = static_cast<double>(width ? shape.w_dilation : shape.h_dilation);
  return (outputs - 1) * stride + (filters - 1) * dilation + 1;
}

// Words of a tensor's tile, given its extents: `extent` maps a Dim to a number (T1).
template <class Extent>
double TileWords(const LayerShape& shape, Tensor tensor, const Extent& extent) {
  switch (tensor) {
    case Tensor::kW:
      return extent(Dim::kR) * extent(Dim::kS) * extent(Dim::kC) * extent(Dim::kK) * extent(Dim::kG);
    case Tensor::kI:
      return extent(Dim::kN) * extent(Dim::kC) * extent(Dim::kG) *
             WindowExtent(shape, true, extent(Dim::kP), extent(Dim::kR)) *
             WindowExtent(shape, false, extent(Dim::kQ), extent(Dim::kS));
    case Tensor::kO:
      break;
  }
  return extent(Dim::kN) * extent(Dim::kK) * extent(Dim::kP) * extent(Dim::kQ) * extent(Dim::kG);
}

// Elements of a tensor: the product of the full bounds of its dimensions; for the input, as its loops count (T3).
inline double TensorSize(const LayerShape& shape, Tensor tensor) {
  double size = 1;
  for (const Dim dim : kAllDims) {
    if (IsRelevant(tensor, dim)) size *= static_cast<double>(shape.bound(dim));
  }
  return size;
}

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_STRUCTURE_TILE_H_
