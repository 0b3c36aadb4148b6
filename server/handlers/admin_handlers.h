#ifndef ONELOOP_SERVER_HANDLERS_ADMIN_HANDLERS_H_
#define ONELOOP_SERVER_HANDLERS_ADMIN_HANDLERS_H_

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
  // `request_stop` has the daemon end soon, and returns at once.
  AdminHandlers(std::string data_dir, std::function<void()> request_stop)
      : data_dir_(std::move(data_dir)), request_stop_(std::move(request_stop)) {}

  // CANCELLED soon after `cancelled` returns true.
  absl::Status Backup(const v1::BackupRequest& request, const std::function<bool()>& cancelled,
                      v1::BackupResponse* response);
  // UNIMPLEMENTED without a request_stop.
  absl::Status Drain();

 private:
  const std::string data_dir_;
  const std::function<void()> request_stop_;
  std::atomic<bool> backup_runs_{false};
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_ADMIN_HANDLERS_H_
