#include "server/access/method_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/base/status.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr MethodRule kCancel = {"SearchService.CancelJob", Scope::kUser, "name", true, true};

Caller CallerOf(const std::string& user, Scope scope) { return {user, scope, {"chip"}, "1"}; }

TEST(MethodRulesTest, WhatChangesSomethingIsNotForViewers) {
  for (const MethodRule& rule : MethodRules()) {
    EXPECT_EQ(rule.changes, rule.scope != Scope::kViewer) << rule.method;
    if (rule.own_only) {
      EXPECT_TRUE(rule.changes) << rule.method;
      EXPECT_EQ(rule.resource, rule.method == "SearchService.UpdateJob" ? "job.name" : "name") << rule.method;
    }
  }
}

TEST(MethodRulesTest, ScopesIncludeThoseBefore) {
  EXPECT_EQ(CheckRule(kCancel, CallerOf("ada", Scope::kUser), "chip"), absl::OkStatus());
  EXPECT_EQ(CheckRule(kCancel, CallerOf("ada", Scope::kAdmin), "chip"), absl::OkStatus());
  const absl::Status refused = CheckRule(kCancel, CallerOf("ada", Scope::kViewer), "chip");
  EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(Message(refused), AllOf(HasSubstr("needs the scope user"), HasSubstr("ada has viewer")));
}

TEST(MethodRulesTest, ProjectMustBeTheCallers) {
  const absl::Status refused = CheckRule(kCancel, CallerOf("ada", Scope::kAdmin), "soc");
  EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(Message(refused), AllOf(HasSubstr("project soc"), HasSubstr("chip")));
  EXPECT_THAT(Message(CheckRule(kCancel, CallerOf("ada", Scope::kAdmin), "-")), HasSubstr("all projects"));
  EXPECT_EQ(CheckRule(kCancel, LocalCaller("ada"), "-"), absl::OkStatus());
  EXPECT_EQ(CheckRule(kCancel, CallerOf("ada", Scope::kUser), std::nullopt), absl::OkStatus());
}

TEST(MethodRulesTest, UsersChangeOnlyWhatIsTheirs) {
  EXPECT_EQ(CheckOwner(kCancel, CallerOf("ada", Scope::kUser), "ada"), absl::OkStatus());
  EXPECT_EQ(CheckOwner(kCancel, CallerOf("eve", Scope::kAdmin), "ada"), absl::OkStatus());
  EXPECT_THAT(Message(CheckOwner(kCancel, CallerOf("eve", Scope::kUser), "ada")),
              AllOf(HasSubstr("ada"), HasSubstr("admin")));
  EXPECT_EQ(CheckOwner(kCancel, CallerOf("eve", Scope::kUser), "").code(), absl::StatusCode::kPermissionDenied);
}

TEST(MethodRulesTest, ProjectOfAName) {
  EXPECT_EQ(ProjectOf("projects/p/jobs/7"), "p");
  EXPECT_EQ(ProjectOf("projects/-"), "-");
  EXPECT_EQ(ProjectOf("projects/"), "");
  EXPECT_EQ(ProjectOf("jobs/7"), std::nullopt);
  EXPECT_EQ(ProjectOf(""), std::nullopt);
}

}  // namespace
}  // namespace oneloop
