// Jobs that worker processes of their own run: the same points as on the daemon's threads, also while workers and the
// daemon are killed, stopped and resumed. ONELOOP_KILLS says how often (20), ONELOOP_SEED how.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/random.h"
#include "tests/client/process.h"
#include "tests/integration/daemon.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr absl::Duration kLeaseTime = absl::Seconds(1);

class WorkersTest : public testing::Test {
 protected:
  WorkersTest() {
    std::string pattern = "/tmp/oneloop_workers_XXXXXX";
    folder_ = mkdtemp(pattern.data());
    spec_.set_workload_name("bert");
    spec_.set_template_name("gemmini");
    spec_.set_starts(24);
    spec_.set_steps(400);
    spec_.set_round_period(10);
  }
  ~WorkersTest() override { std::filesystem::remove_all(folder_); }

  std::string Folder(const std::string& name) const { return folder_ + "/" + name; }

  static Daemon::Options WithoutThreads() {
    Daemon::Options options;
    options.threads = 0;
    options.flags = {"--lease_time", "1s"};
    return options;
  }

  static std::unique_ptr<ChildProcess> Worker(const std::string& data_dir, int threads = 1) {
    return std::make_unique<ChildProcess>(
        std::vector<std::string>{BuiltProgram("oneloop-worker"), "--server",
                                 absl::StrCat("unix:", data_dir, "/oneloop.sock"), "--threads", absl::StrCat(threads)},
        /*merge_errors=*/true);
  }

  // What an undisturbed daemon finds with its own threads.
  void RunHere() {
    Daemon daemon(Folder("here"));
    const std::string job = CreateJob(daemon, spec_);
    AwaitSuccess(daemon, job);
    expected_ = ListPoints(daemon, job, false);
    expected_front_ = ListPoints(daemon, job, true);
    ASSERT_FALSE(expected_front_.empty());
    EXPECT_EQ(daemon.Stop(), 0);
  }

  void ExpectAsHere(Daemon& daemon, const std::string& job) {
    ExpectSamePoints(ListPoints(daemon, job, false), expected_);
    ExpectSamePoints(ListPoints(daemon, job, true), expected_front_);
  }

  // As the daemon's own threads, with two workers that then leave in order.
  void ExpectWorkersFindTheSame() {
    RunHere();
    const std::string data_dir = Folder("workers");
    Daemon daemon(data_dir, WithoutThreads());
    ASSERT_TRUE(daemon.serves());
    const std::string job = CreateJob(daemon, spec_);
    const auto one = Worker(data_dir);
    const auto two = Worker(data_dir, 2);
    AwaitSuccess(daemon, job);
    ExpectAsHere(daemon, job);
    one->Signal(SIGTERM);
    EXPECT_EQ(one->Wait(), 0);
    two->Signal(SIGINT);
    EXPECT_EQ(two->Wait(), 0);
    EXPECT_EQ(daemon.Stop(), 0);
  }

  std::string folder_;
  v1::JobSpec spec_;
  EvaluatedPoints expected_;
  EvaluatedPoints expected_front_;
};

TEST_F(WorkersTest, AJobOfWorkersHasThePointsOfThreadsHere) { ExpectWorkersFindTheSame(); }

// What starts need of other parts of their job reaches workers, too.
TEST_F(WorkersTest, StartsThatWaitForTheProofGetWhatItFound) {
  spec_.clear_workload_name();
  for (const char* name : {"bert", "alexnet"}) spec_.add_networks()->set_workload_name(name);
  spec_.set_combination(v1::WORST_RATIO);
  spec_.set_starts(6);
  spec_.set_steps(100);
  ExpectWorkersFindTheSame();
}

TEST_F(WorkersTest, AStopGapEndsStartsOfWorkersAsItDoesHere) {
  spec_.set_stop_gap(0.05);
  ExpectWorkersFindTheSame();
}

TEST_F(WorkersTest, KilledWorkersAndDaemonsLoseAndDoubleNothing) {
  const auto kills = static_cast<int>(NumberOf("ONELOOP_KILLS", 20));
  spec_.set_starts(10 * kills);
  RunHere();
  const std::string data_dir = Folder("killed");
  auto daemon = std::make_unique<Daemon>(data_dir, WithoutThreads());
  const std::string job = CreateJob(*daemon, spec_);
  std::array<std::unique_ptr<ChildProcess>, 2> workers = {Worker(data_dir), Worker(data_dir)};
  Random random(NumberOf("ONELOOP_SEED", 18));
  int while_running = 0;
  for (int kill = 0; kill < kills; ++kill) {
    SCOPED_TRACE(absl::StrCat("kill ", kill));
    {
      // Some news, so that something is under way.
      Watcher watcher(*daemon, job, 0);
      v1::WatchResponse message;
      for (std::uint64_t left = 1 + random.Below(3); left > 0 && watcher.Next(&message); --left) {
        if (left == 1 && message.job().state() == v1::RUNNING) ++while_running;
      }
    }
    std::unique_ptr<ChildProcess>& worker = workers[random.Below(workers.size())];
    switch (random.Below(4)) {
      case 0:
        worker->Signal(SIGKILL);
        worker = Worker(data_dir);
        break;
      case 1:
        // It may not have come so far that it waits for signals.
        worker->Signal(SIGTERM);
        worker->Wait();
        worker = Worker(data_dir);
        break;
      case 2:
        // Past its lease, which goes to the other; then it is told so.
        worker->Signal(SIGSTOP);
        SteadySleepFor(kLeaseTime + absl::Seconds(0.5));
        worker->Signal(SIGCONT);
        break;
      default:
        daemon->Kill();
        daemon = std::make_unique<Daemon>(data_dir, WithoutThreads());
        ASSERT_TRUE(daemon->serves());
        break;
    }
  }
  std::cout << while_running << " of " << kills << " kills while the job ran\n";
  EXPECT_GE(while_running, kills / 2);
  AwaitSuccess(*daemon, job);
  ExpectAsHere(*daemon, job);
  for (const auto& worker : workers) {
    worker->Signal(SIGTERM);
    EXPECT_EQ(worker->Wait(), 0);
  }
  EXPECT_EQ(daemon->Stop(), 0);
}

TEST_F(WorkersTest, ATokenForWorkersIsForNothingElse) {
  const std::string data_dir = Folder("tcp");
  std::filesystem::create_directory(data_dir);
  const std::string token_file = Folder("worker.token");
  const ProcessResult token =
      RunShell(absl::StrCat("umask 077; ", BuiltProgram("oneloopd"),
                            " token create --user slurm --scope worker --data_dir ", data_dir, " > ", token_file));
  ASSERT_EQ(token.code, 0);
  ChildProcess daemon({BuiltProgram("oneloopd"), "--data_dir", data_dir, "--listen", "127.0.0.1:0", "--threads", "0"},
                      false);
  const std::string line = daemon.ReadLine();
  const std::string before = "listening on ";
  const std::string address = line.substr(line.find(before) + before.size());
  const std::string server = absl::StrCat(" --server ", address.substr(0, address.find_first_of(", ")));
  const std::string as_worker = server + " --token_file " + token_file;
  ChildProcess worker({"/bin/sh", "-c", absl::StrCat("exec ", BuiltProgram("oneloop-worker"), as_worker)}, true);
  EXPECT_THAT(worker.ReadLine(), HasSubstr("works for"));
  for (const char* command : {"jobs", "get 1", "points 1", "workloads", "submit --workload bert --template gemmini",
                              "cancel 1", "watch 1", "design 1"}) {
    const ProcessResult refused = RunShell(absl::StrCat("$ONELOOP ", command, as_worker, " 2>&1"));
    EXPECT_THAT(refused.out, AllOf(HasSubstr("needs the scope"), HasSubstr("has worker"))) << command;
  }
  const ProcessResult doctor = RunShell(absl::StrCat("$ONELOOP doctor", as_worker, " 2>&1"));
  EXPECT_EQ(doctor.code, 0) << doctor.out;
  EXPECT_THAT(doctor.out, AllOf(HasSubstr("you are slurm, scope worker"), HasSubstr("clock")));
  const std::string local = server + " --token_file " + data_dir + "/local.token";
  const ProcessResult submitted =
      RunShell(absl::StrCat("$ONELOOP submit --workload bert --template gemmini --starts 2 --steps 50 --wait", local));
  EXPECT_EQ(submitted.code, 0);
  worker.Signal(SIGTERM);
  EXPECT_EQ(worker.Wait(), 0);
  const ProcessResult user = RunShell(absl::StrCat(
      "umask 077; ", BuiltProgram("oneloopd"), " token create --user ada --data_dir ", data_dir, " > ", token_file));
  ASSERT_EQ(user.code, 0);
  const ProcessResult refused = RunShell(absl::StrCat(BuiltProgram("oneloop-worker"), as_worker, " 2>&1"));
  EXPECT_NE(refused.code, 0) << "users' tokens are not for workers";
  EXPECT_THAT(refused.out, HasSubstr("needs the scope worker"));
}

TEST_F(WorkersTest, OneWithNothingToDoEndsWhenItIsTold) {
  const std::string data_dir = Folder("idle");
  Daemon daemon(data_dir, WithoutThreads());
  const ProcessResult idle = RunShell(absl::StrCat(BuiltProgram("oneloop-worker"), " --server unix:", data_dir,
                                                   "/oneloop.sock --idle_exit 300ms 2>&1"));
  EXPECT_EQ(idle.code, 0);
  EXPECT_THAT(idle.out, HasSubstr("nothing to do for 300ms"));
}

}  // namespace
}  // namespace oneloop
