#ifndef ONELOOP_SERVER_GRPC_CALL_CREDENTIALS_H_
#define ONELOOP_SERVER_GRPC_CALL_CREDENTIALS_H_

#include <string>

#include "grpcpp/server_context.h"

namespace oneloop {

// Metadata of a call, beside "authorization: Bearer TOKEN": how a caller on the Unix socket names themself.
inline constexpr char kUserMetadata[] = "oneloop-user";

// What a call brings to say who makes it, before anything of it is believed but the way that it came.
struct CallCredentials {
  enum class Via {
    kUnix,  // the socket, whose permissions have let the caller in
    kTcp,   // the loopback interface, without TLS
    kTls
  };
  Via via = Via::kTcp;
  std::string peer;              // in gRPC's form
  std::string token;             // "" for none
  std::string claimed_user;      // kUserMetadata
  std::string certificate_user;  // the common name of a client certificate that was verified
};

CallCredentials CredentialsOf(const grpc::ServerContextBase& context);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_GRPC_CALL_CREDENTIALS_H_
