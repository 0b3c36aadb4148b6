#ifndef ONELOOP_CLIENT_SLURM_WORK_SOURCE_H_
#define ONELOOP_CLIENT_SLURM_WORK_SOURCE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/service_client.h"

namespace oneloop {

// A worker as the daemon sees it.
struct DaemonWorker {
  std::string name;  // that it gave itself; PilotWorkerName of a pilot
  int leases = 0;    // that it holds
  double points_per_second = 0;
  absl::Duration unheard;  // since its last word
};

// What there is to do for a daemon's workers.
struct Work {
  std::int64_t leases = 0;  // that wait or that workers hold
  std::vector<DaemonWorker> workers;
};

class WorkSource {
 public:
  virtual ~WorkSource() = default;
  virtual absl::StatusOr<Work> Read() = 0;
};

// What a daemon says of its workers.
class DaemonWork : public WorkSource {
 public:
  // `client` is borrowed; `now` is the wall clock.
  DaemonWork(ServiceClient& client, std::function<absl::Time()> now) : client_(client), now_(std::move(now)) {}
  absl::StatusOr<Work> Read() override;

 private:
  ServiceClient& client_;
  const std::function<absl::Time()> now_;
};

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_SLURM_WORK_SOURCE_H_
