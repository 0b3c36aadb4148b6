#include "server/access/token_registry.h"

#include <sys/stat.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "server/access/token_file.h"

namespace oneloop {
namespace {

constexpr char kHowToGetOne[] = "; ask an admin for one: oneloopd token create";

absl::Status Refused(std::string_view reason) {
  return absl::UnauthenticatedError(absl::StrCat("token: ", ToAbsl(reason), kHowToGetOne));
}

}  // namespace

TokenRegistry::TokenRegistry(std::string data_dir) : data_dir_(std::move(data_dir)) {}

void TokenRegistry::Refresh() {
  struct stat info = {};
  Version version;
  // The time of change, which nobody can set: a file that is put in place of another differs in it.
  if (stat(TokenFilePath(data_dir_).c_str(), &info) == 0) {
    version = {info.st_dev, info.st_ino, info.st_size, info.st_ctim.tv_sec, info.st_ctim.tv_nsec};
  }
  if (version == version_) return;
  version_ = version;
  tokens_.clear();
  const absl::StatusOr<std::vector<TokenRecord>> tokens = ListTokens(data_dir_);
  problem_ = tokens.status();
  if (!tokens.ok()) {
    Log(LogLevel::kError, "no token is valid until this is mended: " + Message(problem_));
    return;
  }
  for (const TokenRecord& token : *tokens) tokens_.emplace(token.id, token);
}

absl::StatusOr<const TokenRecord*> TokenRegistry::Find(std::string_view id, absl::Time now) {
  Refresh();
  if (!problem_.ok()) return absl::UnauthenticatedError("the daemon cannot read its tokens; its log says why");
  const auto found = tokens_.find(id);
  if (found == tokens_.end()) return Refused("it is unknown or was revoked");
  if (found->second.expires <= now) {
    return Refused(absl::StrCat("it expired on ",
                                absl::FormatTime(absl::RFC3339_sec, found->second.expires, absl::UTCTimeZone())));
  }
  return &found->second;
}

absl::StatusOr<Caller> TokenRegistry::Authenticate(std::string_view token_text, absl::Time now) {
  std::string id;
  std::string secret;
  if (!SplitToken(token_text, &id, &secret)) return Refused("it has not the form olt_..., as a token has");
  MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(const TokenRecord* const record, Find(id, now));
  if (!SecretMatches(*record, secret)) return Refused("it is unknown or was revoked");
  return Caller{record->user, record->scope, record->projects, record->id};
}

absl::Status TokenRegistry::CheckStillValid(std::string_view id, absl::Time now) {
  MutexLock lock(&mutex_);
  return Find(id, now).status();
}

}  // namespace oneloop
