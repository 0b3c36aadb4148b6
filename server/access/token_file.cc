#include "server/access/token_file.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "server/access/private_file.h"

namespace oneloop {
namespace {

absl::StatusOr<FileLock> LockTokens(const std::string& data_dir) {
  return FileLock::Take(TokenFilePath(data_dir) + ".lock");
}

// Whether the file holds a token that `tokens` have.
absl::StatusOr<bool> HasValidToken(const std::string& path, const std::vector<TokenRecord>& tokens) {
  absl::StatusOr<std::string> text = ReadPrivateFile(path);
  if (absl::IsNotFound(text.status())) return false;
  RETURN_IF_ERROR(text.status());
  absl::StripAsciiWhitespace(&*text);
  std::string id;
  std::string secret;
  if (!SplitToken(*text, &id, &secret)) return false;
  return std::any_of(tokens.begin(), tokens.end(), [&](const TokenRecord& token) {
    return token.id == id && SecretMatches(token, secret) && token.expires == absl::InfiniteFuture();
  });
}

}  // namespace

std::string TokenFilePath(const std::string& data_dir) { return data_dir + "/tokens"; }
std::string LocalTokenPath(const std::string& data_dir) { return data_dir + "/local.token"; }

absl::StatusOr<std::vector<TokenRecord>> ListTokens(const std::string& data_dir) {
  const std::string path = TokenFilePath(data_dir);
  const absl::StatusOr<std::string> content = ReadPrivateFile(path);
  if (absl::IsNotFound(content.status())) return std::vector<TokenRecord>();
  RETURN_IF_ERROR(content.status());
  absl::StatusOr<std::vector<TokenRecord>> tokens = ParseTokens(*content);
  if (!tokens.ok()) return PrefixField(path, tokens.status());
  return tokens;
}

absl::StatusOr<NewToken> CreateToken(const std::string& data_dir, const TokenRequest& request, absl::Time now) {
  ASSIGN_OR_RETURN(NewToken token, MakeToken(request, now));
  ASSIGN_OR_RETURN(const FileLock lock, LockTokens(data_dir));
  ASSIGN_OR_RETURN(std::vector<TokenRecord> tokens, ListTokens(data_dir));
  tokens.push_back(token.record);
  RETURN_IF_ERROR(ReplacePrivateFile(TokenFilePath(data_dir), FormatTokens(tokens)));
  return token;
}

absl::StatusOr<TokenRecord> RevokeToken(const std::string& data_dir, std::string_view id) {
  ASSIGN_OR_RETURN(const FileLock lock, LockTokens(data_dir));
  ASSIGN_OR_RETURN(std::vector<TokenRecord> tokens, ListTokens(data_dir));
  const auto found =
      std::find_if(tokens.begin(), tokens.end(), [&](const TokenRecord& token) { return token.id == id; });
  if (found == tokens.end()) {
    return absl::NotFoundError(absl::StrCat("there is no token ", ToAbsl(id), "; `oneloopd token list` shows them"));
  }
  TokenRecord revoked = *found;
  tokens.erase(found);
  RETURN_IF_ERROR(ReplacePrivateFile(TokenFilePath(data_dir), FormatTokens(tokens)));
  return revoked;
}

absl::Status EnsureLocalToken(const std::string& data_dir, absl::Time now) {
  ASSIGN_OR_RETURN(const std::vector<TokenRecord> tokens, ListTokens(data_dir));
  ASSIGN_OR_RETURN(const bool is_there, HasValidToken(LocalTokenPath(data_dir), tokens));
  if (is_there) return absl::OkStatus();
  TokenRequest request;
  request.user = "local";
  request.scope = Scope::kAdmin;
  request.projects = {kAllProjects};
  ASSIGN_OR_RETURN(const NewToken token, CreateToken(data_dir, request, now));
  return ReplacePrivateFile(LocalTokenPath(data_dir), token.text + "\n");
}

}  // namespace oneloop
