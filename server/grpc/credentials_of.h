#ifndef ONELOOP_SERVER_GRPC_CREDENTIALS_OF_H_
#define ONELOOP_SERVER_GRPC_CREDENTIALS_OF_H_

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>

#include "grpcpp/server_context.h"
#include "server/handlers/call_credentials.h"

namespace oneloop {

// The other end of a connection, as the daemon's own listeners know it.
struct ConnectionPeer {
  std::string text;  // for people
  bool is_unix = false;
  std::optional<uid_t> uid;  // of a Unix socket
};
// Whose the connection is that gRPC calls so ("fd:17", "ipv4:10.0.0.5:4711"); none for one that has ended. Called for
// every call, and waits for nothing.
using PeerLookup = std::function<std::optional<ConnectionPeer>(const std::string& grpc_peer)>;

// What a call brings. Without a known peer it came from nowhere, and only a token helps.
CallCredentials CredentialsOf(const grpc::ServerContextBase& context, const PeerLookup& peer_of);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_GRPC_CREDENTIALS_OF_H_
