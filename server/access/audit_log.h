#ifndef ONELOOP_SERVER_ACCESS_AUDIT_LOG_H_
#define ONELOOP_SERVER_ACCESS_AUDIT_LOG_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "common/base/rate_limit.h"
#include "server/access/rotating_file.h"

namespace oneloop {

// One change, or one that was refused.
struct AuditEntry {
  absl::Time time;
  std::string user;      // "" when it is not known
  std::string token_id;  // "" without one
  std::string peer;      // where the call came from
  std::string call;      // "SearchService.CancelJob"
  std::string resource;  // "projects/p/jobs/7"
  std::string result;    // the canonical code
  std::string message;   // of an error
};

// More bytes of a message, and of each other text, are cut (CutText): callers send names of any length.
inline constexpr std::size_t kMostAuditMessageBytes = 1024;
inline constexpr std::size_t kMostAuditTextBytes = 256;

// {"time":"...","user":"...",...} and a line break. Bytes that are not UTF-8 text are escaped. `unlogged` above zero:
// how many refusals before this one have no line.
std::string AuditLine(const AuditEntry& entry, std::int64_t unlogged = 0);

// Who changed what, one JSON object a line, in two files that only their owner may read (RotatingFile):
//
// - DIR/audit.log has every change that was done (result OK) and nothing else, so that nobody who may not change
//   anything can push an entry out of it.
// - DIR/refused.log has those that were not done, of each user and of callers without identity (user "") at most
//   `refusals_per_second` in the long run. What goes beyond is counted, and said in the next line of that caller.
//
// Thread-safe; other processes may append to the files, too.
class AuditLog {
 public:
  struct Options {
    std::string data_dir;
    std::int64_t max_bytes = 16 << 20;  // of each file
    int num_old_files = 4;              // beside each
    double refusals_per_second = 10;
    double refusals_at_once = 100;
    // Users beyond these, of whom the socket lets anyone invent many, share one limit.
    std::size_t most_limited_users = 1000;
    std::function<SteadyTime()> clock = SteadyNow;
  };
  explicit AuditLog(Options options);

  // Errors: what the file system says. A refusal beyond the limit is no error.
  absl::Status Append(const AuditEntry& entry);

  // Refusals that have no line.
  std::int64_t unlogged_refusals() const { return unlogged_.load(std::memory_order_relaxed); }

 private:
  struct Refusals {
    RateLimit limit;
    std::int64_t unlogged = 0;  // since the last line
  };

  absl::Status AppendRefusal(const AuditEntry& entry);
  Refusals& RefusalsOf(const std::string& user, SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(refused_mutex_);

  const Options options_;
  std::atomic<std::int64_t> unlogged_{0};

  Mutex changes_mutex_;
  RotatingFile changes_ ABSL_GUARDED_BY(changes_mutex_);

  Mutex refused_mutex_;
  RotatingFile refused_ ABSL_GUARDED_BY(refused_mutex_);
  std::map<std::string, Refusals> refusals_ ABSL_GUARDED_BY(refused_mutex_);  // by user
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_ACCESS_AUDIT_LOG_H_
