#include "common/model/bound/input_share.h"

#include <algorithm>

#include "common/model/bound/tile_shape.h"

namespace oneloop {
namespace {

// Along one direction: of whole tiles, and where those that follow one another overlap.
struct Share {
  double whole = 1;
  double fresh = 1;
};

Share ShareOf(const LayerShape& shape, Dim output, const TileSide& outputs, const TileSide& filters) {
  const Dim filter = PartnerOf(output);
  // No more is said of positions that strides skip than of none; nor is it with a dilation.
  const auto stride =
      static_cast<double>(UnitStep(shape, filter) > 1 ? 1 : std::min(UnitStep(shape, output), filters.least_extent));
  Share share;
  share.whole = stride * filters.tiles + outputs.tiles - stride * filters.tiles * outputs.tiles;
  share.fresh = share.whole;
  if (outputs.moves) share.fresh = std::min(share.fresh, stride * filters.tiles);
  if (filters.moves) share.fresh = std::min(share.fresh, outputs.tiles);
  if (outputs.moves && filters.moves) {  // moves may repeat where all factors divide
    const auto iterations = static_cast<double>(shape.bound(output)) * static_cast<double>(shape.bound(filter));
    share.fresh = std::min(share.fresh, DistinctSide(shape, WholeExtents(shape), MovesWidth(output)) / iterations);
  }
  return share;
}

}  // namespace

double InputShare(const LayerShape& shape, const TileSides& sides) {
  const auto side = [&sides](Dim dim) {
    return sides[static_cast<std::size_t>(std::find(kSlidingDims.begin(), kSlidingDims.end(), dim) -
                                          kSlidingDims.begin())];
  };
  const Share width = ShareOf(shape, Dim::kP, side(Dim::kP), side(Dim::kR));
  const Share height = ShareOf(shape, Dim::kQ, side(Dim::kQ), side(Dim::kS));
  return std::min(width.fresh * height.whole, width.whole * height.fresh);
}

// As if the largest tiles followed one another all the same.
double LeastInputShare(const LayerShape& shape) {
  TileSides sides;
  for (std::size_t i = 0; i < sides.size(); ++i) {
    const std::int64_t bound = shape.bound(kSlidingDims[i]);
    sides[i] = {.tiles = 1 / static_cast<double>(bound), .moves = bound > 1, .least_extent = 1};
  }
  return InputShare(shape, sides);
}

}  // namespace oneloop
