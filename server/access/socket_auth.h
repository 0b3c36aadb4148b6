#ifndef ONELOOP_SERVER_ACCESS_SOCKET_AUTH_H_
#define ONELOOP_SERVER_ACCESS_SOCKET_AUTH_H_

#include <sys/types.h>

#include <string>

#include "absl/status/statusor.h"
#include "server/access/caller.h"

namespace oneloop {

// How callers on the Unix socket are told apart.
enum class SocketAuth {
  // By the account whose process it is. The daemon's own account and root are admins of all projects, and may call
  // themselves whatever they like; others are users of all projects, by their account's name. A token says otherwise.
  kPeer,
  // By tokens, as elsewhere.
  kToken,
  // Not at all: everyone whom the socket's permissions let in is an admin of all projects, and says their own name.
  kNone,
};

// Who a process of this account is under kPeer. `account`: its name; one that is no user's name becomes "uid1000".
// `claimed`: the name that it gives itself, "" for none; believed only of root and the daemon's own account.
// UNAUTHENTICATED for a claim that is no user's name.
absl::StatusOr<Caller> PeerCaller(uid_t uid, const std::string& account, const std::string& claimed);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_ACCESS_SOCKET_AUTH_H_
