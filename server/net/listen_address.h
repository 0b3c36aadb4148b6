#ifndef ONELOOP_SERVER_NET_LISTEN_ADDRESS_H_
#define ONELOOP_SERVER_NET_LISTEN_ADDRESS_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace oneloop {

// Where the daemon may listen: on a Unix socket, whose file permissions are its protection, or on a TCP port.
struct ListenAddress {
  std::string path;  // of the socket, absolute; "" for TCP
  std::string host;  // of TCP: a name or an address, one of IPv6 in brackets
  int port = 0;      // of TCP; 0 lets the system choose

  bool is_unix() const { return !path.empty(); }
  // Only this machine reaches it: 127.0.0.1 or [::1]. A name may stand for any address.
  bool is_loopback() const { return host == "127.0.0.1" || host == "[::1]"; }
  // In gRPC's form.
  std::string Uri() const;
};

// Reads "unix:PATH" or "HOST:PORT". INVALID_ARGUMENT for anything else, and for a path that is too long for a socket.
absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text);

// Removes the socket file that a daemon which died has left. Call it only while holding the lock of the data
// directory. ALREADY_EXISTS when a server answers there, FAILED_PRECONDITION for a file that is no socket.
absl::Status RemoveStaleSocket(const std::string& path);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_NET_LISTEN_ADDRESS_H_
