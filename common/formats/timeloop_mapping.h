#ifndef ONELOOP_COMMON_FORMATS_TIMELOOP_MAPPING_H_
#define ONELOOP_COMMON_FORMATS_TIMELOOP_MAPPING_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "common/formats/timeloop_machine.h"
#include "common/mapping/mapping.h"

namespace oneloop {

// How a layer runs, as texts of YAML that either version of Timeloop reads.
struct TimeloopLoops {
  std::string mapping;      // for timeloop-model: `mapping`, last runs as "16,5"
  std::string constraints;  // for timeloop-mapper: `architecture_constraints` that leave it this mapping alone
};

// Copies that a layer uses along an axis; 1 without one, which is -1.
std::int64_t UsedCopies(const Mapping& mapping, int axis);

// INVALID_ARGUMENT naming the level for a dimension that runs along both of its axes. Of dimensions whose factors do
// not divide their bound, constraints say nothing; of utilization they say what the template asks for of all axes
// together. Precondition: ValidateMapping is OK, and the machine is of the
// template. Thread-safe.
absl::StatusOr<TimeloopLoops> WriteTimeloopLoops(const TimeloopMachine& machine, const Template& hardware_template,
                                                 const LayerShape& shape, const Mapping& mapping);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_TIMELOOP_MAPPING_H_
