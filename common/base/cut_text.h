#ifndef ONELOOP_COMMON_BASE_CUT_TEXT_H_
#define ONELOOP_COMMON_BASE_CUT_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace oneloop {

// `text` as it is when it has at most `most` bytes; else its beginning, cut between two characters of UTF-8, with an
// ellipsis and its length: "abc... (15728640 bytes)".
std::string CutText(std::string_view text, std::size_t most);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_BASE_CUT_TEXT_H_
