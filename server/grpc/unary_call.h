#ifndef ONELOOP_SERVER_GRPC_UNARY_CALL_H_
#define ONELOOP_SERVER_GRPC_UNARY_CALL_H_

#include <atomic>
#include <memory>

#include "absl/status/status.h"
#include "common/base/clock.h"
#include "grpcpp/grpcpp.h"
#include "server/grpc/api_service.h"
#include "server/grpc/call_start.h"
#include "server/handlers/method_table.h"

namespace oneloop {

// One unary call: admitted by its metadata, read when there is room for its request, run when its turn comes, answered
// without anybody waiting for the client. Its reactions only pass the word on; the work is done on the queue's threads.
// Owns itself until gRPC is done with it; what may call it later holds a weak share.
class UnaryCall final : public grpc::ServerGenericBidiReactor {
 public:
  static grpc::ServerGenericBidiReactor* Start(const ApiService* service, const Method& method,
                                               grpc::CallbackServerContext* context);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  UnaryCall(const ApiService* service, const Method& method, grpc::CallbackServerContext* context);

  // Counts the call and has its request read; the error of a call that may not go on.
  absl::Status Admit(const std::shared_ptr<UnaryCall>& self);
  void Run();
  // Why nobody waits for the answer any more.
  absl::Status Abandoned() const;
  // Ends the call, with a line in the audit log where it asked for a change.
  void Refuse(const absl::Status& status);
  void Conclude(const absl::Status& result, const google::protobuf::Message& response);

  const ApiService* const service_;
  grpc::CallbackServerContext* const context_;
  const CallStart start_;
  const SteadyTime deadline_;
  std::shared_ptr<UnaryCall> self_;  // gRPC's share, until OnDone
  OpenCalls::CallId id_ = 0;         // 0: never counted
  std::atomic<bool> cancelled_{false};
  grpc::ByteBuffer request_;
  grpc::ByteBuffer reply_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_GRPC_UNARY_CALL_H_
