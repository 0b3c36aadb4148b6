#include "server/grpc/admin_service.h"

namespace oneloop {

grpc::Status AdminService::Backup(grpc::ServerContext* context, const v1::BackupRequest* request,
                                  v1::BackupResponse* response) {
  // Also when the daemon stops, so that nobody waits for the end of a long copy.
  const auto cancelled = [context] { return context->IsCancelled(); };
  return guard_->Handle("AdminService.Backup", *context, *request, *response,
                        [&](const Caller&) { return handlers_->Backup(*request, cancelled, response); });
}

grpc::Status AdminService::Drain(grpc::ServerContext* context, const v1::DrainRequest* request,
                                 v1::DrainResponse* response) {
  return guard_->Handle("AdminService.Drain", *context, *request, *response,
                        [&](const Caller&) { return handlers_->Drain(); });
}

}  // namespace oneloop
