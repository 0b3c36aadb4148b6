#ifndef ONELOOP_SERVER_WORK_WORKER_H_
#define ONELOOP_SERVER_WORK_WORKER_H_

#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "server/search/point_sink.h"
#include "server/search/run_start.h"
#include "server/search/search_bound.h"
#include "server/search/search_spec.h"
#include "server/search/start_summary.h"
#include "server/work/lease_source.h"
#include "server/work/memory_gate.h"
#include "server/work/outcome.h"
#include "server/work/point_writer.h"

namespace oneloop {

using StartRunner = std::function<StartSummary(const SearchSpec&, int start, PointSink&)>;
// As ProveSearchBound.
using BoundProver =
    std::function<std::optional<LowerBound>(const SearchSpec&, const std::function<bool()>& stop_requested)>;

inline constexpr int kMostWorkerThreads = 1024;

// Threads that take leases, run what they are for and give them back. What a unit yields is a pure function of its spec
// and its start, whoever runs it. Knows of no job and no store.
class Worker {
 public:
  struct Options {
    StartRunner run_start = RunStart;
    BoundProver prove_bound = ProveSearchBound;
    int num_threads = 1;
    MemoryGate* memory = nullptr;  // bounds what runs at a time; outlives the worker
    PointWriter::Options writer;
  };
  // `leases` outlives the worker.
  Worker(Options options, LeaseSource* leases);
  // Returns once `leases` has no more to give and what runs has ended.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

 private:
  void Loop();
  // Out of memory, for one, is the end of the job and not of the process.
  absl::StatusOr<Outcome> Run(const HeldLease& held) const;
  absl::StatusOr<Outcome> RunUnit(const HeldLease& held) const;
  absl::StatusOr<Outcome> RunStartOf(const HeldLease& held) const;
  absl::StatusOr<Outcome> Prove(const HeldLease& held) const;

  const Options options_;
  LeaseSource* const leases_;
  std::vector<std::thread> threads_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_WORK_WORKER_H_
