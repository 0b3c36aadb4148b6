#ifndef ONELOOP_COMMON_BASE_STOP_CHECK_H_
#define ONELOOP_COMMON_BASE_STOP_CHECK_H_

#include <functional>

#include "absl/status/status.h"

namespace oneloop {

// Asked now and then by work whose caller may lose interest: OK to go on; else why not, CANCELLED, DEADLINE_EXCEEDED or
// UNAVAILABLE, which the work returns at once. Null: always OK. Cheap, and called on the thread that works.
using StopCheck = std::function<absl::Status()>;

inline absl::Status CheckStop(const StopCheck& stop) { return stop ? stop() : absl::OkStatus(); }

}  // namespace oneloop

#endif  // ONELOOP_COMMON_BASE_STOP_CHECK_H_
