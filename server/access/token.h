#ifndef ONELOOP_SERVER_ACCESS_TOKEN_H_
#define ONELOOP_SERVER_ACCESS_TOKEN_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/access/caller.h"

namespace oneloop {

// A token is the text "olt_ID_SECRET": ID, 12 hexadecimal digits, finds its record; SECRET is 256 random bits as 64
// hexadecimal digits. Of the secret only its SHA-256 is kept: with so many random bits that needs no salt and no
// stretching.
struct TokenRecord {
  std::string id;
  std::string secret_hash;  // 64 hexadecimal digits
  std::string user;
  Scope scope = Scope::kViewer;
  std::vector<std::string> projects;
  absl::Time created;
  absl::Time expires = absl::InfiniteFuture();
};

// What a token is to be made for.
struct TokenRequest {
  std::string user;
  Scope scope = Scope::kViewer;
  std::vector<std::string> projects;
  absl::Time expires = absl::InfiniteFuture();
};

struct NewToken {
  TokenRecord record;
  std::string text;  // to be shown once and never stored by the daemon
};

// INVALID_ARGUMENT for a user or project that is no name, or an expiry that is not in the future; INTERNAL when the
// system has no random numbers.
absl::StatusOr<NewToken> MakeToken(const TokenRequest& request, absl::Time now);

// "olt_ID_SECRET" in its parts; false when it has not that form.
bool SplitToken(std::string_view text, std::string* id, std::string* secret);

// In constant time.
bool SecretMatches(const TokenRecord& record, std::string_view secret);

// A file of tokens: a line that says the version, then one line each, its fields separated by tabs. DATA_LOSS, with
// the line, for anything else.
std::string FormatTokens(const std::vector<TokenRecord>& tokens);
absl::StatusOr<std::vector<TokenRecord>> ParseTokens(std::string_view content);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_ACCESS_TOKEN_H_
