#ifndef ONELOOP_COMMON_CONVERT_COMPONENTS_H_
#define ONELOOP_COMMON_CONVERT_COMPONENTS_H_

#include "absl/status/statusor.h"
#include "oneloop/v1/template.pb.h"

namespace oneloop {

// The template with formulas in the place of its components (Sram, RegisterFile, Dram, Mac, Wire): prices as ports,
// leak_pj, capacities, hop_pj, and areas, times the instances that there are, added to area_mm2. What the template says
// itself stays. Returned as they are: templates without components, and those that
// Template::Create refuses for the number of their levels or for their parameters. INVALID_ARGUMENT naming the field:
// errors of PriceComponent; more than one component in a level; one in a level that keeps nothing; and formulas or
// ranges that a component needs and that are wrong. Thread-safe.
absl::StatusOr<v1::Template> ExpandComponents(const v1::Template& message);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_CONVERT_COMPONENTS_H_
