#ifndef ONELOOP_COMMON_BASE_PRINTABLE_TEXT_H_
#define ONELOOP_COMMON_BASE_PRINTABLE_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace oneloop {

// A character of UTF-8 text.
struct Utf8Character {
  std::uint32_t code = 0;  // of one that is not valid: its first byte
  std::size_t length = 1;  // bytes
  bool is_valid = false;
};
// The first character of a text that is not empty. Of bytes that are no UTF-8, one after the other.
Utf8Character FirstCharacter(std::string_view text);

// Whether a character could end the line for some reader, steer a terminal, turn the direction of what follows, or is
// not seen at all, so that two different names look the same: the controls (C0, DEL, C1), line and paragraph
// separators, and what Unicode calls format characters, but for the visible ones.
bool IsUnprintable(std::uint32_t code);

// `text` fit to be shown to people, in one line: unprintable characters become "\u009b" ("\U000e0001" beyond four
// digits), a line break "\n", a tab "\t", bytes that are no UTF-8 "\xff". Everything else stays as it is, so that the
// result, which is valid UTF-8, is the same when it is made printable again.
std::string PrintableText(std::string_view text);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_BASE_PRINTABLE_TEXT_H_
