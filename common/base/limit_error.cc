#include "common/base/limit_error.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr char kLimitPayload[] = "oneloop/limit";
constexpr char kRetryPayload[] = "oneloop/retry_after";

}  // namespace

absl::Status LimitError(std::string_view limit, std::string_view description, absl::Duration retry_after) {
  const std::string advice =
      retry_after == absl::InfiniteDuration() ? "" : absl::StrCat("; try again in ", absl::FormatDuration(retry_after));
  absl::Status status =
      absl::ResourceExhaustedError(absl::StrCat("limit ", ToAbsl(limit), ": ", ToAbsl(description), advice));
  status.SetPayload(kLimitPayload, absl::Cord(ToAbsl(limit)));
  status.SetPayload(kRetryPayload, absl::Cord(absl::FormatDuration(retry_after)));
  return status;
}

std::optional<LimitDetails> LimitOf(const absl::Status& status) {
  const absl::optional<absl::Cord> limit = status.GetPayload(kLimitPayload);
  const absl::optional<absl::Cord> retry = status.GetPayload(kRetryPayload);
  LimitDetails details;
  if (!limit.has_value() || !retry.has_value()) return std::nullopt;
  if (!absl::ParseDuration(std::string(*retry), &details.retry_after)) return std::nullopt;
  details.limit = std::string(*limit);
  return details;
}

}  // namespace oneloop
