#ifndef ONELOOP_SERVER_NET_RECEIVED_BYTES_H_
#define ONELOOP_SERVER_NET_RECEIVED_BYTES_H_

#include <cstdint>

namespace oneloop {

// What the kernel has received over a TCP connection since its beginning, read or not; 0 for other sockets.
std::int64_t ReceivedBytes(int socket);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_NET_RECEIVED_BYTES_H_
