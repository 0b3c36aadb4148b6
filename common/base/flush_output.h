#ifndef ONELOOP_COMMON_BASE_FLUSH_OUTPUT_H_
#define ONELOOP_COMMON_BASE_FLUSH_OUTPUT_H_

#include <ostream>

#include "absl/status/status.h"

namespace oneloop {

// Writes out what the stream holds. UNAVAILABLE, with the system's reason where it gave one, when this or anything
// before it failed: on a full disk, or when the reader has left.
absl::Status FlushOutput(std::ostream& out);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_BASE_FLUSH_OUTPUT_H_
