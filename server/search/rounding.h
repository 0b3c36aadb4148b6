#ifndef ONELOOP_SERVER_SEARCH_ROUNDING_H_
#define ONELOOP_SERVER_SEARCH_ROUNDING_H_

#include <span>

#include "common/mapping/mapping.h"
#include "common/model/smooth/smooth_model.h"

namespace oneloop {

// The whole factors nearest to real ones. For each dimension whose factors must divide, the factorisation of its bound
// over all places that minimises the sum of squared distances in log2, the outermost loop's included; for others so
// many of the nearest factors at each place are followed, innermost first, and what the factors pad, in log2, adds to
// the sum. Orders and what is kept are taken from `like`. `x` holds log2 of one layer's factors by slot. Whether the
// result fits any hardware is not looked at.
Mapping RoundToWhole(const SmoothModel& model, const LayerShape& shape, std::span<const double> x, const Mapping& like);

// The whole mapping of a shape that is nearest, in log2 of the factors, to the mapping of another: its factors where
// the bounds have them, and its orders.
Mapping RoundToLike(const SmoothModel& model, const LayerShape& shape, const Mapping& like);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_ROUNDING_H_
