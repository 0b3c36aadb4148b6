#ifndef ONELOOP_SERVER_RPC_ADMIN_SERVICE_H_
#define ONELOOP_SERVER_RPC_ADMIN_SERVICE_H_

#include "grpcpp/grpcpp.h"
#include "oneloop/v1/admin_service.grpc.pb.h"
#include "server/rpc/admin_handlers.h"

namespace oneloop {

// AdminService on gRPC's threads.
class AdminService final : public v1::AdminService::Service {
 public:
  // The handlers outlive the service.
  explicit AdminService(AdminHandlers* handlers) : handlers_(handlers) {}

  grpc::Status Backup(grpc::ServerContext* context, const v1::BackupRequest* request,
                      v1::BackupResponse* response) override;

 private:
  AdminHandlers* const handlers_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_RPC_ADMIN_SERVICE_H_
