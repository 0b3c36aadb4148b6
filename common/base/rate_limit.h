#ifndef ONELOOP_COMMON_BASE_RATE_LIMIT_H_
#define ONELOOP_COMMON_BASE_RATE_LIMIT_H_

#include "common/base/clock.h"

namespace oneloop {

// A token bucket: lets `burst` events through at once, and `per_second` in the long run. Both are positive. Not
// thread-safe.
class RateLimit {
 public:
  RateLimit(double per_second, double burst, SteadyTime now)
      : per_second_(per_second), burst_(burst), room_(burst), last_(now) {}

  // Whether an event at `now`, which never goes back, may pass.
  bool Take(SteadyTime now);
  // Whether it lets as many through at `now` as a new one would.
  bool IsFull(SteadyTime now) const;

 private:
  double RoomAt(SteadyTime now) const;

  const double per_second_;
  const double burst_;
  double room_;
  SteadyTime last_;
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_BASE_RATE_LIMIT_H_
