#include "common/model/bound/input_moves.h"

#include <algorithm>

namespace oneloop {

DimSet FirstMovers(const Structure& structure, int stationary) {
  if (stationary < 0) return {};
  const bool rests = stationary == Index(Tensor::kI);
  return rests && !structure.rests_end_overlap() ? kSlidingDimSet : UnusedDims(static_cast<Tensor>(stationary));
}

bool TakesOffTwice(const Template& hardware_template, const Structure& structure, int level, const DimSet& copies) {
  if (structure.rests_end_overlap() || level == 0 || !structure.HandsOver(level)) return false;
  const auto slides = [&copies](Dim dim) { return copies.Has(dim); };
  const auto meets = [&copies](Dim dim) { return copies.Has(dim) && copies.Has(PartnerOf(dim)); };
  if (!hardware_template.level(level - 1).keeps.Has(Tensor::kI)) {
    return std::any_of(kSlidingDims.begin(), kSlidingDims.end(), meets);
  }
  return copies.Has(Dim::kK) || std::any_of(kSlidingDims.begin(), kSlidingDims.end(), slides);
}

bool CountsInputs(const Template& hardware_template, const Structure& structure, const LayerShape& shape) {
  const auto may_cancel = [&shape](Dim dim) { return shape.bound(dim) > 1 && shape.bound(PartnerOf(dim)) > 1; };
  if (std::none_of(kSlidingDims.begin(), kSlidingDims.end(), may_cancel)) return true;
  for (int level = 0; level < structure.num_levels(); ++level) {
    DimSet copies;
    const Structure::Axes axes = structure.axes(level);
    for (int axis = axes.first; axis < axes.first + axes.count; ++axis) {
      for (const Dim dim : kAllDims) {
        if (shape.bound(dim) > 1 && hardware_template.axes()[ToIndex(axis)].dims.Has(dim)) copies.Add(dim);
      }
    }
    if (TakesOffTwice(hardware_template, structure, level, copies)) return false;
  }
  return true;
}

}  // namespace oneloop
