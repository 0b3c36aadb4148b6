#include "server/handlers/handler.h"

#include <exception>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

// Faults of the service, rather than of the call.
bool IsFault(absl::StatusCode code) {
  return code == absl::StatusCode::kInternal || code == absl::StatusCode::kDataLoss ||
         code == absl::StatusCode::kUnknown;
}

}  // namespace

absl::Status Guarded(const std::function<absl::Status()>& body) {
  try {
    return body();
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat("unexpected: ", error.what()));
  }
}

void LogCall(const EndedCall& call) {
  const absl::StatusCode code = call.result.code();
  const double milliseconds = absl::ToDoubleMilliseconds(absl::Trunc(call.elapsed, absl::Microseconds(1)));
  Log(IsFault(code) ? LogLevel::kError : LogLevel::kInfo, call.result.ok() ? "call" : Message(call.result),
      {{"method", std::string(call.method)},
       {"code", absl::StatusCodeToString(code)},
       {"duration_ms", absl::StrCat(milliseconds), /*is_number=*/true},
       {"user", call.user},
       {"trace_id", call.trace_id}});
}

}  // namespace oneloop
