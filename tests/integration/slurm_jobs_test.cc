// A job that pilots of a real Slurm run, on two virtual nodes.
#include "tests/integration/slurm_jobs_fixture.h"

namespace oneloop {
namespace {

TEST_F(SlurmJobsTest, AJobOverPilotsHasThePointsOfThreadsHere) {
  RunHere();
  const std::string job = CreateJob(*daemon_, spec_);
  StartPilots(3);
  AwaitSuccess(*daemon_, job);
  ExpectAsHere(job);
  const ProgramOutcome stopped = Workers({"stop", "--all", "--dir", Path("files")});
  EXPECT_EQ(stopped.exit_code, 0) << stopped.err;
  EXPECT_TRUE(WaitUntil([this] { return WorkerProcesses().empty(); })) << cluster_->Logs();
  EXPECT_EQ(daemon_->Stop(), 0);
}

}  // namespace
}  // namespace oneloop
