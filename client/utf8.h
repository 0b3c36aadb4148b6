#ifndef ONELOOP_CLIENT_UTF8_H_
#define ONELOOP_CLIENT_UTF8_H_

#include <cstddef>
#include <string_view>

namespace oneloop {

// How many bytes of `text` are well-formed UTF-8 (RFC 3629), from its beginning; all of them when it is well-formed.
std::size_t Utf8Prefix(std::string_view text);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_UTF8_H_
