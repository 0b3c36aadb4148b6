#ifndef ONELOOP_COMMON_CONVERT_FIELD_RANGE_H_
#define ONELOOP_COMMON_CONVERT_FIELD_RANGE_H_

#include <string>

#include "google/protobuf/descriptor.h"

namespace oneloop {

// The values that a field takes, for people.
struct FieldRange {
  std::string least;
  std::string most;
};

// Of a field of a workload or a template, what its validation allows; of any other, what its type holds.
// Precondition: the field is a number.
FieldRange RangeOf(const google::protobuf::FieldDescriptor& field);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_CONVERT_FIELD_RANGE_H_
