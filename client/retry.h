#ifndef ONELOOP_CLIENT_RETRY_H_
#define ONELOOP_CLIENT_RETRY_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/clock.h"

namespace oneloop {

// What a failed call says about another try, kept in its status.

// The daemon refused the call before it did anything, and says when to come again (google.rpc.RetryInfo).
absl::Status WithRetryAfter(absl::Status status, absl::Duration retry_after);
std::optional<absl::Duration> RetryAfterOf(const absl::Status& status);
// The call never left this process: there was no connection.
absl::Status MarkUnsent(absl::Status status);
bool IsUnsent(const absl::Status& status);

// Whether making a call twice does no more than making it once, and gets the same answer.
enum class Repeatable { kYes, kNo };

// How a call is tried again: when the daemon refuses it for now and says when to come again, and when it is away
// (UNAVAILABLE); what is not repeatable only when it was refused or never sent. Pauses are drawn from all of
// [0, back-off) (full jitter), on top of what the daemon asked for, so that many clients do not come back in step; the
// back-off doubles. Nothing begins anew once the patience is over. Thread-safe, if the functions are.
class Retrier {
 public:
  struct Options {
    absl::Duration first_backoff = absl::Milliseconds(200);
    absl::Duration longest_backoff = absl::Seconds(5);
    absl::Duration patience = absl::Minutes(1);  // from the beginning of the call; 0: never again
    // That for a daemon that is away, from what its last answer was and how long it has been tried; never more than
    // `patience`. Without it, as for one that is busy.
    std::function<absl::Duration(const absl::Status& status, absl::Duration tried)> patience_for_absent;
    std::uint64_t seed = 0;  // of the pauses' lengths; another in each process
    std::function<SteadyTime()> now = SteadyNow;
    std::function<void(absl::Duration)> sleep;  // by several threads, maybe; without it, never again
  };
  explicit Retrier(Options options) : options_(std::move(options)) {}

  // `call` returns an absl::StatusOr.
  template <class Call>
  auto Run(Repeatable repeatable, const Call& call) {
    const SteadyTime begin = options_.now();
    for (int tries = 1;; ++tries) {
      auto result = call();
      if (result.ok()) return result;
      const std::optional<absl::Duration> pause = PauseAfter(result.status(), repeatable, begin, tries);
      if (!pause.has_value()) return result;
      options_.sleep(*pause);
    }
  }

  // Uniform in [0, 1), another each time.
  double Draw();

 private:
  // Before the next try; none when there is to be none.
  std::optional<absl::Duration> PauseAfter(const absl::Status& status, Repeatable repeatable, SteadyTime begin,
                                           int tries);
  absl::Duration PatienceWith(const absl::Status& status, absl::Duration tried) const;

  const Options options_;
  std::atomic<std::uint64_t> draws_ = 0;
};

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_RETRY_H_
