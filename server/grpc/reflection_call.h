#ifndef ONELOOP_SERVER_GRPC_REFLECTION_CALL_H_
#define ONELOOP_SERVER_GRPC_REFLECTION_CALL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/base/mutex.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"
#include "grpcpp/grpcpp.h"
#include "server/grpc/api_service.h"
#include "server/grpc/call_start.h"

namespace oneloop {

// The answer of a server that has these services, by full name.
void AnswerReflection(const grpc::reflection::v1alpha::ServerReflectionRequest& request,
                      const std::vector<std::string>& services,
                      grpc::reflection::v1alpha::ServerReflectionResponse* response);

// One stream of server reflection (https://github.com/grpc/grpc/blob/master/doc/server-reflection.md), for tools such
// as grpcurl: reads a request, answers it, reads the next. Counts as a watch of its caller, since it lasts like one.
// Owns itself until OnDone.
class ReflectionCall final : public grpc::ServerGenericBidiReactor {
 public:
  static grpc::ServerGenericBidiReactor* Start(const ApiService* service, const Method& method,
                                               grpc::CallbackServerContext* context);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  ReflectionCall(const ApiService* service, const Method& method, grpc::CallbackServerContext* context);

  absl::Status Admit(const std::shared_ptr<ReflectionCall>& self);
  absl::Status Answer();
  // The first end counts: the caller's token may expire at any time.
  void End(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const ApiService* const service_;
  const CallStart start_;
  std::shared_ptr<ReflectionCall> self_;  // gRPC's share, until OnDone
  std::int64_t open_id_ = 0;              // 0: never counted
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  Mutex mutex_;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_GRPC_REFLECTION_CALL_H_
