#ifndef ONELOOP_COMMON_BASE_LIMIT_ERROR_H_
#define ONELOOP_COMMON_BASE_LIMIT_ERROR_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace oneloop {

// A RESOURCE_EXHAUSTED for a caller who goes beyond a limit. The text begins with the limit's name; `retry_after` is
// when the same call may work, infinite when it never will.
absl::Status LimitError(std::string_view limit, std::string_view description, absl::Duration retry_after);

struct LimitDetails {
  std::string limit;
  absl::Duration retry_after;
};
// What LimitError was given; none for another error.
std::optional<LimitDetails> LimitOf(const absl::Status& status);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_BASE_LIMIT_ERROR_H_
