#include "common/base/printable_text.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_format.h"

namespace oneloop {
namespace {

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

// Unicode 15, categories Cc, Zl, Zp and Cf; of the last not U+0600 to U+0605 and their like, which are seen.
constexpr std::array<Range, 13> kUnprintable = {{
    {0x0000, 0x001f},
    {0x007f, 0x009f},
    {0x00ad, 0x00ad},  // soft hyphen
    {0x034f, 0x034f},  // grapheme joiner
    {0x061c, 0x061c},  // Arabic letter mark
    {0x180e, 0x180e},  // Mongolian vowel separator
    {0x200b, 0x200f},  // zero width, direction marks
    {0x2028, 0x202e},  // separators, embeddings, overrides
    {0x2060, 0x206f},  // invisible operators, isolates
    {0xfeff, 0xfeff},  // byte order mark
    {0xfff9, 0xfffb},  // interlinear annotations
    {0x1d173, 0x1d17a},
    {0xe0000, 0xe007f},  // tags
}};

std::string Escaped(std::uint32_t code) {
  if (code == '\n') return "\\n";
  if (code == '\t') return "\\t";
  return code > 0xffff ? absl::StrFormat("\\U%08x", code) : absl::StrFormat("\\u%04x", code);
}

}  // namespace

Utf8Character FirstCharacter(std::string_view text) {
  const auto byte = [&](std::size_t i) -> std::uint32_t { return static_cast<unsigned char>(text[i]); };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return {lead, 1, false};
  std::uint32_t code = lead & (0xffu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0u) != 0x80) return {lead, 1, false};
    code = code << 6u | (byte(i) & 0x3fu);
  }
  const bool too_long = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  if (too_long || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {lead, 1, false};
  return {code, length, true};
}

bool IsUnprintable(std::uint32_t code) {
  return std::any_of(kUnprintable.begin(), kUnprintable.end(),
                     [code](const Range& range) { return range.first <= code && code <= range.last; });
}

std::string PrintableText(std::string_view text) {
  std::string printable;
  printable.reserve(text.size());
  while (!text.empty()) {
    const Utf8Character c = FirstCharacter(text);
    if (!c.is_valid) {
      printable += absl::StrFormat("\\x%02x", c.code);
    } else if (IsUnprintable(c.code)) {
      printable += Escaped(c.code);
    } else {
      printable.append(text.substr(0, c.length));
    }
    text.remove_prefix(c.length);
  }
  return printable;
}

}  // namespace oneloop
