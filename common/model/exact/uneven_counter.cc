#include "common/model/exact/uneven_counter.h"

#include "common/model/exact/flow_counts.h"
#include "common/model/exact/imperfect_nest.h"
#include "common/model/exact/input_corners.h"
#include "common/model/structure/tile.h"

namespace oneloop {
namespace {

using Of = ImperfectNest::Of;

// Copies in the fan-out of a level along `dims`.
double CopiesAlong(const InputCorners& corners, int level, DimSet dims) {
  double copies = 1;
  for (const Dim dim : kAllDims) {
    if (dims.Has(dim)) copies *= static_cast<double>(corners.SpatialFactor(level, dim));
  }
  return copies;
}

}  // namespace

void UnevenCounter::Count(const LayerShape& shape, const Mapping& mapping, LayerUse* use) const {
  const ImperfectNest nest(template_, structure_, shape, mapping);
  use->steps = nest.steps();
  use->lanes = nest.lanes();
  use->macs = static_cast<double>(Macs(shape));
  for (int level = 0; level < structure_.num_levels(); ++level) {
    use->instances[ToIndex(level)] = nest.instances(level);
  }
  for (const Tensor tensor : kAllTensors) {
    double loads = 0;  // of the keeper within
    for (const Keeper& keeper : structure_.keepers(tensor)) {
      const bool as_loaded = keeper.inner >= 0 && !nest.Shares(tensor, keeper.inner, keeper.level);
      const auto count = [&](Of of) {
        KeeperCounts counts{};
        counts.requests = as_loaded && of == Of::kAll ? loads : nest.Requests(tensor, keeper.inner, keeper.level, of);
        if (!keeper.is_outermost) counts.loads = nest.Loads(tensor, keeper.level, of);
        if (tensor == Tensor::kO) counts.first = nest.FirstWrites(keeper.level, of);
        return counts;
      };
      const KeeperCounts all = count(Of::kAll);
      loads = all.loads;
      SetFlows(structure_, keeper, all, &use->words);
      const bool is_alone = nest.instances(keeper.level) == 1;
      SetFlows(structure_, keeper, is_alone ? all : count(Of::kBusiest), &use->busiest);
    }
  }
  for (std::size_t k = 0; k < structure_.links().size(); ++k) {
    for (const Tensor tensor : kAllTensors) {
      use->links[k][ToIndex(tensor)] = CountLink(nest, shape, mapping, structure_.links()[k], tensor);
    }
  }
}

LinkUse UnevenCounter::CountLink(const ImperfectNest& nest, const LayerShape& shape, const Mapping& mapping,
                                 const LinkRow& link, Tensor tensor) const {
  const Keeper& keeper = structure_.keepers(tensor)[ToIndex(link.keeper[ToIndex(tensor)])];
  const int level = link.level;
  double words = nest.Requests(tensor, keeper.inner, level, Of::kAll);
  if (tensor == Tensor::kO && level == structure_.outermost()) words = 2 * words - TensorSize(shape, tensor);  // (N3)
  const InputCorners corners(template_, structure_, shape, mapping);
  FanOutWords crossing{words, words, CopiesAlong(corners, level, kEveryDim),
                       CopiesAlong(corners, level, structure_.sharing(level, tensor))};
  if (link.spec.mesh) crossing.by_position = nest.Requests(tensor, level - 1, level, Of::kAll);  // (N2)
  return WaysOf(crossing, structure_, link, tensor, corners);
}

}  // namespace oneloop
