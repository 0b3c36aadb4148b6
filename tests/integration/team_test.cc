// One daemon for several people, as the two programs do it: tokens, who may do what, and clients that outlive a
// restart of the daemon.

#include <sys/stat.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/read_file.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "oneloop/v1/job.pb.h"
#include "tests/client/process.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class TeamTest : public ::testing::Test {
 protected:
  TeamTest() {
    char pattern[] = "/tmp/oneloop_team_XXXXXX";
    folder_ = mkdtemp(pattern);
    // Nobody's own daemon and tokens.
    for (const char* name : {"ONELOOP_SERVER", "ONELOOP_TOKEN", "ONELOOP_TLS_CA", "XDG_DATA_HOME"}) unsetenv(name);
  }
  ~TeamTest() override {
    daemon_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::string DataDir() const { return folder_ + "/data"; }

  // Sets ONELOOP_SERVER.
  void Start(const std::string& listen) {
    daemon_ = std::make_unique<ChildProcess>(std::vector<std::string>{BuiltProgram("oneloopd"), "--data_dir", DataDir(),
                                                                      "--listen", listen, "--threads", "1"},
                                             /*merge_errors=*/false);
    const std::string line = daemon_->ReadLine();
    const std::string before = "listening on ";
    ASSERT_THAT(line, HasSubstr(before));
    const std::size_t begin = line.find(before) + before.size();
    setenv("ONELOOP_SERVER", line.substr(begin, line.find(' ', begin) - begin).c_str(), 1);
  }
  static ProcessResult Oneloop(const std::string& arguments, const std::string& token = "") {
    const std::string variable = token.empty() ? "" : absl::StrCat("ONELOOP_TOKEN=", token, " ");
    return RunShell(absl::StrCat(variable, "$ONELOOP ", arguments, " 2>&1"));
  }
  ProcessResult TokenCommand(const std::string& arguments) const {
    return RunShell(absl::StrCat(BuiltProgram("oneloopd"), " token ", arguments, " --data_dir ", DataDir(), " 2>&1"));
  }
  std::string MakeToken(const std::string& flags) const {
    const ProcessResult result = TokenCommand("create " + flags);
    EXPECT_EQ(result.code, 0) << result.out;
    return std::string(absl::StripAsciiWhitespace(result.out));
  }
  static v1::Job FromJson(const std::string& json) {
    v1::Job job;
    EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json, &job).ok()) << json;
    return job;
  }

  std::string folder_;
  std::unique_ptr<ChildProcess> daemon_;
};

TEST_F(TeamTest, PeopleGetInByTheirTokensAndChangeWhatIsTheirs) {
  Start("127.0.0.1:0");
  const std::string ada = MakeToken("--user ada");
  const std::string otto = MakeToken("--user otto --scope user --project '*' --expires 12h");
  const std::string vera = MakeToken("--user vera --scope viewer --project default --project chip --expires never");
  EXPECT_THAT(Oneloop("jobs").out, HasSubstr("--token_file"));
  const ProcessResult submitted =
      Oneloop("submit --workload alexnet --template gemmini --starts 1000 --format json", ada);
  ASSERT_EQ(submitted.code, 0) << submitted.out;
  const v1::Job job = FromJson(submitted.out);
  EXPECT_EQ(job.owner(), "ada");

  const ProcessResult viewed = Oneloop("get " + job.name(), vera);
  EXPECT_THAT(viewed.out, HasSubstr("owner     ada"));
  EXPECT_THAT(Oneloop("cancel " + job.name(), vera).out, HasSubstr("needs the scope user"));
  EXPECT_EQ(Oneloop("cancel " + job.name(), vera).code, 1);
  EXPECT_THAT(Oneloop("cancel " + job.name(), otto).out, HasSubstr("needs the job's owner, ada, or an admin"));
  EXPECT_THAT(Oneloop("jobs --project soc", vera).out, HasSubstr("needs access to project soc"));
  EXPECT_EQ(Oneloop("cancel " + job.name(), ada).code, 0);

  const std::string list = TokenCommand("list").out;
  EXPECT_THAT(list, AllOf(HasSubstr("ada\tuser\tdefault"), HasSubstr("vera\tviewer\tdefault,chip\tnever"),
                          Not(HasSubstr(ada.substr(17)))));
  EXPECT_EQ(TokenCommand("revoke " + ada.substr(4, 12)).code, 0);
  EXPECT_THAT(Oneloop("jobs", ada).out, HasSubstr("was revoked"));
  EXPECT_EQ(Oneloop("jobs", vera).code, 0);

  EXPECT_THAT(ReadFile(DataDir() + "/audit.log").value(),
              AllOf(HasSubstr(R"("user":"ada")"), HasSubstr("token create"), HasSubstr("token revoke"),
                    Not(HasSubstr(ada.substr(17)))));
  EXPECT_THAT(ReadFile(DataDir() + "/refused.log").value(), HasSubstr("PERMISSION_DENIED"));
}

TEST_F(TeamTest, CommandLineOfThisMachineFindsItsTokenByItself) {
  setenv("XDG_DATA_HOME", folder_.c_str(), 1);
  daemon_ = std::make_unique<ChildProcess>(
      std::vector<std::string>{BuiltProgram("oneloopd"), "--listen", "127.0.0.1:0", "--threads", "1"}, false);
  const std::string line = daemon_->ReadLine();
  const std::size_t begin = line.find("127.0.0.1");
  ASSERT_NE(begin, std::string::npos);
  const std::string address = line.substr(begin, line.find(' ', begin) - begin);
  EXPECT_EQ(Oneloop("jobs --server " + address).code, 0);
  unsetenv("XDG_DATA_HOME");
}

TEST_F(TeamTest, LogInJsonTellsTheCallsOfACommandByItsTraceId) {
  const std::string address = "unix:" + folder_ + "/sock";
  ChildProcess daemon({BuiltProgram("oneloopd"), "--data_dir", DataDir(), "--listen", address, "--threads", "1",
                       "--log_format", "json"},
                      /*merge_errors=*/true);
  ASSERT_THAT(daemon.ReadLine(), HasSubstr("listening on"));
  setenv("ONELOOP_SERVER", address.c_str(), 1);
  EXPECT_EQ(Oneloop("get 7 --trace_id night-run").code, 3);
  EXPECT_EQ(Oneloop("jobs").code, 0);
  daemon.Signal(SIGTERM);
  const std::string log = daemon.ReadToEnd();
  EXPECT_EQ(daemon.Wait(), 0);
  EXPECT_THAT(log,
              ContainsRegex(
                  "\"level\":\"INFO\",\"message\":\"there is no job [^\n]*\"method\":\"SearchService.GetJob\","
                  "\"code\":\"NOT_FOUND\",\"duration_ms\":[0-9.]+,\"user\":\"[^\"]+\",\"trace_id\":\"night-run\"}\n"));
  EXPECT_THAT(log, ContainsRegex("\"method\":\"SearchService.ListJobs\",[^\n]*\"trace_id\":\"[0-9a-f]{32}\"}\n"));
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    google::protobuf::Struct parsed;
    EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(line, &parsed).ok()) << line;
  }
}

TEST_F(TeamTest, DaemonTakesItsConfigurationFromAFileAndSaysWhereItComesFrom) {
  const std::string path = folder_ + "/oneloopd.yaml";
  std::ofstream(path) << "data_dir: " << DataDir() << "\nthreads: 1\nlisten: unix:" << folder_ << "/sock\n";
  ChildProcess daemon({BuiltProgram("oneloopd"), "--config", path, "--log_format", "json"}, /*merge_errors=*/true);
  EXPECT_THAT(daemon.ReadLine(), AllOf(HasSubstr("unix:" + folder_ + "/sock"), HasSubstr("1 threads")));
  daemon.Signal(SIGTERM);
  const std::string log = daemon.ReadToEnd();
  EXPECT_EQ(daemon.Wait(), 0);
  EXPECT_THAT(log, HasSubstr(R"("name":"threads","value":"1","source":")" + path + R"(:2:10"})"));
  EXPECT_THAT(log, HasSubstr(R"("name":"log_format","value":"json","source":"--log_format"})"));

  const std::string oneloopd = BuiltProgram("oneloopd") + " --config " + path;
  EXPECT_THAT(RunShell(oneloopd + " --print_config").out, HasSubstr("threads: 1  # " + path + ":2:10\n"));
  std::ofstream(path) << "thread: 1\n";
  const ProcessResult refused = RunShell(oneloopd + " 2>&1");
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.out, HasSubstr(path + ":1:1: unknown setting 'thread' (did you mean 'threads'?)"));
}

TEST_F(TeamTest, WrongTokenCommandsAreRefused) {
  std::filesystem::create_directory(DataDir());
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "create, list, revoke"},
      {"make", "create, list, revoke"},
      {"create", "needs --user"},
      {"create --user 'a b'", "user: 'a b'"},
      {"create --user ada --scope root", "viewer, user, admin"},
      {"create --user ada --project A", "project: 'A'"},
      {"create --user ada --expires 3", "12h, 30d"},
      {"create --user ada --expires 0d", "12h, 30d"},
      {"create --user ada --expires -1d", "12h, 30d"},
      {"create --user ada --expires 99999d", "at most"},
      {"create --user ada --expire 3d", "did you mean '--expires'"},
      {"create --user ada stray", "stray argument"},
      {"list --user ada", "takes no --user"},
      {"revoke", "needs the token's ID"},
      {"revoke 1 2", "stray argument"},
  };
  for (const auto& [arguments, words] : cases) {
    const ProcessResult result = TokenCommand(arguments);
    EXPECT_EQ(result.code, 2) << arguments << "\n" << result.out;
    EXPECT_THAT(result.out, HasSubstr(words)) << arguments;
  }
  EXPECT_EQ(TokenCommand("revoke 0123456789ab").code, 1);
  EXPECT_EQ(TokenCommand("list").out, "id\tuser\tscope\tprojects\texpires (UTC)\n");
  EXPECT_THAT(TokenCommand("--help").out, HasSubstr("token create --user NAME"));
}

TEST_F(TeamTest, DaemonDoesNotOpenToTheNetworkWithoutTls) {
  const ProcessResult result =
      RunShell(absl::StrCat(BuiltProgram("oneloopd"), " --data_dir ", DataDir(), " --listen 0.0.0.0:0 2>&1"));
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, AllOf(HasSubstr("needs TLS"), HasSubstr("openssl req -x509")));
  EXPECT_FALSE(std::filesystem::exists(DataDir()));
}

TEST_F(TeamTest, WaitingSurvivesARestartOfTheDaemon) {
  for (const int signal : {SIGKILL, SIGTERM}) {
    Start("unix:" + folder_ + "/s");
    // Long enough that it is under way when the daemon goes.
    ChildProcess waiting({BuiltProgram("oneloop"), "submit", "--workload", "alexnet", "--template", "gemmini",
                          "--starts", "60", "--steps", "1000", "--wait"},
                         /*merge_errors=*/false);
    const std::string name = waiting.ReadLine();
    ChildProcess watching({BuiltProgram("oneloop"), "watch", name, "--format", "json"}, /*merge_errors=*/false);
    EXPECT_THAT(watching.ReadLine(), HasSubstr("\"snapshot\":true"));
    daemon_->Signal(signal);
    daemon_->Wait();
    Start("unix:" + folder_ + "/s");
    EXPECT_NE(FromJson(Oneloop("get " + name + " --format json").out).state(), v1::SUCCEEDED)
        << "the job was over before the daemon went";
    EXPECT_THAT(waiting.ReadToEnd(), HasSubstr("Pareto front"));
    EXPECT_EQ(waiting.Wait(), 0);
    EXPECT_THAT(watching.ReadToEnd(), HasSubstr("SUCCEEDED"));
    EXPECT_EQ(watching.Wait(), 0);
    daemon_.reset();
  }
}

}  // namespace
}  // namespace oneloop
