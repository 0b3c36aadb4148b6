#ifndef ONELOOP_COMMON_MODEL_BOUND_TILE_SHAPE_H_
#define ONELOOP_COMMON_MODEL_BOUND_TILE_SHAPE_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "common/model/bound/spatial_reach.h"
#include "common/workload/dims.h"
#include "common/workload/workload.h"

namespace oneloop {

// The tiles of a layer at one boundary of the hierarchy, for lower bounds. Pure functions; thread-safe.

// Extents of a tile along one dimension. Where a layer has too many divisors, neighbouring ones are merged: `least`
// counts for what a tile needs, `most` for how often it comes back.
struct ExtentRange {
  double least = 1;
  double most = 1;
};
using ExtentRanges = std::array<std::vector<ExtentRange>, kNumDims>;
using TileExtents = std::array<ExtentRange, kNumDims>;

// Which dimensions can be divided between the inside and the outside of a boundary; the others lie wholly in one.
struct Boundary {
  DimSet inside;   // some place inside takes a factor
  DimSet outside;  // some place outside does
};

// All divisors of each bound that lie on the boundary; neighbours in the longest list are merged until there are at
// most `max_tiles` tiles.
ExtentRanges ExtentsAt(const LayerShape& shape, const Boundary& boundary, std::int64_t max_tiles);

// What the proof of one workload may still take, which all its layers share: beyond it tiles are merged and stairs of
// copies end earlier, so that the bound is weaker and memory stays bounded.
struct ProofBudget {
  std::int64_t max_tiles = 1;        // of each layer
  std::int64_t candidates_left = 0;  // to be kept, some 80 bytes each
  std::int64_t steps_left = 0;       // of SpatialReach
  // Asked every few milliseconds; once true, what is being built is of no use.
  std::function<bool()> stop;

  std::int64_t tiles() const { return candidates_left > 0 ? max_tiles : std::min(max_tiles, kFewTiles); }
  std::size_t steps() const { return steps_left > 0 ? SpatialReach::kMaxSteps : kFewSteps; }
  bool Stopped() const { return stop && stop(); }

  static constexpr std::int64_t kFewTiles = 64;
  static constexpr std::size_t kFewSteps = 16;
};

// Calls visit for every tile, with the index of each extent, until it returns false.
void ForEachTile(const ExtentRanges& extents,
                 const std::function<bool(const TileExtents&, const std::array<std::size_t, kNumDims>&)>& visit);

// No extent is merged.
bool IsExact(const TileExtents& tile);

// Of all loops of a layer.
TileExtents WholeExtents(const LayerShape& shape);

// Factor of the loops outside the tile, at least.
double LoopsOutside(const LayerShape& shape, const TileExtents& tile, Dim dim);
// Their product over the dimensions that the tensor does not use.
double LoopsNotUsing(const LayerShape& shape, const TileExtents& tile, Tensor tensor);

// Positions along one direction of the input that the tile uses; `width` or height.
double DistinctSide(const LayerShape& shape, const TileExtents& tile, bool width);
// Distinct words of the tensor that the tile uses.
double DistinctWords(const LayerShape& shape, const TileExtents& tile, Tensor tensor);

// The least part of the input's tiles outside such a tile that is new, where consecutive ones overlap (B32). `first`:
// dimensions of which one may be the first to move the tile. `whole`: the layer's extents. Precondition: IsExact(tile).
double LeastFreshPart(const LayerShape& shape, const TileExtents& tile, const TileExtents& whole, const DimSet& first);

// Side of the input window, skipped positions included, and how far one step of the loop over P, Q, R or S outside the
// tile moves it.
double WindowSide(const LayerShape& shape, const TileExtents& tile, bool width);
double WindowShift(const LayerShape& shape, const TileExtents& tile, Dim dim);
// Words of a tensor's tile as it is held: the whole window of the input.
double HeldWords(const LayerShape& shape, const TileExtents& tile, Tensor tensor);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_BOUND_TILE_SHAPE_H_
