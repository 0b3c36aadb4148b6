#ifndef ONELOOP_COMMON_CONVERT_CONSTRAINTS_H_
#define ONELOOP_COMMON_CONVERT_CONSTRAINTS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/hardware/template.h"
#include "google/protobuf/repeated_field.h"
#include "oneloop/v1/template.pb.h"

namespace oneloop {

// Constraints on mappings, from messages. Errors are INVALID_ARGUMENT with the field's path. Thread-safe.

// "R=1", "K<=8", "C>=2"; "Q=0" is the whole bound. Several of one dimension all count.
absl::StatusOr<FactorRanges> FactorRangesFromTexts(const google::protobuf::RepeatedPtrField<std::string>& texts);

// Of Level: `innermost` and `outside`.
absl::StatusOr<OrderSpec> OrderFromTexts(const google::protobuf::RepeatedPtrField<std::string>& innermost,
                                         const google::protobuf::RepeatedPtrField<std::string>& outside);

// Adds what a job asks of mappings to its template. What a level then no longer keeps is taken out of its ports and
// partitions, and a level that keeps nothing is a fan-out of its own. On error the template is half changed.
absl::Status AddConstraints(const v1::Constraints& constraints, v1::Template* message);

// The template that a job with these constraints searches, with formulas in the place of components, of which is known
// what they are of; as it is when there are none. The fields of errors begin with "constraints" or "template".
absl::StatusOr<v1::Template> ConstrainedTemplate(const v1::Constraints& constraints, const v1::Template& message);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_CONVERT_CONSTRAINTS_H_
