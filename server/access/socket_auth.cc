#include "server/access/socket_auth.h"

#include <unistd.h>

#include "absl/strings/str_cat.h"

namespace oneloop {
absl::StatusOr<Caller> PeerCaller(uid_t uid, const std::string& account, const std::string& claimed) {
  const std::string user = IsValidUser(account) ? account : absl::StrCat("uid", uid);
  const bool may_claim = uid == 0 || uid == geteuid();
  if (!may_claim) return Caller{user, Scope::kUser, {kAllProjects}, ""};
  if (claimed.empty()) return LocalCaller(user);
  if (IsValidUser(claimed)) return LocalCaller(claimed);
  return absl::UnauthenticatedError(
      absl::StrCat("oneloop-user: is no user's name; valid: 1 to 64 letters, digits and . _ @ + -"));
}

}  // namespace oneloop
