#include "client/signal_interrupts.h"

namespace oneloop {
namespace {

// A signal handler has no argument by which to reach an object.
volatile std::sig_atomic_t g_interrupted = 0;

extern "C" void OnInterrupt(int /*signal*/) { g_interrupted = 1; }

}  // namespace

void SignalInterrupts::Arm() {
  g_interrupted = 0;
  struct sigaction action = {};
  action.sa_handler = OnInterrupt;
  sigemptyset(&action.sa_mask);
  // System calls of gRPC's threads go on as if nothing had happened.
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  sigaction(SIGINT, &action, &previous_);
}

void SignalInterrupts::Disarm() { sigaction(SIGINT, &previous_, nullptr); }

bool SignalInterrupts::Pending() { return g_interrupted != 0; }

}  // namespace oneloop
