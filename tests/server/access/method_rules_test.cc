#include "server/access/method_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/base/status.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kMethod[] = "SearchService.CancelJob";
constexpr MethodRule kCancel = {Scope::kUser, "name", true, true};

Caller CallerOf(const std::string& user, Scope scope) { return {user, scope, {"chip"}, "1"}; }

TEST(MethodRulesTest, ScopesIncludeThoseBefore) {
  EXPECT_EQ(CheckScope(kMethod, kCancel, CallerOf("ada", Scope::kUser)), absl::OkStatus());
  EXPECT_EQ(CheckScope(kMethod, kCancel, CallerOf("ada", Scope::kAdmin)), absl::OkStatus());
  const absl::Status refused = CheckScope(kMethod, kCancel, CallerOf("ada", Scope::kViewer));
  EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(Message(refused), AllOf(HasSubstr("needs the scope user"), HasSubstr("ada has viewer")));
}

TEST(MethodRulesTest, WhatIsEveryonesNeedsAllProjects) {
  constexpr MethodRule kBackup = {Scope::kAdmin, "", true, false, /*all_projects=*/true};
  const absl::Status refused = CheckScope("AdminService.Backup", kBackup, CallerOf("ada", Scope::kAdmin));
  EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(Message(refused), AllOf(HasSubstr("needs access to all projects"), HasSubstr("ada has: chip")));
  EXPECT_EQ(CheckScope("AdminService.Backup", kBackup, LocalCaller("ada")), absl::OkStatus());
}

TEST(MethodRulesTest, ProjectMustBeTheCallers) {
  const absl::Status refused = CheckProject(kMethod, CallerOf("ada", Scope::kAdmin), "soc");
  EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(Message(refused), AllOf(HasSubstr("project soc"), HasSubstr("chip")));
  EXPECT_THAT(Message(CheckProject(kMethod, CallerOf("ada", Scope::kAdmin), "-")), HasSubstr("all projects"));
  EXPECT_EQ(CheckProject(kMethod, LocalCaller("ada"), "-"), absl::OkStatus());
  EXPECT_EQ(CheckProject(kMethod, CallerOf("ada", Scope::kUser), std::nullopt), absl::OkStatus());
}

TEST(MethodRulesTest, UsersChangeOnlyWhatIsTheirs) {
  EXPECT_EQ(CheckOwner(kMethod, kCancel, CallerOf("ada", Scope::kUser), "ada"), absl::OkStatus());
  EXPECT_EQ(CheckOwner(kMethod, kCancel, CallerOf("eve", Scope::kAdmin), "ada"), absl::OkStatus());
  EXPECT_THAT(Message(CheckOwner(kMethod, kCancel, CallerOf("eve", Scope::kUser), "ada")),
              AllOf(HasSubstr("ada"), HasSubstr("admin")));
  EXPECT_EQ(CheckOwner(kMethod, kCancel, CallerOf("eve", Scope::kUser), "").code(),
            absl::StatusCode::kPermissionDenied);
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
