#ifndef ONELOOP_SERVER_STORE_JOB_NEWS_H_
#define ONELOOP_SERVER_STORE_JOB_NEWS_H_

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/base/mutex.h"

namespace oneloop {

// Which jobs have changed when, in memory: so that whoever asks whether there is anything new costs the store nothing.
// Holds a number for each job that changed since the daemon began. Thread-safe.
class JobNews {
 public:
  // `revision`: the store's at the beginning.
  explicit JobNews(std::int64_t revision) : first_(revision), revision_(revision) {}

  // To be told of each commit, in their order.
  void OnCommit(std::int64_t revision, const std::vector<std::int64_t>& job_ids);

  // The store's last commit that changed a job.
  std::int64_t revision() const;
  // Of a job, or a later one: that at the beginning for a job that has not changed since.
  std::int64_t RevisionOf(std::int64_t job_id) const;

 private:
  const std::int64_t first_;
  mutable Mutex mutex_;
  std::int64_t revision_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<std::int64_t, std::int64_t> changed_ ABSL_GUARDED_BY(mutex_);  // by job
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_STORE_JOB_NEWS_H_
