#include "common/base/exact_number.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"

namespace oneloop {

std::string ExactNumber(double value) {
  // Whole numbers are written out as far as doubles count them one by one.
  constexpr double kMostWhole = 9007199254740992.0;
  if (std::abs(value) < kMostWhole && value == std::trunc(value)) return absl::StrCat(static_cast<std::int64_t>(value));
  std::array<char, 32> buffer{};
  const std::to_chars_result result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return std::string(buffer.data(), result.ptr);
}

}  // namespace oneloop
