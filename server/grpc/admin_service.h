#ifndef ONELOOP_SERVER_GRPC_ADMIN_SERVICE_H_
#define ONELOOP_SERVER_GRPC_ADMIN_SERVICE_H_

#include "grpcpp/grpcpp.h"
#include "oneloop/v1/admin_service.grpc.pb.h"
#include "server/grpc/call_guard.h"
#include "server/handlers/admin_handlers.h"

namespace oneloop {

// AdminService on gRPC's threads.
class AdminService final : public v1::AdminService::Service {
 public:
  // Both outlive the service.
  AdminService(AdminHandlers* handlers, const CallGuard* guard) : handlers_(handlers), guard_(guard) {}

  grpc::Status Backup(grpc::ServerContext* context, const v1::BackupRequest* request,
                      v1::BackupResponse* response) override;
  grpc::Status Drain(grpc::ServerContext* context, const v1::DrainRequest* request,
                     v1::DrainResponse* response) override;

 private:
  AdminHandlers* const handlers_;
  const CallGuard* const guard_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_GRPC_ADMIN_SERVICE_H_
