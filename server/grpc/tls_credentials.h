#ifndef ONELOOP_SERVER_GRPC_TLS_CREDENTIALS_H_
#define ONELOOP_SERVER_GRPC_TLS_CREDENTIALS_H_

#include <memory>

#include "grpcpp/security/server_credentials.h"
#include "server/access/certificate_watcher.h"

namespace oneloop {

// TLS with what the watcher has when a connection begins. Clients need a certificate when there are authorities for
// them. To be kept, as the watcher, until the server is gone: a connection asks both.
//
// gRPC's own watcher of files (FileWatcherCertificateProvider) drops the pair that serves before it has looked at the
// next one.
std::shared_ptr<grpc::ServerCredentials> MakeTlsCredentials(CertificateWatcher* certificates);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_GRPC_TLS_CREDENTIALS_H_
