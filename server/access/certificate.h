#ifndef ONELOOP_SERVER_ACCESS_CERTIFICATE_H_
#define ONELOOP_SERVER_ACCESS_CERTIFICATE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace oneloop {

// Files of a TLS server, in PEM form.
struct TlsFiles {
  std::string cert;       // the certificate, with those between it and the authority
  std::string key;        // its private key
  std::string client_ca;  // the authorities whose clients are let in; "" when clients need no certificate

  bool enabled() const { return !cert.empty(); }
};

// What is in them.
struct TlsContents {
  std::string cert;
  std::string key;
  std::string client_ca;
};

// Reads them and finds out whether a server can work with them: well-formed to their ends, the key that of the
// certificate and closed to others. INVALID_ARGUMENT or FAILED_PRECONDITION with the file and the fix.
absl::StatusOr<TlsContents> ReadTlsFiles(const TlsFiles& files);
// The same without the contents.
absl::Status CheckTlsFiles(const TlsFiles& files);

// The command that makes a certificate and its key for this host.
std::string MakeCertificateCommand(const std::string& host);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_ACCESS_CERTIFICATE_H_
