#include "server/search/default_tiler.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "common/mapping/factor_space.h"
#include "common/mapping/factorize.h"
#include "common/workload/dims.h"
#include "server/search/hardware_trial.h"
#include "server/search/start_point.h"

namespace oneloop {
namespace {

// What a tile does not have runs one after the other.
LoopOrder OrderOf(const TilerSpec& tiler) {
  LoopOrder order{};
  std::size_t place = 0;
  for (const Dim dim : {Dim::kG, Dim::kN, Dim::kQ, Dim::kP, Dim::kK, Dim::kS, Dim::kR, Dim::kC}) {
    if (std::find(tiler.dims.begin(), tiler.dims.end(), dim) == tiler.dims.end()) order[place++] = dim;
  }
  std::copy(tiler.dims.begin(), tiler.dims.end(), order.begin() + static_cast<std::ptrdiff_t>(place));
  return order;
}

LoopOrders OrdersOf(const TilerSpec& tiler, const CostModel& model) {
  LoopOrders orders;
  orders.fill(OrderOf(tiler));
  for (int level = 0; level < model.structure().num_levels(); ++level) {
    orders[ToIndex(level)] = model.order_space().Nearest(level, orders[ToIndex(level)]);
  }
  return orders;
}

class Tiler {
 public:
  Tiler(const CostModel& model, const LayerShape& shape, const ComponentCosts& costs, const std::function<bool()>& stop)
      : stop_(stop),
        model_(model),
        template_(model.hardware_template()),
        space_(model.factor_space()),
        tiler_(*template_.spec().default_tiler),
        orders_(OrdersOf(tiler_, model)),
        shape_(shape),
        costs_(costs) {
    const std::vector<Resource>& resources = template_.resources();
    axis_sizes_.resize(template_.axes().size());
    for (std::size_t r = 0; r < resources.size(); ++r) {
      if (!resources[r].is_axis()) continue;
      const double size = std::floor(costs.limit[r]);
      axis_sizes_[static_cast<std::size_t>(resources[r].axis)] = size;
      array_side_ = std::max(array_side_, static_cast<std::int64_t>(size));
    }
    tile_.fill(1);
    for (const Dim dim : tiler_.dims) {
      tile_[ToIndex(dim)] = shape.bound(dim);
      extents_[ToIndex(dim)] = ExtentsOf(dim);
    }
  }

  std::optional<Mapping> Run() {
    while (!Fits()) {
      if (stop_() || !CutLargest()) return std::nullopt;
    }
    while (!stop_() && Grow(tiler_.streamed)) {
    }
    for (bool grown = true; grown && !stop_();) {
      grown = false;
      for (const Dim dim : tiler_.dims) grown = Grow(dim) || grown;
    }
    return MappingOf();
  }

 private:
  bool Fits() const { return model_.FirstShortage(model_.Needs(shape_, MappingOf()), costs_) < 0; }

  // What the tile's extent may be, ascending: divisors of the bound, or, where factors need not divide, the least
  // extents of each number of tiles, in whole arrays where the tiler cuts by them.
  std::vector<std::int64_t> ExtentsOf(Dim dim) const {
    const std::int64_t bound = shape_.bound(dim);
    // Between the tile and the outermost level's loop a factor may stand wherever the innermost may.
    if (!space_.IsFree(dim)) return Divisors(bound);
    std::vector<std::int64_t> extents = space_.Factors(space_.places(dim).front(), dim, bound);
    if (space_.IsPerfect(dim) || !tiler_.whole_arrays.Has(dim)) return extents;
    for (std::int64_t& extent : extents) {
      if (extent > array_side_) extent = std::min(bound, LeftOutside(extent, array_side_) * array_side_);
    }
    extents.erase(std::unique(extents.begin(), extents.end()), extents.end());
    return extents;
  }

  // False when every extent is 1.
  bool CutLargest() {
    const Dim* largest = nullptr;
    for (const Dim& dim : tiler_.dims) {
      const std::int64_t extent = tile_[ToIndex(dim)];
      const bool fills_array = dim == tiler_.streamed && extent <= array_side_ && tile_[ToIndex(tiler_.rows)] > 1;
      if (extent > 1 && !fills_array && (largest == nullptr || extent > tile_[ToIndex(*largest)])) largest = &dim;
    }
    if (largest == nullptr) return false;
    tile_[ToIndex(*largest)] = NextSmaller(*largest);
    return true;
  }

  std::int64_t NextSmaller(Dim dim) const {
    const std::vector<std::int64_t>& extents = extents_[ToIndex(dim)];
    const auto now = std::lower_bound(extents.begin(), extents.end(), tile_[ToIndex(dim)]);
    for (auto smaller = now; tiler_.whole_arrays.Has(dim) && smaller != extents.begin();) {
      --smaller;
      if (*smaller % array_side_ == 0) return *smaller;
    }
    return *(now - 1);
  }

  // To the next extent, if the tile still fits.
  bool Grow(Dim dim) {
    const std::vector<std::int64_t>& extents = extents_[ToIndex(dim)];
    std::int64_t& extent = tile_[ToIndex(dim)];
    const auto greater = std::upper_bound(extents.begin(), extents.end(), extent);
    if (greater == extents.end()) return false;
    const std::int64_t before = std::exchange(extent, *greater);
    if (Fits()) return true;
    extent = before;
    return false;
  }

  // The innermost level that may loop over the dimension and whose own tile it leaves as it is, or else the next one.
  int LevelOf(Dim dim) const {
    const int outermost = template_.num_levels() - 1;
    const auto grows = [&](Tensor tensor) { return template_.level(0).keeps.Has(tensor) && IsRelevant(tensor, dim); };
    int level = std::any_of(kAllTensors.begin(), kAllTensors.end(), grows) ? 1 : 0;
    while (level < outermost && !template_.level(level).temporal.Has(dim)) ++level;
    return std::min(level, outermost);
  }

  // What is asked of a factor that is not free, the whole mapping sees to.
  std::int64_t CopiesAlong(const FactorPlace& place, Dim dim, std::int64_t rest, double free) const {
    if (!space_.IsFree(dim)) return LargestDivisorWithin(rest, static_cast<std::int64_t>(free));
    return space_.LeastAlike(place, dim, space_.LargestWithin(place, dim, rest, free), rest);
  }

  Mapping MappingOf() const {
    Mapping mapping;
    mapping.order = orders_;
    std::vector<double> free = axis_sizes_;
    for (const Dim dim : kAllDims) {
      std::int64_t rest = tile_[ToIndex(dim)];
      for (std::size_t a = 0; a < free.size(); ++a) {
        if (!template_.axes()[a].dims.Has(dim)) continue;
        const FactorPlace place{true, static_cast<int>(a)};
        const std::int64_t copies = CopiesAlong(place, dim, rest, free[a]);
        mapping.s(static_cast<int>(a), dim) = copies;
        free[a] = std::floor(free[a] / static_cast<double>(copies));
        rest = LeftOutside(rest, copies);
      }
      mapping.t(LevelOf(dim), dim) *= rest;
      // The rest goes outermost; loops inside the axes may leave these less.
      space_.Complete(dim, shape_.bound(dim), &mapping);
    }
    return mapping;
  }

  const std::function<bool()>& stop_;
  const CostModel& model_;
  const Template& template_;
  const FactorSpace& space_;
  const TilerSpec& tiler_;
  const LoopOrders orders_;
  const LayerShape& shape_;
  const ComponentCosts& costs_;
  std::array<std::vector<std::int64_t>, kNumDims> extents_;  // of the tile, ascending
  std::vector<double> axis_sizes_;
  std::int64_t array_side_ = 1;
  std::array<std::int64_t, kNumDims> tile_;
};

}  // namespace

std::optional<Mapping> DefaultTiling(const CostModel& model, const LayerShape& shape, const ComponentCosts& costs,
                                     const std::function<bool()>& stop) {
  return Tiler(model, shape, costs, stop).Run();
}

StartSummary RunDefaultTilerStart(Evaluator& evaluator) {
  HardwarePoint hardware;
  for (const ParameterRange& range : evaluator.spec().hardware_range) hardware.push_back(range.min);
  HardwareTrial trial(evaluator, SearchPointOrigin::kHeuristic, hardware);
  StartSummary summary;
  if (!evaluator.model().hardware_template().spec().default_tiler) {
    summary.termination = StartSummary::Termination::kDiverged;
    summary.message = "the template declares no default_tiler";
    return summary;
  }
  summary.termination = StartSummary::Termination::kConverged;
  std::vector<Mapping> mappings;
  for (int layer = 0; layer < evaluator.num_layers() && !evaluator.Finished(); ++layer) {
    const LayerShape& shape = evaluator.shape(layer);
    std::optional<Mapping> mapping =
        DefaultTiling(evaluator.model(), shape, trial.costs(), [&evaluator] { return evaluator.Interrupted(); });
    if (evaluator.stopped()) break;
    // The library knows of no share of the copies that has to be in use.
    if (mapping.has_value() && !evaluator.model().Takes(evaluator.model().Needs(shape, *mapping), trial.costs())) {
      Random random(MixSeed(evaluator.spec().seed, static_cast<std::uint64_t>(layer)));
      mapping = ConstructiveMapping(evaluator.model(), shape, trial.costs(), random);
    }
    if (!mapping.has_value()) {
      summary.termination = StartSummary::Termination::kDiverged;
      summary.message = "the default tiling of some layer does not fit the hardware";
      return summary;
    }
    mappings.push_back(*mapping);
  }
  if (!evaluator.Finished()) trial.Sample(mappings);
  return summary;
}

}  // namespace oneloop
