#ifndef ONELOOP_SERVER_HTTP_HTTP_MESSAGE_H_
#define ONELOOP_SERVER_HTTP_HTTP_MESSAGE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace oneloop {

// Header fields, in the order in which they came.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

// What comes before the body of a request.
struct HttpHead {
  std::string verb;     // "GET"
  std::string target;   // as it was sent: "/v1/server?x=%20"
  HttpHeaders headers;  // names in lower case
  bool keep_alive = false;
  bool chunked = false;  // the body's length is not known beforehand
  std::uint64_t content_length = 0;
  std::size_t size = 0;  // bytes that the head took

  // The value of a field of this lower-case name; none when it was not sent, or more than once with different values.
  std::optional<std::string_view> Find(std::string_view name) const;
  // Whether it was sent, whatever it says.
  bool Has(std::string_view name) const;
};

// Reads the head that `bytes` begin with. INVALID_ARGUMENT for what is no request of HTTP/1 (RFC 9112), also when its
// length is said in two ways. Precondition: the empty line that ends a head is among the bytes.
absl::StatusOr<HttpHead> ParseHttpHead(std::string_view bytes);

// Where the head ends in `bytes`, its empty line included; npos when it does not end there.
std::size_t FindHeadEnd(std::string_view bytes);

// A target, taken apart: the path as it was sent, and the query's pairs with their escapes resolved.
struct HttpTarget {
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;
};
// INVALID_ARGUMENT for a target that is no path, and for escapes that are none.
absl::StatusOr<HttpTarget> ParseTarget(std::string_view target);
// "%2F" to "/". INVALID_ARGUMENT for escapes that are none, and for a zero byte.
absl::StatusOr<std::string> Unescape(std::string_view text, bool plus_is_space);

struct HttpReply {
  int status = 200;
  std::string content_type;
  HttpHeaders headers;  // beside length, type and connection
  std::string body;
  // Instead of `body`: bytes that live as long as the program.
  std::string_view constant_body;
  bool close = false;  // ends the connection
  // Called once, when the reply has been taken, or its connection has ended without that.
  std::function<void()> on_done;

  std::string_view content() const { return constant_body.empty() ? body : constant_body; }
};

// The reply's head, with what makes it safe for a browser.
std::string FormatHttpHead(const HttpReply& reply, bool keep_alive);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HTTP_HTTP_MESSAGE_H_
