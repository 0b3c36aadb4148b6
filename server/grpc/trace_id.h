#ifndef ONELOOP_SERVER_GRPC_TRACE_ID_H_
#define ONELOOP_SERVER_GRPC_TRACE_ID_H_

#include <string>
#include <string_view>

#include "grpcpp/server_context.h"

namespace oneloop {

// Metadata of a call that tells its log line from others: what the client sends, and gets back at the end.
inline constexpr char kTraceMetadata[] = "x-trace-id";

// 1 to 64 printable ASCII characters, no spaces.
bool IsValidTraceId(std::string_view id);

// The client's, or a random one when it sends none or none that is valid. The call's trailing metadata get it. Once
// for each call, before it ends.
std::string TakeTraceId(grpc::ServerContextBase& context);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_GRPC_TRACE_ID_H_
