#ifndef ONELOOP_SERVER_GRPC_WATCH_CALL_H_
#define ONELOOP_SERVER_GRPC_WATCH_CALL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "common/base/mutex.h"
#include "grpcpp/grpcpp.h"
#include "oneloop/v1/search_service.pb.h"
#include "server/grpc/api_service.h"
#include "server/grpc/call_start.h"
#include "server/jobs/watch_hub.h"

namespace oneloop {

// One Watch call: writes what the hub hands over, one message at a time. Its reactions only pass the word on; reading
// is done by the hub's threads. Owns itself until gRPC is done with it; the hub shares it while it serves it.
class WatchCall final : public grpc::ServerGenericBidiReactor, public WatchSink {
 public:
  static grpc::ServerGenericBidiReactor* Start(const ApiService* service, const Method& method,
                                               grpc::CallbackServerContext* context);

  void OnUpdate(const WatchUpdate& update) override;
  void OnEnd(const absl::Status& status) override;

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  WatchCall(const ApiService* service, const Method& method, grpc::CallbackServerContext* context);

  // Counts the caller's watch, and has its request read.
  absl::Status Admit(const std::shared_ptr<WatchCall>& self) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Begin() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Send(const WatchUpdate& update) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Ends the call once the message under way has left.
  void End(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FinishNow() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const ApiService* const service_;
  const CallStart start_;
  std::shared_ptr<WatchCall> self_;  // gRPC's share, until OnDone
  grpc::ByteBuffer request_;         // gRPC fills it until OnReadDone

  Mutex mutex_;
  std::string project_ ABSL_GUARDED_BY(mutex_);       // "-" for any
  WatchHub::WatchId id_ ABSL_GUARDED_BY(mutex_) = 0;  // 0: never added
  std::int64_t open_id_ ABSL_GUARDED_BY(mutex_) = 0;  // 0: never counted
  grpc::ByteBuffer message_ ABSL_GUARDED_BY(mutex_);  // gRPC reads it while `writing_`
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_GRPC_WATCH_CALL_H_
