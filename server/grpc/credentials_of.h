#ifndef ONELOOP_SERVER_GRPC_CREDENTIALS_OF_H_
#define ONELOOP_SERVER_GRPC_CREDENTIALS_OF_H_

#include <optional>
#include <string>

#include "grpcpp/server_context.h"
#include "server/handlers/call_credentials.h"
#include "server/net/connection_gate.h"
#include "server/net/connection_peer.h"

namespace oneloop {

// What a call brings, and who is at the other end of its connection. Tells the gate that a call has come. Without a
// known connection the call came from nowhere, and only a token helps.
struct ArrivedCall {
  CallCredentials credentials;
  std::optional<ConnectionKey> connection;
  std::string shared;  // the same for all calls of one user or address, whoever they say they are
};
ArrivedCall ReadArrival(const grpc::ServerContextBase& context, ConnectionGate* gate);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_GRPC_CREDENTIALS_OF_H_
