#ifndef ONELOOP_COMMON_MAPPING_RANDOM_MAPPING_H_
#define ONELOOP_COMMON_MAPPING_RANDOM_MAPPING_H_

#include "common/base/random.h"
#include "common/hardware/template.h"
#include "common/mapping/mapping.h"
#include "common/workload/workload.h"

namespace oneloop {

// Gives each prime factor of each bound to a random place that the template allows, temporal or spatial, and shuffles
// the loop orders. The result passes ValidateMapping; whether it fits a hardware point is another matter.
Mapping RandomMapping(const Template& hardware_template, const LayerShape& shape, Random& random);

// A uniformly random permutation.
LoopOrder RandomOrder(Random& random);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MAPPING_RANDOM_MAPPING_H_
