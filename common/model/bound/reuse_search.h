#ifndef ONELOOP_COMMON_MODEL_BOUND_REUSE_SEARCH_H_
#define ONELOOP_COMMON_MODEL_BOUND_REUSE_SEARCH_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "common/hardware/template.h"
#include "common/model/bound/box_costs.h"
#include "common/model/bound/reuse_layer.h"
#include "common/model/bound/spatial_reach.h"
#include "common/model/structure/structure.h"
#include "common/workload/workload.h"

namespace oneloop {

// The least cost of one layer in a box of hardware points, over all spatial factors and all orders in which the tiles
// of the tensors, at every level, stay in place: LayerBound lets each axis, each level and each figure have the mapping
// that is best for it; here one mapping has to serve them all. Best first, so that it may end at any time. Not for the
// dialect of 2025, whose moves may cancel. Inequalities: docs/MODEL.md, section "Lower bound". Immutable; thread-safe.
class ReuseSearch {
 public:
  // Of a layer with more unrollings, of 256 bytes each, nothing is proven: all bounds are 0.
  static constexpr std::size_t kMaxUnrollings = 10'000;
  // Of one with imperfect factors, which has more.
  static constexpr std::size_t kMaxUnevenUnrollings = 60'000;

  // `most`: the costs of the box that holds all boxes to be asked for. Template and structure must outlive this. `stop`
  // is asked every few milliseconds; once it returns true, this has no bound to tell.
  ReuseSearch(const Template& hardware_template, const Structure& structure, const LayerShape& shape,
              const BoxCosts& most, std::size_t max_unrollings = kMaxUnrollings, std::function<bool()> stop = {});

  // µJ + cycle_uj · cycles of any mapping, at least, for each worth of a cycle; infinite when none fits. Makes for each
  // at most `max_nodes` partial orders of some 300 bytes, a microsecond or two each, and a few thousand more, and looks
  // at each unrolling once.
  std::vector<double> LeastUj(const BoxCosts& costs, std::span<const double> cycle_uj, std::int64_t max_nodes) const;

 private:
  friend class ReuseSearchRun;

  void AddUnrollings(std::size_t axis, std::size_t dim, double room, const SpatialReach::Limits& limits, Extents* left,
                     Unrolling* unrolling);

  ReuseLayer layer_;
  std::array<std::vector<std::int64_t>, kNumDims> divisors_;  // of each bound
  std::size_t max_unrollings_;
  std::function<bool()> stop_;
  bool complete_;  // nothing is too large to be told apart
  std::vector<Unrolling> unrollings_;
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_BOUND_REUSE_SEARCH_H_
