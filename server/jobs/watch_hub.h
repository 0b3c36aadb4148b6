#ifndef ONELOOP_SERVER_JOBS_WATCH_HUB_H_
#define ONELOOP_SERVER_JOBS_WATCH_HUB_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "server/metrics/instruments.h"
#include "server/store/run_store.h"

namespace oneloop {

// One message of a watch. Without `snapshot`, what the commits since the message before changed; empty changes are a
// sign of life. With it, the state and the front as they are.
struct WatchUpdate {
  bool snapshot = false;
  JobChanges changes;
  std::optional<PointRecord> best;  // the job's best point
};

// Takes the messages of one watch. Never called by two threads at once; both calls return at once, and may still come
// while or shortly after WatchHub::Remove runs.
class WatchSink {
 public:
  virtual ~WatchSink() = default;
  // The next message comes only after WatchHub::Ready.
  virtual void OnUpdate(const WatchUpdate& update) = 0;
  // The last call; an OnUpdate before it may still be on its way out. OK after the message with a final state;
  // otherwise why the watch ends, with the revision at which to resume in the text.
  virtual void OnEnd(const absl::Status& status) = 0;
};

// Serves watches of jobs. A watch is a cursor over what the store has committed, never a queue: a slow watcher costs
// no memory and delays nobody. Thread-safe; no call blocks but Drain and the destructor.
class WatchHub {
 public:
  struct Options {
    RunStore* store = nullptr;                             // outlives the hub, which takes its commit listener
    int num_pumps = 2;                                     // threads that read the store for the watchers
    absl::Duration idle_interval = absl::Seconds(10);      // between signs of life
    absl::Duration stuck_after = absl::Seconds(30);        // a watcher that is not ready for so long is closed
    absl::Duration min_interval = absl::Milliseconds(50);  // between messages to one watcher: bounds the reads
    int changes_per_update = 1000;                         // front changes in one message; more follow in the next
    std::function<SteadyTime()> clock = SteadyNow;
    DaemonMetrics* metrics = nullptr;  // gets the watchers' lag; outlives the hub
  };
  using WatchId = std::int64_t;

  static absl::StatusOr<std::unique_ptr<WatchHub>> Create(Options options);
  ~WatchHub();
  WatchHub(const WatchHub&) = delete;
  WatchHub& operator=(const WatchHub&) = delete;

  // Starts a watch that is ready for its first message: a snapshot for start_revision 0, else what changed after it.
  // The sink is shared because a pump may be calling it while its owner removes it. Ends through the sink with
  // NOT_FOUND for an unknown job, INVALID_ARGUMENT for a revision in the future, UNAVAILABLE while draining.
  WatchId Add(std::int64_t job_id, std::int64_t start_revision, std::shared_ptr<WatchSink> sink);
  // The sink can take its next message.
  void Ready(WatchId id);
  // The watcher has left. Nothing happens when its watch has ended already.
  void Remove(WatchId id);

  // Ends all watches, and every later one, with UNAVAILABLE. Returns when their last calls have been made.
  void Drain();

  // Looks at the clock again; for clocks that do not run by themselves.
  void Poke();

 private:
  struct Watch {
    std::int64_t job_id = 0;
    std::shared_ptr<WatchSink> sink;
    std::int64_t cursor = 0;    // everything up to here has been handed over
    std::int64_t received = 0;  // everything up to here has been taken
    bool first = true;          // nothing has been handed over
    bool ready = true;
    bool due = true;                       // there may be something to say
    std::optional<SteadyTime> news_since;  // the first commit that its watcher has not been told of
    bool serving = false;                  // a pump has it
    SteadyTime last_sent;
    std::optional<SteadyTime> scheduled;  // its key in schedule_
  };
  enum class Reason { kNews, kIdle, kStuck, kDrain };
  // What a pump needs to serve a watch without the lock.
  struct Turn {
    WatchId id;
    Reason reason;
    SteadyTime begin;
    std::int64_t job_id;
    std::shared_ptr<WatchSink> sink;
    std::int64_t cursor;
    std::int64_t received;
    bool first;
    std::optional<SteadyTime> news_since;
  };
  struct Outcome {
    bool sent = false;
    bool ended = false;
    bool more = false;  // the store holds more than the message
    std::int64_t cursor = 0;
  };

  explicit WatchHub(Options options);

  void OnCommit(const std::vector<std::int64_t>& job_ids);
  void PumpLoop();
  std::optional<Turn> AwaitTurn();
  Outcome Serve(const Turn& turn);
  absl::StatusOr<WatchUpdate> Read(const Turn& turn);
  void Conclude(const Turn& turn, const Outcome& outcome);
  SteadyTime NextTurn(const Watch& watch) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Schedule(WatchId id, Watch& watch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Unschedule(WatchId id, Watch& watch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Erase(WatchId id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Options options_;

  Mutex mutex_;
  CondVar wake_;     // the schedule changed, or the hub stops
  CondVar drained_;  // a watch ended
  std::map<WatchId, Watch> watches_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<std::int64_t, std::set<WatchId>> by_job_ ABSL_GUARDED_BY(mutex_);
  // When each watch that no pump has is to be looked at next.
  std::set<std::pair<SteadyTime, WatchId>> schedule_ ABSL_GUARDED_BY(mutex_);
  WatchId next_id_ ABSL_GUARDED_BY(mutex_) = 1;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  std::vector<std::thread> pumps_;  // set once in Create
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_JOBS_WATCH_HUB_H_
