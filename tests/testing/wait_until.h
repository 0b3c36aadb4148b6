#ifndef ONELOOP_TESTS_TESTING_WAIT_UNTIL_H_
#define ONELOOP_TESTS_TESTING_WAIT_UNTIL_H_

#include <functional>

#include "absl/time/time.h"
#include "common/base/clock.h"

namespace oneloop {

// Asks `is_true` again and again, for at most so long. Whether it became true.
inline bool WaitUntil(const std::function<bool()>& is_true, absl::Duration timeout = absl::Seconds(60)) {
  const SteadyTime deadline = SteadyNow() + timeout;
  while (!is_true()) {
    if (SteadyNow() > deadline) return false;
    SteadySleepFor(absl::Milliseconds(50));
  }
  return true;
}

}  // namespace oneloop

#endif  // ONELOOP_TESTS_TESTING_WAIT_UNTIL_H_
