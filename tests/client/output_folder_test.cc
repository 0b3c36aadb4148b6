#include "client/output_folder.h"

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "common/base/read_file.h"
#include "common/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

bool IsOurs(std::string_view text) { return text.starts_with("ours"); }

class OutputFolderTest : public ::testing::Test {
 protected:
  OutputFolderTest() {
    std::string pattern = "/tmp/oneloop_output_XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~OutputFolderTest() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) const { std::ofstream(folder_ + "/" + name) << text; }
  std::string Read(const std::string& name) const { return ReadFile(folder_ + "/" + name).value(); }
  int CountFiles() const { return static_cast<int>(std::distance(std::filesystem::directory_iterator(folder_), {})); }

  std::string folder_;
};

TEST_F(OutputFolderTest, WritesAndReplacesItsOwnFiles) {
  ASSERT_TRUE(CheckOutputFile(folder_, "a.txt", IsOurs).ok());
  ASSERT_TRUE(WriteOutputFiles(folder_, {{"a.txt", "ours 1"}, {"b.txt", "ours 2"}}, "t").ok());
  ASSERT_TRUE(CheckOutputFile(folder_, "a.txt", IsOurs).ok());
  ASSERT_TRUE(WriteOutputFiles(folder_, {{"a.txt", "ours 3"}}, "t").ok());
  EXPECT_EQ(Read("a.txt"), "ours 3");
  EXPECT_EQ(Read("b.txt"), "ours 2");
  EXPECT_EQ(CountFiles(), 2) << "no temporary file stays";
}

TEST_F(OutputFolderTest, MakesTheFolderAndItsParents) {
  EXPECT_TRUE(CheckOutputFile(folder_ + "/x/y", "a.txt", IsOurs).ok());
  EXPECT_TRUE(WriteOutputFiles(folder_ + "/x/y", {{"a.txt", "ours"}}, "t").ok());
}

TEST_F(OutputFolderTest, AFileMayBeNamedByItsPath) {
  EXPECT_TRUE(WriteOutputPath(folder_ + "/x/a.txt", "ours 1", IsOurs, "t").ok());
  EXPECT_TRUE(WriteOutputPath(folder_ + "/x/a.txt", "ours 2", IsOurs, "t").ok());
  EXPECT_EQ(Read("x/a.txt"), "ours 2");
  Write("b.txt", "theirs");
  EXPECT_TRUE(absl::IsInvalidArgument(WriteOutputPath(folder_ + "/b.txt", "ours", IsOurs, "t")));
  EXPECT_EQ(Read("b.txt"), "theirs");
  EXPECT_THAT(Message(CheckOutputPath(folder_ + "/", IsOurs)), HasSubstr("names no file to write"));
}

TEST_F(OutputFolderTest, RefusesWhatOthersWrote) {
  Write("a.txt", "theirs");
  std::filesystem::create_directory(folder_ + "/b.txt");
  Write("target", "ours");
  std::filesystem::create_symlink(folder_ + "/target", folder_ + "/c.txt");
  for (const char* name : {"a.txt", "b.txt", "c.txt"}) {
    const absl::Status status = CheckOutputFile(folder_, name, IsOurs);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_THAT(Message(status), HasSubstr(folder_ + "/" + name + ": exists and was not written by this command"));
  }
}

TEST_F(OutputFolderTest, RefusesAFolderThatCannotBe) {
  Write("file", "theirs");
  const absl::Status not_a_folder = CheckOutputFile(folder_ + "/file", "a.txt", IsOurs);
  EXPECT_EQ(not_a_folder.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(not_a_folder), HasSubstr(folder_ + "/file: cannot be made a directory"));
  EXPECT_FALSE(CheckOutputFile(folder_ + "/file/below", "a.txt", IsOurs).ok());
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  std::filesystem::permissions(folder_, std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  EXPECT_THAT(Message(CheckOutputFile(folder_, "a.txt", IsOurs)), HasSubstr("cannot be written"));
  std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
}

TEST_F(OutputFolderTest, WritesNothingWhenOneFileCannotBeWritten) {
  Write("a.txt", "ours 1");
  // Its temporary file would be in a directory that is not there.
  const absl::Status status = WriteOutputFiles(folder_, {{"a.txt", "ours 2"}, {"none/b.txt", "ours 2"}}, "t");
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(Read("a.txt"), "ours 1");
  EXPECT_EQ(CountFiles(), 1);
}

TEST_F(OutputFolderTest, NewFilesReplaceNothing) {
  ASSERT_TRUE(WriteNewFiles(folder_ + "/x/y", {{"a.txt", "1"}, {"b.txt", "2"}}, "t").ok());
  EXPECT_EQ(Read("x/y/a.txt"), "1");
  EXPECT_EQ(Read("x/y/b.txt"), "2");
  Write("b.txt", "theirs");
  std::filesystem::create_symlink(folder_ + "/nowhere", folder_ + "/c.txt");
  for (const char* name : {"b.txt", "c.txt"}) {
    const absl::Status status = WriteNewFiles(folder_, {{"a.txt", "1"}, {name, "2"}}, "t");
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(Message(status), folder_ + "/" + name + ": is there already; choose another directory");
  }
  EXPECT_EQ(Read("b.txt"), "theirs");
  EXPECT_EQ(CountFiles(), 3) << "x, b.txt and c.txt";
}

// As when one comes between the check and the writing.
TEST_F(OutputFolderTest, NewFilesTakeBackWhatTheyMadeWhenOneCannotBe) {
  const absl::Status status = WriteNewFiles(folder_, {{"a.txt", "1"}, {"b.txt", "2"}, {"b.txt", "3"}}, "t");
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(CountFiles(), 0);
}

// As on a full disk: no file may become longer than 4 KiB.
TEST_F(OutputFolderTest, NewFilesAreAllOrNoneOnAFullDisk) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{4096, before.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const absl::Status status = WriteNewFiles(folder_, {{"a.txt", "1"}, {"b.txt", std::string(100000, 'b')}}, "t");
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(Message(status), HasSubstr("b.txt"));
  EXPECT_THAT(Message(status), HasSubstr("cannot be written"));
  EXPECT_EQ(CountFiles(), 0);
}

TEST_F(OutputFolderTest, NewFilesNeedAFolderThatCanBeWritten) {
  Write("file", "theirs");
  EXPECT_THAT(Message(WriteNewFiles(folder_ + "/file", {{"a.txt", "1"}}, "t")),
              HasSubstr("/file: cannot be made a directory"));
  // Where not even root may write.
  EXPECT_FALSE(WriteNewFiles("/proc", {{"a.txt", "1"}}, "t").ok());
}

}  // namespace
}  // namespace oneloop
