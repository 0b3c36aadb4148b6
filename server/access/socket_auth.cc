#include "server/access/socket_auth.h"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/mutex.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr std::array kAll = {SocketAuth::kPeer, SocketAuth::kToken, SocketAuth::kNone};
constexpr std::chrono::seconds kRemembered{60};
constexpr std::size_t kMostRemembered = 1000;
// Enough for any entry; what is longer has no name here.
constexpr std::size_t kEntryBytes = 16384;

std::string LookUp(uid_t uid) {
  passwd entry = {};
  passwd* found = nullptr;
  std::string buffer(kEntryBytes, '\0');
  if (getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr &&
      IsValidUser(entry.pw_name)) {
    return entry.pw_name;
  }
  return absl::StrCat("uid-", uid);
}

}  // namespace

std::string_view SocketAuthName(SocketAuth auth) {
  switch (auth) {
    case SocketAuth::kPeer:
      return "peer";
    case SocketAuth::kToken:
      return "token";
    case SocketAuth::kNone:
      break;
  }
  return "none";
}

absl::StatusOr<SocketAuth> ParseSocketAuth(std::string_view name) {
  for (const SocketAuth auth : kAll) {
    if (SocketAuthName(auth) == name) return auth;
  }
  return absl::InvalidArgumentError(absl::StrCat("unknown way '", ToAbsl(name), "'; valid: peer, token, none"));
}

std::string AccountName(uid_t uid) {
  struct Known {
    std::string name;
    std::chrono::steady_clock::time_point until;
  };
  static Mutex* const mutex = new Mutex;
  static auto* const known = new std::map<uid_t, Known>;
  const auto now = std::chrono::steady_clock::now();
  {
    MutexLock lock(mutex);
    const auto found = known->find(uid);
    if (found != known->end() && now < found->second.until) return found->second.name;
  }
  std::string name = LookUp(uid);
  MutexLock lock(mutex);
  if (known->size() >= kMostRemembered) known->clear();
  (*known)[uid] = {name, now + kRemembered};
  return name;
}

absl::StatusOr<Caller> PeerCaller(uid_t uid, const std::string& claimed) {
  const bool may_claim = uid == 0 || uid == geteuid();
  if (!may_claim) return Caller{AccountName(uid), Scope::kUser, {kAllProjects}, ""};
  if (claimed.empty()) return LocalCaller(AccountName(uid));
  if (IsValidUser(claimed)) return LocalCaller(claimed);
  return absl::UnauthenticatedError(
      absl::StrCat("oneloop-user: is no user's name; valid: 1 to 64 letters, digits and . _ @ + -"));
}

}  // namespace oneloop
