#include "server/access/socket_auth.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace oneloop {
namespace {

constexpr uid_t kNobodysNumber = 3999999999;

TEST(SocketAuthTest, TheDaemonsOwnAccountIsAnAdminUnderAnyName) {
  const Caller named = PeerCaller(geteuid(), "own", "ada").value();
  EXPECT_EQ(named.user, "ada");
  EXPECT_EQ(named.scope, Scope::kAdmin);
  EXPECT_TRUE(named.MayUseAllProjects());
  EXPECT_EQ(PeerCaller(geteuid(), "own", "").value().user, "own");
  EXPECT_EQ(PeerCaller(0, "root", "").value().user, "root");
  EXPECT_EQ(PeerCaller(0, "root", "no name").status().code(), absl::StatusCode::kUnauthenticated);
}

TEST(SocketAuthTest, OtherAccountsAreUsersUnderTheirOwnName) {
  const Caller other = PeerCaller(kNobodysNumber, "otto", "root").value();
  EXPECT_EQ(other.user, "otto");
  EXPECT_EQ(other.scope, Scope::kUser);
  EXPECT_TRUE(other.MayUseAllProjects());
  EXPECT_EQ(PeerCaller(kNobodysNumber, "DOMAIN\\otto", "").value().user, "uid3999999999");
}

}  // namespace
}  // namespace oneloop
