#ifndef ONELOOP_COMMON_MAPPING_AWKWARD_BOUNDS_H_
#define ONELOOP_COMMON_MAPPING_AWKWARD_BOUNDS_H_

#include <string>
#include <vector>

#include "common/hardware/template.h"
#include "common/workload/workload.h"

namespace oneloop {

// Bounds of layers that waste what a template has, where it asks for factors that divide: sentences for people, three
// layers' at most and one for the rest; none where there is nothing to say. A bound is awkward
// - along an axis, if every bound that may lie along it keeps less than three quarters of the copies busy, by its
//   largest divisor that fits, of what the best of them would by any factor; the bound of that best one is told
// - in tiles, if all its factors must divide, and between two successive divisors lies more than a factor of 16.
// Each bound of a dimension is told once, with the next one that would do. `largest` is the largest hardware that may
// be chosen. Of more than 500 different bounds the others are not looked at. Thread-safe.
std::vector<std::string> AwkwardBounds(const Template& hardware_template, const Workload& workload,
                                       const HardwarePoint& largest);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MAPPING_AWKWARD_BOUNDS_H_
