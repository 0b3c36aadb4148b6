#ifndef ONELOOP_SERVER_HANDLERS_CALL_CONTEXT_H_
#define ONELOOP_SERVER_HANDLERS_CALL_CONTEXT_H_

#include <functional>

#include "absl/status/status.h"
#include "server/access/caller.h"

namespace oneloop {

// What a handler knows of its call besides the request.
struct CallContext {
  Caller caller;
  // Why the call is not worth going on with: CANCELLED when its client has left, DEADLINE_EXCEEDED, UNAVAILABLE when
  // the daemon stops. OK otherwise. Any thread may ask, every few milliseconds; whatever takes longer asks.
  std::function<absl::Status()> interrupted = [] { return absl::OkStatus(); };
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_CALL_CONTEXT_H_
