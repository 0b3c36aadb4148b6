#ifndef ONELOOP_COMMON_MODEL_BOUND_TILE_SHAPE_H_
#define ONELOOP_COMMON_MODEL_BOUND_TILE_SHAPE_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "common/hardware/template.h"
#include "common/model/bound/spatial_reach.h"
#include "common/workload/dims.h"
#include "common/workload/workload.h"

namespace oneloop {

// The tiles of a layer at one boundary of the hierarchy, for lower bounds. Pure functions; thread-safe.

// Extents of a tile along one dimension. Where there are too many, neighbouring ones are merged: `least` counts for
// what a tile needs, `most` for how often it comes back.
struct ExtentRange {
  double least = 1;
  double most = 1;
  bool is_uneven = false;  // they need not divide the bound
  double most_copies = 0;  // of uneven ones: spatial factors inside, at most
  double most_below = 0;   // of which the largest multiple below the bound is at most so much
};
using ExtentRanges = std::array<std::vector<ExtentRange>, kNumDims>;
using TileExtents = std::array<ExtentRange, kNumDims>;

// Which dimensions can be divided between the inside and the outside of a boundary; the others lie wholly in one.
struct Boundary {
  DimSet inside;   // some place inside takes a factor
  DimSet outside;  // some place outside does
};

// Dimensions of a layer whose factors a template lets be imperfect, so that some mapping has some that do not divide.
DimSet UnevenDims(const Template& hardware_template, const LayerShape& shape);

// Numbers of copies along one dimension, all axes together.
struct CopyRange {
  std::int64_t least = 1;
  std::int64_t most = 1;
};

// All numbers of copies, at most `most`, by how many runs they leave: the fewest, twice as many, those between and
// beyond; the fewest runs first. At most `max_classes`, at least 1.
std::vector<CopyRange> CopyClasses(std::int64_t bound, std::int64_t most, std::size_t max_classes);

// Dimensions of which extents need not divide, and the copies inside the boundary along each.
struct UnevenSpread {
  DimSet dims;
  std::array<CopyRange, kNumDims> copies;
};

// All extents that lie on the boundary: divisors of each bound, and of an uneven one all multiples of its numbers of
// copies, those with as many loops outside as one range (B35). Ranges with many loops outside are merged, coarser and
// coarser, and neighbours in the longest list, until there are at most `max_tiles` tiles. Whole bounds stay apart as
// long as possible.
ExtentRanges ExtentsAt(const LayerShape& shape, const Boundary& boundary, const UnevenSpread& uneven,
                       std::int64_t max_tiles);

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
// Some extent may be the whole bound or less: there may be loops outside where there seem to be none.
bool MayMoveUnseen(const LayerShape& shape, const TileExtents& tile);

// Of all loops of a layer.
TileExtents WholeExtents(const LayerShape& shape);

// Factor of the loops outside the tile, at least; and at most.
double LoopsOutside(const LayerShape& shape, const TileExtents& tile, Dim dim);
double MostLoopsOutside(const LayerShape& shape, const TileExtents& tile, Dim dim);
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
// Words of the input's tiles, all that plain loops outside make: one loop a dimension, of which the innermost may be
// one over `first`, so that its steps overlap; once for each iteration over the dimensions that the input does not use
// (B39).
double LeastTileWords(const LayerShape& shape, const TileExtents& tile, const DimSet& first);
// Words of a tensor's tile as it is held: the whole window of the input.
double HeldWords(const LayerShape& shape, const TileExtents& tile, Tensor tensor);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_BOUND_TILE_SHAPE_H_
