#ifndef ONELOOP_SERVER_JOBS_STALLED_JOBS_H_
#define ONELOOP_SERVER_JOBS_STALLED_JOBS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/mutex.h"
#include "server/store/run_store.h"

namespace oneloop {

// Whether a store's error may go away by itself: a full disk, or one that fails or became read-only.
bool IsStorageTrouble(const absl::Status& status);

// What a job says that is paused for such an error. It is also how a later daemon knows that it paused the job itself.
std::string StoragePauseMessage(std::string_view problem);
bool IsStoragePause(const JobRecord& record);

// How a job ends.
struct JobEnd {
  JobState state = JobState::kSucceeded;  // a final one
  std::string message;
};

// Jobs that wait until the storage works again, and the thread that tries: after a delay that doubles with each try in
// vain. Thread-safe.
class StalledJobs {
 public:
  struct Options {
    absl::Duration first_delay = absl::Seconds(1);
    absl::Duration most_delay = absl::Minutes(1);
  };
  // Has the storage take a change, and the job go on. False while it takes none: the others wait, too.
  using Retry = std::function<bool(std::int64_t job_id)>;

  // `retry` runs on a thread of this object, one call at a time, and may call Add and Remove.
  StalledJobs(const Options& options, Retry retry);
  // Stops.
  ~StalledJobs();
  StalledJobs(const StalledJobs&) = delete;
  StalledJobs& operator=(const StalledJobs&) = delete;

  // `end`: how the job has ended, when all that waits is that this is stored. One that is known stays.
  void Add(std::int64_t job_id, const std::string& reason, const std::optional<JobEnd>& end = std::nullopt);
  // The job goes on, has ended, or was paused by somebody.
  void Remove(std::int64_t job_id);
  std::optional<std::string> ReasonOf(std::int64_t job_id);
  std::optional<JobEnd> EndOf(std::int64_t job_id);
  std::vector<std::int64_t> ids();

  // The storage took results: the next trouble is a new one.
  void OnStored();

  // Ends the thread, after a running retry.
  void Stop();

  // Before the try after `failures` ones in vain.
  static absl::Duration DelayBefore(int failures, const Options& options);

 private:
  struct Stall {
    std::string reason;
    std::optional<JobEnd> end;
  };

  void Loop();
  // The jobs to try, once it is time; none when it ends.
  std::vector<std::int64_t> AwaitTime();

  const Options options_;
  const Retry retry_;

  Mutex mutex_;
  CondVar changed_;
  std::map<std::int64_t, Stall> stalls_ ABSL_GUARDED_BY(mutex_);  // by job
  int failures_ ABSL_GUARDED_BY(mutex_) = 0;                      // since the storage last took results
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  Mutex thread_mutex_;
  std::thread thread_ ABSL_GUARDED_BY(thread_mutex_);
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_JOBS_STALLED_JOBS_H_
