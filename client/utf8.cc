#include "client/utf8.h"

#include "common/base/printable_text.h"

namespace oneloop {

std::size_t Utf8Prefix(std::string_view text) {
  std::size_t position = 0;
  while (position < text.size()) {
    const Utf8Character character = FirstCharacter(text.substr(position));
    if (!character.is_valid) break;
    position += character.length;
  }
  return position;
}

}  // namespace oneloop
