#include "common/model/bound/reuse_layer.h"

#include <algorithm>
#include <iterator>

#include "common/mapping/factor_space.h"
#include "common/model/bound/input_share.h"

namespace oneloop {

ReuseLayer::ReuseLayer(const Template& the_template, const Structure& the_structure, const LayerShape& the_shape)
    : hardware_template(the_template),
      structure(the_structure),
      shape(the_shape),
      outermost(the_structure.num_levels() - 1),
      macs(static_cast<double>(Macs(the_shape))),
      whole(WholeExtents(the_shape)),
      least_input_share(LeastInputShare(the_shape)),
      uneven(UnevenDims(the_template, the_shape)) {
  for (const Tensor tensor : kAllTensors) size[ToIndex(tensor)] = DistinctWords(shape, whole, tensor);
  DimSet without = kEveryDim;
  for (int level = 0; level <= outermost; ++level) {
    DimSet left;
    for (const Dim dim : kAllDims) {
      if (without.Has(dim) && !hardware_template.level(level).temporal.Has(dim)) left.Add(dim);
    }
    no_loops_inside[ToIndex(level)] = without = left;
  }
}

const std::vector<Dim>& ListOfUnusedDims(Tensor tensor) {
  static const auto* const lists = [] {
    auto* const all = new std::array<std::vector<Dim>, kNumTensors>;
    for (const Tensor of : kAllTensors) {
      const auto unused = [of](Dim dim) { return UnusedDims(of).Has(dim); };
      std::copy_if(kAllDims.begin(), kAllDims.end(), std::back_inserter((*all)[ToIndex(of)]), unused);
    }
    return all;
  }();
  return (*lists)[ToIndex(tensor)];
}

}  // namespace oneloop
