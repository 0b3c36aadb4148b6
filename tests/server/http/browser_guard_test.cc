#include "server/http/browser_guard.h"

#include <gtest/gtest.h>

#include <string>

namespace oneloop {
namespace {

absl::StatusCode CodeOf(const std::string& verb, const HttpHeaders& headers) {
  HttpHead head;
  head.verb = verb;
  head.headers = headers;
  return BrowserGuard({"oneloop.Example.org"}).Check(head).code();
}

constexpr absl::StatusCode kOk = absl::StatusCode::kOk;
constexpr absl::StatusCode kWrong = absl::StatusCode::kInvalidArgument;
constexpr absl::StatusCode kForbidden = absl::StatusCode::kPermissionDenied;

TEST(BrowserGuardTest, OnlyTheDaemonsOwnNamesAreTaken) {
  for (const char* host : {"localhost", "localhost:8080", "127.0.0.1:1", "[::1]:8080", "LOCALHOST",
                           "oneloop.example.org", "oneloop.example.org:443"}) {
    EXPECT_EQ(CodeOf("GET", {{"host", host}}), kOk) << host;
  }
  for (const char* host :
       {"example.org", "localhost.example.org", "127.0.0.1.example.org", "127.0.0.2", "[::2]", "x"}) {
    EXPECT_EQ(CodeOf("GET", {{"host", host}}), kForbidden) << host;
  }
  EXPECT_EQ(CodeOf("GET", {}), kWrong);
  EXPECT_EQ(CodeOf("GET", {{"host", ""}}), kWrong);
  EXPECT_EQ(CodeOf("GET", {{"host", "localhost"}, {"host", "example.org"}}), kWrong);
}

TEST(BrowserGuardTest, PagesOfOtherSitesAreRefused) {
  const auto with_origin = [](const char* origin) {
    return CodeOf("GET", {{"host", "localhost:8080"}, {"origin", origin}});
  };
  EXPECT_EQ(with_origin("http://localhost:8080"), kOk);
  EXPECT_EQ(with_origin("https://localhost:8080"), kOk);
  for (const char* origin : {"http://localhost:8081", "http://localhost", "http://evil.example", "null",
                             "http://localhost:8080.evil.example"}) {
    EXPECT_EQ(with_origin(origin), kForbidden) << origin;
  }
  EXPECT_EQ(CodeOf("GET", {{"host", "localhost"}, {"origin", "http://localhost"}, {"origin", "http://evil.example"}}),
            kForbidden);
  const auto from = [](const char* site, const char* mode) {
    return CodeOf("GET", {{"host", "localhost"}, {"sec-fetch-site", site}, {"sec-fetch-mode", mode}});
  };
  EXPECT_EQ(from("same-origin", "cors"), kOk);
  EXPECT_EQ(from("none", "navigate"), kOk);
  EXPECT_EQ(from("cross-site", "navigate"), kOk) << "a link that is followed";
  EXPECT_EQ(from("cross-site", "no-cors"), kForbidden);
  EXPECT_EQ(from("same-site", "cors"), kForbidden);
}

TEST(BrowserGuardTest, ChangesNeedTheHeader) {
  for (const char* verb : {"POST", "PATCH", "DELETE", "PUT"}) {
    EXPECT_EQ(CodeOf(verb, {{"host", "localhost"}}), kWrong) << verb;
    EXPECT_EQ(CodeOf(verb, {{"host", "localhost"}, {"x-oneloop", "1"}}), kOk) << verb;
  }
  EXPECT_EQ(CodeOf("HEAD", {{"host", "localhost"}}), kOk);
}

}  // namespace
}  // namespace oneloop
