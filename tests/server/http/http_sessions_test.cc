#include "server/http/http_sessions.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace oneloop {
namespace {

class HttpSessionsTest : public testing::Test {
 protected:
  HttpSessions::Options OptionsOf(std::size_t most, std::size_t most_per_token) {
    HttpSessions::Options options;
    options.lifetime = absl::Hours(1);
    options.most = most;
    options.most_per_token = most_per_token;
    options.clock = [this] { return now_; };
    return options;
  }
  // One later than all before.
  std::string Create(HttpSessions* sessions, const std::string& token) {
    now_ += absl::Seconds(1);
    return sessions->Create(token).value();
  }

  SteadyTime now_ = SteadyNow();
};

TEST_F(HttpSessionsTest, SessionStandsForItsTokenUntilItIsOver) {
  HttpSessions sessions(OptionsOf(10, 10));
  const std::string cookie = Create(&sessions, "olt_a");
  EXPECT_EQ(cookie.size(), 64u);
  EXPECT_EQ(sessions.TokenOf(cookie), "olt_a");
  EXPECT_EQ(sessions.TokenOf(cookie + "0"), std::nullopt);
  EXPECT_EQ(sessions.TokenOf(""), std::nullopt);
  now_ += absl::Minutes(59);
  EXPECT_EQ(sessions.TokenOf(cookie), "olt_a");
  now_ += absl::Minutes(1);
  EXPECT_EQ(sessions.TokenOf(cookie), std::nullopt);
}

TEST_F(HttpSessionsTest, LogOutEndsOneSession) {
  HttpSessions sessions(OptionsOf(10, 10));
  const std::string one = Create(&sessions, "olt_a");
  const std::string other = Create(&sessions, "olt_a");
  EXPECT_NE(one, other);
  sessions.Remove(one);
  EXPECT_EQ(sessions.TokenOf(one), std::nullopt);
  EXPECT_EQ(sessions.TokenOf(other), "olt_a");
}

TEST_F(HttpSessionsTest, OldestMakesRoom) {
  HttpSessions sessions(OptionsOf(3, 2));
  const std::string a1 = Create(&sessions, "a");
  const std::string b1 = Create(&sessions, "b");
  const std::string b2 = Create(&sessions, "b");
  const std::string b3 = Create(&sessions, "b");
  EXPECT_EQ(sessions.TokenOf(b1), std::nullopt) << "the oldest of the same token";
  EXPECT_EQ(sessions.TokenOf(a1), "a");
  const std::string c1 = Create(&sessions, "c");
  EXPECT_EQ(sessions.TokenOf(a1), std::nullopt) << "the oldest of all";
  EXPECT_EQ(sessions.TokenOf(b2), "b");
  EXPECT_EQ(sessions.TokenOf(b3), "b");
  EXPECT_EQ(sessions.TokenOf(c1), "c");
}

TEST(CookieTest, IsFoundAmongOthers) {
  EXPECT_EQ(CookieOf("a=1; oneloop_session=xyz; b=2", kSessionCookie), "xyz");
  EXPECT_EQ(CookieOf("oneloop_session=xyz", kSessionCookie), "xyz");
  EXPECT_EQ(CookieOf("not_oneloop_session=xyz", kSessionCookie), "");
  EXPECT_EQ(CookieOf("oneloop_session", kSessionCookie), "");
  EXPECT_EQ(CookieOf("", kSessionCookie), "");
}

}  // namespace
}  // namespace oneloop
