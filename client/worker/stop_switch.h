#ifndef ONELOOP_CLIENT_WORKER_STOP_SWITCH_H_
#define ONELOOP_CLIENT_WORKER_STOP_SWITCH_H_

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"

namespace oneloop {

// Says once that everything is to stop, and ends every wait for it. Thread-safe.
class StopSwitch {
 public:
  void Stop() {
    MutexLock lock(&mutex_);
    stopped_ = true;
    changed_.SignalAll();
  }
  bool stopped() {
    MutexLock lock(&mutex_);
    return stopped_;
  }
  // Waits for so long, or until it is stopped: true then.
  bool WaitFor(absl::Duration duration) {
    const SteadyTime end = SteadyNow() + duration;
    MutexLock lock(&mutex_);
    while (!stopped_) {
      const absl::Duration left = end - SteadyNow();
      if (left <= absl::ZeroDuration()) return false;
      changed_.WaitFor(mutex_, left);
    }
    return true;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_WORKER_STOP_SWITCH_H_
