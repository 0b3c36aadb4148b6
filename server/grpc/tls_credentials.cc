#include "server/grpc/tls_credentials.h"

#include <string>

#include "common/base/mutex.h"
#include "grpc/grpc.h"
#include "grpc/grpc_security.h"

namespace oneloop {
namespace {

class WatchedTlsCredentials final : public grpc::ServerCredentials {
 public:
  explicit WatchedTlsCredentials(CertificateWatcher* certificates)
      : certificates_(certificates),
        credentials_(grpc_ssl_server_credentials_create_with_options(
            grpc_ssl_server_credentials_create_options_using_config_fetcher(
                certificates->files().client_ca.empty() ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                                        : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY,
                Fetch, this))) {}
  ~WatchedTlsCredentials() override { grpc_server_credentials_release(credentials_); }

  // Callers are known by CallGuard, on every kind of address alike.
  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  // gRPC asks before each handshake.
  static grpc_ssl_certificate_config_reload_status Fetch(void* self, grpc_ssl_server_certificate_config** config) {
    return static_cast<WatchedTlsCredentials*>(self)->FetchNew(config);
  }
  grpc_ssl_certificate_config_reload_status FetchNew(grpc_ssl_server_certificate_config** config) {
    const std::shared_ptr<const TlsContents> current = certificates_->Current();
    MutexLock lock(&mutex_);
    if (current == given_) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    const grpc_ssl_pem_key_cert_pair pair = {current->key.c_str(), current->cert.c_str()};
    // gRPC wants authorities, also when clients show no certificate that they could vouch for.
    const std::string& authorities = current->client_ca.empty() ? current->cert : current->client_ca;
    *config = grpc_ssl_server_certificate_config_create(authorities.c_str(), &pair, 1);
    given_ = current;
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  CertificateWatcher* const certificates_;
  Mutex mutex_;
  std::shared_ptr<const TlsContents> given_ ABSL_GUARDED_BY(mutex_);
  grpc_server_credentials* const credentials_;
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> MakeTlsCredentials(CertificateWatcher* certificates) {
  return std::make_shared<WatchedTlsCredentials>(certificates);
}

}  // namespace oneloop
