#include "server/grpc/steady_poller.h"

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "grpc/support/time.h"

namespace oneloop {
namespace {

constexpr int kLookMs = 20;

}  // namespace

SteadyPoller::~SteadyPoller() {
  stopped_ = true;
  queue_->Shutdown();
  if (thread_.joinable()) {
    thread_.join();
  } else {
    WaitForShutdown();
  }
}

void SteadyPoller::Start() {
  thread_ = std::thread([this] { WaitForShutdown(); });
}

// No call ever uses the queue, so that only its end comes out of it.
void SteadyPoller::WaitForShutdown() {
  void* tag = nullptr;
  bool ok = false;
  for (;;) {
    // A single look would read all that every connection has brought.
    while (!stopped_ && is_busy_()) SteadySleepFor(absl::Milliseconds(kLookMs));
    const gpr_timespec until = gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(kLookMs, GPR_TIMESPAN));
    if (queue_->AsyncNext(&tag, &ok, until) == grpc::CompletionQueue::SHUTDOWN) return;
  }
}

}  // namespace oneloop
