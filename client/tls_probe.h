#ifndef ONELOOP_CLIENT_TLS_PROBE_H_
#define ONELOOP_CLIENT_TLS_PROBE_H_

#include <string>

#include "absl/time/time.h"
#include "client/network_probe.h"
#include "common/base/clock.h"

namespace oneloop {

// What a TLS handshake with a server shows.
struct TlsProbe {
  enum class Outcome {
    kGood,         // as a client with these certificates would get in
    kNoTls,        // the server speaks something else
    kUntrusted,    // signed by none of the trusted authorities
    kExpired,      // or not yet valid
    kWrongName,    // the certificate is for other hosts
    kWantsClient,  // the server asks for a client certificate that it trusts
    kOwnExpired,   // it asks for one, and the client's own has expired, or is not yet valid; the detail says when
    kBadFiles,     // the certificates given here cannot be used
    kOther
  };
  Outcome outcome = Outcome::kOther;
  std::string detail;  // in OpenSSL's words, or the names in the certificate
};

struct TlsProbeOptions {
  std::string host;  // the name or address that the certificate must be for
  std::string ca;    // PEM text; "" accepts any certificate
  std::string cert;  // PEM text of the client's own, and its key; "" for none
  std::string key;
  absl::Duration timeout = absl::Seconds(5);
  absl::Time now = WallNow();  // by which the client's own certificate is judged
};

// Uses up the connection, which may be non-blocking.
TlsProbe ProbeTls(const Connection& connection, const TlsProbeOptions& options);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_TLS_PROBE_H_
