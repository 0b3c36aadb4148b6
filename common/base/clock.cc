#include "common/base/clock.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "absl/time/clock.h"

namespace oneloop {

SteadyTime SteadyNow() { return SteadyTime() + absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch()); }

absl::Time WallNow() { return absl::Now(); }

void SteadySleepFor(absl::Duration duration) {
  // libstdc++ sleeps on the steady clock; longer than a year would overflow it.
  std::this_thread::sleep_for(absl::ToChronoNanoseconds(std::min(duration, absl::Hours(24 * 365))));
}

}  // namespace oneloop
