#ifndef ONELOOP_SERVER_ACCESS_TOKEN_REGISTRY_H_
#define ONELOOP_SERVER_ACCESS_TOKEN_REGISTRY_H_

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/mutex.h"
#include "server/access/caller.h"
#include "server/access/token.h"

namespace oneloop {

// The tokens of a data directory as a running daemon knows them: looks at the file before every answer, and reads it
// again when it has changed. While the file cannot be read, no token is valid. Thread-safe.
class TokenRegistry {
 public:
  explicit TokenRegistry(std::string data_dir);

  // Whose the token is. UNAUTHENTICATED, with what to do, for one that is malformed, unknown, revoked or expired.
  absl::StatusOr<Caller> Authenticate(std::string_view token_text, absl::Time now);
  // Whether the token of this id is still valid; UNAUTHENTICATED as above.
  absl::Status CheckStillValid(std::string_view id, absl::Time now);

 private:
  // Which content a file has: device, inode, size, time of change in seconds and nanoseconds.
  using Version = std::tuple<dev_t, ino_t, off_t, std::int64_t, std::int64_t>;

  void Refresh() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<const TokenRecord*> Find(std::string_view id, absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string data_dir_;
  Mutex mutex_;
  Version version_ ABSL_GUARDED_BY(mutex_);
  absl::Status problem_ ABSL_GUARDED_BY(mutex_);  // why the file cannot be read
  std::map<std::string, TokenRecord, std::less<>> tokens_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_ACCESS_TOKEN_REGISTRY_H_
