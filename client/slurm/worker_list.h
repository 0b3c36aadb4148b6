#ifndef ONELOOP_CLIENT_SLURM_WORKER_LIST_H_
#define ONELOOP_CLIENT_SLURM_WORKER_LIST_H_

#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "client/common_flags.h"
#include "client/slurm/pilot.h"
#include "client/slurm/work_source.h"

namespace oneloop {

// A worker as Slurm sees it, as the daemon does, or both.
struct WorkerRow {
  std::optional<Pilot> pilot;
  std::optional<DaemonWorker> worker;
};

// Pilots that are active or failed, in their order, each with what the daemon knows of it, then the daemon's workers
// that are no pilots of these.
std::vector<WorkerRow> WorkerRows(const std::vector<Pilot>& pilots, const std::vector<DaemonWorker>& workers);

// By Pilot::id, those that the daemon knows to hold no lease.
std::set<std::string> IdlePilots(const std::vector<Pilot>& pilots, const std::vector<DaemonWorker>& workers);

// As a table, CSV, or JSON {"workers": [...]}. Columns about leases are in the table only when a row has them.
void PrintWorkers(const std::vector<WorkerRow>& rows, OutputFormat format, std::ostream& out);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_SLURM_WORKER_LIST_H_
