#include "tests/testing/slurm_cluster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "tests/testing/wait_until.h"

namespace oneloop {
namespace {

class SlurmClusterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string missing = SlurmCluster::Missing(); !missing.empty()) {
      GTEST_SKIP() << "no Slurm to test with: " << missing;
    }
    absl::StatusOr<std::unique_ptr<SlurmCluster>> cluster = SlurmCluster::Start({});
    ASSERT_TRUE(cluster.ok()) << cluster.status();
    cluster_ = *std::move(cluster);
  }

  // Both nodes are busy then. The jobs' number.
  std::string SubmitTwo() const {
    const auto number = cluster_->Run(
        "sbatch",
        {"--parsable", "--array=0-1", "--exclusive", "--requeue", "--output=" + cluster_->folder() + "/%a.out"},
        "#!/bin/sh\n(setsid sleep 1000 &)\necho $SLURMD_NODENAME\nexec sleep 1000\n");
    EXPECT_TRUE(number.ok()) << number.status();
    return number.ok() ? ToTrimmed(*number) : "";
  }
  static std::string ToTrimmed(const std::string& text) { return std::string(absl::StripAsciiWhitespace(text)); }

  std::set<std::string> Nodes() const {
    const auto text = cluster_->Run("squeue", {"--noheader", "--states=RUNNING", "--format=%N"});
    if (!text.ok()) return {};
    return absl::StrSplit(*text, '\n', absl::SkipEmpty());
  }

  std::unique_ptr<SlurmCluster> cluster_;
};

TEST_F(SlurmClusterTest, RunsJobsOnBothNodesAndLeavesNothingBehind) {
  SubmitTwo();
  EXPECT_TRUE(WaitUntil([this] { return Nodes() == std::set<std::string>{"node1", "node2"}; })) << cluster_->Logs();
  EXPECT_TRUE(WaitUntil([this] {
    return std::filesystem::exists(cluster_->folder() + "/0.out") &&
           std::filesystem::exists(cluster_->folder() + "/1.out");
  }));
  const std::vector<pid_t> processes = cluster_->Processes();
  // Daemons under their keepers, a shepherd and two processes of each job.
  EXPECT_GE(processes.size(), 4u + 2u * 3u);
  const std::string folder = cluster_->folder();
  cluster_.reset();
  for (const pid_t process : processes) EXPECT_NE(kill(process, 0), 0) << process;
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST_F(SlurmClusterTest, KnowsTheProcessesOfEachJob) {
  const std::string array = SubmitTwo();
  const std::string last = cluster_->folder() + "/1.out";
  ASSERT_TRUE(
      WaitUntil([&] { return std::filesystem::exists(last) && cluster_->JobProcesses(array + "_1").size() >= 2; }));
  for (const pid_t process : cluster_->JobProcesses(array + "_1")) EXPECT_EQ(kill(process, SIGKILL), 0);
  EXPECT_TRUE(WaitUntil([&] {
    const auto states =
        cluster_->Run("squeue", {"--noheader", "--states=all", "--array", "--format=%i %T", "--sort=i"});
    return states.ok() && *states == array + "_0 RUNNING\n" + array + "_1 FAILED\n";
  })) << cluster_->Logs();
}

// As `timeout` and Ctrl-C send them: to the test and all that it started in its group.
TEST_F(SlurmClusterTest, LeavesNothingBehindWhenItsTestIsKilled) {
  const std::string folder = cluster_->folder();
  SubmitTwo();
  ASSERT_TRUE(WaitUntil([&] { return std::filesystem::exists(folder + "/0.out"); })) << cluster_->Logs();
  ASSERT_TRUE(WaitUntil([&] { return std::filesystem::exists(folder + "/1.out"); })) << cluster_->Logs();
  for (const pid_t keeper : cluster_->Keepers()) {
    EXPECT_EQ(getpgid(keeper), keeper) << "is in a group of its own";
    EXPECT_EQ(kill(keeper, SIGTERM), 0);
    EXPECT_EQ(kill(keeper, SIGINT), 0);
  }
  const std::vector<pid_t> processes = cluster_->Processes();
  cluster_.reset();
  for (const pid_t process : processes) EXPECT_NE(kill(process, 0), 0) << process;
}

TEST_F(SlurmClusterTest, NodesGoAndComeBack) {
  cluster_->KillNode(1);
  ASSERT_TRUE(cluster_->SetNodeDown("node2").ok());
  EXPECT_TRUE(WaitUntil([this] { return cluster_->NodeState("node2") == "DOWN"; })) << cluster_->NodeState("node2");
  ASSERT_TRUE(cluster_->ResumeNode("node2").ok());
  EXPECT_TRUE(WaitUntil([this] { return cluster_->NodeState("node2") == "IDLE"; })) << cluster_->NodeState("node2");
  ASSERT_TRUE(cluster_->StartNode(1).ok());
  SubmitTwo();
  EXPECT_TRUE(WaitUntil([this] { return Nodes() == std::set<std::string>{"node1", "node2"}; })) << cluster_->Logs();
}

TEST_F(SlurmClusterTest, TwoRunSideBySide) {
  SlurmCluster::Options options;
  options.nodes = 1;
  const auto other = SlurmCluster::Start(options);
  ASSERT_TRUE(other.ok()) << other.status();
  SubmitTwo();
  EXPECT_TRUE(WaitUntil([this] { return Nodes().size() == 2; }));
  const auto jobs_of_other = (*other)->Run("squeue", {"--noheader"});
  ASSERT_TRUE(jobs_of_other.ok()) << jobs_of_other.status();
  EXPECT_EQ(*jobs_of_other, "");
}

}  // namespace
}  // namespace oneloop
