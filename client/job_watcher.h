#ifndef ONELOOP_CLIENT_JOB_WATCHER_H_
#define ONELOOP_CLIENT_JOB_WATCHER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/environment.h"
#include "client/service_client.h"

namespace oneloop {

// Hears what happens to a watched job.
class WatchListener {
 public:
  virtual ~WatchListener() = default;
  // Every message of the stream, once and in order. An error ends the watch.
  virtual absl::Status OnMessage(const v1::WatchResponse& message) = 0;
  // A few times per second in between. `connected` is false while the daemon is away.
  virtual void OnTick(bool connected) = 0;
};

struct WatchOptions {
  std::string job_name;
  std::int64_t start_revision = 0;  // 0: a snapshot first
  // The daemon has just answered: should it be away now, it will come back. Else that is an error at once.
  bool daemon_seen = false;
};

struct WatchResult {
  v1::JobState final_state = v1::JOB_STATE_UNSPECIFIED;  // unspecified when interrupted
  bool interrupted = false;
  std::int64_t resume_revision = 0;
};

// Follows a job until it is over or the user interrupts. A lost connection is taken up again where it broke, with
// growing pauses, and given up after a minute without a word from the daemon (UNAVAILABLE); the user is told on
// standard error that the daemon is gone, again every 30 s, and that it is back. A daemon that is too busy for the
// watch is asked again for as long as it says so. Other codes are those of the Watch call. Interrupts are armed while
// this runs.
absl::StatusOr<WatchResult> WatchJob(ServiceClient& client, const WatchOptions& options, Environment& env,
                                     WatchListener& listener);

// What to tell a user who interrupted: the job goes on, and how to see or end it.
std::string InterruptedText(const std::string& job_name, std::int64_t resume_revision);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_JOB_WATCHER_H_
