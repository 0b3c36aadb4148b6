#ifndef ONELOOP_SERVER_JOBS_QUEUE_FORECAST_H_
#define ONELOOP_SERVER_JOBS_QUEUE_FORECAST_H_

#include <cstdint>
#include <map>
#include <vector>

#include "absl/time/time.h"
#include "server/jobs/fair_share.h"

namespace oneloop {

// When a job that waits for its first worker will probably have it.
struct ExpectedStart {
  int position = 0;  // 1: the next
  absl::Time time;
};

// A queue as it is at one moment, with what its parts are expected to take.
struct QueuePlan {
  struct Load {
    int units = 0;  // starts that wait, and a bound
    double unit_s = 0;
    bool begun = false;
  };
  struct Busy {
    FairShare::Ticket ticket = 0;
    absl::Time end;
  };
  FairShare share;
  std::map<std::int64_t, Load> loads;
  std::vector<Busy> busy;
};

// Plays the queue forward on `threads` workers, by the same rule. Of jobs that come in the meantime it knows nothing,
// and starts seldom take what was expected: an estimate. Jobs far behind, beyond 20,000 turns, are left out.
std::map<std::int64_t, ExpectedStart> ForecastStarts(QueuePlan plan, int threads, absl::Time now);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_JOBS_QUEUE_FORECAST_H_
