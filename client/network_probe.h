#ifndef ONELOOP_CLIENT_NETWORK_PROBE_H_
#define ONELOOP_CLIENT_NETWORK_PROBE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace oneloop {

// Looks at a connection one step at a time, beneath gRPC, which says only that it has none.

// An open socket; closed with the object.
class Connection {
 public:
  explicit Connection(int descriptor) : descriptor_(descriptor) {}
  Connection(Connection&& other) noexcept;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  Connection& operator=(Connection&&) = delete;
  ~Connection();
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

// NOT_FOUND when there is no such file, FAILED_PRECONDITION for one that is no socket, PERMISSION_DENIED when this user
// may not connect, RESOURCE_EXHAUSTED when somebody listens but too many connections wait to be taken, UNAVAILABLE when
// nobody listens. The text is a phrase without the path. Never waits; the connection is non-blocking.
absl::StatusOr<Connection> ConnectToSocket(const std::string& path);

// The process that listens at the other end of a Unix socket; 0 when it is not known, as in a container of its own.
int PeerProcess(const Connection& connection);

// "HOST:PORT", the host of an IPv6 address in brackets.
struct HostAndPort {
  std::string host;  // without brackets
  std::string port;
};
// Precondition: the address has a colon.
HostAndPort SplitAddress(const std::string& address);

// The numeric addresses that the name stands for. NOT_FOUND, with the resolver's words.
absl::StatusOr<std::vector<std::string>> ResolveHost(const HostAndPort& address);

// Connects to the first numeric address that answers, each within `timeout`. UNAVAILABLE with what each said;
// DEADLINE_EXCEEDED when none said anything.
absl::StatusOr<Connection> ConnectToPort(const std::vector<std::string>& hosts, const std::string& port,
                                         absl::Duration timeout);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_NETWORK_PROBE_H_
