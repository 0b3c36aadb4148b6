#ifndef ONELOOP_SERVER_HANDLERS_CALL_GUARD_H_
#define ONELOOP_SERVER_HANDLERS_CALL_GUARD_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "common/base/rate_limit.h"
#include "google/protobuf/message.h"
#include "server/access/audit_log.h"
#include "server/access/caller.h"
#include "server/access/socket_auth.h"
#include "server/access/token_registry.h"
#include "server/handlers/call_credentials.h"
#include "server/handlers/method_table.h"
#include "server/metrics/instruments.h"

namespace oneloop {

// A call that has ended.
struct EndedCall {
  const Method* method = nullptr;
  absl::Status result;
  absl::Duration elapsed;
  std::string user;  // "" when it is not known
  std::string trace_id;
};

// Who makes a call, and whether they may: asked before every handler, whatever the transport. Keeps a log line of every
// call and an audit line of every change. Thread-safe.
class CallGuard {
 public:
  // Everything outlives the guard.
  struct Options {
    TokenRegistry* tokens = nullptr;
    AuditLog* audit = nullptr;
    DaemonMetrics* metrics = nullptr;  // counts the calls; may be null
    SocketAuth socket_auth = SocketAuth::kPeer;
    // The owner of what a resource name names: NOT_FOUND when there is no such thing (of that project),
    // INVALID_ARGUMENT when the name has another form.
    std::function<absl::StatusOr<std::string>(const std::string& resource)> owner_of;
    std::function<absl::Time()> clock = WallNow;
    std::function<SteadyTime()> steady_clock = SteadyNow;
  };
  explicit CallGuard(Options options);

  // Who they are, whatever they want to do. UNAUTHENTICATED when that is not known.
  absl::StatusOr<Caller> Identify(const CallCredentials& credentials) const;

  // The caller, if such a caller may make a call of this method: needs no request and waits for nothing. Whether a
  // small change is beyond their scope says CheckRequest, when it is known what was to be changed.
  // UNAUTHENTICATED when it is not known who they are, PERMISSION_DENIED when they may not; both say what is needed.
  absl::StatusOr<Caller> Admit(const Method& method, const CallCredentials& credentials) const;

  // Whether the caller may do it to what the request names. May read the store where the rule is about owners.
  // PERMISSION_DENIED, or NOT_FOUND for what is another project's or nobody's.
  absl::Status CheckRequest(const Method& method, const Caller& caller, const google::protobuf::Message& request) const;

  // The part of it that reads nothing: whether the caller's scope and projects allow it. `resource`: what the field
  // that the rule names has.
  static absl::Status CheckResource(const Method& method, const Caller& caller, const std::string& resource);

  // Keeps a line of a change, done or refused; of other calls nothing. `request` is null when none was read.
  void Audit(const Method& method, const CallCredentials& credentials, const Caller& caller,
             const google::protobuf::Message* request, const google::protobuf::Message* response,
             const absl::Status& result) const;

  // Logs and counts a call. Of calls that nobody known has made, a few lines a second are logged, and how many were
  // left out.
  void OnEnd(const EndedCall& call) const;

 private:
  // How many lines were left out since the last one; none when there is no line for this one.
  std::optional<std::int64_t> TakeLineOfStranger() const;

  const Options options_;
  mutable Mutex mutex_;
  mutable RateLimit stranger_lines_ ABSL_GUARDED_BY(mutex_);
  mutable std::int64_t lines_left_out_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_CALL_GUARD_H_
