#ifndef ONELOOP_SERVER_HANDLERS_CALL_CREDENTIALS_H_
#define ONELOOP_SERVER_HANDLERS_CALL_CREDENTIALS_H_

#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

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
  std::string peer;              // for people: where the call came from
  std::string token;             // "" for none
  std::string claimed_user;      // kUserMetadata
  std::string certificate_user;  // the common name of a client certificate that was verified
  // Of a Unix socket, as the kernel says: whose process it is. None when it does not say.
  std::optional<uid_t> uid;
  std::string account;  // its name
};

// The token of "Bearer TOKEN". What has another form is a wrong token, not a missing one.
inline std::string BearerToken(std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer ";
  return std::string(authorization.starts_with(kScheme) ? authorization.substr(kScheme.size()) : authorization);
}

// Whose bounds a call counts against: its user's or, when nobody knows who calls, those of the account or address that
// it shares with others.
inline std::string AccountOf(const std::string& user, const std::string& shared) {
  return user.empty() ? "unknown, " + shared : user;
}

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_CALL_CREDENTIALS_H_
