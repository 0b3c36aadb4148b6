#include "server/grpc/trace_id.h"

#include "server/handlers/trace_id.h"

namespace oneloop {

std::string TakeTraceId(grpc::ServerContextBase& context) {
  const auto sent = context.client_metadata().find(kTraceMetadata);
  std::string id =
      TraceIdOr(sent == context.client_metadata().end() ? "" : std::string(sent->second.data(), sent->second.size()));
  context.AddTrailingMetadata(kTraceMetadata, id);
  return id;
}

}  // namespace oneloop
