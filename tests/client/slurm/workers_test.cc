// `oneloop workers` with programs in the place of Slurm's that note what they are called with. What real ones do is
// tested in tests/integration/slurm_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/slurm/work_source.h"
#include "common/base/read_file.h"
#include "tests/client/client_harness.h"

namespace oneloop {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kSecret[] = "olt_0123456789ab_verysecret";

class WorkersTest : public ::testing::Test {
 protected:
  WorkersTest() {
    std::string pattern = "/tmp/oneloop_workers_XXXXXX";
    folder_ = mkdtemp(pattern.data());
    fs::create_directories(folder_ + "/bin");
    const std::string log = folder_ + "/log";
    Program("bin/sbatch", "echo \"sbatch $*\" >>" + log + "\ncat >>" + folder_ + "/script\nenv >>" + folder_ +
                              "/environment\nif [ -e " + folder_ + "/refuses ]; then cat " + folder_ +
                              "/refuses >&2; exit 1; fi\nread -r n <" + folder_ + "/next\necho $((n + 1)) >" + folder_ +
                              "/next\necho $n\n");
    Program("bin/squeue", "echo squeue >>" + folder_ + "/looks\ncat " + folder_ + "/queue\n");
    Program("bin/scancel", "echo \"scancel $*\" >>" + log + "\n");
    Program("bin/scontrol", "cat " + folder_ + "/config\n");
    Program("worker", "exit 0\n");
    Write("next", "12\n");
    Write("queue", "");
    Write("config", "ClusterName = hpc\nMaxArraySize = 5\nSchedulerParameters = (null)\n");
    Write("token", absl::StrCat(kSecret, "\n"));
    chmod((folder_ + "/token").c_str(), 0600);
    Write("ca.pem", "certificates\n");
    client_.variables["PATH"] = folder_ + "/bin:/usr/bin:/bin";
    client_.variables["HOME"] = folder_ + "/home";
    client_.variables["ONELOOP_SERVER"] = "box.example.org:7070";
    client_.variables["ONELOOP_TOKEN"] = "olt_ab_mysecret";
    client_.variables["ONELOOP_TLS_CA"] = folder_ + "/ca.pem";
    client_.variables["ONELOOP_WORKER_TOKEN_FILE"] = folder_ + "/token";
  }
  ~WorkersTest() override { fs::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) const {
    // In one step, since programs read it meanwhile.
    std::ofstream(folder_ + "/" + name + ".new") << text;
    fs::rename(folder_ + "/" + name + ".new", folder_ + "/" + name);
  }
  void Program(const std::string& name, const std::string& text) const {
    Write(name, "#!/bin/sh\n" + text);
    chmod((folder_ + "/" + name).c_str(), 0755);
  }
  std::string Read(const std::string& name) const { return ReadFile(folder_ + "/" + name).value_or(""); }
  ClientHarness::Result Run(const std::vector<std::string>& arguments) {
    std::vector<std::string> words = {"workers"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return client_.Run(words);
  }
  ClientHarness::Result Start(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"start", "--worker_program", folder_ + "/worker"});
    return Run(arguments);
  }
  std::string PilotLine(const std::string& id, const std::string& state, const std::string& name = "") const {
    return absl::StrCat(id, "|", id.substr(0, id.find('_')), "|", state, "|node1|2:00|1:00:00|1|None|oneloop-worker",
                        name.empty() ? "" : "-", name, "|oneloop-worker box.example.org:7070\n");
  }
  std::string HomeFolder() const { return folder_ + "/home/.local/state/oneloop/workers/hpc"; }

  ClientHarness client_;
  std::string folder_;
};

TEST_F(WorkersTest, StartSubmitsArraysWithinTheLimit) {
  const auto started = Start({"--count", "12", "--cpus", "4", "--time", "2:00:00", "--", "--nice"});
  EXPECT_EQ(started.code, ExitCode::kOk) << started.err;
  EXPECT_EQ(started.out, "array 12: 5 pilots\narray 13: 5 pilots\narray 14: 2 pilots\n");
  const std::string log = Read("log");
  EXPECT_THAT(log, AllOf(HasSubstr("--array=0-4"), HasSubstr("--array=0-1"), HasSubstr("--cpus-per-task=4"),
                         HasSubstr("--time=2:00:00 --nice\n")));
  EXPECT_THAT(Start({"--count", "1", "--format", "json"}).out, HasSubstr("\"array\": \"15\""));
  EXPECT_EQ(Start({"--count", "1", "--format", "csv"}).out, "array,pilots\n16,1\n");
}

TEST_F(WorkersTest, TokensReachPilotsAsAFileAlone) {
  ASSERT_EQ(Start({"--count", "1"}).code, ExitCode::kOk);
  EXPECT_EQ(Read("home/.local/state/oneloop/workers/hpc/0123456789ab.token"), absl::StrCat(kSecret, "\n"));
  EXPECT_THAT(Read("script"), HasSubstr("--token_file '" + HomeFolder() + "/0123456789ab.token'"));
  EXPECT_THAT(Read("script"), HasSubstr(" --tls_ca '" + HomeFolder() + "/ca-"));
  EXPECT_THAT(Read("environment"), HasSubstr("HOME="));
  for (const char* const seen : {"log", "script", "environment"}) {
    EXPECT_THAT(Read(seen), Not(HasSubstr("secret"))) << seen;
    EXPECT_THAT(Read(seen), Not(HasSubstr("ONELOOP_"))) << seen;
  }
}

TEST_F(WorkersTest, StartSaysWhyItCannot) {
  const auto refuses = [this](const std::vector<std::string>& arguments, const std::string& why) {
    const auto result = Start(arguments);
    EXPECT_EQ(result.code, ExitCode::kUsage) << result.err;
    EXPECT_THAT(result.err, HasSubstr(why));
  };
  refuses({}, "--count is missing");
  refuses({"--count", "0"}, "--count: is not 1 to 10000");
  refuses({"--count", "1", "--max", "2"}, "--max is not for `workers start`");
  refuses({"--count", "1", "extra"}, "'extra' is no option of sbatch");
  refuses({"--count", "1", "--worker_server", "unix:/x"}, "nodes cannot reach unix:/x");
  refuses({"--count", "1", "--server", "unix:/x"}, "nodes cannot reach unix:/x");
  refuses({"--count", "1", "--worker_server", "nothing"}, "--worker_server");
  refuses({"--count", "1", "--name", "a b"}, "--name");
  chmod((folder_ + "/token").c_str(), 0640);
  refuses({"--count", "1"}, "chmod 600 " + folder_ + "/token");
  chmod((folder_ + "/token").c_str(), 0600);
  Write("token", "password\n");
  chmod((folder_ + "/token").c_str(), 0600);
  refuses({"--count", "1"}, "holds no token");
  client_.variables.erase("ONELOOP_WORKER_TOKEN_FILE");
  refuses({"--count", "1"}, "oneloopd token create --scope worker");
  client_.variables["ONELOOP_WORKER_TOKEN_FILE"] = folder_ + "/token";
  Write("token", kSecret);
  chmod((folder_ + "/token").c_str(), 0600);
  client_.variables.erase("ONELOOP_TLS_CA");
  client_.variables.erase("ONELOOP_TOKEN");
  refuses({"--count", "1"}, "only with TLS");
  const auto no_program =
      Run({"start", "--count", "1", "--worker_program", folder_ + "/token", "--tls_ca", folder_ + "/ca.pem"});
  EXPECT_THAT(no_program.err, HasSubstr("--worker_program: " + folder_ + "/token is no program"));
  EXPECT_EQ(Read("log"), "");
  EXPECT_FALSE(fs::exists(HomeFolder()));
}

TEST_F(WorkersTest, WhereThereIsNoSlurmItSaysSo) {
  client_.variables["PATH"] = "/nowhere";
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"list"}, {"stop", "--all"}, {"start", "--count", "1"}}) {
    const auto result = Run(arguments);
    EXPECT_EQ(result.code, ExitCode::kError);
    EXPECT_THAT(result.err, HasSubstr("sbatch is not on PATH"));
  }
}

TEST_F(WorkersTest, RefusalsOfSlurmAreToldWithWhatWasSubmittedBefore) {
  Program("bin/sbatch", "read -r n <" + folder_ + "/next\necho $((n + 1)) >" + folder_ +
                            "/next\n[ $n = 12 ] && { echo 12; exit 0; }\n"
                            "echo 'sbatch: error: QOSMaxSubmitJobPerUserLimit' >&2\nexit 1\n");
  const auto result = Start({"--count", "8"});
  EXPECT_EQ(result.code, ExitCode::kError);
  EXPECT_EQ(result.out, "array 12: 5 pilots\n");
  EXPECT_THAT(result.err, AllOf(HasSubstr("QOSMaxSubmitJobPerUserLimit"), HasSubstr("5 of 8 pilots were submitted")));
  Write("config", "ClusterName = hpc\nMaxArraySize = 0\n");
  EXPECT_THAT(Start({"--count", "8"}).err, HasSubstr("no job arrays"));
}

TEST_F(WorkersTest, ListShowsPilotsAlone) {
  Write("queue", PilotLine("12_0", "RUNNING") + "7|7|RUNNING|node1|2:00|1:00:00|1|None|mine|(null)\n" +
                     PilotLine("13_1", "PENDING", "big"));
  EXPECT_EQ(Run({"list"}).out,
            "worker  state    node        time       left  cpus  reason  daemon\n"
            "12_0    RUNNING  node1  2 min 0 s  1 h 0 min     1  -       box.example.org:7070\n"
            "13_1    PENDING  node1  2 min 0 s  1 h 0 min     1  -       box.example.org:7070\n");
  EXPECT_THAT(Run({"list", "--name", "big", "--format", "csv"}).out, AllOf(HasSubstr("13_1,"), Not(HasSubstr("12_0"))));
  Program("bin/squeue",
          "echo 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)' >&2; exit 1\n");
  const auto failed = Run({"list"});
  EXPECT_EQ(failed.code, ExitCode::kError);
  EXPECT_THAT(failed.err, HasSubstr("Unable to contact slurm controller"));
}

TEST_F(WorkersTest, StopEndsOwnPilotsAlone) {
  Write("queue", PilotLine("12_0", "RUNNING") + PilotLine("12_1", "PENDING") + PilotLine("13_0", "RUNNING", "big") +
                     PilotLine("11_0", "COMPLETED") + "7|7|RUNNING|node1|2:00|1:00:00|1|None|mine|(null)\n");
  EXPECT_EQ(Run({"stop", "12"}).out, "stopped 12\n");
  EXPECT_EQ(Run({"stop", "12_1", "13"}).out, "stopped 12_1 13\n");
  EXPECT_EQ(Run({"stop", "--all", "--name", "big", "--format", "csv"}).out, "pilot\n13\n");
  EXPECT_EQ(Run({"stop", "--all"}).out, "stopped 12 13\n");
  EXPECT_EQ(Read("log"), "scancel --quiet 12\nscancel --quiet 12_1 13\nscancel --quiet 13\nscancel --quiet 12 13\n");
  for (const char* const other : {"7", "11", "11_0", "14", "12_2", "--", ""}) {
    const auto result = Run({"stop", "--", "12", other});
    EXPECT_EQ(result.code, ExitCode::kNotFound) << other;
  }
  EXPECT_EQ(Run({"stop"}).code, ExitCode::kUsage);
  EXPECT_EQ(Run({"stop", "12", "--all"}).code, ExitCode::kUsage);
  EXPECT_THAT(Read("log"), Not(HasSubstr("scancel --quiet 12 \n")));
}

TEST_F(WorkersTest, StopOfAllRemovesTheTokenAndOfSomeDoesNot) {
  ASSERT_EQ(Start({"--count", "1"}).code, ExitCode::kOk);
  Write("queue", PilotLine("12_0", "RUNNING"));
  ASSERT_EQ(Run({"stop", "12"}).code, ExitCode::kOk);
  EXPECT_TRUE(fs::exists(HomeFolder() + "/0123456789ab.token"));
  ASSERT_EQ(Run({"stop", "--all"}).code, ExitCode::kOk);
  EXPECT_FALSE(fs::exists(HomeFolder() + "/0123456789ab.token"));
  Write("queue", "");
  EXPECT_EQ(Run({"stop", "--all"}).out, "no pilots to stop\n");
}

class KeepTest : public WorkersTest {
 protected:
  KeepTest() {
    client_.variables["ONELOOP_SERVER"] = daemon_.address();
    client_.variables.erase("ONELOOP_TOKEN");
    daemon_.list_workers = [this](const v1::ListWorkersRequest&) -> absl::StatusOr<v1::ListWorkersResponse> {
      before_look_(++looked_);
      if (!away_.ok()) return away_;
      v1::ListWorkersResponse response;
      response.set_waiting_leases(starts_);
      return response;
    };
    client_.interrupted = [this] { return looked_ >= looks_; };
  }

  // Until so many looks are done.
  ClientHarness::Result Keep(int looks, std::vector<std::string> arguments) {
    looks_ = looks;
    arguments.insert(arguments.begin(), {"keep", "--worker_program", folder_ + "/worker", "--worker_server",
                                         "box.example.org:7070", "--tls_ca", folder_ + "/ca.pem"});
    return Run(arguments);
  }

  FakeDaemon daemon_;
  int starts_ = 0;
  absl::Status away_;
  int looks_ = 0;
  int looked_ = 0;
  std::function<void(int)> before_look_ = [](int) {};
};

TEST_F(KeepTest, FollowsTheWorkUpAndDown) {
  starts_ = 6;
  before_look_ = [this](int look) {
    if (look == 2) {
      Write("queue", PilotLine("12_0", "RUNNING") + PilotLine("12_1", "RUNNING") + PilotLine("12_2", "PENDING"));
      starts_ = 0;
    }
  };
  const auto kept = Keep(14, {"--max", "16", "--cpus", "2"});
  EXPECT_EQ(kept.code, ExitCode::kInterrupted) << kept.err;
  EXPECT_THAT(kept.out, AllOf(HasSubstr("work 6, pilots 0 running and 0 waiting, wanted 3: started 3\n"),
                              HasSubstr("wanted 0: stopped 12_2 12_0 12_1\n")));
  EXPECT_THAT(Read("log"), AllOf(HasSubstr("--array=0-2"), HasSubstr("scancel --quiet 12_2 12_0 12_1\n")));
  EXPECT_THAT(kept.err, HasSubstr("left: 0 pilots; `oneloop workers stop --all` ends all"));
  // One squeue for each look.
  const std::string looks = Read("looks");
  EXPECT_EQ(std::count(looks.begin(), looks.end(), '\n'), 14);
}

TEST_F(KeepTest, CountsItsOwnPilotsAlone) {
  starts_ = 3;
  Write("queue", PilotLine("10_0", "RUNNING", "other") +
                     "11_0|11|RUNNING|n|2:00|1:00|1|None|oneloop-worker|oneloop-worker elsewhere:7070\n");
  const auto kept = Keep(1, {"--max", "2", "--format", "json"});
  EXPECT_THAT(kept.out, HasSubstr("\"running\":0"));
  EXPECT_THAT(kept.out, HasSubstr("\"started\":2"));
}

TEST_F(KeepTest, GoesOnWhileTheDaemonOrSlurmAreAway) {
  starts_ = 1;
  Write("queue", PilotLine("12_0", "RUNNING"));
  before_look_ = [this](int look) {
    if (look == 2) away_ = absl::PermissionDeniedError("not now");
    if (look == 3) away_ = absl::OkStatus();
    if (look == 3)
      Program("bin/squeue", "echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1\n");
    if (look == 4) Program("bin/squeue", "cat " + folder_ + "/queue\n");
    if (look == 4) starts_ = 2;
  };
  const auto kept = Keep(5, {"--max", "2"});
  EXPECT_EQ(kept.code, ExitCode::kInterrupted);
  EXPECT_THAT(kept.err, AllOf(HasSubstr("not now"), HasSubstr("Unable to contact slurm controller")));
  EXPECT_THAT(kept.out, HasSubstr("work 2, pilots 1 running and 0 waiting, wanted 2: started 1\n"));
}

TEST_F(KeepTest, EndsRatherThanStartMoreAndMoreThatItCannotSee) {
  starts_ = 100;
  const auto kept = Keep(5, {"--max", "4"});
  EXPECT_EQ(kept.code, ExitCode::kError);
  EXPECT_THAT(kept.err, HasSubstr("array 12 was submitted and is not among your pilots"));
  const std::string log = Read("log");
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 1) << log;
}

TEST_F(KeepTest, StartsNoneWithoutTheirToken) {
  before_look_ = [this](int look) {
    if (look != 2) return;
    fs::remove(HomeFolder() + "/0123456789ab.token");
    starts_ = 4;
  };
  const auto kept = Keep(3, {"--max", "4"});
  EXPECT_THAT(kept.err, HasSubstr("0123456789ab.token is gone"));
  EXPECT_EQ(Read("log"), "");
}

TEST_F(KeepTest, TellsOfPilotsThatFailAndWaits) {
  starts_ = 4;
  before_look_ = [this](int look) {
    if (look != 2) return;
    std::string queue;
    for (int i = 0; i < 4; ++i) absl::StrAppend(&queue, PilotLine(absl::StrCat("12_", i), "FAILED"));
    Write("queue", queue);
  };
  const auto kept = Keep(3, {"--max", "4"});
  EXPECT_THAT(kept.err, AllOf(HasSubstr("4 pilots failed, 12_0 as FAILED"), HasSubstr(HomeFolder() + "/logs"),
                              HasSubstr("No more are started for 1 min")));
  const std::string log = Read("log");
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 1) << log;
}

TEST_F(KeepTest, FirstLookTellsWhatIsWrong) {
  away_ = absl::PermissionDeniedError("no");
  EXPECT_EQ(Keep(1, {"--max", "4"}).code, ExitCode::kError);
  EXPECT_EQ(Keep(1, {}).code, ExitCode::kUsage);
  EXPECT_EQ(Keep(1, {"--max", "4", "--min", "5"}).code, ExitCode::kUsage);
  EXPECT_EQ(Keep(1, {"--max", "4", "--every", "1s"}).code, ExitCode::kUsage);
  EXPECT_EQ(Keep(1, {"--max", "4", "--count", "1"}).code, ExitCode::kUsage);
}

class ListTest : public WorkersTest {
 protected:
  ListTest() {
    client_.variables["ONELOOP_SERVER"] = daemon_.address();
    client_.variables.erase("ONELOOP_TOKEN");
    daemon_.list_workers = [](const v1::ListWorkersRequest&) -> absl::StatusOr<v1::ListWorkersResponse> {
      v1::ListWorkersResponse response;
      v1::Worker& worker = *response.add_workers();
      worker.set_display_name("box:77");
      worker.set_lease_count(3);
      worker.set_points_per_second(1234);
      return response;
    };
  }
  FakeDaemon daemon_;
};

TEST_F(ListTest, ShowsWhatTheDaemonKnows) {
  Write("queue", PilotLine("12_0", "RUNNING"));
  const auto listed = Run({"list", "--format", "csv"});
  EXPECT_EQ(listed.code, ExitCode::kOk) << listed.err;
  EXPECT_THAT(listed.out, AllOf(HasSubstr("12_0,RUNNING"), HasSubstr("box:77,3,1234")));
}

TEST_F(ListTest, WorkersWithoutSlurmAreListed) {
  client_.variables["PATH"] = folder_ + "/nothing";
  const auto listed = Run({"list", "--format", "csv"});
  EXPECT_EQ(listed.code, ExitCode::kOk) << listed.err;
  EXPECT_THAT(listed.out, HasSubstr("box:77,3,1234"));
  daemon_.list_workers = nullptr;
  EXPECT_NE(Run({"list"}).code, ExitCode::kOk) << "nothing is known at all";
}

TEST_F(ListTest, ADaemonThatTellsNothingIsNoticed) {
  daemon_.list_workers = [](const v1::ListWorkersRequest&) -> absl::StatusOr<v1::ListWorkersResponse> {
    return absl::PermissionDeniedError("needs the scope viewer");
  };
  Write("queue", PilotLine("12_0", "RUNNING"));
  const auto listed = Run({"list"});
  EXPECT_EQ(listed.code, ExitCode::kOk);
  EXPECT_THAT(listed.out, HasSubstr("12_0"));
  EXPECT_THAT(listed.err, HasSubstr("needs the scope viewer"));
}

}  // namespace
}  // namespace oneloop
