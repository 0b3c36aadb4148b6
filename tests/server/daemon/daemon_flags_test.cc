#include "server/daemon/daemon_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
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

class DaemonConfigTest : public testing::Test {
 protected:
  DaemonConfigTest() : path_(testing::TempDir() + "/oneloopd-" + std::to_string(getpid()) + ".yaml") {}
  ~DaemonConfigTest() override { std::remove(path_.c_str()); }
  absl::StatusOr<DaemonFlags> Parse(const std::string& text, std::vector<std::string> args = {}) {
    std::ofstream(path_) << text;
    args.insert(args.end(), {"--config", path_});
    return ParseDaemonFlags(args, kHome);
  }
  // What is wrong with the text, without the file's name.
  std::string Problem(const std::string& text) {
    const absl::StatusOr<DaemonFlags> flags = Parse(text);
    const std::string message = Message(flags.status());
    EXPECT_EQ(message.substr(0, path_.size()), path_) << text;
    return message.size() > path_.size() ? message.substr(path_.size()) : message;
  }
  const std::string path_;
};

constexpr char kConfig[] = R"(# of the team
data_dir: /var/lib/oneloop
listen:
  - unix:/run/s
  - 127.0.0.1:7
threads: 3
enable_admin: true
log_format: json
max_message_mib: 8
tls_cert: /etc/tls.crt
)";

TEST_F(DaemonConfigTest, FileSetsWhatFlagsSetAndFlagsWin) {
  DaemonFlags flags = Parse(kConfig).value();
  EXPECT_EQ(flags.data_dir, "/var/lib/oneloop");
  ASSERT_EQ(flags.listen.size(), 2u);
  EXPECT_EQ(flags.listen[1].Uri(), "127.0.0.1:7");
  EXPECT_EQ(flags.threads, 3);
  EXPECT_TRUE(flags.enable_admin);
  EXPECT_EQ(flags.log_format, LogFormat::kJson);
  EXPECT_EQ(flags.limits.max_message_bytes, 8 << 20);
  EXPECT_EQ(flags.tls.cert, "/etc/tls.crt");
  flags = Parse(kConfig, {"--threads=5", "--listen", "unix:/other", "--enable_admin=false"}).value();
  EXPECT_EQ(flags.threads, 5);
  ASSERT_EQ(flags.listen.size(), 1u);
  EXPECT_EQ(flags.listen[0].path, "/other");
  EXPECT_FALSE(flags.enable_admin);
  EXPECT_EQ(flags.log_format, LogFormat::kJson);
  EXPECT_EQ(Parse("listen: unix:/one")->listen[0].path, "/one");
}

TEST_F(DaemonConfigTest, PrintedSettingsTellTheirSourceAndAreAFileThatSaysTheSame) {
  const DaemonFlags flags = Parse(kConfig, {"--print_config", "--threads", "5", "--data_dir", "/a \"b\" # c"}).value();
  EXPECT_EQ(flags.action, DaemonFlags::Action::kPrintConfig);
  const std::string text = FormatSettings(EffectiveSettings(flags));
  EXPECT_THAT(text, HasSubstr("\nthreads: 5  # --threads\n"));
  EXPECT_THAT(text, HasSubstr("\nenable_admin: true  # " + path_ + ":7:15\n"));
  EXPECT_THAT(text, HasSubstr("\nlog_level: \"info\"  # default\n"));
  EXPECT_THAT(text, HasSubstr("\nmax_unfinished_jobs: 10000  # default\n"));
  EXPECT_THAT(text, HasSubstr("\n# tls_key: not set  # default\n"));
  const DaemonFlags again = Parse(text).value();
  const std::vector<EffectiveSetting> before = EffectiveSettings(flags);
  const std::vector<EffectiveSetting> after = EffectiveSettings(again);
  ASSERT_EQ(before.size(), after.size());
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_EQ(before[i].values, after[i].values) << before[i].name;
}

TEST_F(DaemonConfigTest, WrongFilesAreRefusedWithTheirLine) {
  EXPECT_THAT(Problem("threads: 3\nlisen: unix:/s\n"),
              HasSubstr(":2:1: unknown setting 'lisen' (did you mean 'listen'?)"));
  EXPECT_THAT(Problem("--threads: 3\n"), HasSubstr("did you mean 'threads'"));
  EXPECT_THAT(Problem("config: x\n"), HasSubstr(":1:1: unknown setting 'config'"));
  for (const char* value : {"many", "'3'", "3.5", "-1", "0x3", "[3]", "{a: 3}", "true"}) {
    EXPECT_THAT(Problem(std::string("# first\nthreads: ") + value + "\n"),
                AllOf(HasSubstr(":2:"), HasSubstr("threads: expected a whole number")))
        << value;
  }
  for (const char* value : {"~", "null", ""}) {
    EXPECT_THAT(Problem(std::string("# first\nthreads: ") + value + "\n"), HasSubstr(":2:1: threads: has no value"));
  }
  EXPECT_THAT(Problem("threads: 2000\n"), HasSubstr(":1:10: --threads 2000: valid: 0 to"));
  EXPECT_THAT(Problem("threads: 3\nthreads: 3\n"), HasSubstr(":2:1: threads is there twice"));
  for (const char* value : {"yes", "1", "'true'", "True"}) {
    EXPECT_THAT(Problem(std::string("enable_admin: ") + value), HasSubstr("expected true or false")) << value;
  }
  EXPECT_THAT(Problem("data_dir: [a, b]\n"), HasSubstr("data_dir: expected a text"));
  EXPECT_THAT(Problem("data_dir: ''\n"), HasSubstr("--data_dir is empty"));
  EXPECT_THAT(Problem("listen: []\n"), HasSubstr("is an empty list"));
  EXPECT_THAT(Problem("listen:\n  - unix:/s\n  - [a]\n"), HasSubstr(":3:5: listen: expected a text"));
  EXPECT_THAT(Problem("listen:\n  - nowhere\n"), HasSubstr(":2:5: --listen nowhere"));
  EXPECT_THAT(Problem("log_level: loud\n"), HasSubstr(":1:12: --log_level loud: valid: debug"));
  EXPECT_THAT(Problem("- threads\n"), HasSubstr("expected settings"));
  EXPECT_THAT(Problem(""), HasSubstr("empty"));
  EXPECT_THAT(Problem("threads: 3\n\x01"), HasSubstr("0x01"));
  EXPECT_THAT(Problem("threads: [\n"), HasSubstr(":"));
  // Also what a flag replaces must be right.
  EXPECT_FALSE(Parse("threads: -1\n", {"--threads", "2"}).ok());
}

TEST_F(DaemonConfigTest, FileMustBeThereOnce) {
  EXPECT_THAT(Message(ParseDaemonFlags({"--config", "/none"}, kHome).status()), HasSubstr("/none: cannot be read"));
  EXPECT_FALSE(ParseDaemonFlags({"--config", "/"}, kHome).ok());
  EXPECT_THAT(Message(ParseDaemonFlags({"--config="}, kHome).status()), HasSubstr("--config is empty"));
  EXPECT_THAT(Message(Parse("threads: 1", {"--config", "/other"}).status()), HasSubstr("twice"));
  EXPECT_FALSE(ParseDaemonFlags({"--print_config=x"}, kHome).ok());
}

TEST(DaemonFlagsTest, WrongCommandLinesAreRefused) {
  EXPECT_THAT(Message(ParseDaemonFlags({"--lisen", "x"}, kHome).status()), HasSubstr("did you mean '--listen'?"));
  EXPECT_THAT(Message(ParseDaemonFlags({"stray"}, kHome).status()), HasSubstr("unknown flag stray"));
  EXPECT_THAT(Message(ParseDaemonFlags({"--threads"}, kHome).status()), HasSubstr("needs a value"));
  for (const char* threads : {"-1", "many", "1.5", "100000"}) {
    EXPECT_THAT(Message(ParseDaemonFlags({"--threads", threads}, kHome).status()), HasSubstr("valid: 0 to"));
  }
  for (const char* time : {"0", "0s", "-5s", "ever", "500ms", "25h"}) {
    EXPECT_THAT(Message(ParseDaemonFlags({"--lease_time", time}, kHome).status()), HasSubstr("valid: 1s to 24h"));
  }
  EXPECT_EQ(ParseDaemonFlags({"--data_dir", "/d", "--lease_time", "2m"}, kHome)->lease_time, absl::Minutes(2));
  EXPECT_EQ(ParseDaemonFlags({"--data_dir", "/d", "--threads", "0"}, kHome)->threads, 0);
  EXPECT_FALSE(ParseDaemonFlags({"--data_dir="}, kHome).ok());
  EXPECT_FALSE(ParseDaemonFlags({"--listen", "host"}, kHome).ok());
  for (const char* flag : {"--tls_cert", "--tls_key", "--tls_client_ca"}) {
    EXPECT_THAT(Message(ParseDaemonFlags({flag, ""}, kHome).status()), HasSubstr(flag));
    EXPECT_THAT(Message(ParseDaemonFlags({flag}, kHome).status()), HasSubstr("needs a value"));
  }
  for (const char* flag :
       {"--max_message_mib", "--max_unfinished_jobs", "--max_unfinished_jobs_per_user", "--max_watches_per_user",
        "--max_points_per_project", "--max_bytes_per_project", "--max_samples_per_job"}) {
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

TEST(DaemonFlagsTest, RetentionAndSharesAreTaken) {
  const DaemonFlags flags =
      ParseDaemonFlags({"--data_dir", "/d", "--retention", "30d", "--purge_after=12h", "--max_running_per_user", "2"},
                       {})
          .value();
  EXPECT_EQ(flags.retention, absl::Hours(30 * 24));
  EXPECT_EQ(flags.purge_after, absl::Hours(12));
  EXPECT_EQ(flags.limits.max_running_per_user, 2);
  const DaemonFlags defaults =
      ParseDaemonFlags({"--data_dir", "/d", "--retention", "0", "--max_running_per_user", "0"}, {}).value();
  EXPECT_EQ(defaults.retention, std::nullopt) << "0 keeps jobs for ever";
  EXPECT_EQ(defaults.purge_after, absl::Hours(7 * 24));
  EXPECT_EQ(defaults.limits.max_running_per_user, 0);
  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{"--retention", "30"},
                                             {"--retention", "-1d"},
                                             {"--retention", "999999999d"},
                                             {"--purge_after", "week"},
                                             {"--max_running_per_user", "-1"},
                                             {"--max_running_per_user", "2000"}}) {
    EXPECT_THAT(std::string(ParseDaemonFlags(wrong, {}).status().message()), HasSubstr(wrong[0] + " " + wrong[1]));
  }
}

TEST(DaemonFlagsTest, HelpNamesEveryFlag) {
  EXPECT_EQ(ParseDaemonFlags({"--help"}, kHome)->action, DaemonFlags::Action::kHelp);
  EXPECT_EQ(ParseDaemonFlags({"--version"}, kHome)->action, DaemonFlags::Action::kVersion);
  for (const char* flag : {"--data_dir",
                           "--listen",
                           "--threads",
                           "--tls_cert",
                           "--tls_key",
                           "--tls_client_ca",
                           "--max_message_mib",
                           "--max_unfinished_jobs",
                           "--max_unfinished_jobs_per_user",
                           "--max_watches_per_user",
                           "--max_points_per_project",
                           "--max_bytes_per_project",
                           "--max_samples_per_job",
                           "--max_workers",
                           "--lease_time",
                           "--enable_admin",
                           "--help",
                           "--version",
                           "fsck",
                           "restore"}) {
    EXPECT_THAT(DaemonHelp(), HasSubstr(flag));
  }
}

}  // namespace
}  // namespace oneloop
