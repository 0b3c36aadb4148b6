#ifndef ONELOOP_SERVER_ACCESS_OPEN_WATCHES_H_
#define ONELOOP_SERVER_ACCESS_OPEN_WATCHES_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "server/access/caller.h"

namespace oneloop {

// The calls that last: counts those of each user, and ends those whose caller is no longer one. Thread-safe.
class OpenWatches {
 public:
  struct Options {
    std::int64_t max_per_user = 1000;
    absl::Duration check_interval = absl::Seconds(2);
    std::function<absl::Time()> clock = WallNow;
    // Whether the token is still valid; asked for every watch that needed one.
    std::function<absl::Status(const std::string& token_id, absl::Time now)> check_token;
  };
  explicit OpenWatches(Options options);
  ~OpenWatches();
  OpenWatches(const OpenWatches&) = delete;
  OpenWatches& operator=(const OpenWatches&) = delete;

  // Counts a watch until Remove. `end` is called on a thread of this object and without its lock, with why the caller
  // may watch no more; once more with each check until Remove, and it may still come while or shortly after Remove
  // runs. RESOURCE_EXHAUSTED when the user has as many as are allowed.
  absl::StatusOr<std::int64_t> Add(const Caller& caller, std::function<void(const absl::Status&)> end);
  void Remove(std::int64_t id);
  // Of all users, now.
  std::int64_t count();

 private:
  struct Watch {
    std::string user;
    std::string token_id;
    std::function<void(const absl::Status&)> end;
  };

  void CheckLoop();
  void CheckTokens();

  const Options options_;
  Mutex mutex_;
  CondVar wake_;
  std::map<std::int64_t, Watch> watches_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::int64_t> count_by_user_ ABSL_GUARDED_BY(mutex_);
  std::int64_t next_id_ ABSL_GUARDED_BY(mutex_) = 1;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread checker_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_ACCESS_OPEN_WATCHES_H_
