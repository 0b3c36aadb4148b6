#include "server/store/number_list.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr std::string_view kNull = "null";

}  // namespace

void FormatNumberList(std::span<const double> values, std::string& text) {
  std::array<char, 32> digits;  // the longest double has 24
  text.assign(1, '[');
  for (const double value : values) {
    if (text.size() > 1) text += ',';
    if (std::isfinite(value)) {
      text.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
    } else {
      text += kNull;
    }
  }
  text += ']';
}

absl::StatusOr<std::vector<double>> ParseNumberList(std::string_view text) {
  std::vector<double> values;
  const absl::Status error = absl::DataLossError(absl::StrCat("'", ToAbsl(text), "' is not a list of numbers"));
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return error;
  if (text == "[]") return values;
  const char* const end = text.data() + text.size();
  for (const char* next = text.data() + 1; next < end; ++next) {
    double value = std::numeric_limits<double>::quiet_NaN();
    if (std::string_view(next, static_cast<std::size_t>(end - next)).starts_with(kNull)) {
      next += kNull.size();
    } else {
      const auto [rest, code] = std::from_chars(next, end, value);
      if (code != std::errc()) return error;
      next = rest;
    }
    if (next == end || (*next != ',' && next + 1 != end)) return error;
    values.push_back(value);
  }
  return values;
}

}  // namespace oneloop
