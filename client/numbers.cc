#include "client/numbers.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace oneloop {

std::optional<double> ParseNumber(std::string_view text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const std::from_chars_result result = std::from_chars(text.data(), end, value);
  if (text.empty() || result.ec != std::errc() || result.ptr != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::string ShortNumber(double value) {
  const double magnitude = std::abs(value);
  if (!std::isfinite(value) || magnitude == 0) return ExactNumber(value);
  if (magnitude >= 1e-3 && magnitude < 1000) return absl::StrFormat("%.4g", value);
  if (magnitude >= 1000 && magnitude < 999999.5) return absl::StrFormat("%.0f", value);
  const std::string text = absl::StrFormat("%.3e", value);
  const std::size_t e = text.find('e');
  std::string_view exponent = std::string_view(text).substr(e + 1);
  if (exponent.front() == '+') exponent.remove_prefix(1);
  return absl::StrCat(text.substr(0, e), "e", ParseInteger<int>(exponent).value_or(0));
}

std::string ShortNumberDown(double value) {
  std::string text = ShortNumber(value);
  if (!std::isfinite(value) || value <= 0) return text;
  const bool whole = value >= 1000 && value < 999999.5;
  const double last_place = whole ? 1 : std::pow(10, std::floor(std::log10(value)) - 3);
  for (double less = value; ParseNumber(text).value_or(0) > value; text = ShortNumber(less)) less -= last_place / 2;
  return text;
}

std::string PercentUp(double share) {
  const double percent = 100 * share;
  if (!std::isfinite(percent) || percent == 0) return absl::StrCat(ExactNumber(percent), " %");
  const int decimals = percent >= 10 ? 0 : percent >= 1 ? 1 : 2;
  const double scale = std::pow(10, decimals);
  return absl::StrFormat("%.*f %%", decimals, std::ceil(percent * scale) / scale);
}

std::string GroupedNumber(std::int64_t value) {
  std::string text = absl::StrCat(value);
  const std::size_t first = text.front() == '-' ? 1 : 0;
  for (std::size_t i = text.size(); i > first + 3; i -= 3) text.insert(i - 3, 1, ',');
  return text;
}

std::string SiNumber(double value) {
  constexpr std::array<const char*, 7> kPrefixes = {"", "k", "M", "G", "T", "P", "E"};
  if (!std::isfinite(value)) return ExactNumber(value);
  std::size_t prefix = 0;
  // 999.5 would be printed as 1000.
  while (std::abs(value) >= 999.5 && prefix + 1 < kPrefixes.size()) {
    value /= 1000;
    ++prefix;
  }
  return absl::StrCat(absl::StrFormat("%.3g", value), kPrefixes[prefix]);
}

std::string ShortDuration(absl::Duration duration) {
  if (duration == absl::InfiniteDuration()) return "-";
  const std::int64_t seconds = std::max<std::int64_t>(0, absl::ToInt64Seconds(duration + absl::Milliseconds(500)));
  if (seconds < 60) return absl::StrCat(seconds, " s");
  if (seconds < 3600) return absl::StrCat(seconds / 60, " min ", seconds % 60, " s");
  if (seconds < 86400) return absl::StrCat(seconds / 3600, " h ", seconds % 3600 / 60, " min");
  return absl::StrCat(seconds / 86400, " d ", seconds % 86400 / 3600, " h");
}

}  // namespace oneloop
