#include "server/daemon_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/base/status.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const DaemonEnvironment kHome = {"", "/home/ada"};

TEST(DaemonFlagsTest, DefaultsFollowTheEnvironment) {
  const DaemonFlags flags = ParseDaemonFlags({}, kHome).value();
  EXPECT_EQ(flags.data_dir, "/home/ada/.local/share/oneloop");
  ASSERT_EQ(flags.listen.size(), 1u);
  EXPECT_EQ(flags.listen[0].Uri(), "unix:/home/ada/.local/share/oneloop/oneloop.sock");
  EXPECT_EQ(ParseDaemonFlags({}, {"/data", "/home/ada"})->data_dir, "/data/oneloop");
  EXPECT_THAT(Message(ParseDaemonFlags({}, {"", ""}).status()), HasSubstr("--data_dir"));
}

TEST(DaemonFlagsTest, BothFormsOfAValueWorkAndListenRepeats) {
  const DaemonFlags flags =
      ParseDaemonFlags({"--data_dir", "/d/", "--listen=unix:/s", "--listen", "127.0.0.1:7", "--threads=3"}, kHome)
          .value();
  EXPECT_EQ(flags.data_dir, "/d");
  ASSERT_EQ(flags.listen.size(), 2u);
  EXPECT_EQ(flags.listen[1].port, 7);
  EXPECT_EQ(flags.threads, 3);
}

TEST(DaemonFlagsTest, LogTakesAFormatAndALevel) {
  DaemonFlags flags = ParseDaemonFlags({}, kHome).value();
  EXPECT_EQ(flags.log_format, LogFormat::kText);
  EXPECT_EQ(flags.log_level, LogLevel::kInfo);
  flags = ParseDaemonFlags({"--log_format", "json", "--log_level=error"}, kHome).value();
  EXPECT_EQ(flags.log_format, LogFormat::kJson);
  EXPECT_EQ(flags.log_level, LogLevel::kError);
  EXPECT_THAT(Message(ParseDaemonFlags({"--log_format", "xml"}, kHome).status()),
              HasSubstr("--log_format xml: valid: text, json"));
  EXPECT_THAT(Message(ParseDaemonFlags({"--log_level", "INFO"}, kHome).status()),
              HasSubstr("valid: debug, info, warning, error"));
}

TEST(DaemonFlagsTest, MetricsAreOffUntilTheyGetAnAddress) {
  EXPECT_FALSE(ParseDaemonFlags({}, kHome)->metrics_listen.has_value());
  const DaemonFlags flags = ParseDaemonFlags({"--metrics_listen", "127.0.0.1:9464"}, kHome).value();
  EXPECT_EQ(flags.metrics_listen->Uri(), "127.0.0.1:9464");
  EXPECT_EQ(flags.listen.size(), 1u);
  for (const char* address : {"", "9464", "unix:/tmp/m", "127.0.0.1:x", "127.0.0.1:70000"}) {
    EXPECT_THAT(Message(ParseDaemonFlags({"--metrics_listen", address}, kHome).status()), HasSubstr("--metrics_listen"))
        << address;
  }
}

TEST(DaemonFlagsTest, WrongCommandLinesAreRefused) {
  EXPECT_THAT(Message(ParseDaemonFlags({"--lisen", "x"}, kHome).status()), HasSubstr("did you mean '--listen'?"));
  EXPECT_THAT(Message(ParseDaemonFlags({"stray"}, kHome).status()), HasSubstr("unknown flag stray"));
  EXPECT_THAT(Message(ParseDaemonFlags({"--threads"}, kHome).status()), HasSubstr("needs a value"));
  for (const char* threads : {"0", "-1", "many", "1.5", "100000"}) {
    EXPECT_THAT(Message(ParseDaemonFlags({"--threads", threads}, kHome).status()), HasSubstr("valid: 1 to"));
  }
  EXPECT_FALSE(ParseDaemonFlags({"--data_dir="}, kHome).ok());
  EXPECT_FALSE(ParseDaemonFlags({"--listen", "host"}, kHome).ok());
  for (const char* flag : {"--tls_cert", "--tls_key", "--tls_client_ca"}) {
    EXPECT_THAT(Message(ParseDaemonFlags({flag, ""}, kHome).status()), HasSubstr(flag));
    EXPECT_THAT(Message(ParseDaemonFlags({flag}, kHome).status()), HasSubstr("needs a value"));
  }
  for (const char* flag : {"--max_message_mib", "--max_unfinished_jobs", "--max_unfinished_jobs_per_user",
                           "--max_watches_per_user", "--max_points_per_project", "--max_samples_per_job"}) {
    for (const char* value : {"0", "-1", "x", "", "1e3", "99999999999999999999"}) {
      EXPECT_THAT(Message(ParseDaemonFlags({flag, value}, kHome).status()),
                  AllOf(HasSubstr(flag), HasSubstr("valid: 1 to")))
          << value;
    }
  }
}

TEST(DaemonFlagsTest, TlsAndLimitsAreTaken) {
  const DaemonFlags flags = ParseDaemonFlags({"--tls_cert=/c", "--tls_key", "/k", "--tls_client_ca=/a",
                                              "--max_message_mib=3", "--max_watches_per_user", "7"},
                                             kHome)
                                .value();
  EXPECT_EQ(flags.tls.cert, "/c");
  EXPECT_EQ(flags.tls.key, "/k");
  EXPECT_EQ(flags.tls.client_ca, "/a");
  EXPECT_EQ(flags.limits.max_message_bytes, 3 << 20);
  EXPECT_EQ(flags.limits.max_watches_per_user, 7);
  EXPECT_EQ(flags.limits.max_unfinished_jobs, Limits().max_unfinished_jobs);
}

TEST(DaemonFlagsTest, MaintenanceTakesADirectoryAndAFile) {
  const DaemonFlags fsck = ParseDaemonFlags({"fsck", "--data_dir", "/d"}, kHome).value();
  EXPECT_EQ(fsck.action, DaemonFlags::Action::kFsck);
  EXPECT_EQ(fsck.data_dir, "/d");
  for (const auto& args : {std::vector<std::string>{"restore", "--data_dir", "/d", "/b"},
                           std::vector<std::string>{"restore", "/b", "--data_dir=/d"}}) {
    const DaemonFlags restore = ParseDaemonFlags(args, kHome).value();
    EXPECT_EQ(restore.action, DaemonFlags::Action::kRestore);
    EXPECT_EQ(restore.data_dir, "/d");
    EXPECT_EQ(restore.backup_path, "/b");
  }
  EXPECT_THAT(Message(ParseDaemonFlags({"restore", "--data_dir", "/d"}, kHome).status()), HasSubstr("backup's file"));
  EXPECT_THAT(Message(ParseDaemonFlags({"restore", "/b", "/c"}, kHome).status()), HasSubstr("unknown flag /c"));
  EXPECT_THAT(Message(ParseDaemonFlags({"fsck", "/d"}, kHome).status()), HasSubstr("unknown flag /d"));
  EXPECT_FALSE(ParseDaemonFlags({"--threads", "1", "fsck"}, kHome).ok());
}

TEST(DaemonFlagsTest, AdminIsOffUnlessEnabled) {
  EXPECT_FALSE(ParseDaemonFlags({}, kHome)->enable_admin);
  EXPECT_TRUE(ParseDaemonFlags({"--enable_admin", "--threads", "1"}, kHome)->enable_admin);
  EXPECT_FALSE(ParseDaemonFlags({"--enable_admin=maybe"}, kHome).ok());
}

TEST(DaemonFlagsTest, HelpNamesEveryFlag) {
  EXPECT_EQ(ParseDaemonFlags({"--help"}, kHome)->action, DaemonFlags::Action::kHelp);
  EXPECT_EQ(ParseDaemonFlags({"--version"}, kHome)->action, DaemonFlags::Action::kVersion);
  for (const char* flag :
       {"--data_dir", "--listen", "--threads", "--tls_cert", "--tls_key", "--tls_client_ca", "--max_message_mib",
        "--max_unfinished_jobs", "--max_unfinished_jobs_per_user", "--max_watches_per_user", "--max_points_per_project",
        "--max_samples_per_job", "--enable_admin", "--help", "--version", "fsck", "restore"}) {
    EXPECT_THAT(DaemonHelp(), HasSubstr(flag));
  }
}

}  // namespace
}  // namespace oneloop
