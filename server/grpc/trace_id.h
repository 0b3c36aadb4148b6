#ifndef ONELOOP_SERVER_GRPC_TRACE_ID_H_
#define ONELOOP_SERVER_GRPC_TRACE_ID_H_

#include <string>

#include "grpcpp/server_context.h"

namespace oneloop {

// As TraceIdOr, of the call's metadata. The call's trailing metadata get it. Once for each call, before it ends.
std::string TakeTraceId(grpc::ServerContextBase& context);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_GRPC_TRACE_ID_H_
