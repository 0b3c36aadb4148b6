#include "server/daemon/token_command.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class TokenCommandTest : public testing::Test {
 protected:
  // What the command prints.
  std::string Run(const std::vector<std::string>& args, int exit_code = 0) {
    std::ostringstream out;
    std::ostringstream err;
    EXPECT_EQ(RunTokenCommand(args, environment_, now_, out, err), exit_code) << err.str();
    return exit_code == 0 ? out.str() : err.str();
  }

  const TempDirectory directory_;
  const DaemonEnvironment environment_{directory_.path() + "/default", ""};
  absl::Time now_ = absl::FromUnixSeconds(1800000000);
};

TEST_F(TokenCommandTest, CreatesListsAndRevokes) {
  const std::string dir = "--data_dir=" + directory_.path();
  const std::string token = Run({"create", dir, "--user", "ada", "--scope=viewer", "--project", "chip"});
  EXPECT_THAT(token, StartsWith("olt_"));
  const std::string id = token.substr(4, 12);
  EXPECT_THAT(Run({"list", dir}), HasSubstr(id + "\tada\tviewer\tchip\t"));
  now_ += absl::Hours(24 * 91);
  EXPECT_THAT(Run({"list", dir}), HasSubstr("(expired)"));
  EXPECT_THAT(Run({"revoke", id, dir}), HasSubstr(id + " of ada"));
  EXPECT_THAT(Run({"list", dir}), Not(HasSubstr("ada")));
  EXPECT_THAT(Run({"revoke", id, dir}, 1), HasSubstr(id));
}

TEST_F(TokenCommandTest, FindsTheDirectoryOfADaemonWithTheSameSettings) {
  std::filesystem::create_directories(directory_.path() + "/team");
  std::filesystem::create_directories(directory_.path() + "/default/oneloop");
  const std::string config = directory_.path() + "/oneloopd.yaml";
  std::ofstream(config) << "data_dir: " << directory_.path() << "/team\nthreads: 2\n";
  Run({"create", "--config", config, "--user", "ada"});
  EXPECT_THAT(Run({"list", "--data_dir", directory_.path() + "/team"}), HasSubstr("ada"));
  EXPECT_THAT(Run({"list"}), Not(HasSubstr("ada")));
  // As for the daemon, a flag is stronger than the file.
  EXPECT_THAT(Run({"list", "--config", config, "--data_dir", directory_.path() + "/other"}), Not(HasSubstr("ada")));
  Run({"create", "--user", "eve"});
  EXPECT_THAT(Run({"list", "--data_dir", directory_.path() + "/default/oneloop"}), HasSubstr("eve"));
}

TEST_F(TokenCommandTest, WrongCommandLinesAreRefused) {
  EXPECT_THAT(Run({}, 2), HasSubstr("create, list, revoke"));
  EXPECT_THAT(Run({"create"}, 2), HasSubstr("needs --user"));
  EXPECT_THAT(Run({"create", "--user", "ada", "--expires", "1y"}, 2), HasSubstr("--expires 1y: valid"));
  EXPECT_THAT(Run({"create", "--user", "ada", "--scope", "root"}, 2), HasSubstr("--scope"));
  EXPECT_THAT(Run({"list", "--user", "ada"}, 2), HasSubstr("takes no --user"));
  EXPECT_THAT(Run({"list", "--confg", "x"}, 2), HasSubstr("did you mean '--config'"));
  EXPECT_THAT(Run({"list", "--config", directory_.path() + "/none.yaml"}, 2), HasSubstr("none.yaml"));
  EXPECT_THAT(Run({"revoke"}, 2), HasSubstr("the token's ID"));
}

}  // namespace
}  // namespace oneloop
