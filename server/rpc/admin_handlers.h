#ifndef ONELOOP_SERVER_RPC_ADMIN_HANDLERS_H_
#define ONELOOP_SERVER_RPC_ADMIN_HANDLERS_H_

#include <atomic>
#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "oneloop/v1/admin_service.pb.h"

namespace oneloop {

// The methods of AdminService, without a network. Thread-safe.
class AdminHandlers {
 public:
  explicit AdminHandlers(std::string data_dir) : data_dir_(std::move(data_dir)) {}

  // CANCELLED soon after `cancelled` returns true.
  absl::Status Backup(const v1::BackupRequest& request, const std::function<bool()>& cancelled,
                      v1::BackupResponse* response);

 private:
  const std::string data_dir_;
  std::atomic<bool> backup_runs_{false};
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_RPC_ADMIN_HANDLERS_H_
