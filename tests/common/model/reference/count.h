#ifndef ONELOOP_TESTS_COMMON_MODEL_REFERENCE_COUNT_H_
#define ONELOOP_TESTS_COMMON_MODEL_REFERENCE_COUNT_H_

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "common/mapping/mapping.h"
#include "common/workload/dims.h"
#include "common/workload/workload.h"
#include "tests/common/model/reference/factor.h"

namespace oneloop {

// The counting rules of docs/MODEL.md (after Timeloop, Parashar et al., ISPASS 2019), written once for any number
// system of factor.h: how often each level of a hierarchy is read, filled and updated by one layer's loop nest.
// Levels are indexed from the innermost. Pure functions; thread-safe.

// Factors of one loop nest: temporal and spatial, by level and dimension. The spatial factors of a level are the
// fan-out to the next level inwards, all its axes together.
// Where factors need not divide, `over` is how far all of a dimension's reach beyond its bound, which tiles do not; 1
// elsewhere.
template <class F>
struct NestFactors {
  std::array<std::array<F, kNumDims>, kMaxLevels> temporal;
  std::array<std::array<F, kNumDims>, kMaxLevels> spatial;
  DimSet imperfect;
  std::array<F, kNumDims> over;
};

// Words moved in all instances of a level together; `tile` is held by one instance.
template <class A>
struct TensorCounts {
  A tile = A(0.0);
  A reads = A(0.0);
  A fills = A(0.0);    // from the next keeper outwards; for outputs: loads of a tile, first loads included
  A updates = A(0.0);  // outputs only: words that arrive from inside
};

template <class F>
struct NestCounts {
  using Amount = typename F::Amount;
  std::array<std::array<TensorCounts<Amount>, kNumTensors>, kMaxLevels> tensors;
  std::array<F, kMaxLevels> instances;  // of each level in use
  F lanes;                              // multiply-accumulate units in use
};

template <class F>
class NestCounter {
 public:
  using Amount = typename F::Amount;

  // `orders` by level; all references must outlive the counter.
  NestCounter(const Structure& structure, const LayerShape& shape, std::span<const LoopOrder> orders,
              const NestFactors<F>& factors)
      : structure_(structure), shape_(shape), orders_(orders), factors_(factors) {
    for (const Dim dim : kAllDims) {
      if (shape.bound(dim) > 1) active_.Add(dim);
    }
  }

  NestCounts<F> Count() {
    NestCounts<F> counts;
    CountInstances(&counts);
    ComputeExtents();
    for (const Tensor tensor : kAllTensors) {
      int inner = -1;
      for (const int level : Keepers(tensor)) {
        CountLevel(tensor, inner, level, &counts);
        inner = level;
      }
    }
    return counts;
  }

  // Fills of the input at `level`, all instances; of any level, once Count has been called.
  Amount InputFills(int level) const { return FillsOfInput(level); }

 private:
  const std::vector<int>& Keepers(Tensor tensor) const { return structure_.keeper_levels(tensor); }

  const F& Temporal(int level, Dim dim) const { return factors_.temporal[ToIndex(level)][ToIndex(dim)]; }
  const F& Spatial(int level, Dim dim) const { return factors_.spatial[ToIndex(level)][ToIndex(dim)]; }

  // Product of the spatial factors of levels first..last over active dimensions for which `wanted` holds.
  template <class Wanted>
  F SpatialProduct(int first, int last, Wanted wanted) const {
    F product = F::Of(1);
    for (int level = first; level <= last; ++level) {
      for (const Dim dim : kAllDims) {
        if (active_.Has(dim) && wanted(dim)) product = product * Spatial(level, dim);
      }
    }
    return product;
  }

  // Copies of X's tile side by side: spatial factors that X does not use, of levels first..last.
  F Multicast(Tensor tensor, int first, int last) const {
    return SpatialProduct(first, last, [tensor](Dim dim) { return !IsRelevant(tensor, dim); });
  }

  void CountInstances(NestCounts<F>* counts) const {
    F product = F::Of(1);
    for (int level = structure_.num_levels() - 1; level >= 0; --level) {
      counts->instances[ToIndex(level)] = product;
      product = product * SpatialProduct(level, level, [](Dim) { return true; });
    }
    counts->lanes = Busy(0, structure_.num_levels() - 1, kEveryDim);
  }

  // Copies along some dimensions, without those that only pad.
  F Busy(int first, int last, DimSet dims) const {
    F busy = F::Of(1);
    for (const Dim dim : kAllDims) {
      if (!dims.Has(dim)) continue;
      const F copies = SpatialProduct(first, last, [dim](Dim other) { return other == dim; });
      busy = busy * (factors_.imperfect.Has(dim) ? AtLeastOne(copies / factors_.over[ToIndex(dim)]) : copies);
    }
    return busy;
  }

  // Tile extents E(l, d) = Π_{i ≤ l} t(i, d) · s(i, d).
  void ComputeExtents() {
    for (const Dim dim : kAllDims) {
      F extent = F::Of(1);
      for (int level = 0; level < structure_.num_levels(); ++level) {
        if (active_.Has(dim)) extent = extent * Temporal(level, dim) * Spatial(level, dim);
        const F bound = F::Of(static_cast<double>(shape_.bound(dim)));
        extents_[ToIndex(level)][ToIndex(dim)] = factors_.imperfect.Has(dim) ? AtMost(extent, bound) : extent;
      }
    }
  }

  // A tensor's elements: the product of the full bounds of its dimensions.
  F Size(Tensor tensor) const {
    double size = 1;
    for (const Dim dim : kAllDims) {
      if (IsRelevant(tensor, dim)) size *= static_cast<double>(shape_.bound(dim));
    }
    return F::Of(size);
  }

  F Macs() const {
    double macs = 1;
    for (const std::int64_t bound : shape_.bounds) macs *= static_cast<double>(bound);
    return F::Of(macs);
  }

  // Calls visit(level, dim, factor) for the temporal loops outside `level`, innermost first.
  template <class Visit>
  void VisitLoopsOutside(int level, Visit visit) const {
    for (int outer = level + 1; outer < structure_.num_levels(); ++outer) {
      const LoopOrder& order = orders_[ToIndex(outer)];
      for (std::size_t i = order.size(); i-- > 0;) {
        if (active_.Has(order[i])) visit(outer, order[i], Temporal(outer, order[i]));
      }
    }
  }

  // How often a tile of X at `level` comes back: loops over dimensions that X does not use, outside one that it uses.
  F Revisits(Tensor tensor, int level) const {
    F revisits = F::Of(1);
    F inside = F::Of(1);
    VisitLoopsOutside(level, [&](int, Dim dim, const F& factor) {
      if (IsRelevant(tensor, dim)) {
        inside = inside * factor;
      } else {
        revisits = revisits * OpenedBy(factor, inside);
      }
    });
    return revisits;
  }

  // Extent of the input window over `outputs` positions and `filters` taps.
  static Amount Window(const F& outputs, const F& filters, std::int64_t stride, std::int64_t dilation) {
    return (ToAmount(outputs) - Amount(1.0)) * Amount(static_cast<double>(stride)) +
           (ToAmount(filters) - Amount(1.0)) * Amount(static_cast<double>(dilation)) + Amount(1.0);
  }
  Amount WidthAt(int level) const {
    const auto& extent = extents_[ToIndex(level)];
    return Window(extent[ToIndex(Dim::kP)], extent[ToIndex(Dim::kR)], shape_.w_stride, shape_.w_dilation);
  }
  Amount HeightAt(int level) const {
    const auto& extent = extents_[ToIndex(level)];
    return Window(extent[ToIndex(Dim::kQ)], extent[ToIndex(Dim::kS)], shape_.h_stride, shape_.h_dilation);
  }

  Amount TileWords(Tensor tensor, int level) const {
    F product = F::Of(1);
    for (const Dim dim : kAllDims) {
      if (active_.Has(dim) && IsRelevant(tensor, dim) && !(tensor == Tensor::kI && IsSliding(dim))) {
        product = product * extents_[ToIndex(level)][ToIndex(dim)];
      }
    }
    if (tensor != Tensor::kI) return ToAmount(product);
    return ToAmount(product) * WidthAt(level) * HeightAt(level);
  }

  // What moves an input tile of one level, by sliding dimension.
  struct Motion {
    std::array<F, kNumDims> total;   // all temporal loops outside the tile
    std::array<F, kNumDims> first;   // the innermost loop, where it runs over this dimension: tiles overlap there
    std::array<F, kNumDims> copies;  // spatial copies between the tile and that loop
  };

  Motion MotionOf(int level) const {
    Motion motion;
    for (const Dim dim : kSlidingDims) {
      motion.total[ToIndex(dim)] = motion.first[ToIndex(dim)] = motion.copies[ToIndex(dim)] = F::Of(1);
    }
    F inside = F::Of(1);
    for (int outer = level + 1; outer < structure_.num_levels(); ++outer) {
      for (const Dim dim : kSlidingDims) {
        motion.copies[ToIndex(dim)] = motion.copies[ToIndex(dim)] * ClosedBy(Spatial(outer, dim), inside);
      }
      const LoopOrder& order = orders_[ToIndex(outer)];
      for (std::size_t i = order.size(); i-- > 0;) {
        if (!active_.Has(order[i])) continue;
        const F& factor = Temporal(outer, order[i]);
        if (IsSliding(order[i])) {
          motion.first[ToIndex(order[i])] = motion.first[ToIndex(order[i])] * ClosedBy(factor, inside);
          motion.total[ToIndex(order[i])] = motion.total[ToIndex(order[i])] * factor;
        }
        inside = inside * factor;
      }
    }
    return motion;
  }

  Amount FillsOfInput(int level) const {
    F product = F::Of(1);
    for (const Dim dim : {Dim::kN, Dim::kC, Dim::kG}) {
      product = product * F::Of(static_cast<double>(shape_.bound(dim)));
    }
    product = product * Revisits(Tensor::kI, level) *
              SpatialProduct(level + 1, structure_.num_levels() - 1,
                             [](Dim dim) { return dim == Dim::kK || IsSliding(dim); });
    const Motion motion = MotionOf(level);
    const Amount width = WidthAt(level);
    const Amount height = HeightAt(level);
    Amount area = width * height;
    for (const Dim dim : kSlidingDims) {
      if (!active_.Has(dim)) continue;
      product = product * motion.total[ToIndex(dim)] / motion.first[ToIndex(dim)];
      // The innermost loop brings a whole tile first and then what lies beyond the overlap.
      const Amount& side = dim == Dim::kP || dim == Dim::kR ? width : height;
      const Amount step = ToAmount(extents_[ToIndex(level)][ToIndex(dim)] * motion.copies[ToIndex(dim)]) *
                          Amount(static_cast<double>(UnitStep(shape_, dim)));
      area = area * (side + (ToAmount(motion.first[ToIndex(dim)]) - Amount(1.0)) * Min(step, side)) / side;
    }
    return ToAmount(product) * area;
  }

  // `inner` is the next keeper inwards, -1 when the multiply-accumulates are next.
  void CountLevel(Tensor tensor, int inner, int level, NestCounts<F>* counts) const {
    TensorCounts<Amount>& here = counts->tensors[ToIndex(level)][ToIndex(tensor)];
    const int outermost = structure_.num_levels() - 1;
    here.tile = TileWords(tensor, level);
    // Requests from inside, each served once per multicast or spatial reduction.
    const F shared = Multicast(tensor, inner + 1, level);
    const Amount requests = inner < 0 ? ToAmount(Macs() / Busy(0, level, UnusedDims(tensor)))
                                      : counts->tensors[ToIndex(inner)][ToIndex(tensor)].fills / ToAmount(shared);
    const F copies = Multicast(tensor, level + 1, outermost);
    if (tensor == Tensor::kO) {
      here.updates = requests;
      here.reads = requests - ToAmount(Size(tensor) * copies);
    } else {
      here.reads = requests;
    }
    if (level == outermost) return;
    here.fills = tensor == Tensor::kI ? FillsOfInput(level) : ToAmount(Size(tensor) * copies * Revisits(tensor, level));
  }

  const Structure& structure_;
  const LayerShape& shape_;
  std::span<const LoopOrder> orders_;
  const NestFactors<F>& factors_;
  DimSet active_;
  std::array<std::array<F, kNumDims>, kMaxLevels> extents_;
};

}  // namespace oneloop

#endif  // ONELOOP_TESTS_COMMON_MODEL_REFERENCE_COUNT_H_
