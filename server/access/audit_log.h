#ifndef ONELOOP_SERVER_ACCESS_AUDIT_LOG_H_
#define ONELOOP_SERVER_ACCESS_AUDIT_LOG_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/mutex.h"

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

// {"time":"...","user":"...",...} and a line break. Bytes that are not UTF-8 text are escaped.
std::string AuditLine(const AuditEntry& entry);

// Who changed what, one JSON object a line, in DIR/audit.log, which only the owner may read. A file that would grow
// beyond `max_bytes` is renamed to audit.log.1, that one to audit.log.2 and so on; the last is dropped. Nothing else
// ever changes a line. Thread-safe; other processes may append to the file, too.
class AuditLog {
 public:
  struct Options {
    std::string data_dir;
    std::int64_t max_bytes = 16 << 20;
    int num_old_files = 4;
  };
  explicit AuditLog(Options options);

  absl::Status Append(const AuditEntry& entry);

 private:
  absl::Status Rotate() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Options options_;
  const std::string path_;
  Mutex mutex_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_ACCESS_AUDIT_LOG_H_
