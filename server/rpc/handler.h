#ifndef ONELOOP_SERVER_RPC_HANDLER_H_
#define ONELOOP_SERVER_RPC_HANDLER_H_

#include <functional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "grpcpp/support/status.h"

namespace oneloop {

// Runs the body of a unary handler: logs the call with its result and time, and converts the result. What the body
// throws (out of memory, for one) becomes INTERNAL with its text.
grpc::Status Handle(std::string_view method, const std::function<absl::Status()>& body);

// One log line for a call that has ended.
void LogCall(std::string_view method, const absl::Status& result, absl::Duration elapsed);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_RPC_HANDLER_H_
