#ifndef ONELOOP_SERVER_JOBS_HOUSEKEEPER_H_
#define ONELOOP_SERVER_JOBS_HOUSEKEEPER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "server/store/run_store.h"

namespace oneloop {

// Does what the passing of time asks for: looks after what runs, has jobs cancelled at their deadlines, and the store
// delete and purge what was kept long enough. Thread-safe.
class Housekeeper {
 public:
  struct Options {
    RunStore* store = nullptr;  // outlives the housekeeper
    JobSweep sweep;
    // Cancels a job if its deadline has passed. False when that has to be tried again.
    std::function<bool(std::int64_t job_id)> cancel_overdue;
    // Called at every check.
    std::function<void()> look_after;
    std::function<absl::Time()> clock = WallNow;           // for the deadlines
    std::function<SteadyTime()> steady_clock = SteadyNow;  // for the intervals
    absl::Duration check_interval = absl::Milliseconds(250);
    absl::Duration sweep_interval = absl::Minutes(1);
  };

  explicit Housekeeper(Options options);
  ~Housekeeper();
  Housekeeper(const Housekeeper&) = delete;
  Housekeeper& operator=(const Housekeeper&) = delete;

  // Of a job that is not over; none takes it away. A job that ends otherwise needs no call.
  void SetDeadline(std::int64_t job_id, std::optional<absl::Time> deadline);

  // Runs RunOnce every check_interval on a thread of its own, until Stop.
  void Start();
  // Waits for a run under way.
  void Stop();

  // Everything that is due now.
  void RunOnce();

 private:
  void Loop();
  void CancelOverdue(absl::Time now);
  void Sweep(SteadyTime now);

  const Options options_;

  Mutex mutex_;
  CondVar stopping_changed_;
  std::map<std::int64_t, absl::Time> deadlines_ ABSL_GUARDED_BY(mutex_);
  SteadyTime last_sweep_ ABSL_GUARDED_BY(mutex_) = SteadyTime::InfinitePast();
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  Mutex thread_mutex_;
  std::thread thread_ ABSL_GUARDED_BY(thread_mutex_);
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_JOBS_HOUSEKEEPER_H_
