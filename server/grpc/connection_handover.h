#ifndef ONELOOP_SERVER_GRPC_CONNECTION_HANDOVER_H_
#define ONELOOP_SERVER_GRPC_CONNECTION_HANDOVER_H_

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "grpcpp/grpcpp.h"
#include "server/net/connection_gate.h"

namespace oneloop {

// Gives the connections of a gate to a gRPC server, which then owns them. A server needs no listening port of its own.
class ConnectionHandover {
 public:
  // Before the server is built: with what each of the gate's listeners is served, in their order; null for cleartext.
  // Sets the time within which TLS must be agreed upon and the client's settings be there.
  ConnectionHandover(grpc::ServerBuilder* builder,
                     const std::vector<std::shared_ptr<grpc::ServerCredentials>>& credentials);

  // Once the server is built, and until the gate has stopped, which must be before the server's end. Not for two
  // threads at once. May run what a call begins with, so hold no lock that this needs.
  void HandOver(grpc::Server* server, AcceptedConnection connection);

 private:
  // By listener; null for cleartext.
  std::vector<std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor>> acceptors_;
};

// Who is behind a call, by what gRPC calls its peer: "fd:N" of cleartext, "ipv4:192.0.2.1:4711" or
// "ipv6:%5B2001:db8::1%5D:4711" of TLS. Nothing when the connection is over, and for names of other forms. Thread-safe.
std::optional<ConnectionPeer> PeerOfCall(const ConnectionGate& gate, std::string_view grpc_peer);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_GRPC_CONNECTION_HANDOVER_H_
