#ifndef ONELOOP_SERVER_HANDLERS_TRACE_ID_H_
#define ONELOOP_SERVER_HANDLERS_TRACE_ID_H_

#include <string>

namespace oneloop {

// What tells a call's log line from others, by its name among a call's metadata: the client sends it, and gets it back.
inline constexpr char kTraceMetadata[] = "x-trace-id";

// What the client sent when that is 1 to 64 printable ASCII characters without spaces; else a random one.
std::string TraceIdOr(std::string sent);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_TRACE_ID_H_
