#ifndef ONELOOP_CLIENT_SIGNAL_INTERRUPTS_H_
#define ONELOOP_CLIENT_SIGNAL_INTERRUPTS_H_

#include <csignal>

#include "client/environment.h"

namespace oneloop {

// SIGINT of this process. One object per process. The first SIGINT while armed is collected, a second one ends the
// process.
class SignalInterrupts : public InterruptSource {
 public:
  void Arm() override;
  void Disarm() override;
  bool Pending() override;

 private:
  struct sigaction previous_ = {};
};

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_SIGNAL_INTERRUPTS_H_
