#include <csignal>
#include <ctime>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "client/process_environment.h"
#include "client/signal_interrupts.h"
#include "client/worker/run_worker.h"

namespace {

// How often it is looked whether the work ended by itself.
constexpr long kCheckNanoseconds = 200'000'000;

}  // namespace

int main(int argc, char** argv) {
  oneloop::PrepareProcess();
  // Threads inherit the mask: only the one in sigtimedwait sees the signals.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const auto await_stop = [&signals](const std::function<bool()>& ended) {
    const timespec period{0, kCheckNanoseconds};
    while (!ended() && sigtimedwait(&signals, nullptr, &period) < 0) {
    }
  };
  oneloop::SignalInterrupts interrupts;
  oneloop::Environment env = oneloop::ProcessEnvironment(std::cout, interrupts, [] { return 0; });
  return static_cast<int>(oneloop::RunWorker(std::vector<std::string>(argv + 1, argv + argc), env, await_stop));
}
