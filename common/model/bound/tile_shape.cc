#include "common/model/bound/tile_shape.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>

#include "common/mapping/factor_space.h"
#include "common/mapping/factorize.h"
#include "common/model/structure/tile.h"
#include "common/workload/dims.h"

namespace oneloop {
namespace {

// Positions i·a + j·b, 0 <= i < m, 0 <= j < n, that differ. With a and b free of common factors (i, j) and
// (i + b, j - a) are the same, which joins the pairs into chains; their number is pairs minus links.
double DistinctPositions(double m, std::int64_t a, double n, std::int64_t b) {
  const std::int64_t common = std::gcd(a, b);
  const std::int64_t a_steps = a / common;
  const std::int64_t b_steps = b / common;
  const double links =
      std::max(0.0, m - static_cast<double>(b_steps)) * std::max(0.0, n - static_cast<double>(a_steps));
  return m * n - links;
}

// How often the numbers m that are looked at below may grow; beyond, what is said is true of all numbers.
constexpr std::int64_t kMostMultiples = 64;

// The least multiple of some number of copies that is at least `extent`, and the largest that is at most as large, or
// something beyond them. Extents are at least 1, and the numbers of copies at most as large.
std::int64_t LeastMultiple(std::int64_t extent, const CopyRange& copies) {
  const std::int64_t first = LeftOutside(extent, copies.most);
  const std::int64_t last = LeftOutside(extent, copies.least);
  if (last - first > kMostMultiples) return extent;
  std::int64_t least = last * copies.least;
  for (std::int64_t m = first; m < last; ++m) least = std::min(least, m * LeftOutside(extent, m));
  return least;
}
std::int64_t LargestMultiple(std::int64_t extent, const CopyRange& copies) {
  const std::int64_t first = std::max<std::int64_t>(1, extent / copies.most);
  const std::int64_t last = extent / copies.least;
  if (last - first > kMostMultiples) return extent;
  std::int64_t most = 0;
  for (std::int64_t m = first; m <= last; ++m) most = std::max(most, m * std::min(copies.most, extent / m));
  return most;
}

// (B35): of multiples of `copies` a range for each number of loops outside up to `grain`, and beyond for each of
// 1/grain more of them. The whole bound is in any class: what is clipped need not be a multiple.
void AddUnevenExtents(std::int64_t bound, std::int64_t grain, const CopyRange& copies,
                      std::vector<ExtentRange>* extents) {
  const auto begin = std::ssize(*extents);
  const auto most_below = static_cast<double>(bound > copies.least ? LargestMultiple(bound - 1, copies) : 0);
  const auto add = [&](std::int64_t least, std::int64_t most) {
    least = LeastMultiple(least, copies);
    if (least > most) return;
    most = LargestMultiple(most, copies);
    // Small tiles have few copies, which halves tell apart.
    std::int64_t most_copies = most < copies.most ? copies.most - 1 : copies.most;
    while (most_copies > 1 && LeftOutside(most_copies, 2) >= most) most_copies = LeftOutside(most_copies, 2);
    extents->push_back(
        {static_cast<double>(least), static_cast<double>(most), true, static_cast<double>(most_copies), most_below});
  };
  extents->push_back(
      {static_cast<double>(bound), static_cast<double>(bound), true, static_cast<double>(copies.most), most_below});
  for (std::int64_t loops = 2; loops <= bound;) {
    const std::int64_t most = (bound - 1) / (loops - 1);  // with so many loops or more
    if (most < copies.least) break;
    loops = LeftOutside(bound, most);
    const std::int64_t most_loops = std::min(bound, std::max(loops, loops + loops / grain - 1));
    std::int64_t least = LeftOutside(bound, most_loops);
    const std::int64_t after = LeftOutside(bound, least) + 1;
    // What idle copies keep goes by how far extents are beyond half the bound (B37).
    for (std::int64_t part = 1; most_loops == 2 && copies.most > 1 && part <= 3 && least < most; ++part) {
      const std::int64_t end = std::min(most, (bound + 1) / 2 + bound * part / 8);
      if (end < least) continue;
      add(least, end);
      least = end + 1;
    }
    if (least <= most) add(least, most);
    loops = after;
  }
  std::reverse(extents->begin() + begin, extents->end());
}

// Of uneven ones the last, the whole bound, stays alone as long as there are others.
std::vector<ExtentRange> MergeNeighbours(const std::vector<ExtentRange>& extents) {
  std::vector<ExtentRange> merged;
  const bool keeps_last = extents.back().is_uneven && extents.size() > 2;
  const std::size_t end = keeps_last ? extents.size() - 1 : extents.size();
  for (std::size_t i = 0; i < end; i += 2) {
    const ExtentRange& one = extents[i];
    const ExtentRange& next = extents[std::min(i + 1, end - 1)];
    merged.push_back({std::min(one.least, next.least), std::max(one.most, next.most), one.is_uneven,
                      std::max(one.most_copies, next.most_copies), std::max(one.most_below, next.most_below)});
  }
  if (keeps_last) merged.push_back(extents.back());
  return merged;
}

}  // namespace

DimSet UnevenDims(const Template& hardware_template, const LayerShape& shape) {
  const DimSet perfect = FactorSpace(hardware_template).perfect();
  DimSet uneven;
  for (const Dim dim : kAllDims) {
    if (!perfect.Has(dim) && shape.bound(dim) > 2) uneven.Add(dim);
  }
  return uneven;
}

std::vector<CopyRange> CopyClasses(std::int64_t bound, std::int64_t most, std::size_t max_classes) {
  const std::int64_t fewest = LeftOutside(bound, most);
  std::vector<std::int64_t> begins = {fewest};  // of each class, in runs
  for (const std::int64_t runs : {fewest + 1, fewest * 3 / 2, fewest * 2, fewest * 2 + 1}) {
    if (most > 1 && begins.size() < max_classes && runs > begins.back() && runs <= bound) begins.push_back(runs);
  }
  std::vector<CopyRange> classes;
  for (std::size_t i = 0; i < begins.size(); ++i) {
    const std::int64_t least = i + 1 < begins.size() ? LeftOutside(bound, begins[i + 1] - 1) : 1;
    const std::int64_t largest = i == 0 ? most : std::min(most, (bound - 1) / (begins[i] - 1));
    if (least <= largest) classes.push_back({least, largest});
  }
  return classes;
}

ExtentRanges ExtentsAt(const LayerShape& shape, const Boundary& boundary, const UnevenSpread& uneven,
                       std::int64_t max_tiles) {
  constexpr std::int64_t kFinest = 64;
  // Of filters, which few good designs split.
  constexpr std::int64_t kCoarser = 8;
  ExtentRanges extents;
  double even_tiles = 1;
  const auto splits = [&](Dim dim) {
    return uneven.dims.Has(dim) && boundary.inside.Has(dim) && boundary.outside.Has(dim);
  };
  for (const Dim dim : kAllDims) {
    if (splits(dim)) continue;
    for (const std::int64_t divisor : Divisors(shape.bound(dim))) {
      if (!boundary.inside.Has(dim) && divisor > 1) continue;
      if (!boundary.outside.Has(dim) && divisor < shape.bound(dim)) continue;
      const auto extent = static_cast<double>(divisor);
      extents[ToIndex(dim)].push_back({extent, extent});
    }
    even_tiles *= static_cast<double>(extents[ToIndex(dim)].size());
  }
  double tiles = even_tiles;
  for (std::int64_t grain = kFinest; grain > 0; grain = grain * 3 / 4) {
    tiles = even_tiles;
    for (const Dim dim : kAllDims) {
      if (!splits(dim)) continue;
      extents[ToIndex(dim)].clear();
      const bool is_coarse = dim == Dim::kR || dim == Dim::kS;
      AddUnevenExtents(shape.bound(dim), is_coarse ? std::max<std::int64_t>(1, grain / kCoarser) : grain,
                       uneven.copies[ToIndex(dim)], &extents[ToIndex(dim)]);
      tiles *= static_cast<double>(extents[ToIndex(dim)].size());
    }
    if (tiles <= static_cast<double>(max_tiles)) break;
  }
  while (tiles > static_cast<double>(max_tiles)) {
    auto& longest = *std::max_element(extents.begin(), extents.end(),
                                      [](const auto& a, const auto& b) { return a.size() < b.size(); });
    if (longest.size() <= 1) break;
    const auto before = static_cast<double>(longest.size());
    longest = MergeNeighbours(longest);
    tiles = tiles / before * static_cast<double>(longest.size());
  }
  return extents;
}

void ForEachTile(const ExtentRanges& extents,
                 const std::function<bool(const TileExtents&, const std::array<std::size_t, kNumDims>&)>& visit) {
  std::array<std::size_t, kNumDims> index{};
  TileExtents tile;
  for (;;) {
    for (std::size_t d = 0; d < index.size(); ++d) tile[d] = extents[d][index[d]];
    if (!visit(tile, index)) return;
    std::size_t d = 0;
    while (d < index.size() && ++index[d] == extents[d].size()) index[d++] = 0;
    if (d == index.size()) return;
  }
}

bool IsExact(const TileExtents& tile) {
  return std::all_of(tile.begin(), tile.end(), [](const ExtentRange& extent) { return extent.least == extent.most; });
}

bool MayMoveUnseen(const LayerShape& shape, const TileExtents& tile) {
  return std::any_of(kAllDims.begin(), kAllDims.end(), [&](Dim dim) {
    const ExtentRange& range = tile[ToIndex(dim)];
    return range.least != range.most && range.most == static_cast<double>(shape.bound(dim));
  });
}

TileExtents WholeExtents(const LayerShape& shape) {
  TileExtents whole;
  for (const Dim dim : kAllDims) {
    const auto bound = static_cast<double>(shape.bound(dim));
    whole[ToIndex(dim)] = {bound, bound};
  }
  return whole;
}

double LoopsOutside(const LayerShape& shape, const TileExtents& tile, Dim dim) {
  const ExtentRange& range = tile[ToIndex(dim)];
  const double loops = static_cast<double>(shape.bound(dim)) / range.most;
  return range.is_uneven ? std::ceil(loops) : loops;
}

double MostLoopsOutside(const LayerShape& shape, const TileExtents& tile, Dim dim) {
  return std::ceil(static_cast<double>(shape.bound(dim)) / tile[ToIndex(dim)].least);
}

double LoopsNotUsing(const LayerShape& shape, const TileExtents& tile, Tensor tensor) {
  double loops = 1;
  for (const Dim dim : kAllDims) {
    if (!IsRelevant(tensor, dim)) loops *= LoopsOutside(shape, tile, dim);
  }
  return loops;
}

double DistinctSide(const LayerShape& shape, const TileExtents& tile, bool width) {
  return width ? DistinctPositions(tile[ToIndex(Dim::kP)].least, shape.w_stride, tile[ToIndex(Dim::kR)].least,
                                   shape.w_dilation)
               : DistinctPositions(tile[ToIndex(Dim::kQ)].least, shape.h_stride, tile[ToIndex(Dim::kS)].least,
                                   shape.h_dilation);
}

double DistinctWords(const LayerShape& shape, const TileExtents& tile, Tensor tensor) {
  double words = 1;
  for (const Dim dim : kAllDims) {
    const bool slides = tensor == Tensor::kI && IsSliding(dim);
    if (IsRelevant(tensor, dim) && !slides) words *= tile[ToIndex(dim)].least;
  }
  if (tensor != Tensor::kI) return words;
  return words * DistinctSide(shape, tile, true) * DistinctSide(shape, tile, false);
}

double WindowSide(const LayerShape& shape, const TileExtents& tile, bool width) {
  return WindowExtent(shape, width, tile[ToIndex(width ? Dim::kP : Dim::kQ)].least,
                      tile[ToIndex(width ? Dim::kR : Dim::kS)].least);
}

double WindowShift(const LayerShape& shape, const TileExtents& tile, Dim dim) {
  return tile[ToIndex(dim)].least * static_cast<double>(UnitStep(shape, dim));
}

double LeastFreshPart(const LayerShape& shape, const TileExtents& tile, const TileExtents& whole, const DimSet& first) {
  double least = 1;
  for (const Dim dim : kSlidingDims) {
    const double factor = LoopsOutside(shape, tile, dim);
    if (factor == 1) continue;
    const bool width = MovesWidth(dim);
    const double side = WindowSide(shape, tile, width);
    const double partner = LoopsOutside(shape, tile, PartnerOf(dim));
    if (partner > 1) {
      least = std::min(least, DistinctSide(shape, whole, width) / (factor * partner * side));
    } else if (first.Has(dim)) {
      const double step = std::min(WindowShift(shape, tile, dim), side);
      least = std::min(least, (side + (factor - 1) * step) / (factor * side));
    }
  }
  return least;
}

double LeastTileWords(const LayerShape& shape, const TileExtents& tile, const DimSet& first) {
  double words = 1;
  for (const Dim dim : {Dim::kN, Dim::kC, Dim::kG}) words *= static_cast<double>(shape.bound(dim));
  double least_part = 1;
  for (const bool width : {true, false}) {
    const std::array<Dim, 2> dims = width ? std::array{Dim::kP, Dim::kR} : std::array{Dim::kQ, Dim::kS};
    std::array<std::array<double, 2>, 2> loops;
    std::array<double, 2> bound;
    std::array<double, 2> step;
    std::array<double, 2> overlap{};  // of a move along one, over all tiles of the other
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
      loops[i] = {LoopsOutside(shape, tile, dims[i]), MostLoopsOutside(shape, tile, dims[i])};
      bound[i] = static_cast<double>(shape.bound(dims[i]));
      step[i] = static_cast<double>(UnitStep(shape, dims[i]));
    }
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
      const double twin = tile[ToIndex(dims[1 - i])].most;
      if (first.Has(dims[i])) {
        overlap[i] = bound[1 - i] / twin * std::max(0.0, (twin - 1) * step[1 - i] + 1 - step[i]);
      }
    }
    // Both are linear in either number of loops.
    double least = std::numeric_limits<double>::infinity();
    double least_fresh = least;
    for (const double outputs : loops[0]) {
      for (const double filters : loops[1]) {
        const double all =
            filters * step[0] * (bound[0] - outputs) + outputs * step[1] * (bound[1] - filters) + outputs * filters;
        const double kept = std::max((outputs - 1) * overlap[0], (filters - 1) * overlap[1]);
        least = std::min(least, all);
        least_fresh = std::min(least_fresh, all - kept);
      }
    }
    words *= least;
    least_part = std::min(least_part, least_fresh / least);
  }
  return words * least_part;
}

double HeldWords(const LayerShape& shape, const TileExtents& tile, Tensor tensor) {
  return TileWords(shape, tensor, [&tile](Dim dim) { return tile[ToIndex(dim)].least; });
}

}  // namespace oneloop
