#ifndef ONELOOP_COMMON_MAPPING_RANDOM_MAPPING_H_
#define ONELOOP_COMMON_MAPPING_RANDOM_MAPPING_H_

#include <cstdint>
#include <vector>

#include "common/base/random.h"
#include "common/hardware/template.h"
#include "common/mapping/factor_space.h"
#include "common/mapping/mapping.h"
#include "common/workload/workload.h"

namespace oneloop {

// Where all factors of a dimension must divide, and no range limits them, gives each prime factor of its bound to a
// random place that the template allows, temporal or spatial; the others by RandomFactors. Shuffles the loop orders.
// The result passes ValidateMapping; whether it fits a hardware point is another matter.
Mapping RandomMapping(const Template& hardware_template, const LayerShape& shape, Random& random);

// Factors of one dimension, by FactorSpace::places: its bound is shared out among the places uniformly in log2, and
// each, innermost first, takes the whole number next to its share that may stand there, or the least that leaves as
// many runs.
std::vector<std::int64_t> RandomFactors(const FactorSpace& space, Dim dim, std::int64_t bound, Random& random);

// A uniformly random permutation.
LoopOrder RandomOrder(Random& random);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MAPPING_RANDOM_MAPPING_H_
