#ifndef ONELOOP_SERVER_ACCESS_TOKEN_REGISTRY_H_
#define ONELOOP_SERVER_ACCESS_TOKEN_REGISTRY_H_

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "server/access/caller.h"
#include "server/access/token.h"

namespace oneloop {

// The tokens of a data directory as a running daemon knows them: looks at the file before every answer, and reads it
// again when it has changed. Thread-safe.
//
// A read that fails (no descriptors left, an input error), and a file that is not one of tokens (perhaps half-written),
// leave what was known before: it is tried again with the next answer a second later, or when the file changes; the
// log and failed_reads() tell. While others than the owner may read or write the file, no token is valid.
class TokenRegistry {
 public:
  explicit TokenRegistry(std::string data_dir, std::function<SteadyTime()> clock = SteadyNow);

  // Whose the token is. UNAUTHENTICATED, with what to do, for one that is malformed, unknown, revoked or expired.
  absl::StatusOr<Caller> Authenticate(std::string_view token_text, absl::Time now);
  // Whether the token of this id is still valid; UNAUTHENTICATED as above.
  absl::Status CheckStillValid(std::string_view id, absl::Time now);

  // Since the beginning.
  std::int64_t failed_reads() const { return failed_reads_.load(std::memory_order_relaxed); }

 private:
  // Which content a file has: device, inode, size, time of change in seconds and nanoseconds.
  using Version = std::tuple<dev_t, ino_t, off_t, std::int64_t, std::int64_t>;

  void Refresh() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnFailure(const Version& version, const absl::Status& failure) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnRead(const Version& version, const std::vector<TokenRecord>& tokens) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<const TokenRecord*> Find(std::string_view id, absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string data_dir_;
  const std::function<SteadyTime()> clock_;
  std::atomic<std::int64_t> failed_reads_{0};

  Mutex mutex_;
  std::optional<Version> known_ ABSL_GUARDED_BY(mutex_);  // of tokens_; none before the first read
  std::map<std::string, TokenRecord, std::less<>> tokens_ ABSL_GUARDED_BY(mutex_);
  // Of the last try when it failed: what it met, when, and why.
  Version failed_version_ ABSL_GUARDED_BY(mutex_);
  SteadyTime failed_at_ ABSL_GUARDED_BY(mutex_);
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_ACCESS_TOKEN_REGISTRY_H_
