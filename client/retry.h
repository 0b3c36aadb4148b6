#ifndef ONELOOP_CLIENT_RETRY_H_
#define ONELOOP_CLIENT_RETRY_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace oneloop {

// How a call is tried again while the daemon is away, as one that restarts is for a second or two: only on
// UNAVAILABLE, with pauses that double, each shortened at random by up to a half so that many clients do not come
// back in step. Thread-safe, if `sleep` is.
class Retrier {
 public:
  struct Options {
    int max_attempts = 5;  // 1: never again
    absl::Duration first_pause = absl::Milliseconds(150);
    std::uint64_t seed = 0;                     // of the pauses' lengths
    std::function<void(absl::Duration)> sleep;  // by several threads, maybe; without it, never again
  };
  explicit Retrier(Options options) : options_(std::move(options)) {}

  // `call` returns an absl::StatusOr; calling it twice must do no more than calling it once.
  template <class Call>
  auto Run(const Call& call) {
    for (int attempt = 1;; ++attempt) {
      auto result = call();
      if (!absl::IsUnavailable(result.status()) || attempt >= options_.max_attempts || !options_.sleep) return result;
      options_.sleep(Pause(attempt));
    }
  }

 private:
  // After so many attempts.
  absl::Duration Pause(int attempt);

  const Options options_;
  std::atomic<std::uint64_t> pauses_ = 0;
};

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_RETRY_H_
