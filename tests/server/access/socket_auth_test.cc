#include "server/access/socket_auth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr uid_t kNobodysNumber = 3999999999;

TEST(SocketAuthTest, NamesAreReadAndPrinted) {
  for (const SocketAuth auth : {SocketAuth::kPeer, SocketAuth::kToken, SocketAuth::kNone}) {
    EXPECT_EQ(ParseSocketAuth(SocketAuthName(auth)).value(), auth);
  }
  EXPECT_THAT(Message(ParseSocketAuth("all").status()), testing::HasSubstr("valid: peer, token, none"));
}

TEST(SocketAuthTest, TheDaemonsOwnAccountIsAnAdminUnderAnyName) {
  const Caller named = PeerCaller(geteuid(), "ada").value();
  EXPECT_EQ(named.user, "ada");
  EXPECT_EQ(named.scope, Scope::kAdmin);
  EXPECT_TRUE(named.MayUseAllProjects());
  EXPECT_EQ(PeerCaller(geteuid(), "").value().user, AccountName(geteuid()));
  EXPECT_EQ(PeerCaller(0, "").value().user, "root");
  EXPECT_EQ(PeerCaller(0, "no name").status().code(), absl::StatusCode::kUnauthenticated);
}

TEST(SocketAuthTest, OtherAccountsAreUsersUnderTheirOwnName) {
  const Caller other = PeerCaller(kNobodysNumber, "root").value();
  EXPECT_EQ(other.user, "uid-3999999999");
  EXPECT_EQ(other.scope, Scope::kUser);
  EXPECT_TRUE(other.MayUseAllProjects());
  EXPECT_TRUE(IsValidUser(other.user));
}

}  // namespace
}  // namespace oneloop
