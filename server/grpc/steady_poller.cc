#include "server/grpc/steady_poller.h"

namespace oneloop {

SteadyPoller::~SteadyPoller() {
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
  while (queue_->Next(&tag, &ok)) {
  }
}

}  // namespace oneloop
