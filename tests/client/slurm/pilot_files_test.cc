#include "client/slurm/pilot_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "client/exit_code.h"
#include "common/base/read_file.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

namespace fs = std::filesystem;

unsigned ModeOf(const std::string& path) {
  struct stat info = {};
  return stat(path.c_str(), &info) == 0 ? info.st_mode & 07777u : 0;
}

class PilotFilesTest : public ::testing::Test {
 protected:
  PilotFilesTest() {
    std::string pattern = "/tmp/oneloop_files_XXXXXX";
    folder_ = mkdtemp(pattern.data());
    // Whatever the user's shell has.
    previous_ = umask(0);
  }
  ~PilotFilesTest() override {
    umask(previous_);
    fs::remove_all(folder_);
  }

  std::string folder_;
  mode_t previous_ = 0;
};

TEST_F(PilotFilesTest, OnlyTheUserReadsTheToken) {
  const auto files = PilotFiles::Open(folder_ + "/new/workers", "hpc");
  ASSERT_TRUE(files.ok()) << files.status();
  const auto token = files->KeepToken("olt_0123456789ab_secret");
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_EQ(*token, folder_ + "/new/workers/hpc/0123456789ab.token");
  EXPECT_EQ(*ReadFile(*token), "olt_0123456789ab_secret\n");
  EXPECT_EQ(ModeOf(*token), 0600u);
  EXPECT_EQ(ModeOf(folder_ + "/new/workers/hpc"), 0700u);
  EXPECT_EQ(ModeOf(files->log_folder()), 0700u);
}

TEST_F(PilotFilesTest, TheSameTokenHasTheSameFileAndAnotherSecretReplacesIt) {
  const auto files = PilotFiles::Open(folder_, "hpc");
  ASSERT_TRUE(files.ok()) << files.status();
  const std::string path = *files->KeepToken("olt_a_one");
  EXPECT_EQ(*files->KeepToken("olt_a_one"), path);
  EXPECT_EQ(*files->KeepToken("olt_a_two"), path);
  EXPECT_EQ(*ReadFile(path), "olt_a_two\n");
  EXPECT_NE(*files->KeepToken("olt_b_one"), path);
  EXPECT_NE(*files->KeepCertificates("one"), *files->KeepCertificates("two"));
}

TEST_F(PilotFilesTest, RefusesAFolderThatOthersMayOpen) {
  fs::create_directories(folder_ + "/hpc");
  chmod((folder_ + "/hpc").c_str(), 0750);
  const absl::Status open = PilotFiles::Open(folder_, "hpc").status();
  EXPECT_EQ(ExitCodeOf(open), ExitCode::kUsage);
  EXPECT_THAT(Message(open), ::testing::HasSubstr("chmod 700 " + folder_ + "/hpc"));
  fs::create_directory_symlink("/tmp", folder_ + "/link");
  EXPECT_EQ(ExitCodeOf(PilotFiles::Open(folder_, "link").status()), ExitCode::kUsage);
  std::ofstream(folder_ + "/file") << "x";
  EXPECT_EQ(ExitCodeOf(PilotFiles::Open(folder_ + "/file", "hpc").status()), ExitCode::kUsage);
  EXPECT_EQ(ExitCodeOf(PilotFiles::Open("relative", "hpc").status()), ExitCode::kUsage);
}

TEST_F(PilotFilesTest, DoesNotWriteThroughALink) {
  const auto files = PilotFiles::Open(folder_, "hpc");
  ASSERT_TRUE(files.ok()) << files.status();
  std::ofstream(folder_ + "/victim") << "kept";
  fs::create_symlink(folder_ + "/victim", folder_ + "/hpc/a.token");
  EXPECT_TRUE(files->KeepToken("olt_a_one").ok());
  EXPECT_EQ(*ReadFile(folder_ + "/victim"), "kept");
}

TEST_F(PilotFilesTest, RemovesTokensOfTheClusterAlone) {
  EXPECT_TRUE(RemovePilotTokens(folder_, "hpc").ok());
  const auto files = PilotFiles::Open(folder_, "hpc");
  const auto others = PilotFiles::Open(folder_, "other");
  ASSERT_TRUE(files.ok() && others.ok());
  const std::string token = *files->KeepToken("olt_a_one");
  const std::string certificates = *files->KeepCertificates("pem");
  const std::string other_token = *others->KeepToken("olt_a_one");
  EXPECT_TRUE(RemovePilotTokens(folder_, "hpc").ok());
  EXPECT_FALSE(fs::exists(token));
  EXPECT_TRUE(fs::exists(certificates));
  EXPECT_TRUE(fs::exists(other_token));
}

TEST(TokenIdTest, IsThePublicPartOfATokenAlone) {
  EXPECT_EQ(TokenId("olt_0123456789ab_secret"), "0123456789ab");
  for (const char* const text : {"", "olt_", "olt__secret", "olt_a_", "olt_a", "tok_a_b", "olt_../a_b", "olt_a_b_c"}) {
    EXPECT_EQ(TokenId(text), "") << text;
  }
}

}  // namespace
}  // namespace oneloop
