#ifndef ONELOOP_COMMON_CONVERT_COMPONENT_DATA_H_
#define ONELOOP_COMMON_CONVERT_COMPONENT_DATA_H_

namespace oneloop {

// The text of data/components.yaml. Not in the library of common/convert/library.h, whose templates are checked with it
// when the project is built.
extern const char kComponentData[];

}  // namespace oneloop

#endif  // ONELOOP_COMMON_CONVERT_COMPONENT_DATA_H_
