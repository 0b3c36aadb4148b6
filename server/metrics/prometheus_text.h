#ifndef ONELOOP_SERVER_METRICS_PROMETHEUS_TEXT_H_
#define ONELOOP_SERVER_METRICS_PROMETHEUS_TEXT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/metrics/instruments.h"
#include "server/net/connection_counts.h"

namespace oneloop {

// What the store holds.
struct StoredState {
  std::vector<std::pair<std::string, std::int64_t>> jobs_by_state;
  std::int64_t unfinished_starts = 0;  // of jobs that are pending or running
  std::int64_t wal_bytes = 0;
};

// Workers of other machines, and what they have.
struct WorkerState {
  std::int64_t workers = 0;
  std::int64_t threads = 0;
  std::int64_t leases = 0;
  std::int64_t starts = 0;  // of these leases
};

// What is looked up when somebody asks.
struct DaemonState {
  std::optional<StoredState> stored;  // nothing while the store cannot be read
  WorkerState workers;
  std::int64_t open_watches = 0;
  std::int64_t open_calls = 0;      // unary ones
  std::int64_t waiting_calls = 0;   // of them, those that wait for their turn
  std::int64_t calls_given_up = 0;  // because their clients sent no request or took no reply
  ConnectionCounts connections;
  std::int64_t unlogged_refusals = 0;     // that have no line in the log of refusals
  std::int64_t failed_token_reads = 0;    // tries to read the tokens' file
  std::int64_t refused_certificates = 0;  // sets of TLS files that did not fit
};

// Everything in Prometheus' text form, version 0.0.4. Its labels are states, methods, codes and reasons: none names a
// user, a project or a job.
std::string PrometheusText(const DaemonMetrics& metrics, const DaemonState& state);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_METRICS_PROMETHEUS_TEXT_H_
