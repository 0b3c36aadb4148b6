#ifndef ONELOOP_SERVER_JOBS_QUEUE_FORECAST_H_
#define ONELOOP_SERVER_JOBS_QUEUE_FORECAST_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "server/jobs/fair_share.h"

namespace oneloop {

// When a job that waits for its first worker will probably have it.
struct ExpectedStart {
  int position = 0;  // 1: the next
  absl::Time time;
};
// The same before it is told to anybody.
struct ForecastStart {
  int position = 0;
  SteadyTime time;
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
    SteadyTime end;
  };
  FairShare share;
  std::map<std::int64_t, Load> loads;
  std::vector<Busy> busy;
  int threads = 0;  // of all workers, as far as they are known
};

// Plays the queue forward on `threads` workers, by the same rule. Of jobs that come in the meantime it knows nothing,
// and starts seldom take what was expected: an estimate. Jobs far behind, beyond 20,000 turns, are left out.
std::map<std::int64_t, ForecastStart> ForecastStarts(QueuePlan plan, int threads, SteadyTime now);

// The last forecast of a queue, for all who ask. One of 10,000 jobs takes some 70 ms of a core; so it serves for a
// second, and for a tenth of one where a job is asked for that may have come since. Thread-safe.
class ForecastCache {
 public:
  // None for a job that does not wait, and for one far behind. `changes`: how often a job has come, gone or moved in
  // the queue. `plan` is called when the forecast is too old, one call at a time.
  std::optional<ForecastStart> Of(std::int64_t job_id, std::int64_t changes, SteadyTime now,
                                  const std::function<QueuePlan()>& plan);

 private:
  Mutex mutex_;
  std::map<std::int64_t, ForecastStart> expected_ ABSL_GUARDED_BY(mutex_);
  SteadyTime time_ ABSL_GUARDED_BY(mutex_) = SteadyTime::InfinitePast();
  std::int64_t changes_ ABSL_GUARDED_BY(mutex_) = -1;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_JOBS_QUEUE_FORECAST_H_
