#ifndef ONELOOP_SERVER_HANDLERS_HANDLER_H_
#define ONELOOP_SERVER_HANDLERS_HANDLER_H_

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace oneloop {

// Runs the body of a handler. What it throws (out of memory, for one) becomes INTERNAL with its text.
absl::Status Guarded(const std::function<absl::Status()>& body);

// A call that has ended.
struct EndedCall {
  std::string_view method;  // as in MethodRules
  absl::Status result;
  absl::Duration elapsed;
  std::string user;  // "" when it is not known
  std::string trace_id;
};
// One log line for it.
void LogCall(const EndedCall& call);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_HANDLER_H_
