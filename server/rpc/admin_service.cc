#include "server/rpc/admin_service.h"

#include "server/rpc/handler.h"

namespace oneloop {

grpc::Status AdminService::Backup(grpc::ServerContext*, const v1::BackupRequest* request,
                                  v1::BackupResponse* response) {
  return Handle("Backup", [&] { return handlers_->Backup(*request, response); });
}

}  // namespace oneloop
