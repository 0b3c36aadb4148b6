#include "server/handlers/admin_handlers.h"

#include "common/base/status.h"
#include "server/store/store_backup.h"

namespace oneloop {

absl::Status AdminHandlers::Backup(const v1::BackupRequest& request, const CallContext& call,
                                   v1::BackupResponse* response) const {
  if (backup_runs_.exchange(true)) {
    return absl::FailedPreconditionError("another backup is being made; try again when it is done");
  }
  const absl::StatusOr<StoreBackup> backup =
      BackUpStore(data_dir_, request.name(), [&call] { return !call.interrupted().ok(); });
  backup_runs_ = false;
  RETURN_IF_ERROR(backup.status());
  response->set_path(backup->path);
  response->set_size_bytes(backup->size_bytes);
  response->set_revision(backup->revision);
  return absl::OkStatus();
}

absl::Status AdminHandlers::Drain(const v1::DrainRequest&, v1::DrainResponse*) const {
  if (!request_stop_) return absl::UnimplementedError("this server does not end by a call");
  request_stop_();
  return absl::OkStatus();
}

}  // namespace oneloop
