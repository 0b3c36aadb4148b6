#include "server/access/audit_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/read_file.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

AuditEntry Entry(const std::string& resource) {
  AuditEntry entry;
  entry.time = absl::FromUnixMillis(1800000000123);
  entry.user = "ada";
  entry.call = "SearchService.CancelJob";
  entry.resource = resource;
  entry.result = "OK";
  return entry;
}

TEST(AuditLogTest, EntryIsOneLineOfJson) {
  EXPECT_EQ(AuditLine(Entry("projects/p/jobs/7")),
            "{\"time\":\"2027-01-15T08:00:00.123Z\",\"user\":\"ada\",\"call\":\"SearchService.CancelJob\","
            "\"resource\":\"projects/p/jobs/7\",\"result\":\"OK\"}\n");
}

TEST(AuditLogTest, WhatACallerSendsCannotForgeALine) {
  const std::string line = AuditLine(Entry("x\"}\n{\"user\":\"eve\" \\ \xC3\xA4 \x7f"));
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_THAT(line, HasSubstr(R"("resource":"x\"}\u000a{\"user\":\"eve\" \\ \u00c3\u00a4 \u007f")"));
}

TEST(AuditLogTest, LinesAreAppendedToAPrivateFile) {
  const TempDirectory directory;
  const std::string path = directory.path() + "/audit.log";
  AuditLog::Options options;
  options.data_dir = directory.path();
  ASSERT_EQ(AuditLog(options).Append(Entry("first")), absl::OkStatus());
  ASSERT_EQ(AuditLog(options).Append(Entry("second")), absl::OkStatus());
  EXPECT_EQ(ReadFile(path).value(), AuditLine(Entry("first")) + AuditLine(Entry("second")));
  struct stat info = {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0600u);
}

TEST(AuditLogTest, SizeIsBoundedAndTheNewestLinesStay) {
  const TempDirectory directory;
  const std::string path = directory.path() + "/audit.log";
  const auto line_bytes = static_cast<std::int64_t>(AuditLine(Entry("job 00")).size());
  AuditLog::Options options;
  options.data_dir = directory.path();
  options.max_bytes = 3 * line_bytes;
  options.num_old_files = 2;
  AuditLog log(options);
  for (int i = 10; i < 31; ++i) ASSERT_EQ(log.Append(Entry("job " + std::to_string(i))), absl::OkStatus());
  EXPECT_EQ(ReadFile(path).value(),
            AuditLine(Entry("job 28")) + AuditLine(Entry("job 29")) + AuditLine(Entry("job 30")));
  EXPECT_THAT(ReadFile(path + ".1").value(), HasSubstr("job 25"));
  EXPECT_THAT(ReadFile(path + ".2").value(), HasSubstr("job 22"));
  EXPECT_THAT(ReadFile(path + ".2").value(), Not(HasSubstr("job 25")));
  EXPECT_FALSE(std::filesystem::exists(path + ".3"));
}

AuditEntry Refusal(const std::string& user, const std::string& resource = "projects/p/jobs/7") {
  AuditEntry entry = Entry(resource);
  entry.user = user;
  entry.result = user.empty() ? "UNAUTHENTICATED" : "PERMISSION_DENIED";
  return entry;
}

std::int64_t LinesIn(const std::string& path) {
  const std::string text = ReadFile(path).value_or("");
  return std::count(text.begin(), text.end(), '\n');
}

// While it lives, no file of this process grows beyond `most` bytes: a write is cut there, as on a full disk.
class FullDisk {
 public:
  explicit FullDisk(std::uintmax_t most) {
    std::signal(SIGXFSZ, SIG_IGN);
    EXPECT_EQ(getrlimit(RLIMIT_FSIZE, &before_), 0);
    rlimit limit = before_;
    limit.rlim_cur = most;
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  ~FullDisk() { setrlimit(RLIMIT_FSIZE, &before_); }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
};

class AuditLogRefusalsTest : public testing::Test {
 protected:
  AuditLogRefusalsTest() {
    options_.data_dir = directory_.path();
    options_.clock = [this] { return now_; };
  }
  std::string Path(const std::string& name) const { return directory_.path() + "/" + name; }

  const TempDirectory directory_;
  SteadyTime now_;
  AuditLog::Options options_;
};

TEST_F(AuditLogRefusalsTest, RefusalsNeverDisplaceChanges) {
  options_.max_bytes = 1 << 14;
  AuditLog log(options_);
  ASSERT_EQ(log.Append(Entry("first")), absl::OkStatus());
  // 2,000 a second for 60 seconds, of a caller without identity, and of one with names of any length.
  for (int i = 0; i < 120000; ++i) {
    now_ += absl::Microseconds(500);
    ASSERT_EQ(log.Append(Refusal(i % 2 == 0 ? "" : "vera")), absl::OkStatus());
    if (i % 40000 == 0) {
      ASSERT_EQ(log.Append(Entry("job " + std::to_string(i))), absl::OkStatus());
    }
  }
  ASSERT_EQ(log.Append(Refusal("", std::string(15 << 20, '\x01'))), absl::OkStatus());
  EXPECT_EQ(ReadFile(Path("audit.log")).value(), AuditLine(Entry("first")) + AuditLine(Entry("job 0")) +
                                                     AuditLine(Entry("job 40000")) + AuditLine(Entry("job 80000")));
  EXPECT_FALSE(std::filesystem::exists(Path("audit.log.1")));
  for (const char* name : {"refused.log", "refused.log.1", "refused.log.4"}) {
    EXPECT_LE(std::filesystem::file_size(Path(name)), std::uintmax_t{1} << 14) << name;
  }
  EXPECT_FALSE(std::filesystem::exists(Path("refused.log.5")));
}

TEST_F(AuditLogRefusalsTest, RefusalsBeyondTheLimitAreCountedAndSaid) {
  AuditLog log(options_);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(log.Append(Refusal("")), absl::OkStatus());
  EXPECT_EQ(LinesIn(Path("refused.log")), 100);
  EXPECT_EQ(log.unlogged_refusals(), 900);
  now_ += absl::Seconds(1);
  ASSERT_EQ(log.Append(Refusal("")), absl::OkStatus());
  ASSERT_EQ(log.Append(Refusal("")), absl::OkStatus());
  EXPECT_THAT(ReadFile(Path("refused.log")).value(), EndsWith(AuditLine(Refusal(""), 900) + AuditLine(Refusal(""))));
  EXPECT_THAT(AuditLine(Refusal(""), 900), EndsWith(",\"unlogged\":900}\n"));
}

TEST_F(AuditLogRefusalsTest, OneCallersFloodHidesNobodyElse) {
  AuditLog log(options_);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(log.Append(Refusal("")), absl::OkStatus());
    ASSERT_EQ(log.Append(Refusal("eve")), absl::OkStatus());
  }
  ASSERT_EQ(log.Append(Refusal("vera")), absl::OkStatus());
  EXPECT_THAT(ReadFile(Path("refused.log")).value(), EndsWith(AuditLine(Refusal("vera"))));
}

TEST_F(AuditLogRefusalsTest, InventedUsersShareALimit) {
  options_.most_limited_users = 10;
  AuditLog log(options_);
  for (int i = 0; i < 5000; ++i) ASSERT_EQ(log.Append(Refusal(absl::StrCat("u", i))), absl::OkStatus());
  EXPECT_LE(LinesIn(Path("refused.log")), 10 + 100);
}

TEST(AuditLogTest, NamesAreCutAtABound) {
  AuditEntry entry = Entry(std::string(15 << 20, '\x01'));
  entry.message = entry.resource;
  const std::string line = AuditLine(entry);
  EXPECT_LT(line.size(), 16384u);
  EXPECT_THAT(line, HasSubstr("... (15728640 bytes)"));
}

TEST(AuditLogTest, HalfALineOfAFullDiskIsTakenBack) {
  const TempDirectory directory;
  const std::string path = directory.path() + "/audit.log";
  AuditLog::Options options;
  options.data_dir = directory.path();
  AuditLog log(options);
  ASSERT_EQ(log.Append(Entry("first")), absl::OkStatus());
  {
    const FullDisk full(std::filesystem::file_size(path) + 10);
    EXPECT_FALSE(log.Append(Entry("second")).ok());
  }
  EXPECT_EQ(ReadFile(path).value(), AuditLine(Entry("first")));
  ASSERT_EQ(log.Append(Entry("third")), absl::OkStatus());
  EXPECT_EQ(ReadFile(path).value(), AuditLine(Entry("first")) + AuditLine(Entry("third")));
}

TEST(AuditLogTest, HalfALineOfADaemonThatDiedIsEnded) {
  const TempDirectory directory;
  const std::string path = directory.path() + "/audit.log";
  std::ofstream(path) << "{\"time\":\"20";
  AuditLog::Options options;
  options.data_dir = directory.path();
  AuditLog log(options);
  ASSERT_EQ(log.Append(Entry("first")), absl::OkStatus());
  ASSERT_EQ(log.Append(Entry("second")), absl::OkStatus());
  EXPECT_EQ(ReadFile(path).value(), "{\"time\":\"20\n" + AuditLine(Entry("first")) + AuditLine(Entry("second")));
}

TEST(AuditLogTest, RenamingThatWasCutOffLosesNoFile) {
  const TempDirectory directory;
  const std::string path = directory.path() + "/audit.log";
  // As it is when a daemon dies after it renamed 3 to 4 and 2 to 3.
  std::ofstream(path) << AuditLine(Entry("current"));
  for (const char* number : {"1", "3", "4"}) std::ofstream(path + "." + number) << "old " << number << "\n";
  AuditLog::Options options;
  options.data_dir = directory.path();
  options.max_bytes = 1;
  ASSERT_EQ(AuditLog(options).Append(Entry("next")), absl::OkStatus());
  EXPECT_EQ(ReadFile(path).value(), AuditLine(Entry("next")));
  EXPECT_EQ(ReadFile(path + ".1").value(), AuditLine(Entry("current")));
  EXPECT_EQ(ReadFile(path + ".2").value(), "old 1\n");
  EXPECT_EQ(ReadFile(path + ".3").value(), "old 3\n");
  EXPECT_EQ(ReadFile(path + ".4").value(), "old 4\n");
}

TEST(AuditLogTest, EntriesStayWhereRenamingFails) {
  const TempDirectory directory;
  const std::string path = directory.path() + "/audit.log";
  std::filesystem::create_directories(path + ".1/in_the_way");
  AuditLog::Options options;
  options.data_dir = directory.path();
  options.max_bytes = 1;
  options.num_old_files = 1;
  AuditLog log(options);
  for (const char* name : {"a", "b"}) ASSERT_EQ(log.Append(Entry(name)), absl::OkStatus());
  EXPECT_EQ(ReadFile(path).value(), AuditLine(Entry("a")) + AuditLine(Entry("b")));
}

TEST(AuditLogTest, FileThatWasMovedAwayIsMadeAgain) {
  const TempDirectory directory;
  const std::string path = directory.path() + "/audit.log";
  AuditLog::Options options;
  options.data_dir = directory.path();
  AuditLog log(options);
  ASSERT_EQ(log.Append(Entry("first")), absl::OkStatus());
  std::filesystem::rename(path, path + ".moved");
  ASSERT_EQ(log.Append(Entry("second")), absl::OkStatus());
  EXPECT_EQ(ReadFile(path).value(), AuditLine(Entry("second")));
  EXPECT_EQ(ReadFile(path + ".moved").value(), AuditLine(Entry("first")));
}

TEST(AuditLogTest, FileThatCannotBeWrittenIsAnError) {
  AuditLog::Options options;
  options.data_dir = "/nowhere";
  EXPECT_FALSE(AuditLog(options).Append(Entry("job")).ok());
}

}  // namespace
}  // namespace oneloop
