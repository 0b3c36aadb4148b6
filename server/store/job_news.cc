#include "server/store/job_news.h"

namespace oneloop {

void JobNews::OnCommit(std::int64_t revision, const std::vector<std::int64_t>& job_ids) {
  MutexLock lock(&mutex_);
  revision_ = revision;
  for (const std::int64_t id : job_ids) changed_[id] = revision;
}

std::int64_t JobNews::revision() const {
  MutexLock lock(&mutex_);
  return revision_;
}

std::int64_t JobNews::RevisionOf(std::int64_t job_id) const {
  MutexLock lock(&mutex_);
  const auto found = changed_.find(job_id);
  return found == changed_.end() ? first_ : found->second;
}

}  // namespace oneloop
