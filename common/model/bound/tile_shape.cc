#include "common/model/bound/tile_shape.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

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

std::vector<ExtentRange> MergeNeighbours(const std::vector<ExtentRange>& extents) {
  std::vector<ExtentRange> merged;
  for (std::size_t i = 0; i < extents.size(); i += 2) {
    merged.push_back({extents[i].least, extents[std::min(i + 1, extents.size() - 1)].most});
  }
  return merged;
}

}  // namespace

ExtentRanges ExtentsAt(const LayerShape& shape, const Boundary& boundary, std::int64_t max_tiles) {
  ExtentRanges extents;
  double tiles = 1;
  for (const Dim dim : kAllDims) {
    for (const std::int64_t divisor : Divisors(shape.bound(dim))) {
      if (!boundary.inside.Has(dim) && divisor > 1) continue;
      if (!boundary.outside.Has(dim) && divisor < shape.bound(dim)) continue;
      const auto extent = static_cast<double>(divisor);
      extents[ToIndex(dim)].push_back({extent, extent});
    }
    tiles *= static_cast<double>(extents[ToIndex(dim)].size());
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

TileExtents WholeExtents(const LayerShape& shape) {
  TileExtents whole;
  for (const Dim dim : kAllDims) {
    const auto bound = static_cast<double>(shape.bound(dim));
    whole[ToIndex(dim)] = {bound, bound};
  }
  return whole;
}

double LoopsOutside(const LayerShape& shape, const TileExtents& tile, Dim dim) {
  return static_cast<double>(shape.bound(dim)) / tile[ToIndex(dim)].most;
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

double HeldWords(const LayerShape& shape, const TileExtents& tile, Tensor tensor) {
  return TileWords(shape, tensor, [&tile](Dim dim) { return tile[ToIndex(dim)].least; });
}

}  // namespace oneloop
