#ifndef ONELOOP_SERVER_NET_DESCRIPTOR_NUMBERS_H_
#define ONELOOP_SERVER_NET_DESCRIPTOR_NUMBERS_H_

#include <cstdint>
#include <deque>
#include <utility>

#include "common/base/descriptor.h"

namespace oneloop {

// Gives connections descriptor numbers that name them: gRPC knows a connection that it was given by nothing else. The
// numbers are from a high range of their own, which open() and accept(), which take the lowest free number, do not
// reach; and one that was a connection's rests before it is another's, so that a call which is only just asking for
// its peer does not find somebody else. Not thread-safe.
class DescriptorNumbers {
 public:
  // For how many ticks a number rests.
  static constexpr std::int64_t kRest = 3;

  // The numbers from `first` to below `end`.
  DescriptorNumbers(int first, int end);

  // The same open socket under a number of the range. Not open when no number is free; the socket is closed then.
  Descriptor Move(Descriptor socket);
  // The descriptor of this number is closed, or about to be. One that nobody else was told of need not rest.
  void GiveBack(int number, bool rest);
  // Time passes. Counted and not measured: a process that was stopped for a while has rested nothing.
  void Tick();

 private:
  std::deque<int> free_;
  std::deque<std::pair<std::int64_t, int>> resting_;  // until which tick, number
  std::int64_t ticks_ = 0;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_NET_DESCRIPTOR_NUMBERS_H_
