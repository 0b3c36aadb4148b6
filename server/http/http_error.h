#ifndef ONELOOP_SERVER_HTTP_HTTP_ERROR_H_
#define ONELOOP_SERVER_HTTP_HTTP_ERROR_H_

#include "absl/status/status.h"
#include "server/http/http_message.h"

namespace oneloop {

// The HTTP status of an error, as google/rpc/code.proto maps them.
int HttpStatusOf(absl::StatusCode code);

// The one form of an error over HTTP: JSON with gRPC's code, its name, the text, and where there are any the fields and
// when to try again, which the header Retry-After says, too.
HttpReply ErrorReply(const absl::Status& error);
// With another status than its code's, for errors of HTTP itself.
HttpReply ErrorReply(int http_status, const absl::Status& error);

inline constexpr char kJsonType[] = "application/json";

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HTTP_HTTP_ERROR_H_
