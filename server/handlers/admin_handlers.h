#ifndef ONELOOP_SERVER_HANDLERS_ADMIN_HANDLERS_H_
#define ONELOOP_SERVER_HANDLERS_ADMIN_HANDLERS_H_

#include <atomic>
#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "oneloop/v1/admin_service.pb.h"
#include "server/handlers/call_context.h"

namespace oneloop {

// The methods of AdminService, without a network. Thread-safe.
class AdminHandlers {
 public:
  // `request_stop` has the daemon end soon, and returns at once.
  AdminHandlers(std::string data_dir, std::function<void()> request_stop)
      : data_dir_(std::move(data_dir)), request_stop_(std::move(request_stop)) {}

  // CANCELLED, or as `call` says, soon after it is interrupted.
  absl::Status Backup(const v1::BackupRequest& request, const CallContext& call, v1::BackupResponse* response) const;
  // UNIMPLEMENTED without a request_stop.
  absl::Status Drain(const v1::DrainRequest& request, v1::DrainResponse* response) const;

 private:
  const std::string data_dir_;
  const std::function<void()> request_stop_;
  mutable std::atomic<bool> backup_runs_{false};
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_ADMIN_HANDLERS_H_
