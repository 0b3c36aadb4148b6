#ifndef ONELOOP_SERVER_NET_DESCRIPTOR_LIMIT_H_
#define ONELOOP_SERVER_NET_DESCRIPTOR_LIMIT_H_

namespace oneloop {

// The most descriptors that the daemon asks for: the kernel's table grows with the highest number in use.
inline constexpr int kMostDescriptors = 65536;

// Raises the process's soft limit of open descriptors to its hard one, to `most` at the utmost, and never lowers it.
// Returns the limit from then on. Call it before the sockets are opened.
int RaiseDescriptorLimit(int most = kMostDescriptors);

// The soft limit now, `kMostDescriptors` at the utmost.
int DescriptorLimit();

}  // namespace oneloop

#endif  // ONELOOP_SERVER_NET_DESCRIPTOR_LIMIT_H_
