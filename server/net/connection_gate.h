#ifndef ONELOOP_SERVER_NET_CONNECTION_GATE_H_
#define ONELOOP_SERVER_NET_CONNECTION_GATE_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/descriptor.h"
#include "server/net/connection_counts.h"
#include "server/net/connection_peer.h"
#include "server/net/listening_socket.h"
#include "server/net/opening.h"

namespace oneloop {

// A connection that has spoken.
struct AcceptedConnection {
  Descriptor socket;  // does not block; nothing that the client said has been taken out of it
  ConnectionPeer peer;
};

// The way in: owns the listening sockets, and keeps each connection until it has said what its protocol begins with,
// so that silent ones cost a descriptor for some seconds and nothing else. Then somebody else owns it and closes it,
// which the gate notices by looking whether the descriptor is still the same socket. Connections are bounded in all and
// per peer. When a bound is reached, one that proved nothing makes room: the longest silent, or the oldest that made no
// call that was let in. No error of accept() ends the listening, and a listening socket that fails, or whose file was
// deleted, is made anew. All times are of the steady clock. Thread-safe.
class ConnectionGate {
 public:
  struct Listener {
    ListenAddress address;
    Opening opening = Opening::kHttp2;
  };
  struct Options {
    std::vector<Listener> listeners;
    // 0: of the process's limit of descriptors at Create, what is left beside files, 8,000 at most.
    int max_connections = 0;
    // That share a user, on the Unix socket, or an address, of IPv6 the first 64 bits. 0: three quarters of all.
    int max_connections_per_peer = 0;
    int max_silent = 0;  // 0: a quarter of all
    std::chrono::milliseconds silence_timeout{5000};
    std::chrono::milliseconds unused_timeout{10000};  // from the hand-over until the first call
    std::chrono::milliseconds stranger_age{1000};     // younger ones make no room for others
    // How often it looks for connections that ended, and listening sockets whose file is gone.
    std::chrono::milliseconds sweep_interval{1000};
    std::chrono::milliseconds accept_pause{50};  // after the process ran out of descriptors
  };

  // Listens, so that clients may connect, and takes nothing yet. UNAVAILABLE when it cannot.
  static absl::StatusOr<std::unique_ptr<ConnectionGate>> Create(Options options);
  // Stops.
  ~ConnectionGate();
  ConnectionGate(const ConnectionGate&) = delete;
  ConnectionGate& operator=(const ConnectionGate&) = delete;

  // Hands connections over, one after the other, on the gate's thread, which must not wait for anything there. Once.
  void Start(std::function<void(AcceptedConnection)> hand_over);
  // No connection is handed over any more, and none is accepted; Unix sockets' files are removed. Those that were
  // handed over stay as they are and can still be looked up.
  void Stop();

  // In the form of ListeningSocket::name, by listener.
  std::vector<std::string> addresses() const;
  // By listener; 0 for a Unix socket.
  std::vector<int> ports() const;
  int max_connections() const;

  // Who has the connection with this descriptor number, or this address ("192.0.2.1:4711"); nothing when it is over.
  std::optional<ConnectionPeer> PeerOf(int number) const;
  std::optional<ConnectionPeer> PeerOf(const std::string& address) const;

  // To be told of every call that comes, so that its connection is not taken for an idle one; of one that was let in,
  // whose connection makes no room for others from then on; and of one that its client gave up. Those who make more
  // than anybody can look at are closed, and newcomers of the same user or address kept out for 2 s.
  void MarkUsed(ConnectionKey key);
  void MarkAuthenticated(ConnectionKey key);
  void MarkGivenUp(ConnectionKey key);

  ConnectionCounts counts() const;

 private:
  class Loop;
  explicit ConnectionGate(std::unique_ptr<Loop> loop);

  const std::unique_ptr<Loop> loop_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_NET_CONNECTION_GATE_H_
