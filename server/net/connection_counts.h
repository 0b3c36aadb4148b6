#ifndef ONELOOP_SERVER_NET_CONNECTION_COUNTS_H_
#define ONELOOP_SERVER_NET_CONNECTION_COUNTS_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace oneloop {

// Why a connection was closed, or not taken.
enum class Refusal {
  kSilent,       // said nothing, or not enough, in time
  kDisplaced,    // silent, and made room for another
  kMalformed,    // spoke another protocol
  kPeerBound,    // too many of this user or address
  kBound,        // too many in all
  kStranger,     // handed over, made no call that was let in, and made room for another
  kUnused,       // handed over, made no call in time
  kGreedy,       // made more calls at once, or gave up more, than are looked at
  kDescriptors,  // the process or the machine has no descriptor left
  kCount
};
inline constexpr std::array<const char*, static_cast<std::size_t>(Refusal::kCount)> kRefusalNames = {
    "silent", "displaced", "malformed", "peer_bound", "bound", "stranger", "unused", "greedy", "descriptors"};

struct ConnectionCounts {
  std::int64_t open = 0;  // handed over, or silent still
  std::array<std::int64_t, kRefusalNames.size()> refused{};

  std::int64_t refused_for(Refusal reason) const { return refused[static_cast<std::size_t>(reason)]; }
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_NET_CONNECTION_COUNTS_H_
