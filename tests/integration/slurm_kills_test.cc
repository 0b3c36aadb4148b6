// Pilots of a real Slurm that are killed, cancelled, stopped and resumed, nodes that are set down, and a daemon that
// dies: nothing is lost, nothing doubled, and the job ends. ONELOOP_KILLS says how often (100), ONELOOP_SEED how.
#include <cstdint>
#include <iostream>

#include "common/base/clock.h"
#include "common/base/random.h"
#include "tests/integration/slurm_jobs_fixture.h"

namespace oneloop {
namespace {

constexpr std::size_t kPilots = 3;

class SlurmKillsTest : public SlurmJobsTest {
 protected:
  // Pilots that end are not missed for long.
  void Refill() const {
    const std::size_t active = Pilots().size();
    if (active < kPilots) StartPilots(static_cast<int>(kPilots - active));
  }

  void KillOne(Random& random) {
    const std::vector<pid_t> workers = WorkerProcesses();
    const std::vector<std::string> pilots = Pilots();
    const pid_t worker = workers.empty() ? -1 : workers[random.Below(workers.size())];
    switch (random.Below(5)) {
      case 0:
        if (worker > 0) kill(worker, SIGKILL);
        break;
      case 1:
        if (!pilots.empty()) {
          const std::string& pilot = pilots[random.Below(pilots.size())];
          EXPECT_TRUE(cluster_->Run("scancel", {pilot.substr(0, pilot.find(' '))}).ok());
        }
        break;
      case 2:
        if (worker > 0) {
          kill(worker, SIGSTOP);
          SteadySleepFor(absl::Seconds(3));
          kill(worker, SIGCONT);
        }
        break;
      case 3: {
        const std::string node = absl::StrCat("node", 1 + random.Below(2));
        EXPECT_TRUE(cluster_->SetNodeDown(node).ok());
        SteadySleepFor(absl::Seconds(1));
        EXPECT_TRUE(cluster_->ResumeNode(node).ok());
        break;
      }
      default:
        daemon_->Kill();
        StartDaemon(address_);
        ASSERT_TRUE(daemon_->serves());
        break;
    }
  }
};

TEST_F(SlurmKillsTest, NothingIsLostAndNothingDoubled) {
  const auto kills = static_cast<int>(NumberOf("ONELOOP_KILLS", 100));
  Random random(NumberOf("ONELOOP_SEED", 22));
  spec_.set_starts(20 * kills);
  RunHere();
  const std::string job = CreateJob(*daemon_, spec_);
  StartPilots(kPilots);
  int while_running = 0;
  for (int kill = 0; kill < kills; ++kill) {
    SCOPED_TRACE(absl::StrCat("kill ", kill));
    {
      Watcher watcher(*daemon_, job, 0);
      v1::WatchResponse message;
      for (std::uint64_t left = 1 + random.Below(3); left > 0 && watcher.Next(&message); --left) {
        if (left == 1 && message.job().state() == v1::RUNNING) ++while_running;
      }
    }
    KillOne(random);
    Refill();
  }
  std::cout << while_running << " of " << kills << " kills while the job ran\n";
  EXPECT_GE(while_running, kills / 2);
  AwaitSuccess(*daemon_, job);
  ExpectAsHere(job);
}

}  // namespace
}  // namespace oneloop
