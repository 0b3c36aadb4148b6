#ifndef ONELOOP_SERVER_NET_OPENING_H_
#define ONELOOP_SERVER_NET_OPENING_H_

#include <cstddef>
#include <string_view>

namespace oneloop {

// What a client says first.
enum class Opening {
  kHttp2,       // the whole preface of HTTP/2 (RFC 9113, section 3.4)
  kTls,         // a handshake record of TLS (RFC 8446, section 5.1)
  kHttpRequest  // the whole header of a request of HTTP/1 (RFC 9112, section 2.1), of kLongestOpening bytes at most
};

// As much as must be looked at to tell.
inline constexpr std::size_t kLongestOpening = 8192;

enum class OpeningVerdict { kIncomplete, kComplete, kWrong };

// `said` is what has come so far, or its first kLongestOpening bytes.
OpeningVerdict CheckOpening(Opening opening, std::string_view said);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_NET_OPENING_H_
