#include "server/rpc/handler.h"

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

void LogCall(std::string_view method, const absl::Status& result, absl::Duration elapsed) {
  const std::string text = absl::StrCat(ToAbsl(method), " ", absl::StatusCodeToString(result.code()), " ",
                                        absl::FormatDuration(absl::Trunc(elapsed, absl::Microseconds(1))),
                                        result.ok() ? "" : " ", result.message());
  Log(IsFault(result.code()) ? LogLevel::kError : LogLevel::kInfo, text);
}

}  // namespace oneloop
