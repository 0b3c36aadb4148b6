#include "server/access/audit_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "common/base/read_file.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

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

TEST(AuditLogTest, FileThatCannotBeWrittenIsAnError) {
  AuditLog::Options options;
  options.data_dir = "/nowhere";
  EXPECT_FALSE(AuditLog(options).Append(Entry("job")).ok());
}

}  // namespace
}  // namespace oneloop
