#include "server/grpc/transport.h"

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "grpcpp/security/server_credentials.h"
#include "server/grpc/tls_credentials.h"

namespace oneloop {
namespace {

absl::Status NeedsTls(const ListenAddress& address) {
  const bool any_host = address.host == "0.0.0.0" || address.host == "[::]";
  return absl::FailedPreconditionError(absl::StrCat(
      "--listen ", address.Uri(), ": other machines reach this address, so it needs TLS: give --tls_cert and ",
      "--tls_key. To make both: ", MakeCertificateCommand(any_host ? "$(hostname -f)" : address.host),
      ". Without a certificate, listen on unix:PATH or 127.0.0.1:PORT and tunnel: ssh -L 7070:127.0.0.1:PORT HOST"));
}

}  // namespace

absl::Status CheckTransport(const std::vector<ListenAddress>& listen, const TlsFiles& tls) {
  if (tls.cert.empty() != tls.key.empty()) {
    return absl::InvalidArgumentError("--tls_cert and --tls_key: give both or none");
  }
  if (!tls.client_ca.empty() && !tls.enabled()) {
    return absl::InvalidArgumentError("--tls_client_ca needs --tls_cert and --tls_key");
  }
  if (tls.enabled()) return CheckTlsFiles(tls);
  for (const ListenAddress& address : listen) {
    if (!address.is_unix() && !address.is_loopback()) return NeedsTls(address);
  }
  return absl::OkStatus();
}

std::shared_ptr<grpc::ServerCredentials> CredentialsFor(const ListenAddress& address,
                                                        CertificateWatcher* certificates) {
  const bool is_plain = address.is_unix() || certificates == nullptr;
  return is_plain ? nullptr : MakeTlsCredentials(certificates);
}

}  // namespace oneloop
