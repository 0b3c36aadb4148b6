#include "client/exit_code.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr char kUsagePayload[] = "oneloop/usage";

}  // namespace

absl::Status UsageError(std::string_view command, std::string_view description) {
  const std::string topic = command.empty() ? "" : absl::StrCat(" ", ToAbsl(command));
  absl::Status status =
      absl::InvalidArgumentError(absl::StrCat(ToAbsl(description), "; see `oneloop help", topic, "`"));
  status.SetPayload(kUsagePayload, absl::Cord("1"));
  return status;
}

ExitCode ExitCodeOf(const absl::Status& status) {
  if (status.GetPayload(kUsagePayload).has_value()) return ExitCode::kUsage;
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return ExitCode::kOk;
    case absl::StatusCode::kNotFound:
      return ExitCode::kNotFound;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return ExitCode::kInvalidInput;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return ExitCode::kUnreachable;
    default:
      return ExitCode::kError;
  }
}

}  // namespace oneloop
