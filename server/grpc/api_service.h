#ifndef ONELOOP_SERVER_GRPC_API_SERVICE_H_
#define ONELOOP_SERVER_GRPC_API_SERVICE_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "grpcpp/generic/async_generic_service.h"
#include "grpcpp/grpcpp.h"
#include "server/access/open_watches.h"
#include "server/handlers/call_guard.h"
#include "server/handlers/call_queue.h"
#include "server/handlers/call_runner.h"
#include "server/handlers/health_handlers.h"
#include "server/handlers/method_table.h"
#include "server/handlers/open_calls.h"
#include "server/jobs/watch_hub.h"
#include "server/net/connection_gate.h"

namespace oneloop {

// What calls over gRPC stand on. Everything outlives the service and its calls.
struct ApiParts {
  Handlers handlers;
  const CallGuard* guard = nullptr;
  const CallRunner* runner = nullptr;
  OpenCalls* open_calls = nullptr;
  CallQueue* queue = nullptr;
  OpenWatches* open_watches = nullptr;
  WatchHub* watch_hub = nullptr;
  HealthHandlers* health = nullptr;
  ConnectionGate* gate = nullptr;
  std::int64_t most_parsed_bytes = 64 << 20;  // that a request may take once it is read into memory
};

// Every method of the method table over gRPC, as one generic service: a call is told by its path, and refused before a
// byte of its message is kept when its caller may not make it. No thread of gRPC's, or of the queue's, ever waits for a
// client. Thread-safe.
class ApiService final : public grpc::CallbackGenericService {
 public:
  explicit ApiService(const ApiParts& parts);

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override;

  // Whether a call has come in the last half second: less than the second after which gRPC's threads look away.
  bool is_busy() const { return SteadyChrono::now().time_since_epoch().count() - last_call_ < kBusy.count(); }

  const ApiParts& parts() const { return parts_; }
  // Full names of the services that are served.
  const std::vector<std::string>& services() const { return services_; }

 private:
  const ApiParts parts_;
  const std::vector<std::string> services_;
  static constexpr SteadyChrono::duration kBusy = std::chrono::milliseconds(500);
  std::atomic<SteadyChrono::rep> last_call_{0};
};

// Full names of the services that these handlers serve.
std::vector<std::string> ServedServices(const Handlers& handlers);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_GRPC_API_SERVICE_H_
