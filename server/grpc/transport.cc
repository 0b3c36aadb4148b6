#include "server/grpc/transport.h"

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_credentials_options.h"

namespace oneloop {
namespace {

constexpr unsigned int kReloadSeconds = 1;

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

std::shared_ptr<grpc::ServerCredentials> CredentialsFor(const ListenAddress& address, const TlsFiles& tls) {
  namespace tls_api = grpc::experimental;
  if (address.is_unix() || !tls.enabled()) return grpc::InsecureServerCredentials();
  const bool with_clients = !tls.client_ca.empty();
  auto provider =
      with_clients
          ? std::make_shared<tls_api::FileWatcherCertificateProvider>(tls.key, tls.cert, tls.client_ca, kReloadSeconds)
          : std::make_shared<tls_api::FileWatcherCertificateProvider>(tls.key, tls.cert, kReloadSeconds);
  tls_api::TlsServerCredentialsOptions options(provider);
  options.watch_identity_key_cert_pairs();
  if (with_clients) options.watch_root_certs();
  options.set_cert_request_type(with_clients ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                             : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  return tls_api::TlsServerCredentials(options);
}

}  // namespace oneloop
