#include "server/rpc/admin_service.h"

#include "server/rpc/handler.h"

namespace oneloop {

grpc::Status AdminService::Backup(grpc::ServerContext* context, const v1::BackupRequest* request,
                                  v1::BackupResponse* response) {
  // Also when the daemon stops, so that nobody waits for the end of a long copy.
  const auto cancelled = [context] { return context->IsCancelled(); };
  return Handle("Backup", [&] { return handlers_->Backup(*request, cancelled, response); });
}

}  // namespace oneloop
