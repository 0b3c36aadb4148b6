#ifndef ONELOOP_SERVER_GRPC_WATCH_CALL_H_
#define ONELOOP_SERVER_GRPC_WATCH_CALL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/mutex.h"
#include "grpcpp/grpcpp.h"
#include "oneloop/v1/search_service.pb.h"
#include "server/grpc/call_guard.h"
#include "server/jobs/watch_hub.h"

namespace oneloop {

// One Watch call: writes what the hub hands over, one message at a time. Its reactions only pass the word on; reading
// is done by the hub's threads. Owns itself until gRPC is done with it; the hub shares it while it serves it.
class WatchCall final : public grpc::ServerWriteReactor<v1::WatchResponse>, public WatchSink {
 public:
  // Hub and guard outlive every call.
  static grpc::ServerWriteReactor<v1::WatchResponse>* Start(WatchHub* hub, const CallGuard& guard,
                                                            grpc::CallbackServerContext& context,
                                                            const v1::WatchRequest& request);

  void OnUpdate(const WatchUpdate& update) override;
  void OnEnd(const absl::Status& status) override;

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  WatchCall(WatchHub* hub, const CallGuard* guard, std::string user, std::string trace_id);

  // Counts the caller's watch, and starts it.
  absl::Status Begin(const std::shared_ptr<WatchCall>& self, const absl::StatusOr<Caller>& caller,
                     const v1::WatchRequest& request) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Ends the call once the message under way has left.
  void End(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FinishNow() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  WatchHub* const hub_;
  const CallGuard* const guard_;
  const absl::Time begin_;
  const std::string user_;  // "" when they may not watch
  const std::string trace_id_;
  std::shared_ptr<WatchCall> self_;  // gRPC's share, until OnDone
  std::string project_;              // "-" for any

  Mutex mutex_;
  WatchHub::WatchId id_ ABSL_GUARDED_BY(mutex_) = 0;   // 0: never added
  std::int64_t open_id_ ABSL_GUARDED_BY(mutex_) = 0;   // 0: never counted
  v1::WatchResponse message_ ABSL_GUARDED_BY(mutex_);  // gRPC reads it while `writing_`
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_GRPC_WATCH_CALL_H_
