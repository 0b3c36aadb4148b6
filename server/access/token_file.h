#ifndef ONELOOP_SERVER_ACCESS_TOKEN_FILE_H_
#define ONELOOP_SERVER_ACCESS_TOKEN_FILE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/access/token.h"

namespace oneloop {

// Where a data directory keeps its tokens, as hashes.
std::string TokenFilePath(const std::string& data_dir);
// Where the token lies that the command line of this machine finds by itself.
std::string LocalTokenPath(const std::string& data_dir);

// Changes to the tokens of a data directory, whose daemon may run: it sees them with its next call. Processes that
// change them at once wait for each other. Errors of reading are those of ReadPrivateFile and ParseTokens.

// In the order of their making; none when there is no file.
absl::StatusOr<std::vector<TokenRecord>> ListTokens(const std::string& data_dir);
// Makes a token and returns its text.
absl::StatusOr<NewToken> CreateToken(const std::string& data_dir, const TokenRequest& request, absl::Time now);
// NOT_FOUND when there is none of this id.
absl::StatusOr<TokenRecord> RevokeToken(const std::string& data_dir, std::string_view id);

// Makes sure that LocalTokenPath holds a token that is valid: an admin's, of the user "local", which does not expire.
absl::Status EnsureLocalToken(const std::string& data_dir, absl::Time now);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_ACCESS_TOKEN_FILE_H_
