#ifndef ONELOOP_SERVER_NET_CONNECTION_TABLE_H_
#define ONELOOP_SERVER_NET_CONNECTION_TABLE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "server/net/call_budget.h"
#include "server/net/connection_peer.h"

namespace oneloop {

// The connections that were handed over: others own and close them. Thread-safe; one thread alone adds, sweeps and
// evicts.
class ConnectionTable {
 public:
  using Time = SteadyChrono::time_point;

  // `peer.key` rises from one to the next. False when the socket is closed already.
  bool Add(int number, ConnectionPeer peer, Time now);

  // Forgets those that their owner has closed, and returns their numbers.
  std::vector<int> Sweep();

  // The two shut sockets down, so that their owner closes them. They count no longer.
  // All on which no call has come since `before`. Returns how many.
  std::size_t ShutUnused(Time before);
  // The one that has been open longest without a call that was let in, if it is from before `before` and shares a
  // bound with `shared` ("": any). False when there is none, or too many that were shut down are not closed yet.
  bool ShutStranger(std::string_view shared, Time before);

  // Of those that were not shut down: how many, and how many share a bound.
  std::size_t size() const;
  std::size_t CountOf(const std::string& shared) const;

  std::optional<ConnectionPeer> FindByNumber(int number) const;
  // `address` as in ConnectionPeer.
  std::optional<ConnectionPeer> FindByAddress(const std::string& address) const;

  // A call has come, whoever made it; one was let in; and one was given up by its client. Unknown keys are ignored.
  // Those who make too many calls are shut down: the connection, and if none of its calls was let in, all such that
  // share its bound; newcomers that share it are barred for a while. Return how many were shut down.
  std::size_t MarkUsed(ConnectionKey key, Time now);
  void MarkAuthenticated(ConnectionKey key);
  std::size_t MarkGivenUp(ConnectionKey key, Time now);
  // Likewise of those without a call that was let in who have sent more in a second than they have reason to: they are
  // found out before anybody comes to look at their calls.
  std::size_t ShutTalkative(Time now);
  bool HasStrangers() const;
  bool IsBarred(const std::string& shared, Time now) const;
  // Forgets calls that count no longer.
  void Tidy(Time now);

 private:
  struct Entry {
    int number = -1;
    ino_t inode = 0;
    ConnectionPeer peer;
    Time since;
    std::int64_t bytes_before = 0;  // received by `bytes_since`
    Time bytes_since;
  };
  void Shut(ConnectionKey key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Forget(ConnectionKey key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Uncount(ConnectionKey key, const std::string& shared) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::size_t ShutGreedy(ConnectionKey key, Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  std::map<ConnectionKey, Entry> entries_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<int, ConnectionKey> by_number_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<std::string, ConnectionKey> by_address_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<std::string, std::size_t> counts_ ABSL_GUARDED_BY(mutex_);  // by what is shared
  // The oldest first.
  std::set<ConnectionKey> unused_ ABSL_GUARDED_BY(mutex_);
  std::set<ConnectionKey> strangers_ ABSL_GUARDED_BY(mutex_);
  std::set<ConnectionKey> ending_ ABSL_GUARDED_BY(mutex_);
  CallBudget stranger_calls_ ABSL_GUARDED_BY(mutex_){{20000, 20000, 104}};
  CallBudget known_calls_ ABSL_GUARDED_BY(mutex_){{20000, 20000, 10}};
  std::unordered_map<std::string, Time> barred_until_ ABSL_GUARDED_BY(mutex_);  // by what is shared
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_NET_CONNECTION_TABLE_H_
