#ifndef ONELOOP_CLIENT_HELD_INTERRUPTS_H_
#define ONELOOP_CLIENT_HELD_INTERRUPTS_H_

#include "client/environment.h"

namespace oneloop {

// Keeps an interrupt source armed over several watches, which arm and disarm it each.
class HeldInterrupts : public InterruptSource {
 public:
  explicit HeldInterrupts(InterruptSource& source) : source_(source) { source_.Arm(); }
  ~HeldInterrupts() override { source_.Disarm(); }
  HeldInterrupts(const HeldInterrupts&) = delete;
  HeldInterrupts& operator=(const HeldInterrupts&) = delete;
  void Arm() override {}
  void Disarm() override {}
  bool Pending() override { return source_.Pending(); }

 private:
  InterruptSource& source_;
};

// The same environment with other interrupts, which are borrowed.
Environment WithInterrupts(const Environment& env, InterruptSource& interrupts);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_HELD_INTERRUPTS_H_
