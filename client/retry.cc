#include "client/retry.h"

#include <algorithm>
#include <string>

#include "absl/strings/cord.h"
#include "absl/types/optional.h"
#include "common/base/random.h"

namespace oneloop {
namespace {

constexpr char kRetryAfterPayload[] = "oneloop/client_retry_after";
constexpr char kUnsentPayload[] = "oneloop/client_unsent";

}  // namespace

absl::Status WithRetryAfter(absl::Status status, absl::Duration retry_after) {
  status.SetPayload(kRetryAfterPayload, absl::Cord(absl::FormatDuration(retry_after)));
  return status;
}

std::optional<absl::Duration> RetryAfterOf(const absl::Status& status) {
  const absl::optional<absl::Cord> text = status.GetPayload(kRetryAfterPayload);
  absl::Duration retry_after;
  if (!text.has_value() || !absl::ParseDuration(std::string(*text), &retry_after)) return std::nullopt;
  return std::max(retry_after, absl::ZeroDuration());
}

absl::Status MarkUnsent(absl::Status status) {
  status.SetPayload(kUnsentPayload, absl::Cord("1"));
  return status;
}

bool IsUnsent(const absl::Status& status) { return status.GetPayload(kUnsentPayload).has_value(); }

double Retrier::Draw() { return Random(MixSeed(options_.seed, draws_++)).Uniform(); }

absl::Duration Retrier::PatienceWith(const absl::Status& status, absl::Duration tried) const {
  if (!options_.patience_for_absent || tried >= options_.patience) return options_.patience;
  return std::min(options_.patience, options_.patience_for_absent(status, tried));
}

std::optional<absl::Duration> Retrier::PauseAfter(const absl::Status& status, Repeatable repeatable, SteadyTime begin,
                                                  int tries) {
  if (!options_.sleep || options_.patience <= absl::ZeroDuration()) return std::nullopt;
  const absl::Duration tried = options_.now() - begin;
  absl::Duration backoff = options_.first_backoff;
  for (int i = 1; i < tries && backoff < options_.longest_backoff; ++i) backoff *= 2;
  const absl::Duration jitter = std::min(backoff, options_.longest_backoff) * Draw();
  if (const std::optional<absl::Duration> retry_after = RetryAfterOf(status)) {
    // To come earlier than asked would only be refused again.
    if (tried + *retry_after >= options_.patience) return std::nullopt;
    return *retry_after + jitter;
  }
  if (!absl::IsUnavailable(status)) return std::nullopt;
  if (repeatable == Repeatable::kNo && !IsUnsent(status)) return std::nullopt;
  const absl::Duration left = PatienceWith(status, tried) - tried;
  if (left <= absl::ZeroDuration()) return std::nullopt;
  return std::min(jitter, left);
}

}  // namespace oneloop
