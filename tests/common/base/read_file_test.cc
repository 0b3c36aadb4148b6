#include "common/base/read_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "common/base/status.h"

namespace oneloop {
namespace {

using ::testing::StartsWith;

class ReadFileTest : public testing::Test {
 protected:
  ReadFileTest() {
    std::string pattern = "/tmp/oneloop_read_XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~ReadFileTest() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& content) const {
    std::string path = folder_ + "/file";
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  std::string folder_;
};

TEST_F(ReadFileTest, GivesEveryByte) {
  const std::string binary("a\0\r\n\xff", 5);
  EXPECT_EQ(ReadFile(Write(binary)).value(), binary);
  EXPECT_EQ(ReadFile(Write("")).value(), "");
  const std::string large(200001, 'x');
  EXPECT_EQ(ReadFile(Write(large)).value(), large);
  EXPECT_EQ(ReadFile("/dev/null").value(), "");
}

TEST_F(ReadFileTest, TakesAsMuchAsIsAllowedAndNoMore) {
  const std::string large(100000, 'x');
  EXPECT_EQ(ReadFile(Write(large), 100000).value(), large);
  const absl::Status more = ReadFile(Write(large), 99999).status();
  EXPECT_EQ(more.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Message(more), folder_ + "/file: larger than 99999 bytes, the most that is read");
  EXPECT_EQ(ReadFile("/dev/zero", 1 << 20).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ReadFileTest, SaysWhyThereIsNothingToRead) {
  const absl::Status missing = ReadFile("/none").status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Message(missing), "/none: cannot be read: No such file or directory");
  EXPECT_EQ(ReadFile(Write("") + "/below").status().code(), absl::StatusCode::kNotFound);
  const absl::Status directory = ReadFile(folder_).status();
  EXPECT_EQ(directory.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(directory), StartsWith(folder_ + ": cannot be read: Is a directory"));
}

TEST_F(ReadFileTest, SaysThatThisUserMayNot) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read every file";
  const std::string path = Write("secret");
  ASSERT_EQ(chmod(path.c_str(), 0), 0);
  EXPECT_EQ(ReadFile(path).status().code(), absl::StatusCode::kPermissionDenied);
}

}  // namespace
}  // namespace oneloop
