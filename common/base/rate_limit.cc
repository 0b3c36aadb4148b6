#include "common/base/rate_limit.h"

#include <algorithm>

#include "absl/time/time.h"

namespace oneloop {

double RateLimit::RoomAt(SteadyTime now) const {
  return std::min(burst_, room_ + per_second_ * absl::ToDoubleSeconds(now - last_));
}

bool RateLimit::Take(SteadyTime now) {
  room_ = RoomAt(now);
  last_ = now;
  if (room_ < 1) return false;
  room_ -= 1;
  return true;
}

bool RateLimit::IsFull(SteadyTime now) const { return RoomAt(now) >= burst_; }

}  // namespace oneloop
