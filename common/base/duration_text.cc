#include "common/base/duration_text.h"

#include <charconv>
#include <cstdint>
#include <system_error>

namespace oneloop {
namespace {

constexpr std::int64_t kMostUnits = 1000000000;

std::optional<absl::Duration> UnitOf(char letter) {
  switch (letter) {
    case 's':
      return absl::Seconds(1);
    case 'm':
      return absl::Minutes(1);
    case 'h':
      return absl::Hours(1);
    case 'd':
      return absl::Hours(24);
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<absl::Duration> ParseDurationText(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  const std::optional<absl::Duration> unit = UnitOf(text.back());
  text.remove_suffix(1);
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  if (!unit || !is_number || count < 0 || count > kMostUnits) return std::nullopt;
  return count * *unit;
}

}  // namespace oneloop
