#include "common/base/mutex.h"

#include <algorithm>
#include <ctime>

#include "common/base/clock.h"

namespace oneloop {

// These calls fail only for arguments that are no condition or no locked mutex.
CondVar::CondVar() {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&condition_, &attributes);
  pthread_condattr_destroy(&attributes);
}

CondVar::~CondVar() { pthread_cond_destroy(&condition_); }

void CondVar::Wait(Mutex& mutex) { pthread_cond_wait(&condition_, mutex.mutex_.native_handle()); }

bool CondVar::WaitFor(Mutex& mutex, absl::Duration timeout) {
  const absl::Duration cut = std::clamp(timeout, absl::ZeroDuration(), absl::Hours(24 * 365));
  // Since its beginning: the steady clock is CLOCK_MONOTONIC.
  const timespec time = absl::ToTimespec(SteadyNow() + cut - SteadyTime());
  return pthread_cond_timedwait(&condition_, mutex.mutex_.native_handle(), &time) == 0;
}

void CondVar::Signal() { pthread_cond_signal(&condition_); }

void CondVar::SignalAll() { pthread_cond_broadcast(&condition_); }

}  // namespace oneloop
