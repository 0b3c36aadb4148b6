#include "server/handlers/call_queue.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/limit_error.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr absl::Duration kRetryAfter = absl::Seconds(1);
constexpr int kReadThreads = 8;
// Each waits for a commit, which many share.
constexpr int kChangeThreads = 32;
// They take no processor while they wait: as many as reports come during a slow commit.
constexpr int kWorkThreads = 256;

absl::Status TooMany(std::string_view limit, const std::string& who, int waiting, int most) {
  return LimitError(limit,
                    absl::StrCat(who, " ", waiting, " calls waiting, and at most ", most, " may wait; try again"),
                    kRetryAfter);
}

}  // namespace

class CallQueue::LaneQueue {
 public:
  LaneQueue(const Lane& lane, int most_waiting_per_user, int most_waiting)
      : lane_(lane), most_waiting_per_user_(most_waiting_per_user), most_waiting_(most_waiting) {
    for (int i = 0; i < lane.threads; ++i) threads_.emplace_back([this] { Run(); });
  }
  ~LaneQueue() { Drain(); }
  LaneQueue(const LaneQueue&) = delete;
  LaneQueue& operator=(const LaneQueue&) = delete;

  absl::Status Submit(const std::string& user, std::function<void()> work) {
    MutexLock lock(&mutex_);
    if (draining_) return absl::UnavailableError("the daemon is stopping");
    if (waiting_ >= most_waiting_) return TooMany("waiting_calls", "the daemon has", waiting_, most_waiting_);
    User& entry = users_[user];
    const int own = static_cast<int>(entry.waiting.size());
    if (own >= most_waiting_per_user_) {
      return TooMany("waiting_calls_per_user", absl::StrCat("user ", user, " has"), own, most_waiting_per_user_);
    }
    entry.waiting.push_back(std::move(work));
    ++waiting_;
    wake_.Signal();
    return absl::OkStatus();
  }

  void Drain() {
    {
      MutexLock lock(&mutex_);
      draining_ = true;
      wake_.SignalAll();
    }
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

  int waiting() const {
    MutexLock lock(&mutex_);
    return waiting_;
  }
  int running() const {
    MutexLock lock(&mutex_);
    return running_;
  }

 private:
  struct User {
    std::deque<std::function<void()>> waiting;
    int running = 0;
  };
  using Users = std::map<std::string, User>;

  // The next user, after the one who had the last turn, who has a call waiting and a share left; end for none.
  Users::iterator NextUser() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    auto user = users_.upper_bound(last_user_);
    for (std::size_t i = 0; i < users_.size(); ++i) {
      if (user == users_.end()) user = users_.begin();
      if (!user->second.waiting.empty() && user->second.running < lane_.most_running_per_user) return user;
      ++user;
    }
    return users_.end();
  }

  void Run() {
    for (;;) {
      std::function<void()> work;
      std::string name;
      {
        MutexLock lock(&mutex_);
        auto user = NextUser();
        while (user == users_.end()) {
          if (draining_ && waiting_ == 0) return;
          wake_.Wait(mutex_);
          user = NextUser();
        }
        name = user->first;
        last_user_ = name;
        work = std::move(user->second.waiting.front());
        user->second.waiting.pop_front();
        ++user->second.running;
        --waiting_;
        ++running_;
      }
      work();
      // What it holds is let go before the next wait.
      work = nullptr;
      OnDone(name);
    }
  }

  void OnDone(const std::string& name) {
    MutexLock lock(&mutex_);
    --running_;
    const auto user = users_.find(name);
    --user->second.running;
    if (user->second.running == 0 && user->second.waiting.empty()) users_.erase(user);
    // Another call of this user may run now; or, while draining, there is nothing left to wait for.
    if (draining_) {
      wake_.SignalAll();
    } else {
      wake_.Signal();
    }
  }

  const Lane lane_;
  const int most_waiting_per_user_;
  const int most_waiting_;
  mutable Mutex mutex_;
  CondVar wake_;
  Users users_ ABSL_GUARDED_BY(mutex_);
  std::string last_user_ ABSL_GUARDED_BY(mutex_);
  int waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  int running_ ABSL_GUARDED_BY(mutex_) = 0;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

CallQueue::Options CallQueue::ForCores(int cores) {
  const auto share = [](int threads) { return std::max(1, threads * 3 / 4); };
  const int heavy = std::max(2, cores);
  Options options;
  options.lanes[static_cast<std::size_t>(CallCost::kRead)] = {kReadThreads, share(kReadThreads)};
  options.lanes[static_cast<std::size_t>(CallCost::kChange)] = {kChangeThreads, share(kChangeThreads)};
  options.lanes[static_cast<std::size_t>(CallCost::kHeavy)] = {heavy, std::max(1, heavy / 2)};
  // Of one user, as a rule.
  options.lanes[static_cast<std::size_t>(CallCost::kWork)] = {kWorkThreads, kWorkThreads};
  return options;
}

CallQueue::CallQueue(const Options& options) {
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    lanes_[i] = std::make_unique<LaneQueue>(options.lanes[i], options.most_waiting_per_user, options.most_waiting);
  }
}

CallQueue::~CallQueue() = default;

absl::Status CallQueue::Submit(CallCost cost, const std::string& user, std::function<void()> work) {
  return lanes_[static_cast<std::size_t>(cost)]->Submit(user, std::move(work));
}

void CallQueue::Drain() {
  for (const auto& lane : lanes_) lane->Drain();
}

int CallQueue::waiting() const {
  int sum = 0;
  for (const auto& lane : lanes_) sum += lane->waiting();
  return sum;
}

int CallQueue::running() const {
  int sum = 0;
  for (const auto& lane : lanes_) sum += lane->running();
  return sum;
}

}  // namespace oneloop
