#ifndef ONELOOP_COMMON_BASE_DURATION_TEXT_H_
#define ONELOOP_COMMON_BASE_DURATION_TEXT_H_

#include <optional>
#include <string_view>

#include "absl/time/time.h"

namespace oneloop {

// "90s", "30m", "2h" or "7d": a whole number, 0 to 10^9, and its unit. None for any other text.
std::optional<absl::Duration> ParseDurationText(std::string_view text);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_BASE_DURATION_TEXT_H_
