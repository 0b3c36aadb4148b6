#ifndef ONELOOP_TESTS_INTEGRATION_SLURM_FIXTURE_H_
#define ONELOOP_TESTS_INTEGRATION_SLURM_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/slurm/run_program.h"
#include "common/base/read_file.h"
#include "tests/client/process.h"
#include "tests/testing/slurm_cluster.h"
#include "tests/testing/wait_until.h"

namespace oneloop {

// `oneloop workers` on a real Slurm with two virtual nodes, and in the place of a worker a program that writes down
// what happens to it.
class SlurmTest : public ::testing::Test {
 protected:
  // At most three pilots in an array.
  void SetUp() override {
    if (const std::string missing = SlurmCluster::Missing(); !missing.empty()) {
      GTEST_SKIP() << "no Slurm to test with: " << missing;
    }
    SlurmCluster::Options options;
    options.max_array_size = 3;
    options.kill_wait_s = 20;
    absl::StatusOr<std::unique_ptr<SlurmCluster>> cluster = SlurmCluster::Start(options);
    ASSERT_TRUE(cluster.ok()) << cluster.status();
    cluster_ = *std::move(cluster);
    std::filesystem::create_directories(Path("notes"));
    Write("token", absl::StrCat(kWorkerToken, "\n"), 0600);
    // Called with --server S --token_file F; SIGTERM takes it a while.
    Write("pilot",
          "#!/bin/sh\n"
          "note() { echo \"$*\" >>" +
              Path("notes/") +
              "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID; }\n"
              "trap 'note term; sleep 1; note safe; exit 0' TERM\n"
              "cmp -s \"$4\" " +
              Path("token") +
              " && note \"start $SLURMD_NODENAME $2 $6 $8\"\n"
              "while :; do sleep 0.1; done\n",
          0700);
  }

  static constexpr char kWorkerToken[] = "olt_0123456789ab_workersecret";
  static constexpr char kOwnToken[] = "olt_ba9876543210_ownsecret";

  std::string Path(const std::string& name) const { return cluster_->folder() + "/" + name; }
  void Write(const std::string& name, const std::string& text, mode_t mode) const {
    std::ofstream(Path(name)) << text;
    chmod(Path(name).c_str(), mode);
  }

  // `oneloop ARGUMENTS`, with the variables that a careless user has.
  Program Oneloop(const std::vector<std::string>& arguments) const {
    Program program{BuiltProgram("oneloop"), arguments, cluster_->environment(), ""};
    program.environment.push_back(absl::StrCat("ONELOOP_TOKEN=", kOwnToken));
    program.environment.emplace_back("ONELOOP_SERVER=127.0.0.1:7070");
    program.environment.push_back("ONELOOP_WORKER_TOKEN_FILE=" + Path("token"));
    return program;
  }
  ProgramOutcome Run(const std::vector<std::string>& arguments) const {
    const absl::StatusOr<ProgramOutcome> outcome = RunProgram(Oneloop(arguments));
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    return outcome.value_or(ProgramOutcome());
  }
  ProgramOutcome Start(const std::vector<std::string>& arguments) const {
    std::vector<std::string> words = {"workers", "start", "--worker_program", Path("pilot"), "--dir", Path("files")};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return Run(words);
  }

  // What a pilot wrote down.
  std::string Notes(const std::string& pilot) const { return ReadFile(Path("notes/" + pilot)).value_or(""); }
  bool WaitForNote(const std::string& pilot, const std::string& note) const {
    return WaitUntil([&] { return Notes(pilot).find(note) != std::string::npos; });
  }
  // The pilots that are in this state, as `workers list` shows them.
  std::vector<std::string> PilotsThatAre(const std::string& state) const {
    std::vector<std::string> ids;
    for (const std::string& line :
         std::vector<std::string>(absl::StrSplit(Run({"workers", "list", "--format", "csv"}).out, '\n'))) {
      const std::vector<std::string> cells = absl::StrSplit(line, ',');
      if (cells.size() > 1 && cells[1] == state) ids.push_back(cells[0]);
    }
    return ids;
  }
  bool WaitForCount(std::size_t count, const std::string& state) const {
    return WaitUntil([&] { return PilotsThatAre(state).size() == count; });
  }

  std::unique_ptr<SlurmCluster> cluster_;
};

}  // namespace oneloop

#endif  // ONELOOP_TESTS_INTEGRATION_SLURM_FIXTURE_H_
