#include "server/access/open_watches.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/limit_error.h"

namespace oneloop {
namespace {

// When one of the watches is likely to have ended.
constexpr absl::Duration kRetryAfter = absl::Seconds(30);

}  // namespace

OpenWatches::OpenWatches(Options options) : options_(std::move(options)), checker_([this] { CheckLoop(); }) {}

OpenWatches::~OpenWatches() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    wake_.SignalAll();
  }
  checker_.join();
}

absl::StatusOr<std::int64_t> OpenWatches::Add(const Caller& caller, std::function<void(const absl::Status&)> end) {
  MutexLock lock(&mutex_);
  std::int64_t& count = count_by_user_[caller.user];
  if (count >= options_.max_per_user) {
    return LimitError("max_watches_per_user",
                      absl::StrCat("user ", caller.user, " has ", count, " watches open, and at most ",
                                   options_.max_per_user, " are allowed; end one"),
                      kRetryAfter);
  }
  ++count;
  const std::int64_t id = next_id_++;
  watches_[id] = {caller.user, caller.token_id, std::move(end)};
  return id;
}

void OpenWatches::Remove(std::int64_t id) {
  MutexLock lock(&mutex_);
  const auto watch = watches_.find(id);
  if (watch == watches_.end()) return;
  const auto count = count_by_user_.find(watch->second.user);
  if (--count->second == 0) count_by_user_.erase(count);
  watches_.erase(watch);
}

std::int64_t OpenWatches::count() {
  MutexLock lock(&mutex_);
  return static_cast<std::int64_t>(watches_.size());
}

void OpenWatches::CheckLoop() {
  for (;;) {
    {
      MutexLock lock(&mutex_);
      if (!stopping_) wake_.WaitFor(mutex_, absl::ToChronoMicroseconds(options_.check_interval));
      if (stopping_) return;
    }
    CheckTokens();
  }
}

void OpenWatches::CheckTokens() {
  std::vector<std::pair<std::string, std::function<void(const absl::Status&)>>> with_token;
  {
    MutexLock lock(&mutex_);
    for (const auto& [id, watch] : watches_) {
      if (!watch.token_id.empty()) with_token.emplace_back(watch.token_id, watch.end);
    }
  }
  const absl::Time now = options_.clock();
  for (const auto& [token_id, end] : with_token) {
    if (const absl::Status status = options_.check_token(token_id, now); !status.ok()) end(status);
  }
}

}  // namespace oneloop
