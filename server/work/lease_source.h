#ifndef ONELOOP_SERVER_WORK_LEASE_SOURCE_H_
#define ONELOOP_SERVER_WORK_LEASE_SOURCE_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "server/results/point_batch.h"
#include "server/search/search_spec.h"
#include "server/work/lease.h"
#include "server/work/outcome.h"
#include "server/work/work_signals.h"

namespace oneloop {

// A lease in the hands of its holder, with what it takes to do the work.
struct HeldLease {
  Lease lease;
  std::uint64_t epoch = 0;  // tells this holder from those before and after
  std::shared_ptr<const SearchSpec> spec;
  std::shared_ptr<WorkSignals> signals;  // stopped when the lease is lost
  BatchSink* points = nullptr;           // for what a start finds; until End
};

// Where a worker's leases come from, near or far. Thread-safe.
class LeaseSource {
 public:
  virtual ~LeaseSource() = default;
  // Waits for a lease; none when there will be no more.
  virtual std::optional<HeldLease> Take() = 0;
  // Gives a lease back, once for each that was taken, with what came of it. INVALID_ARGUMENT and other codes that say
  // nothing of the storage are the end of the job.
  virtual void End(const HeldLease& held, const absl::StatusOr<Outcome>& outcome) = 0;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_WORK_LEASE_SOURCE_H_
