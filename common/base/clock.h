#ifndef ONELOOP_COMMON_BASE_CLOCK_H_
#define ONELOOP_COMMON_BASE_CLOCK_H_

#include <chrono>

#include "absl/time/time.h"

namespace oneloop {

// The two clocks, and the only place that reads them (tools/check_dependencies sees to that). Wall time is for what
// people see and for what they set: time stamps, deadlines, expiry. An administrator or a time service may set it back
// or forward at any moment, so everything that waits or measures uses steady time.

// A moment on the steady clock, which nobody can set. Has no meaning outside of this machine's uptime, and no
// conversion to wall time. Sums saturate at the infinite ends, as those of absl::Duration.
class SteadyTime {
 public:
  // The clock's own beginning; not before any moment of this process.
  constexpr SteadyTime() = default;
  static constexpr SteadyTime InfinitePast() { return SteadyTime(-absl::InfiniteDuration()); }
  static constexpr SteadyTime InfiniteFuture() { return SteadyTime(absl::InfiniteDuration()); }

  SteadyTime& operator+=(absl::Duration duration) {
    since_start_ += duration;
    return *this;
  }
  friend SteadyTime operator+(SteadyTime time, absl::Duration duration) { return time += duration; }
  friend SteadyTime operator-(SteadyTime time, absl::Duration duration) { return time += -duration; }
  friend absl::Duration operator-(SteadyTime later, SteadyTime earlier) {
    return later.since_start_ - earlier.since_start_;
  }
  friend constexpr bool operator==(SteadyTime a, SteadyTime b) { return a.since_start_ == b.since_start_; }
  friend constexpr bool operator<(SteadyTime a, SteadyTime b) { return a.since_start_ < b.since_start_; }
  friend constexpr bool operator>(SteadyTime a, SteadyTime b) { return b < a; }
  friend constexpr bool operator<=(SteadyTime a, SteadyTime b) { return !(b < a); }
  friend constexpr bool operator>=(SteadyTime a, SteadyTime b) { return !(a < b); }

 private:
  explicit constexpr SteadyTime(absl::Duration since_start) : since_start_(since_start) {}

  absl::Duration since_start_;
};

SteadyTime SteadyNow();
// The same clock in the standard library's types, for code that deals in those.
using SteadyChrono = std::chrono::steady_clock;
absl::Time WallNow();

// Sleeps on the steady clock, whatever signals come; not at all for a duration that is not positive.
void SteadySleepFor(absl::Duration duration);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_BASE_CLOCK_H_
