#ifndef ONELOOP_SERVER_ACCESS_CERTIFICATE_H_
#define ONELOOP_SERVER_ACCESS_CERTIFICATE_H_

#include <string>

#include "absl/status/status.h"

namespace oneloop {

// Files of a TLS server, in PEM form.
struct TlsFiles {
  std::string cert;       // the certificate, with those between it and the authority
  std::string key;        // its private key
  std::string client_ca;  // the authorities whose clients are let in; "" when clients need no certificate

  bool enabled() const { return !cert.empty(); }
};

// Whether a server can work with them: readable, well-formed, the key that of the certificate and closed to others.
// INVALID_ARGUMENT or FAILED_PRECONDITION with the file and the fix.
absl::Status CheckTlsFiles(const TlsFiles& files);

// The command that makes a certificate and its key for this host.
std::string MakeCertificateCommand(const std::string& host);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_ACCESS_CERTIFICATE_H_
