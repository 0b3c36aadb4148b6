#include "common/base/cut_text.h"

#include "absl/strings/str_cat.h"

namespace oneloop {

std::string CutText(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  constexpr std::size_t kMostContinuations = 3;
  std::size_t end = most;
  const auto is_continuation = [&](std::size_t i) { return (static_cast<unsigned char>(text[i]) & 0xc0u) == 0x80; };
  while (end > 0 && most - end < kMostContinuations && is_continuation(end)) --end;
  // Bytes that are no UTF-8 have no better place.
  if (is_continuation(end)) end = most;
  return absl::StrCat(absl::string_view(text.data(), end), "... (", text.size(), " bytes)");
}

}  // namespace oneloop
