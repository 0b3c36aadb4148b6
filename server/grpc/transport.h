#ifndef ONELOOP_SERVER_GRPC_TRANSPORT_H_
#define ONELOOP_SERVER_GRPC_TRANSPORT_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "server/access/certificate.h"
#include "server/access/certificate_watcher.h"
#include "server/net/listen_address.h"

namespace grpc {
class ServerCredentials;
}  // namespace grpc

namespace oneloop {

// Whether a daemon may listen so: an address that other machines reach needs TLS, and the files of TLS must be good.
// INVALID_ARGUMENT or FAILED_PRECONDITION, with how to make a certificate where there is none.
absl::Status CheckTransport(const std::vector<ListenAddress>& listen, const TlsFiles& tls);

// What one address is served with: TLS, or null for cleartext, on a Unix socket and when `certificates` is null. The
// result is to be kept, as `certificates`, until the server is gone.
std::shared_ptr<grpc::ServerCredentials> CredentialsFor(const ListenAddress& address, CertificateWatcher* certificates);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_GRPC_TRANSPORT_H_
