#include "server/rpc/handler.h"

#include <exception>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "server/rpc/status_convert.h"

namespace oneloop {
namespace {

absl::Status Guarded(const std::function<absl::Status()>& body) {
  try {
    return body();
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat("unexpected: ", error.what()));
  }
}

// Faults of the service, rather than of the call.
bool IsFault(absl::StatusCode code) {
  return code == absl::StatusCode::kInternal || code == absl::StatusCode::kDataLoss ||
         code == absl::StatusCode::kUnknown;
}

}  // namespace

void LogCall(std::string_view method, const absl::Status& result, absl::Duration elapsed) {
  const std::string text = absl::StrCat(ToAbsl(method), " ", absl::StatusCodeToString(result.code()), " ",
                                        absl::FormatDuration(absl::Trunc(elapsed, absl::Microseconds(1))),
                                        result.ok() ? "" : " ", result.message());
  Log(IsFault(result.code()) ? LogLevel::kError : LogLevel::kInfo, text);
}

grpc::Status Handle(std::string_view method, const std::function<absl::Status()>& body) {
  const absl::Time begin = absl::Now();
  const absl::Status result = Guarded(body);
  LogCall(method, result, absl::Now() - begin);
  return ToGrpcStatus(result);
}

}  // namespace oneloop
