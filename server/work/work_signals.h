#ifndef ONELOOP_SERVER_WORK_WORK_SIGNALS_H_
#define ONELOOP_SERVER_WORK_WORK_SIGNALS_H_

#include <atomic>
#include <cstdint>

namespace oneloop {

// What the worker that has a lease and those who watch over it tell each other. Thread-safe; Beat and SetWaiting belong
// to the worker, WasHeard to one watcher.
class WorkSignals {
 public:
  void Stop() { stopped_.store(true, std::memory_order_relaxed); }
  bool stopped() const { return stopped_.load(std::memory_order_relaxed); }

  // The work gets on.
  void Beat() { beats_.store(beats_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }
  // For others, as the storage: it does not get on, and cannot help it.
  void SetWaiting(bool waiting) { waiting_.store(waiting, std::memory_order_relaxed); }

  // Whether the work got on since the last call; also when it waits, and at the first call.
  bool WasHeard() {
    const std::int64_t beats = beats_.load(std::memory_order_relaxed);
    const bool heard = beats != beats_seen_ || waiting_.load(std::memory_order_relaxed);
    beats_seen_ = beats;
    return heard;
  }

 private:
  std::atomic<bool> stopped_ = false;
  std::atomic<bool> waiting_ = false;
  std::atomic<std::int64_t> beats_ = 0;
  std::int64_t beats_seen_ = -1;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_WORK_WORK_SIGNALS_H_
