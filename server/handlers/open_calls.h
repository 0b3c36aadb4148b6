#ifndef ONELOOP_SERVER_HANDLERS_OPEN_CALLS_H_
#define ONELOOP_SERVER_HANDLERS_OPEN_CALLS_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"

namespace oneloop {

// Bounds what unary calls hold while they wait for their clients: their number, the memory of requests that are being
// read or worked on, and that of replies that nobody has taken yet; of each user, and in all. Ends calls whose client
// sends its request too slowly, or does not take its reply. A call goes through Open, StartReading, OnRead, OnHandled,
// StartReply and Close, and may be closed after any of them. Thread-safe.
class OpenCalls {
 public:
  using Clock = SteadyChrono;
  struct Options {
    std::int64_t most_calls = 10000;
    std::int64_t most_calls_per_user = 1000;
    std::int64_t largest_request_bytes = 16 << 20;  // what a call may bring, and is taken to until it is read
    // A user has a quarter, or one largest request; the second half is for the first request of each user.
    std::int64_t most_request_bytes = 256 << 20;
    std::int64_t most_reply_bytes = 256 << 20;  // likewise, but at least one reply
    Clock::duration read_timeout = std::chrono::seconds(30);
    Clock::duration pressed_read_timeout = std::chrono::seconds(2);  // while users who have none wait for room
    Clock::duration reply_timeout = std::chrono::seconds(30);
    Clock::duration check_interval = std::chrono::seconds(1);
    std::function<Clock::time_point()> clock = Clock::now;
  };
  explicit OpenCalls(const Options& options);
  ~OpenCalls();
  OpenCalls(const OpenCalls&) = delete;
  OpenCalls& operator=(const OpenCalls&) = delete;

  using CallId = std::int64_t;
  // Counts a call until Close. `cancel` has its transport give it up: called on a thread of this object, without its
  // lock, when a time is over; it may still come while Close runs. RESOURCE_EXHAUSTED, with when to try again.
  absl::StatusOr<CallId> Open(const std::string& user, std::function<void()> cancel);
  // Calls `go` once there is room for the largest request: in this call, or on the thread that makes the room.
  void StartReading(CallId id, std::function<void()> go);
  // The request has come and takes so many bytes until OnHandled.
  void OnRead(CallId id, std::int64_t bytes);
  void OnHandled(CallId id);
  // A reply of so many bytes waits for its client until Close. RESOURCE_EXHAUSTED when too much waits already.
  absl::Status StartReply(CallId id, std::int64_t bytes);
  void Close(CallId id);

  std::int64_t count() const;
  // Calls that were given up because of their clients.
  std::int64_t given_up() const;

 private:
  enum class Phase { kQueued, kReading, kWorking, kReplying };
  struct Call {
    std::string user;
    std::function<void()> cancel;
    std::function<void()> go;  // of one that waits for room
    Phase phase = Phase::kQueued;
    std::int64_t request_bytes = 0;
    std::int64_t reply_bytes = 0;
    Clock::time_point since;  // of the phase
    Clock::time_point deadline = Clock::time_point::max();
  };
  struct User {
    std::int64_t calls = 0;
    std::int64_t request_bytes = 0;
    std::int64_t reply_bytes = 0;
    std::deque<CallId> queue;  // of calls that wait for room; some may be closed
  };
  using Users = std::map<std::string, User>;

  void ChargeRequest(Call* call, std::int64_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool HasRoom(const User& user) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Grants room to calls that wait for it, users by turns; calls them without the lock.
  void LetGo();
  std::function<void()> TakeNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CheckLoop();
  void CancelLate();

  const Options options_;
  const std::int64_t most_request_bytes_per_user_;
  const std::int64_t most_reply_bytes_per_user_;
  mutable Mutex mutex_;
  CondVar wake_;
  std::map<CallId, Call> calls_ ABSL_GUARDED_BY(mutex_);
  Users users_ ABSL_GUARDED_BY(mutex_);
  std::string last_user_ ABSL_GUARDED_BY(mutex_);  // who had room last
  std::int64_t queued_ ABSL_GUARDED_BY(mutex_) = 0;
  std::int64_t request_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::int64_t reply_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::int64_t given_up_ ABSL_GUARDED_BY(mutex_) = 0;
  CallId next_id_ ABSL_GUARDED_BY(mutex_) = 1;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread checker_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_OPEN_CALLS_H_
