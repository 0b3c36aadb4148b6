#include "server/grpc/api_service.h"

#include <algorithm>
#include <optional>

#include "server/grpc/connection_handover.h"
#include "server/grpc/health_watch_call.h"
#include "server/grpc/reflection_call.h"
#include "server/grpc/unary_call.h"
#include "server/grpc/watch_call.h"

namespace oneloop {
namespace {

// Answers a path that no method has.
class UnknownCall final : public grpc::ServerGenericBidiReactor {
 public:
  UnknownCall(ConnectionGate* gate, const grpc::ServerContextBase& context)
      : gate_(*gate), peer_(PeerOfCall(*gate, context.peer())) {
    if (peer_.has_value()) gate_.MarkUsed(peer_->key);
    Finish({grpc::StatusCode::UNIMPLEMENTED, "there is no such method"});
  }
  void OnCancel() override {
    if (peer_.has_value()) gate_.MarkGivenUp(peer_->key);
  }
  void OnDone() override { delete this; }

 private:
  ConnectionGate& gate_;
  const std::optional<ConnectionPeer> peer_;
};

}  // namespace

std::vector<std::string> ServedServices(const Handlers& handlers) {
  std::vector<std::string> services;
  for (const Method& method : Methods()) {
    if (!method.is_served(handlers)) continue;
    if (std::find(services.begin(), services.end(), method.service) == services.end()) {
      services.push_back(method.service);
    }
  }
  return services;
}

ApiService::ApiService(const ApiParts& parts) : parts_(parts), services_(ServedServices(parts.handlers)) {}

grpc::ServerGenericBidiReactor* ApiService::CreateReactor(grpc::GenericCallbackServerContext* context) {
  last_call_ = SteadyChrono::now().time_since_epoch().count();
  const Method* const method = FindMethod(context->method());
  if (method == nullptr || !method->is_served(parts_.handlers)) return new UnknownCall(parts_.gate, *context);
  switch (method->kind) {
    case CallKind::kUnary:
      return UnaryCall::Start(this, *method, context);
    case CallKind::kWatch:
      return WatchCall::Start(this, *method, context);
    case CallKind::kHealthWatch:
      return HealthWatchCall::Start(this, *method, context);
    case CallKind::kReflection:
      break;
  }
  return ReflectionCall::Start(this, *method, context);
}

}  // namespace oneloop
