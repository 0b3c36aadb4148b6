#ifndef ONELOOP_SERVER_HANDLERS_CALL_RUNNER_H_
#define ONELOOP_SERVER_HANDLERS_CALL_RUNNER_H_

#include <atomic>
#include <cstddef>
#include <functional>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "server/access/caller.h"
#include "server/handlers/call_credentials.h"
#include "server/handlers/call_guard.h"
#include "server/handlers/method_table.h"

namespace oneloop {

// A unary call that CallGuard has let in, as its transport hands it over to be run.
struct AdmittedCall {
  const Method* method = nullptr;
  const CallCredentials* credentials = nullptr;
  const Caller* caller = nullptr;
  // Why nobody waits for the answer any more; OK while somebody does. Asked on any thread.
  std::function<absl::Status()> abandoned;
};

// What all transports do with a call between its request and its reply. Thread-safe.
class CallRunner {
 public:
  // Everything outlives the runner.
  CallRunner(const Handlers& handlers, const CallGuard* guard) : handlers_(handlers), guard_(*guard) {}

  // From now on calls find out that they are interrupted.
  void Stop() { stopping_ = true; }

  // Has `read` make the request, checks what it names, runs the handler, and keeps the audit line of a change. A call
  // that changes something is run also when its client has left; others are given up. Memory that runs out and
  // whatever is thrown become the call's error.
  absl::Status Run(const AdmittedCall& call, const std::function<absl::Status(google::protobuf::Message*)>& read,
                   google::protobuf::Message* response) const;

 private:
  absl::Status Work(const AdmittedCall& call, const std::function<absl::Status(google::protobuf::Message*)>& read,
                    google::protobuf::Message* request, google::protobuf::Message* response) const;
  // Also when the daemon stops, which ends what takes long.
  absl::Status Interrupted(const AdmittedCall& call) const;

  const Handlers handlers_;
  const CallGuard& guard_;
  std::atomic<bool> stopping_{false};
};

// Runs the body; memory that runs out is an error of it, not the daemon's end, as is anything else that is thrown.
absl::Status CatchAll(const std::function<absl::Status()>& body);

// The queue for a request of so many bytes: what is large is worked on by few at a time, which bounds the memory of
// all.
CallCost CostOf(const Method& method, std::size_t request_bytes);
// RESOURCE_EXHAUSTED for more bytes than a small request may have. Transports know the bound of large ones.
absl::Status CheckRequestBytes(const Method& method, std::size_t request_bytes);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_CALL_RUNNER_H_
