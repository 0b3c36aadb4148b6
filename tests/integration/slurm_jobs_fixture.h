#ifndef ONELOOP_TESTS_INTEGRATION_SLURM_JOBS_FIXTURE_H_
#define ONELOOP_TESTS_INTEGRATION_SLURM_JOBS_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/slurm/run_program.h"
#include "tests/client/process.h"
#include "tests/integration/daemon.h"
#include "tests/testing/slurm_cluster.h"
#include "tests/testing/wait_until.h"

namespace oneloop {

// A daemon without threads of its own, and a Slurm of two virtual nodes whose pilots work for it.
class SlurmJobsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string missing = SlurmCluster::Missing(); !missing.empty()) {
      GTEST_SKIP() << "no Slurm to test with: " << missing;
    }
    absl::StatusOr<std::unique_ptr<SlurmCluster>> cluster = SlurmCluster::Start({});
    ASSERT_TRUE(cluster.ok()) << cluster.status();
    cluster_ = *std::move(cluster);
    std::filesystem::create_directories(Path("data"));
    const ProcessResult token = RunShell(absl::StrCat("umask 077; ", BuiltProgram("oneloopd"),
                                                      " token create --user slurm --scope worker --data_dir ",
                                                      Path("data"), " > ", Path("token")));
    ASSERT_EQ(token.code, 0);
    StartDaemon("127.0.0.1:0");
    ASSERT_TRUE(daemon_->serves());
    address_ = daemon_->port_address();
    ASSERT_FALSE(address_.empty());
    spec_.set_workload_name("bert");
    spec_.set_template_name("gemmini");
    spec_.set_starts(40);
    spec_.set_steps(400);
    spec_.set_round_period(10);
  }

  std::string Path(const std::string& name) const { return cluster_->folder() + "/" + name; }

  void StartDaemon(const std::string& port) {
    Daemon::Options options;
    options.threads = 0;
    options.flags = {"--lease_time", "2s", "--listen", absl::StrCat("unix:", Path("data"), "/oneloop.sock"),
                     "--listen",     port};
    daemon_ = std::make_unique<Daemon>(Path("data"), options);
  }

  // What an undisturbed daemon finds with its own threads.
  void RunHere() {
    Daemon daemon(Path("here"));
    const std::string job = CreateJob(daemon, spec_);
    AwaitSuccess(daemon, job);
    expected_ = ListPoints(daemon, job, false);
    expected_front_ = ListPoints(daemon, job, true);
    ASSERT_FALSE(expected_front_.empty());
  }
  void ExpectAsHere(const std::string& job) {
    ExpectSamePoints(ListPoints(*daemon_, job, false), expected_);
    ExpectSamePoints(ListPoints(*daemon_, job, true), expected_front_);
  }

  ProgramOutcome Workers(const std::vector<std::string>& arguments) const {
    std::vector<std::string> words = {"workers"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    Program program{BuiltProgram("oneloop"), words, cluster_->environment(), ""};
    program.environment.push_back("ONELOOP_SERVER=" + address_);
    program.environment.push_back("ONELOOP_WORKER_TOKEN_FILE=" + Path("token"));
    const absl::StatusOr<ProgramOutcome> outcome = RunProgram(program);
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    return outcome.value_or(ProgramOutcome());
  }
  void StartPilots(int count) const {
    const ProgramOutcome started =
        Workers({"start", "--count", absl::StrCat(count), "--cpus", "1", "--grace", "20", "--worker_program",
                 std::filesystem::absolute(BuiltProgram("oneloop-worker")).string(), "--dir", Path("files")});
    EXPECT_EQ(started.exit_code, 0) << started.err;
  }

  // Processes of the cluster that are workers.
  std::vector<pid_t> WorkerProcesses() const {
    std::vector<pid_t> workers;
    for (const pid_t pid : cluster_->Processes()) {
      std::error_code error;
      const auto program = std::filesystem::read_symlink(absl::StrCat("/proc/", pid, "/exe"), error);
      if (!error && program.filename() == "oneloop-worker") workers.push_back(pid);
    }
    return workers;
  }
  // "12_0 RUNNING" and so on.
  std::vector<std::string> Pilots() const {
    const auto lines = cluster_->Run("squeue", {"--noheader", "--array", "--format=%i %T"});
    if (!lines.ok()) return {};
    return absl::StrSplit(*lines, '\n', absl::SkipEmpty());
  }

  std::unique_ptr<SlurmCluster> cluster_;
  std::unique_ptr<Daemon> daemon_;
  std::string address_;
  v1::JobSpec spec_;
  EvaluatedPoints expected_;
  EvaluatedPoints expected_front_;
};

}  // namespace oneloop

#endif  // ONELOOP_TESTS_INTEGRATION_SLURM_JOBS_FIXTURE_H_
