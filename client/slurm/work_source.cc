#include "client/slurm/work_source.h"

#include <algorithm>

#include "common/base/status.h"
#include "common/convert/proto_time.h"

namespace oneloop {

absl::StatusOr<Work> DaemonWork::Read() {
  ASSIGN_OR_RETURN(const v1::ListWorkersResponse response, client_.ListWorkers());
  Work work;
  work.leases = response.waiting_leases();
  for (const v1::Worker& worker : response.workers()) {
    work.leases += worker.lease_count();
    // The two clocks may differ.
    work.workers.push_back({worker.display_name(), worker.lease_count(), worker.points_per_second(),
                            std::max(absl::ZeroDuration(), now_() - TimeOf(worker.last_heard_time()))});
  }
  return work;
}

}  // namespace oneloop
