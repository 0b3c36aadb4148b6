#ifndef ONELOOP_COMMON_CONVERT_LIBRARY_H_
#define ONELOOP_COMMON_CONVERT_LIBRARY_H_

#include "oneloop/v1/library.pb.h"

namespace oneloop {

// The workloads and templates of data/, compiled in, each list ordered by name. Every one was checked at build time
// and converts to the domain without error. Built on first use; thread-safe.
const v1::Library& ShippedLibrary();

}  // namespace oneloop

#endif  // ONELOOP_COMMON_CONVERT_LIBRARY_H_
