#include "server/access/token_registry.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "server/access/token_file.h"

namespace oneloop {
namespace {

constexpr char kHowToGetOne[] = "; ask an admin for one: oneloopd token create";

// A moment that lets the daemon breathe, and that a person hardly notices.
constexpr absl::Duration kRetryAfter = absl::Seconds(1);

// As ReadPrivateFile words it: whoever changed the file may not have been its owner.
bool IsOpenToOthers(const absl::Status& failure) { return absl::IsFailedPrecondition(failure); }

absl::Status Refused(std::string_view reason) {
  return absl::UnauthenticatedError(absl::StrCat("token: ", ToAbsl(reason), kHowToGetOne));
}

}  // namespace

TokenRegistry::TokenRegistry(std::string data_dir, std::function<SteadyTime()> clock)
    : data_dir_(std::move(data_dir)), clock_(std::move(clock)) {}

void TokenRegistry::Refresh() {
  struct stat info = {};
  Version version;
  // The time of change, which nobody can set: a file that is put in place of another differs in it.
  if (stat(TokenFilePath(data_dir_).c_str(), &info) == 0) {
    version = {info.st_dev, info.st_ino, info.st_size, info.st_ctim.tv_sec, info.st_ctim.tv_nsec};
  } else if (errno != ENOENT) {
    const absl::Status failure = absl::ErrnoToStatus(errno, "cannot look at " + TokenFilePath(data_dir_));
    if (failure_.ok() || clock_() >= failed_at_ + kRetryAfter) OnFailure(version, failure);
    return;
  }
  if (failure_.ok() ? version == known_ : version == failed_version_ && clock_() < failed_at_ + kRetryAfter) return;
  const absl::StatusOr<std::vector<TokenRecord>> tokens = ListTokens(data_dir_);
  if (tokens.ok()) {
    OnRead(version, *tokens);
  } else {
    OnFailure(version, tokens.status());
  }
}

void TokenRegistry::OnFailure(const Version& version, const absl::Status& failure) {
  ++failed_reads_;
  failed_version_ = version;
  failed_at_ = clock_();
  // Not once for each try.
  if (failure != failure_) {
    Log(LogLevel::kError, IsOpenToOthers(failure) ? "no token is valid until this is mended: " + Message(failure)
                                                  : "the tokens cannot be read; those known before stay valid, and "
                                                    "it is tried again: " +
                                                        Message(failure));
  }
  failure_ = failure;
}

void TokenRegistry::OnRead(const Version& version, const std::vector<TokenRecord>& tokens) {
  if (!failure_.ok()) Log(LogLevel::kInfo, "the tokens can be read again");
  failure_ = absl::OkStatus();
  known_ = version;
  tokens_.clear();
  for (const TokenRecord& token : tokens) tokens_.emplace(token.id, token);
}

absl::StatusOr<const TokenRecord*> TokenRegistry::Find(std::string_view id, absl::Time now) {
  Refresh();
  if (IsOpenToOthers(failure_) || !known_.has_value()) {
    return absl::UnauthenticatedError("the daemon cannot read its tokens; its log says why");
  }
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
