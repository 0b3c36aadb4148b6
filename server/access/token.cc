#include "server/access/token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/status.h"
#include "common/workload/workload.h"
#include "server/access/secrets.h"

namespace oneloop {
namespace {

constexpr std::string_view kPrefix = "olt_";
constexpr std::size_t kIdBytes = 6;
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kHashBytes = 32;
constexpr char kHeader[] =
    "oneloop tokens, version 1: id, SHA-256 of the secret, user, scope, projects, created, expires";
constexpr std::size_t kFields = 7;

bool IsHex(std::string_view text, std::size_t bytes) {
  return text.size() == 2 * bytes && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isdigit(static_cast<unsigned char>(c)) || (c >= 'a' && c <= 'f');
         });
}

absl::Status CheckProjects(const std::vector<std::string>& projects) {
  if (projects.empty())
    return absl::InvalidArgumentError("project: is missing; valid: a project's name, or '*' for all");
  for (const std::string& project : projects) {
    if (project == kAllProjects || IsValidName(project)) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "project: '", project, "' is no project's name: lower-case letters, digits, '_' and '-', or '*' for all"));
  }
  return absl::OkStatus();
}

std::string TimeField(absl::Time time) {
  return time == absl::InfiniteFuture() ? "never" : absl::StrCat(absl::ToUnixSeconds(time));
}

bool ParseTimeField(std::string_view text, absl::Time* time) {
  std::int64_t seconds = 0;
  if (text == "never") {
    *time = absl::InfiniteFuture();
    return true;
  }
  if (!absl::SimpleAtoi(ToAbsl(text), &seconds)) return false;
  *time = absl::FromUnixSeconds(seconds);
  return true;
}

bool ParseRecord(std::string_view line, TokenRecord* record) {
  const std::vector<std::string> fields = absl::StrSplit(ToAbsl(line), '\t');
  if (fields.size() != kFields || !IsHex(fields[0], kIdBytes) || !IsHex(fields[1], kHashBytes)) return false;
  const absl::StatusOr<Scope> scope = ParseScope(fields[3]);
  if (!IsValidUser(fields[2]) || !scope.ok()) return false;
  record->id = fields[0];
  record->secret_hash = fields[1];
  record->user = fields[2];
  record->scope = *scope;
  record->projects = absl::StrSplit(fields[4], ',');
  return CheckProjects(record->projects).ok() && ParseTimeField(fields[5], &record->created) &&
         ParseTimeField(fields[6], &record->expires);
}

}  // namespace

absl::StatusOr<NewToken> MakeToken(const TokenRequest& request, absl::Time now) {
  if (!IsValidUser(request.user)) {
    return absl::InvalidArgumentError(
        absl::StrCat("user: '", request.user, "' is no user's name: 1 to 64 letters, digits and . _ @ + -"));
  }
  RETURN_IF_ERROR(CheckProjects(request.projects));
  if (request.expires <= now) return absl::InvalidArgumentError("expires: must be in the future");
  ASSIGN_OR_RETURN(const std::string id, RandomHex(kIdBytes));
  ASSIGN_OR_RETURN(const std::string secret, RandomHex(kSecretBytes));
  NewToken token;
  token.record = {id, Sha256Hex(secret), request.user, request.scope, request.projects, now, request.expires};
  if (token.record.secret_hash.empty()) return absl::InternalError("SHA-256 is not available");
  token.text = absl::StrCat(ToAbsl(kPrefix), id, "_", secret);
  return token;
}

bool SplitToken(std::string_view text, std::string* id, std::string* secret) {
  if (!text.starts_with(kPrefix)) return false;
  text.remove_prefix(kPrefix.size());
  if (text.size() != 2 * (kIdBytes + kSecretBytes) + 1 || text[2 * kIdBytes] != '_') return false;
  *id = text.substr(0, 2 * kIdBytes);
  *secret = text.substr(2 * kIdBytes + 1);
  return IsHex(*id, kIdBytes) && IsHex(*secret, kSecretBytes);
}

bool SecretMatches(const TokenRecord& record, std::string_view secret) {
  const std::string hash = Sha256Hex(secret);
  return hash.size() == 2 * kHashBytes && record.secret_hash.size() == hash.size() &&
         CRYPTO_memcmp(hash.data(), record.secret_hash.data(), hash.size()) == 0;
}

std::string FormatTokens(const std::vector<TokenRecord>& tokens) {
  std::string text = absl::StrCat(kHeader, "\n");
  for (const TokenRecord& token : tokens) {
    absl::StrAppend(&text, token.id, "\t", token.secret_hash, "\t", token.user, "\t", ToAbsl(ScopeName(token.scope)),
                    "\t", absl::StrJoin(token.projects, ","), "\t", TimeField(token.created), "\t",
                    TimeField(token.expires), "\n");
  }
  return text;
}

absl::StatusOr<std::vector<TokenRecord>> ParseTokens(std::string_view content) {
  std::vector<std::string> lines = absl::StrSplit(ToAbsl(content), '\n');
  if (lines.front() != kHeader) return absl::DataLossError("line 1 is not that of a file of tokens");
  std::vector<TokenRecord> tokens;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (lines[i].empty() && i + 1 == lines.size()) break;
    if (!ParseRecord(lines[i], &tokens.emplace_back())) {
      return absl::DataLossError(absl::StrCat("line ", i + 1, " is not that of a token"));
    }
  }
  return tokens;
}

}  // namespace oneloop
