#include "server/access/caller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/base/status.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

TEST(CallerTest, ScopesAreNamed) {
  for (const Scope scope : {Scope::kViewer, Scope::kUser, Scope::kAdmin}) {
    EXPECT_EQ(*ParseScope(ScopeName(scope)), scope);
  }
  const absl::Status unknown = ParseScope("root").status();
  EXPECT_EQ(unknown.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(unknown), HasSubstr("viewer, user, admin"));
}

TEST(CallerTest, UsersAreNamesWithoutSpaces) {
  for (const std::string& user : {std::string("ada"), std::string("Ada.L@example.org"), std::string(64, 'a')}) {
    EXPECT_TRUE(IsValidUser(user)) << user;
  }
  for (const std::string& user : {std::string(""), std::string("a b"), std::string("a\tb"), std::string("a\n"),
                                  std::string("\xC3\xA4"), std::string(65, 'a'), std::string("a\0b", 3)}) {
    EXPECT_FALSE(IsValidUser(user)) << user;
  }
}

TEST(CallerTest, ProjectsAreThoseListed) {
  Caller caller;
  EXPECT_FALSE(caller.MayUseProject("a"));
  caller.projects = {"a", "b"};
  EXPECT_TRUE(caller.MayUseProject("b"));
  EXPECT_FALSE(caller.MayUseProject("c"));
  EXPECT_FALSE(caller.MayUseProject("-"));
  EXPECT_FALSE(caller.MayUseAllProjects());
  EXPECT_TRUE(LocalCaller("ada").MayUseProject("c"));
  EXPECT_EQ(LocalCaller("ada").scope, Scope::kAdmin);
}

}  // namespace
}  // namespace oneloop
