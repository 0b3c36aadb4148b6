#ifndef ONELOOP_CLIENT_NUMBERS_H_
#define ONELOOP_CLIENT_NUMBERS_H_

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "absl/time/time.h"
#include "common/base/exact_number.h"

namespace oneloop {

// The whole of `text` as a number, without a leading "+" or blanks; empty when it is none or out of range.
template <class Integer>
std::optional<Integer> ParseInteger(std::string_view text) {
  Integer value = 0;
  const char* const end = text.data() + text.size();
  const std::from_chars_result result = std::from_chars(text.data(), end, value);
  if (text.empty() || result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

// The same for a finite double in decimal or scientific form.
std::optional<double> ParseNumber(std::string_view text);

// For people: 4 significant digits, scientific from a million up ("1.285e7") and below 0.001.
std::string ShortNumber(double value);

// The same, but never above the value; for lower bounds.
std::string ShortNumberDown(double value);

// A share in per cent, never below the value: "26 %", "1.8 %", "0.04 %".
std::string PercentUp(double share);

// A count with digits in groups of three: "10,430".
std::string GroupedNumber(std::int64_t value);

// A count or rate with an SI prefix: "950", "1.24k", "3.4M".
std::string SiNumber(double value);

// "3 s", "4 min 10 s", "2 h 5 min", "1 d 3 h"; "-" for an infinite duration.
std::string ShortDuration(absl::Duration duration);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_NUMBERS_H_
