#include "server/handlers/open_calls.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/limit_error.h"

namespace oneloop {
namespace {

constexpr absl::Duration kRetryAfter = absl::Seconds(1);
constexpr absl::Duration kRetryReplyAfter = absl::Seconds(10);

absl::Status TooMany(std::string_view limit, const std::string& who, std::int64_t count, std::int64_t most) {
  return LimitError(limit, absl::StrCat(who, " ", count, " calls open, and at most ", most, " may be; try again"),
                    kRetryAfter);
}

}  // namespace

OpenCalls::OpenCalls(const Options& options)
    : options_(options),
      most_request_bytes_per_user_(std::max(options.most_request_bytes / 4, options.largest_request_bytes)),
      most_reply_bytes_per_user_(options.most_reply_bytes / 4),
      checker_([this] { CheckLoop(); }) {}

OpenCalls::~OpenCalls() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    wake_.SignalAll();
  }
  checker_.join();
}

absl::StatusOr<OpenCalls::CallId> OpenCalls::Open(const std::string& user, std::function<void()> cancel) {
  MutexLock lock(&mutex_);
  const auto open = static_cast<std::int64_t>(calls_.size());
  if (open >= options_.most_calls) return TooMany("open_calls", "the daemon has", open, options_.most_calls);
  const auto known = users_.find(user);
  if (known != users_.end() && known->second.calls >= options_.most_calls_per_user) {
    return TooMany("open_calls_per_user", absl::StrCat("user ", user, " has"), known->second.calls,
                   options_.most_calls_per_user);
  }
  ++users_[user].calls;
  const CallId id = next_id_++;
  Call& call = calls_[id];
  call.user = user;
  call.cancel = std::move(cancel);
  return id;
}

void OpenCalls::ChargeRequest(Call* call, std::int64_t bytes) {
  const std::int64_t change = bytes - call->request_bytes;
  call->request_bytes = bytes;
  request_bytes_ += change;
  users_[call->user].request_bytes += change;
}

// Half of the room is for users who have nothing in it: a few slow clients fill the rest, and hold up themselves alone.
bool OpenCalls::HasRoom(const User& user) const {
  const std::int64_t most = user.request_bytes == 0 ? options_.most_request_bytes : options_.most_request_bytes / 2;
  return request_bytes_ + options_.largest_request_bytes <= std::max(most, options_.largest_request_bytes) &&
         user.request_bytes + options_.largest_request_bytes <= most_request_bytes_per_user_;
}

void OpenCalls::StartReading(CallId id, std::function<void()> go) {
  {
    MutexLock lock(&mutex_);
    const auto call = calls_.find(id);
    if (call == calls_.end()) return;
    call->second.go = std::move(go);
    users_[call->second.user].queue.push_back(id);
    ++queued_;
  }
  LetGo();
}

std::function<void()> OpenCalls::TakeNext() {
  auto user = users_.upper_bound(last_user_);
  for (std::size_t i = 0; queued_ > 0 && i < users_.size(); ++i, ++user) {
    if (user == users_.end()) user = users_.begin();
    std::deque<CallId>& queue = user->second.queue;
    if (queue.empty() || !HasRoom(user->second)) continue;
    Call& call = calls_.at(queue.front());
    queue.pop_front();
    --queued_;
    last_user_ = user->first;
    ChargeRequest(&call, options_.largest_request_bytes);
    call.phase = Phase::kReading;
    call.since = options_.clock();
    call.deadline = call.since + options_.read_timeout;
    return std::exchange(call.go, nullptr);
  }
  return nullptr;
}

void OpenCalls::LetGo() {
  for (;;) {
    std::function<void()> go;
    {
      MutexLock lock(&mutex_);
      go = TakeNext();
    }
    if (!go) return;
    go();
  }
}

void OpenCalls::OnRead(CallId id, std::int64_t bytes) {
  {
    MutexLock lock(&mutex_);
    const auto call = calls_.find(id);
    if (call == calls_.end()) return;
    ChargeRequest(&call->second, bytes);
    call->second.phase = Phase::kWorking;
    call->second.deadline = Clock::time_point::max();
  }
  LetGo();
}

void OpenCalls::OnHandled(CallId id) {
  {
    MutexLock lock(&mutex_);
    const auto call = calls_.find(id);
    if (call == calls_.end()) return;
    ChargeRequest(&call->second, 0);
  }
  LetGo();
}

absl::Status OpenCalls::StartReply(CallId id, std::int64_t bytes) {
  MutexLock lock(&mutex_);
  const auto call = calls_.find(id);
  if (call == calls_.end()) return absl::OkStatus();
  User& user = users_[call->second.user];
  const bool user_has_enough = user.reply_bytes > 0 && user.reply_bytes + bytes > most_reply_bytes_per_user_;
  if (user_has_enough || (reply_bytes_ > 0 && reply_bytes_ + bytes > options_.most_reply_bytes)) {
    return LimitError("reply_memory",
                      absl::StrCat("user ", call->second.user, " has replies of ", user.reply_bytes,
                                   " bytes on their way that their clients do not take; take them, or ask for smaller "
                                   "pages"),
                      kRetryReplyAfter);
  }
  call->second.reply_bytes = bytes;
  call->second.phase = Phase::kReplying;
  call->second.deadline = options_.clock() + options_.reply_timeout;
  user.reply_bytes += bytes;
  reply_bytes_ += bytes;
  return absl::OkStatus();
}

void OpenCalls::Close(CallId id) {
  // Destroyed without the lock, since it may hold the last share of a call.
  Call closed;
  {
    MutexLock lock(&mutex_);
    const auto found = calls_.find(id);
    if (found == calls_.end()) return;
    closed = std::move(found->second);
    calls_.erase(found);
    const auto user = users_.find(closed.user);
    if (closed.go) {
      std::erase(user->second.queue, id);
      --queued_;
    }
    request_bytes_ -= closed.request_bytes;
    reply_bytes_ -= closed.reply_bytes;
    user->second.request_bytes -= closed.request_bytes;
    user->second.reply_bytes -= closed.reply_bytes;
    if (--user->second.calls == 0) users_.erase(user);
  }
  LetGo();
}

std::int64_t OpenCalls::count() const {
  MutexLock lock(&mutex_);
  return static_cast<std::int64_t>(calls_.size());
}

std::int64_t OpenCalls::given_up() const {
  MutexLock lock(&mutex_);
  return given_up_;
}

void OpenCalls::CheckLoop() {
  for (;;) {
    {
      MutexLock lock(&mutex_);
      if (!stopping_) wake_.WaitFor(mutex_, options_.check_interval);
      if (stopping_) return;
    }
    CancelLate();
  }
}

void OpenCalls::CancelLate() {
  std::vector<std::function<void()>> late;
  {
    MutexLock lock(&mutex_);
    const Clock::time_point now = options_.clock();
    const bool others_wait = std::any_of(users_.begin(), users_.end(), [](const auto& user) {
      return user.second.request_bytes == 0 && !user.second.queue.empty();
    });
    for (auto& [id, call] : calls_) {
      const bool in_the_way =
          others_wait && call.phase == Phase::kReading && call.since + options_.pressed_read_timeout <= now;
      if (call.deadline == Clock::time_point::max() || (call.deadline > now && !in_the_way)) continue;
      call.deadline = Clock::time_point::max();
      late.push_back(call.cancel);
      ++given_up_;
    }
  }
  for (const auto& cancel : late) cancel();
}

}  // namespace oneloop
