#ifndef ONELOOP_COMMON_MODEL_BOUND_INPUT_SHARE_H_
#define ONELOOP_COMMON_MODEL_BOUND_INPUT_SHARE_H_

#include <array>
#include <cstdint>

#include "common/workload/dims.h"
#include "common/workload/workload.h"

namespace oneloop {

// Words of the input for each multiply-accumulate of one output channel, where factors need not divide (docs/MODEL.md,
// (B46)). Pure functions; thread-safe.

// Tiles along one dimension that the window slides over.
struct TileSide {
  double tiles = 1;               // for each of its iterations, at least
  bool moves = false;             // one may follow another
  std::int64_t least_extent = 1;  // of a tile
};
using TileSides = std::array<TileSide, kSlidingDims.size()>;  // in their order

// Least that comes to tiles of which consecutive ones may overlap along one dimension.
double InputShare(const LayerShape& shape, const TileSides& sides);
// Of any tiles.
double LeastInputShare(const LayerShape& shape);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_BOUND_INPUT_SHARE_H_
