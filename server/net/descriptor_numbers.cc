#include "server/net/descriptor_numbers.h"

#include <fcntl.h>

namespace oneloop {
namespace {

// Numbers of the range that somebody else holds are passed over; that many at a time.
constexpr int kTries = 1024;

}  // namespace

DescriptorNumbers::DescriptorNumbers(int first, int end) {
  for (int number = first; number < end; ++number) free_.push_back(number);
}

Descriptor DescriptorNumbers::Move(Descriptor socket) {
  for (int i = 0; i < kTries && !free_.empty(); ++i) {
    const int number = free_.front();
    free_.pop_front();
    Descriptor moved(fcntl(socket.number(), F_DUPFD_CLOEXEC, number));
    if (moved.number() == number) return moved;
    free_.push_back(number);
    if (!moved.is_open()) break;
  }
  return Descriptor();
}

void DescriptorNumbers::GiveBack(int number, bool rest) {
  if (rest) {
    resting_.emplace_back(ticks_ + kRest, number);
  } else {
    free_.push_back(number);
  }
}

void DescriptorNumbers::Tick() {
  ++ticks_;
  while (!resting_.empty() && resting_.front().first <= ticks_) {
    free_.push_back(resting_.front().second);
    resting_.pop_front();
  }
}

}  // namespace oneloop
