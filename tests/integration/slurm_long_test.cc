// Pilots on a real Slurm, where its own clocks make it last: time limits, nodes that fail, `workers keep`.
#include <atomic>
#include <csignal>
#include <string>
#include <vector>

#include "tests/client/client_harness.h"
#include "tests/client/fake_daemon.h"
#include "tests/integration/slurm_fixture.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

using SlurmLongTest = SlurmTest;

// The node of a pilot's last start.
std::string LastNode(const std::string& notes) {
  const std::size_t start = notes.rfind("start ");
  return start == std::string::npos ? "" : notes.substr(start + 6, notes.find(' ', start + 6) - start - 6);
}

std::size_t Starts(const std::string& notes) {
  std::size_t count = 0;
  for (std::size_t at = notes.find("start "); at != std::string::npos; at = notes.find("start ", at + 1)) ++count;
  return count;
}

TEST_F(SlurmLongTest, PilotOfANodeThatFailsIsQueuedAgain) {
  ASSERT_EQ(Start({"--count", "1"}).exit_code, 0);
  ASSERT_TRUE(WaitForNote("1_0", "start"));
  const std::string node = LastNode(Notes("1_0"));
  ASSERT_TRUE(cluster_->SetNodeDown(node).ok());
  EXPECT_TRUE(WaitUntil([this] { return Starts(Notes("1_0")) == 2; })) << Notes("1_0") << cluster_->Logs();
  EXPECT_NE(LastNode(Notes("1_0")), node);
  EXPECT_TRUE(WaitForCount(1, "RUNNING")) << "under the same number";
}

TEST_F(SlurmLongTest, PilotOfANodeWithoutPowerIsQueuedAgain) {
  ASSERT_EQ(Start({"--count", "1"}).exit_code, 0);
  ASSERT_TRUE(WaitForNote("1_0", "start"));
  const std::string node = LastNode(Notes("1_0"));
  cluster_->KillNode(node == "node1" ? 1 : 2);
  EXPECT_TRUE(WaitUntil([this] { return Starts(Notes("1_0")) == 2; }, absl::Minutes(4)))
      << Notes("1_0") << cluster_->Logs();
  EXPECT_NE(LastNode(Notes("1_0")), node);
}

TEST_F(SlurmLongTest, TimeLimitIsAnnouncedBySigterm) {
  ASSERT_EQ(Start({"--count", "1", "--time", "1", "--grace", "20"}).exit_code, 0);
  ASSERT_TRUE(WaitForNote("1_0", "start"));
  EXPECT_TRUE(WaitUntil([this] { return Notes("1_0").find("term\nsafe\n") != std::string::npos; }, absl::Minutes(3)))
      << Notes("1_0") << cluster_->Logs();
  // It ended by itself: Slurm did not have to.
  EXPECT_TRUE(WaitUntil([this] {
    const auto states = cluster_->Run("squeue", {"--noheader", "--states=all", "--format=%T"});
    return states.ok() && *states == "COMPLETED\n";
  })) << *cluster_->Run("squeue", {"--states=all"});
}

TEST_F(SlurmLongTest, ANodeThatDoesNotSeeTheFilesSaysSo) {
  ASSERT_TRUE(cluster_->SetNodeDown("node1").ok());
  ASSERT_TRUE(cluster_->SetNodeDown("node2").ok());
  ASSERT_EQ(Start({"--count", "1"}).exit_code, 0);
  std::filesystem::remove(Path("files/virtual/0123456789ab.token"));
  ASSERT_TRUE(cluster_->ResumeNode("node2").ok());
  EXPECT_TRUE(WaitForCount(1, "FAILED")) << cluster_->Logs();
  EXPECT_THAT(ReadFile(Path("files/virtual/logs/1_0.log")).value_or(""),
              HasSubstr("oneloop: node node2 cannot read " + Path("files/virtual/0123456789ab.token")));
}

TEST_F(SlurmLongTest, KeepFollowsTheQueue) {
  FakeDaemon daemon;
  std::atomic<int> starts = 3;
  daemon.list_workers = [&starts](const v1::ListWorkersRequest&) -> absl::StatusOr<v1::ListWorkersResponse> {
    v1::ListWorkersResponse response;
    response.set_waiting_leases(starts);
    return response;
  };
  const Program program = Oneloop({});
  std::vector<std::string> arguments = {"/usr/bin/env", "-i"};
  arguments.insert(arguments.end(), program.environment.begin(), program.environment.end());
  arguments.insert(arguments.end(), {BuiltProgram("oneloop"), "workers", "keep", "--min", "1", "--max", "2", "--every",
                                     "5s", "--patience", "5s", "--worker_program", Path("pilot"), "--dir",
                                     Path("files"), "--server", daemon.address(), "--worker_server", "127.0.0.1:7070"});
  ChildProcess keep(arguments, /*merge_errors=*/false);
  EXPECT_THAT(keep.ReadLine(), HasSubstr("work 3, pilots 0 running and 0 waiting, wanted 2: started 2"));
  EXPECT_TRUE(WaitForCount(2, "RUNNING")) << cluster_->Logs();
  starts = 0;
  EXPECT_THAT(keep.ReadLine(), HasSubstr("work 0, pilots 2 running and 0 waiting, wanted 1: stopped 1_"));
  EXPECT_TRUE(WaitForCount(1, "RUNNING"));
  starts = 5;
  EXPECT_THAT(keep.ReadLine(), HasSubstr("wanted 2: started 1"));
  keep.Signal(SIGINT);
  EXPECT_EQ(keep.Wait(), 130);
  EXPECT_TRUE(WaitForCount(2, "RUNNING")) << "pilots go on without it";
}

}  // namespace
}  // namespace oneloop
