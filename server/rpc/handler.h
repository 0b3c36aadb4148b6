#ifndef ONELOOP_SERVER_RPC_HANDLER_H_
#define ONELOOP_SERVER_RPC_HANDLER_H_

#include <functional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace oneloop {

// Runs the body of a handler. What it throws (out of memory, for one) becomes INTERNAL with its text.
absl::Status Guarded(const std::function<absl::Status()>& body);

// One log line for a call that has ended.
void LogCall(std::string_view method, const absl::Status& result, absl::Duration elapsed);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_RPC_HANDLER_H_
