#ifndef ONELOOP_SERVER_HANDLERS_CALL_QUEUE_H_
#define ONELOOP_SERVER_HANDLERS_CALL_QUEUE_H_

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "common/base/mutex.h"
#include "server/handlers/method_table.h"

namespace oneloop {

// Calls that wait for their turn to run, and the threads that run them: a lane for each cost, so that what takes long
// holds up nothing that does not. In a lane turns go round the users, and no user has more than a share of its threads,
// so that a burst of one makes nobody else wait longer than for the calls that run. Thread-safe.
class CallQueue {
 public:
  struct Lane {
    int threads = 1;
    int most_running_per_user = 1;
  };
  struct Options {
    std::array<Lane, kNumCallCosts> lanes;  // by CallCost
    int most_waiting_per_user = 1000;       // in each lane
    int most_waiting = 4000;                // likewise
  };
  // Threads for a machine with so many cores: reads and changes mostly wait for the disk.
  static Options ForCores(int cores);

  explicit CallQueue(const Options& options);
  // Runs what waits, as Drain does.
  ~CallQueue();
  CallQueue(const CallQueue&) = delete;
  CallQueue& operator=(const CallQueue&) = delete;

  // Runs `work` once, on a thread of the lane. RESOURCE_EXHAUSTED, with when to try again, when too many wait already;
  // UNAVAILABLE after Drain. Then `work` is dropped.
  absl::Status Submit(CallCost cost, const std::string& user, std::function<void()> work);

  // Takes nothing more and returns when what waits has run: the work finds out by itself that it has to be short.
  void Drain();

  // Of all lanes, for metrics.
  int waiting() const;
  int running() const;

 private:
  class LaneQueue;
  std::array<std::unique_ptr<LaneQueue>, kNumCallCosts> lanes_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_CALL_QUEUE_H_
