#ifndef ONELOOP_SERVER_GRPC_CALL_GUARD_H_
#define ONELOOP_SERVER_GRPC_CALL_GUARD_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "grpcpp/grpcpp.h"
#include "server/access/audit_log.h"
#include "server/access/caller.h"
#include "server/access/method_rules.h"
#include "server/access/open_watches.h"
#include "server/access/token_registry.h"
#include "server/grpc/call_credentials.h"
#include "server/handlers/handler.h"
#include "server/metrics/instruments.h"

namespace oneloop {

// The one place that every call passes before its handler: who makes it, and whether they may. Then it runs the
// handler, logs the call and keeps an audit line of every change. Methods are named as in MethodRules. Thread-safe.
class CallGuard {
 public:
  // Everything outlives the guard.
  struct Options {
    TokenRegistry* tokens = nullptr;
    AuditLog* audit = nullptr;
    OpenWatches* watches = nullptr;
    DaemonMetrics* metrics = nullptr;  // counts the calls; may be null
    // The owner of a job; NOT_FOUND when there is none.
    std::function<absl::StatusOr<std::string>(std::int64_t job_id)> owner_of;
    std::function<absl::Time()> clock = absl::Now;
  };
  explicit CallGuard(Options options);

  // The caller, if they may make this call. UNAUTHENTICATED when it is not known who they are, PERMISSION_DENIED when
  // they may not; both say what is needed.
  absl::StatusOr<Caller> Authorize(std::string_view method, const CallCredentials& credentials,
                                   const google::protobuf::Message& request) const;

  // A whole unary call. What the body throws (out of memory, for one) becomes INTERNAL with its text. `response` is
  // read once the body has filled it.
  grpc::Status Handle(std::string_view method, grpc::ServerContextBase& context,
                      const google::protobuf::Message& request, const google::protobuf::Message& response,
                      const std::function<absl::Status(const Caller&)>& body) const;

  // Logs and counts a call; Handle does it by itself.
  void OnEnd(const EndedCall& call) const;

  OpenWatches& watches() const { return *options_.watches; }

 private:
  absl::StatusOr<Caller> Identify(const CallCredentials& credentials) const;
  absl::Status CheckCall(std::string_view method, const Caller& caller, const google::protobuf::Message& request) const;
  absl::Status CheckJobOwner(const MethodRule& rule, const Caller& caller, const std::string& resource) const;
  void Audit(std::string_view method, const CallCredentials& credentials, const Caller& caller,
             const google::protobuf::Message& request, const google::protobuf::Message& response,
             const absl::Status& result) const;

  const Options options_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_GRPC_CALL_GUARD_H_
