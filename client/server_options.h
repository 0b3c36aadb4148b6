#ifndef ONELOOP_CLIENT_SERVER_OPTIONS_H_
#define ONELOOP_CLIENT_SERVER_OPTIONS_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "client/environment.h"
#include "client/flag_set.h"
#include "client/service_client.h"

namespace oneloop {

// --server and how to get in there: --token_file, --tls_ca, --tls_cert, --tls_key. What no flag says, a variable of
// the environment may: ONELOOP_SERVER, ONELOOP_TOKEN (the token itself), ONELOOP_TLS_CA, ONELOOP_TLS_CERT,
// ONELOOP_TLS_KEY. Without an address it is the socket in the user's default data directory; without a token, a
// daemon of this machine gets the one that its data directory keeps for that. All calls of a command have one trace
// id: --trace_id, ONELOOP_TRACE_ID, or a random one.
class ServerOptions {
 public:
  void Declare(FlagSet* flags);

  // Where the address, and a token if there is one, come from: "--server", "ONELOOP_SERVER", "the default".
  struct Sources {
    std::string address;
    std::string token;
  };
  // Usage errors for an address that is missing or malformed, a file that cannot be read, a file with a token that
  // others may read, a token that would go over the network unencrypted, and a trace id of another form.
  absl::StatusOr<ServiceClient::Options> Resolve(const Environment& env, Sources* sources) const;
  // The text of the certificates to trust, also where the address itself needs none; "" when none are named.
  absl::StatusOr<std::string> ReadTlsCa(const Environment& env) const;

 private:
  absl::StatusOr<std::string> Address(const Environment& env, std::string* source) const;
  absl::StatusOr<std::string> Token(const Environment& env, const std::string& address, std::string* source) const;
  absl::Status ReadTls(const Environment& env, ServiceClient::Options* options) const;
  absl::StatusOr<std::string> TraceId(const Environment& env) const;

  std::string server_;
  std::string token_file_;
  std::string tls_ca_;
  std::string tls_cert_;
  std::string tls_key_;
  std::string trace_id_;
};

// The token in a file that `flag` names; a usage error when it cannot be read or others may read it.
absl::StatusOr<std::string> ReadTokenFile(std::string_view flag, const std::string& path);

// Whether the address is this machine's loopback interface.
bool IsLoopback(std::string_view address);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_SERVER_OPTIONS_H_
