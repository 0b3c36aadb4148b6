#include "server/net/received_bytes.h"

// The C library's own description of the structure ends before the field that is asked for.
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace oneloop {

std::int64_t ReceivedBytes(int socket) {
  tcp_info info = {};
  socklen_t size = sizeof(info);
  if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  return static_cast<std::int64_t>(info.tcpi_bytes_received);
}

}  // namespace oneloop
