#ifndef ONELOOP_SERVER_DAEMON_COUNTED_START_H_
#define ONELOOP_SERVER_DAEMON_COUNTED_START_H_

#include "server/jobs/job_manager.h"
#include "server/metrics/instruments.h"

namespace oneloop {

// `runner`, with its starts and their samples counted in `metrics`, which outlives it. A start that runs again after a
// restart takes its samples again.
JobManager::StartRunner CountStarts(JobManager::StartRunner runner, DaemonMetrics* metrics);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_DAEMON_COUNTED_START_H_
