#ifndef ONELOOP_CLIENT_SLURM_WORK_SOURCE_H_
#define ONELOOP_CLIENT_SLURM_WORK_SOURCE_H_

#include <cstdint>
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
  std::int64_t leases = 0;            // that could be taken or are: starts that wait or run
  std::vector<DaemonWorker> workers;  // empty when the daemon tells nothing of them
};

class WorkSource {
 public:
  virtual ~WorkSource() = default;
  virtual absl::StatusOr<Work> Read() = 0;
};

// Counts the starts that are left of the PENDING and RUNNING jobs of a project; of a job with a stop gap, those that
// may run at a time.
class JobListWork : public WorkSource {
 public:
  // `client` is borrowed; `parent` is "projects/default", or "projects/-" for all.
  JobListWork(ServiceClient& client, std::string parent) : client_(client), parent_(std::move(parent)) {}
  absl::StatusOr<Work> Read() override;

 private:
  ServiceClient& client_;
  const std::string parent_;
};

// The leases of one job that is PENDING or RUNNING.
std::int64_t LeasesOf(const v1::Job& job);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_SLURM_WORK_SOURCE_H_
