#include "client/slurm/run_program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "client/numbers.h"
#include "tests/testing/wait_until.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

Program Shell(const std::string& script, std::vector<std::string> arguments = {}) {
  Program program{"/bin/sh", {"-c", script, "sh"}, {"PATH=/usr/bin:/bin"}, ""};
  program.arguments.insert(program.arguments.end(), arguments.begin(), arguments.end());
  return program;
}

// Also true of one that nobody has waited for.
bool HasEnded(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  return line.empty() || line.find(") Z") != std::string::npos;
}

TEST(RunProgramTest, GivesArgumentsEnvironmentAndInputAsTheyAre) {
  Program program =
      Shell(R"(printf '<%s>' "$@"; echo; /usr/bin/env | grep -v ^PWD; cat)", {"a b", "$HOME", "", "'\";|"});
  program.environment.emplace_back("WORD=two words");
  program.input = "line\n`date`\n";
  const auto outcome = RunProgram(program);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->exit_code, 0);
  EXPECT_THAT(outcome->out, HasSubstr("<a b><$HOME><><'\";|>\n"));
  EXPECT_THAT(outcome->out, HasSubstr("WORD=two words\n"));
  EXPECT_THAT(outcome->out, HasSubstr("line\n`date`\n"));
  EXPECT_THAT(outcome->out, ::testing::Not(HasSubstr("HOME=")));
}

TEST(RunProgramTest, TellsBothOutputsAndHowItEnded) {
  const auto failed = RunProgram(Shell("echo out; echo err >&2; exit 7"));
  ASSERT_TRUE(failed.ok()) << failed.status();
  EXPECT_EQ(failed->exit_code, 7);
  EXPECT_EQ(failed->out, "out\n");
  EXPECT_EQ(failed->err, "err\n");
  const auto killed = RunProgram(Shell("kill -9 $$"));
  ASSERT_TRUE(killed.ok()) << killed.status();
  EXPECT_EQ(killed->exit_code, -1);
  EXPECT_EQ(RunProgram({"/nowhere/sbatch", {}, {}, ""}).status().code(), absl::StatusCode::kNotFound);
}

TEST(RunProgramTest, TakesMuchInBothDirections) {
  Program program = Shell("tee /dev/stderr");
  program.input.assign(5 << 20, 'x');
  const auto outcome = RunProgram(program);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->out, program.input);
  EXPECT_EQ(outcome->err, program.input);
}

TEST(RunProgramTest, KillsWhatTakesTooLongWithItsChildren) {
  const std::string file = ::testing::TempDir() + "/oneloop_run_program_" + std::to_string(getpid());
  ProgramLimits limits;
  limits.timeout = absl::Seconds(1);
  const auto outcome = RunProgram(Shell("sleep 1000 & echo $! >" + file + "; wait"), limits);
  EXPECT_EQ(outcome.status().code(), absl::StatusCode::kDeadlineExceeded);
  pid_t child = 0;
  std::ifstream(file) >> child;
  std::filesystem::remove(file);
  ASSERT_GT(child, 0);
  EXPECT_TRUE(WaitUntil([child] { return HasEnded(child); }));
}

TEST(RunProgramTest, BoundsTheOutput) {
  ProgramLimits limits;
  limits.most_output_bytes = 100000;
  EXPECT_EQ(RunProgram(Shell("yes"), limits).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(RunProgram(Shell("yes >&2"), limits).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(RunProgramTest, DoesNotWaitForWhatOutlivesIt) {
  const auto outcome = RunProgram(Shell("sleep 1000 & echo $!"));
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const auto pid = ParseInteger<pid_t>(outcome->out.substr(0, outcome->out.find('\n')));
  ASSERT_TRUE(pid.has_value()) << outcome->out;
  EXPECT_EQ(kill(*pid, SIGKILL), 0);
}

TEST(RunProgramTest, IgnoresNoSignalsThatThisProcessIgnores) {
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  const auto outcome = RunProgram(Shell("kill -PIPE $$; echo ignored"));
  (void)std::signal(SIGPIPE, before);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->out, "");
  EXPECT_EQ(outcome->exit_code, -1);
}

TEST(FindProgramTest, LooksThroughAbsoluteFoldersInTheirOrder) {
  std::string pattern = "/tmp/oneloop_find_XXXXXX";
  const std::string folder = mkdtemp(pattern.data());
  std::filesystem::create_directories(folder + "/a/sbatch");
  std::filesystem::create_directories(folder + "/b");
  std::filesystem::create_directories(folder + "/c");
  for (const char* const name : {"/b/sbatch", "/c/sbatch"}) std::ofstream(folder + name) << "#!/bin/sh\n";
  const std::string path = folder + "/a:" + folder + "/b::relative:" + folder + "/c";
  EXPECT_EQ(FindProgram("sbatch", path), std::nullopt);
  chmod((folder + "/c/sbatch").c_str(), 0755);
  EXPECT_EQ(FindProgram("sbatch", path), folder + "/c/sbatch");
  chmod((folder + "/b/sbatch").c_str(), 0755);
  EXPECT_EQ(FindProgram("sbatch", path), folder + "/b/sbatch");
  EXPECT_EQ(FindProgram("sbatch", ""), std::nullopt);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace oneloop
