// tools/build on a machine that lacks what it needs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/client/process.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

TEST(BuildScriptTest, SaysWhichScriptInstallsThePackages) {
  std::string pattern = "/tmp/oneloop_build_XXXXXX";
  const std::string folder = mkdtemp(pattern.data());
  // A checkout of the scripts alone, and everything that they call but cmake.
  const std::string prepare = absl::StrCat("cp -r '", SourceDir(), "/tools' ", folder, " && mkdir ", folder,
                                           "/bin && for program in bash dirname basename cat ",
                                           "mkdir nproc awk; do ln -s $(command -v $program) ", folder, "/bin/; done");
  ASSERT_EQ(RunShell(prepare).code, 0);
  const ProcessResult result = RunShell(absl::StrCat("PATH=", folder, "/bin ", folder, "/tools/build 2>&1"));
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, testing::HasSubstr("tools/install-deps installs the packages that a build needs"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace oneloop
