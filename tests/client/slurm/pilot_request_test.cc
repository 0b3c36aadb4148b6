#include "client/slurm/pilot_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/exit_code.h"
#include "client/slurm/run_program.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

PilotRequest Sample() {
  PilotRequest request;
  request.cpus = 4;
  request.server = "box.example.org:7070";
  request.program = "/shared/bin/oneloop-worker";
  request.token_file = "/home/ada/.local/state/oneloop/workers/hpc/0123456789ab.token";
  request.log_folder = "/home/ada/100%/logs";
  return request;
}

absl::StatusOr<PilotRequest> Parsed(const std::vector<std::string>& arguments,
                                    const std::vector<std::string>& sbatch_arguments = {}) {
  PilotFlags pilots;
  FlagSet flags("workers");
  pilots.Declare(&flags);
  RETURN_IF_ERROR(flags.Parse(arguments));
  return pilots.Request(sbatch_arguments);
}

TEST(SbatchArgumentsTest, AskForAnArrayOfPilots) {
  EXPECT_THAT(SbatchArguments(Sample(), 8),
              ElementsAre("--parsable", "--array=0-7", "--job-name=oneloop-worker",
                          "--comment=oneloop-worker box.example.org:7070", "--requeue", "--signal=B:TERM@60",
                          "--nodes=1", "--ntasks=1", "--cpus-per-task=4", "--chdir=/", "--export=ALL",
                          "--open-mode=append", "--output=/home/ada/100%%/logs/%A_%a.log"));
}

TEST(SbatchArgumentsTest, PassOnWhatTheUserAsksFor) {
  auto request = Parsed({"--cpus",       "2",      "--time",     "2:00:00",   "--grace",   "90",    "--partition",
                         "long,short",   "--mem",  "4G",         "--account", "chip",      "--qos", "low",
                         "--constraint", "avx512", "--nodelist", "n[1-4]",    "--exclude", "n3"},
                        {"--gres=gpu:0", "-Lfoo"});
  ASSERT_TRUE(request.ok()) << request.status();
  request->name = "big";
  EXPECT_THAT(SbatchArguments(*request, 1),
              ElementsAre("--parsable", "--array=0-0", "--job-name=oneloop-worker-big", "--comment=oneloop-worker ",
                          "--requeue", "--signal=B:TERM@90", "--nodes=1", "--ntasks=1", "--cpus-per-task=2",
                          "--chdir=/", "--export=ALL", "--open-mode=append", "--output=/%A_%a.log",
                          "--partition=long,short", "--time=2:00:00", "--mem=4G", "--account=chip", "--qos=low",
                          "--constraint=avx512", "--nodelist=n[1-4]", "--exclude=n3", "--gres=gpu:0", "-Lfoo"));
}

TEST(PilotFlagsTest, RefuseWhatWouldLoseThePilots) {
  for (const char* const argument : {"--array=0-9", "--arr=0-9", "-a0-9", "--job-name=x", "-Jx", "--comment=x",
                                     "--wait", "-W", "--wrap=x", "--parsable", "--", "script.sh", ""}) {
    const auto request = Parsed({}, {argument});
    EXPECT_EQ(ExitCodeOf(request.status()), ExitCode::kUsage) << argument;
  }
  for (const char* const argument : {"--gres=gpu:1", "-wnode1", "--nice", "--output=/dev/null", "--signal=USR1"}) {
    EXPECT_TRUE(Parsed({}, {argument}).ok()) << argument;
  }
}

TEST(PilotFlagsTest, RefuseValuesThatAreNone) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"--cpus", "0"},
                                             {"--cpus", "4097"},
                                             {"--grace", "0"},
                                             {"--grace", "65536"},
                                             {"--partition", ""},
                                             {"--mem", "1 G"},
                                             {"--account", "a\nb"},
                                             {"--nodelist", std::string(1001, 'n')}}) {
    const auto request = Parsed(arguments);
    EXPECT_EQ(ExitCodeOf(request.status()), ExitCode::kUsage) << arguments[0];
    EXPECT_THAT(Message(request.status()), HasSubstr(arguments[0]));
  }
}

TEST(BatchScriptTest, LooksForItsFilesAndBecomesTheWorker) {
  PilotRequest request = Sample();
  request.tls_ca = "/home/ada/ca.pem";
  EXPECT_EQ(
      BatchScript(request),
      "#!/bin/sh\n"
      "# A worker of OneLoop's, made by `oneloop workers`. SIGTERM has it end at its next safe point.\n"
      "cannot() {\n"
      "  echo \"oneloop: node ${SLURMD_NODENAME:-?} cannot $1 $2, which must be on a disk that the nodes share\" >&2\n"
      "  exit 1\n"
      "}\n"
      "[ -x '/shared/bin/oneloop-worker' ] || cannot run '/shared/bin/oneloop-worker'\n"
      "[ -r '/home/ada/.local/state/oneloop/workers/hpc/0123456789ab.token' ] || cannot read "
      "'/home/ada/.local/state/oneloop/workers/hpc/0123456789ab.token'\n"
      "[ -r '/home/ada/ca.pem' ] || cannot read '/home/ada/ca.pem'\n"
      "exec '/shared/bin/oneloop-worker' --server 'box.example.org:7070' --token_file "
      "'/home/ada/.local/state/oneloop/workers/hpc/0123456789ab.token' --tls_ca '/home/ada/ca.pem' --threads 4 --name "
      "\"slurm-${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}\"\n");
}

// In a folder whose name a shell would do things with.
class BatchScriptRunTest : public ::testing::Test {
 protected:
  BatchScriptRunTest() {
    std::string pattern = "/tmp/oneloop_script_XXXXXX";
    top_ = mkdtemp(pattern.data());
    folder_ = top_ + "/it's $(HOME) \"x\"";
    std::filesystem::create_directories(folder_);
    request_ = Sample();
    request_.program = folder_ + "/worker";
    request_.token_file = folder_ + "/token";
    std::ofstream(request_.program) << "#!/bin/sh\nprintf '<%s>' \"$@\"\n";
    std::ofstream(request_.token_file) << "olt_a_b\n";
    chmod(request_.program.c_str(), 0755);
  }
  ~BatchScriptRunTest() override { std::filesystem::remove_all(top_); }

  ProgramOutcome Run() const {
    const auto outcome =
        RunProgram({"/bin/sh",
                    {"-s"},
                    {"PATH=/usr/bin:/bin", "SLURM_ARRAY_JOB_ID=12", "SLURM_ARRAY_TASK_ID=3", "SLURMD_NODENAME=node7"},
                    BatchScript(request_)});
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    return outcome.value_or(ProgramOutcome());
  }

  std::string top_;
  std::string folder_;
  PilotRequest request_;
};

TEST_F(BatchScriptRunTest, GivesTheWorkerItsFlags) {
  const ProgramOutcome outcome = Run();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, absl::StrCat("<--server><box.example.org:7070><--token_file><", folder_,
                                      "/token><--threads><4><--name><slurm-12_3>"));
}

TEST_F(BatchScriptRunTest, SaysWhatTheNodeCannotSee) {
  std::filesystem::remove(request_.token_file);
  const ProgramOutcome no_token = Run();
  EXPECT_EQ(no_token.exit_code, 1);
  EXPECT_EQ(no_token.err, absl::StrCat("oneloop: node node7 cannot read ", folder_,
                                       "/token, which must be on a disk that the nodes share\n"));
  std::filesystem::remove(request_.program);
  EXPECT_THAT(Run().err, HasSubstr("node7 cannot run " + folder_ + "/worker"));
}

TEST(SplitArraysTest, KeepsToTheClustersLimit) {
  EXPECT_THAT(SplitArrays(8, 1001), ElementsAre(8));
  EXPECT_THAT(SplitArrays(10, 5), ElementsAre(5, 5));
  EXPECT_THAT(SplitArrays(11, 5), ElementsAre(5, 5, 1));
  EXPECT_THAT(SplitArrays(3, 1), ElementsAre(1, 1, 1));
}

TEST(PilotNameTest, IsAWord) {
  EXPECT_TRUE(CheckPilotName("").ok());
  EXPECT_TRUE(CheckPilotName("Big-1.a_b").ok());
  for (const std::string& name : {std::string("a b"), std::string("a|b"), std::string("a%A"), std::string(41, 'a')}) {
    EXPECT_EQ(ExitCodeOf(CheckPilotName(name)), ExitCode::kUsage) << name;
  }
}

}  // namespace
}  // namespace oneloop
