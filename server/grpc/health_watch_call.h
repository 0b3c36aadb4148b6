#ifndef ONELOOP_SERVER_GRPC_HEALTH_WATCH_CALL_H_
#define ONELOOP_SERVER_GRPC_HEALTH_WATCH_CALL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "common/base/mutex.h"
#include "grpc/health/v1/health.pb.h"
#include "grpcpp/grpcpp.h"
#include "server/grpc/api_service.h"
#include "server/grpc/call_start.h"

namespace oneloop {

// One Watch of the health service: the status now, and each change. Owns itself until gRPC is done with it.
class HealthWatchCall final : public grpc::ServerGenericBidiReactor {
 public:
  static grpc::ServerGenericBidiReactor* Start(const ApiService* service, const Method& method,
                                               grpc::CallbackServerContext* context);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  HealthWatchCall(const ApiService* service, const Method& method, grpc::CallbackServerContext* context);

  absl::Status Admit(const std::shared_ptr<HealthWatchCall>& self);
  absl::Status Begin() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Sends the status, unless that is what was sent last or a message is under way.
  void Tell() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void End(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const ApiService* const service_;
  const CallStart start_;
  std::shared_ptr<HealthWatchCall> self_;  // gRPC's share, until OnDone
  grpc::ByteBuffer request_;
  std::int64_t id_ = 0;  // 0: never counted

  Mutex mutex_;
  std::optional<std::string> watched_ ABSL_GUARDED_BY(mutex_);  // the service, once the request is read
  std::optional<grpc::health::v1::HealthCheckResponse::ServingStatus> told_ ABSL_GUARDED_BY(mutex_);
  grpc::ByteBuffer message_ ABSL_GUARDED_BY(mutex_);  // gRPC reads it while `writing_`
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_GRPC_HEALTH_WATCH_CALL_H_
