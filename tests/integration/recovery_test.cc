// What a job's points, front and watchers go through when the daemon dies: kill -9 at random moments, restart on the
// same directory, and in the end exactly what an undisturbed run gives.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/random.h"
#include "server/store/sqlite_connection.h"
#include "tests/integration/daemon.h"

namespace oneloop {
namespace {

constexpr int kKills = 20;
constexpr char kJob[] = "projects/default/jobs/1";

// Everything that a sequence of messages tells of a job, in order.
struct Story {
  std::vector<int> states;
  std::vector<std::int64_t> entered;
  std::vector<std::int64_t> left;
  std::int64_t new_points = 0;
  std::set<std::int64_t> front;

  void Add(const v1::WatchResponse& message) {
    for (const v1::StateChange& change : message.state_changes()) states.push_back(change.state());
    for (const v1::EvaluatedPoint& point : message.front_entered()) {
      entered.push_back(point.number());
      EXPECT_TRUE(front.insert(point.number()).second) << "point " << point.number() << " entered twice";
    }
    for (const std::int64_t number : message.front_left()) {
      left.push_back(number);
      EXPECT_EQ(front.erase(number), 1u) << "point " << number << " left without having entered";
    }
    new_points += message.new_points();
  }
};

class RecoveryTest : public testing::Test {
 protected:
  RecoveryTest() {
    std::string pattern = "/tmp/oneloop_recovery_XXXXXX";
    folder_ = mkdtemp(pattern.data());
    // Many short starts, so that there is something left to do after every kill.
    spec_.set_workload_name("bert");
    spec_.set_template_name("gemmini");
    spec_.set_starts(300);
    spec_.set_steps(300);
    spec_.set_round_period(10);
  }
  ~RecoveryTest() override { std::filesystem::remove_all(folder_); }

  std::string Folder(const std::string& name) const { return folder_ + "/" + name; }

  std::string Create(Daemon& daemon) { return CreateJob(daemon, spec_); }
  void Submit(Daemon& daemon) { ASSERT_EQ(Create(daemon), kJob); }

  static v1::Job GetJob(Daemon& daemon, const std::string& name) {
    grpc::ClientContext context;
    v1::GetJobRequest request;
    request.set_name(name);
    v1::Job job;
    const grpc::Status status = daemon.stub().GetJob(&context, request, &job);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return job;
  }

  // Returns once the daemon knows of a job that is not heard of.
  static void AwaitSilence(const std::string& data_dir) {
    const auto connection = SqliteConnection::Open(data_dir + "/oneloop.db", SqliteConnection::Mode::kReadOnly, "");
    ASSERT_TRUE(connection.ok()) << connection.status();
    while ((*connection)->QueryInt("SELECT count(*) FROM job_crashes WHERE activity = 2").value_or(1) == 0) {
      std::this_thread::yield();
    }
  }

  void RunToEnd(Daemon& daemon) { last_ = AwaitSuccess(daemon, kJob); }

  static void CheckFile(const std::string& data_dir) {
    std::string path;
    for (const auto& entry : std::filesystem::directory_iterator(data_dir)) {
      if (entry.path().extension() == ".db") path = entry.path();
    }
    ASSERT_FALSE(path.empty()) << "no database in " << data_dir;
    auto connection = SqliteConnection::Open(path, SqliteConnection::Mode::kReadWrite, "");
    ASSERT_TRUE(connection.ok()) << connection.status();
    // The next daemon must find the log as the killed one left it.
    (*connection)->SetCheckpointOnClose(false);
    const auto problems = (*connection)
                              ->QueryInt(
                                  "SELECT count(*) FROM pragma_integrity_check "
                                  "WHERE integrity_check <> 'ok'");
    ASSERT_TRUE(problems.ok()) << problems.status();
    EXPECT_EQ(*problems, 0);
  }

  std::string folder_;
  v1::JobSpec spec_;
  v1::Job last_;
};

// A job whose evaluation never comes back, as one that takes all memory: at the second kill -9 in a row it is FAILED.
TEST_F(RecoveryTest, JobThatTakesTheDaemonDownTwiceIsNotResumed) {
  const std::string data_dir = Folder("loop");
  spec_.set_starts(1);
  // Its proof is soon done: one that ends between the deaths is a sign of life.
  spec_.set_factors(v1::PERFECT);
  Daemon::Options options;
  options.program = "oneloopd_with_failpoints";
  options.failpoint = "hang:1";
  for (int death = 1; death <= 2; ++death) {
    Daemon daemon(data_dir, options);
    ASSERT_TRUE(daemon.serves());
    if (death == 1) Submit(daemon);
    AwaitSilence(data_dir);
    EXPECT_EQ(GetJob(daemon, kJob).state(), v1::RUNNING);
    if (death == 2) {
      // Another job is served meanwhile.
      const std::string beside = Create(daemon);
      Watcher watcher(daemon, beside, 0);
      v1::WatchResponse message;
      while (watcher.Next(&message)) last_ = message.job();
      EXPECT_EQ(last_.state(), v1::SUCCEEDED) << last_.message();
    }
    daemon.Kill();
    CheckFile(data_dir);
  }
  Daemon daemon(data_dir);
  const v1::Job job = GetJob(daemon, kJob);
  EXPECT_EQ(job.state(), v1::FAILED);
  EXPECT_THAT(job.message(), testing::HasSubstr("the daemon died 2 times in a row while this job ran"));
  EXPECT_EQ(daemon.Stop(), 0);
}

TEST_F(RecoveryTest, KilledDaemonsLoseAndDoubleNothing) {
  Daemon undisturbed(Folder("undisturbed"));
  Submit(undisturbed);
  RunToEnd(undisturbed);
  const auto expected = ListPoints(undisturbed, kJob, false);
  const auto expected_front = ListPoints(undisturbed, kJob, true);
  ASSERT_FALSE(expected_front.empty());
  EXPECT_EQ(undisturbed.Stop(), 0);

  const std::string data_dir = Folder("killed");
  auto daemon = std::make_unique<Daemon>(data_dir);
  Submit(*daemon);
  Random random(20);
  int kills_while_running = 0;
  EvaluatedPoints acknowledged;
  for (int kill = 0; kill < kKills; ++kill) {
    SCOPED_TRACE(absl::StrCat("kill ", kill));
    {
      Watcher watcher(*daemon, kJob, 0);
      v1::WatchResponse message;
      for (std::uint64_t left = 1 + random.Below(4); left > 0 && watcher.Next(&message); --left) last_ = message.job();
      // What a client has been shown is acknowledged.
      if (random.Below(3) == 0) acknowledged = ListPoints(*daemon, kJob, false);
      daemon->Kill();
    }
    if (last_.state() == v1::RUNNING) ++kills_while_running;
    CheckFile(data_dir);
    daemon = std::make_unique<Daemon>(data_dir);
    const auto stored = ListPoints(*daemon, kJob, false);
    EXPECT_GE(static_cast<std::int64_t>(stored.size()), last_.progress().points());
    for (const auto& [number, point] : acknowledged) {
      ASSERT_TRUE(stored.contains(number)) << "point " << number << " is lost";
      ASSERT_EQ(Figures(stored.at(number)), Figures(point));
    }
  }
  std::cout << kills_while_running << " of " << kKills << " kills while the job ran\n";
  EXPECT_GE(kills_while_running, kKills / 2);
  RunToEnd(*daemon);
  const auto points = ListPoints(*daemon, kJob, false);
  ExpectSamePoints(points, expected);
  ExpectSamePoints(ListPoints(*daemon, kJob, true), expected_front);
  EXPECT_EQ(daemon->Stop(), 0);
}

TEST_F(RecoveryTest, BackupOfARunningJobIsRestoredElsewhereAndEndsWithTheSamePoints) {
  const std::string data_dir = Folder("backed_up");
  const std::string restored = Folder("restored");
  const std::string client = absl::StrCat("ONELOOP_SERVER=unix:", data_dir, "/oneloop.sock $ONELOOP ");
  const std::string server = BuiltProgram("oneloopd");
  std::string backup;
  EvaluatedPoints expected;
  EvaluatedPoints expected_front;
  {
    Daemon::Options options;
    options.flags = {"--enable_admin"};
    Daemon daemon(data_dir, options);
    Submit(daemon);
    {
      Watcher watcher(daemon, kJob, 0);
      v1::WatchResponse message;
      while (last_.progress().points() < 1000 && watcher.Next(&message)) last_ = message.job();
    }
    ASSERT_EQ(last_.state(), v1::RUNNING);
    const ProcessResult made = RunShell(client + "admin backup drill");
    ASSERT_EQ(made.code, 0);
    backup = made.out.substr(0, made.out.find('\n'));
    EXPECT_EQ(backup, data_dir + "/backups/drill");
    EXPECT_EQ(RunShell(client + "admin backup drill 2>/dev/null").code, 1) << "nothing is overwritten";
    EXPECT_EQ(RunShell(client + "admin backup ../drill 2>/dev/null").code, 4);
    RunToEnd(daemon);
    expected = ListPoints(daemon, kJob, false);
    expected_front = ListPoints(daemon, kJob, true);
    EXPECT_EQ(RunShell(client + "admin drain").code, 0);
    EXPECT_EQ(daemon.Await(), 0);
  }
  const std::string restore = absl::StrCat(server, " restore --data_dir ", restored, " ", backup);
  ASSERT_EQ(RunShell(restore).code, 0);
  EXPECT_EQ(RunShell(restore + " 2>/dev/null").code, 1) << "there is a store now";
  const ProcessResult fsck = RunShell(absl::StrCat(server, " fsck --data_dir ", restored));
  EXPECT_EQ(fsck.code, 0) << fsck.out;
  Daemon daemon(restored);
  EXPECT_EQ(RunShell(absl::StrCat(server, " fsck --data_dir ", restored, " 2>/dev/null")).code, 1) << "in use";
  EXPECT_LT(ListPoints(daemon, kJob, false).size(), expected.size());
  RunToEnd(daemon);
  ExpectSamePoints(ListPoints(daemon, kJob, false), expected);
  ExpectSamePoints(ListPoints(daemon, kJob, true), expected_front);
  EXPECT_EQ(daemon.Stop(), 0);
}

TEST_F(RecoveryTest, StoppedDaemonLeavesOneFileWithoutALog) {
  const std::string data_dir = Folder("stopped");
  Daemon daemon(data_dir);
  Submit(daemon);
  {
    Watcher watcher(daemon, kJob, 0);
    v1::WatchResponse message;
    while (last_.progress().points() < 100 && watcher.Next(&message)) last_ = message.job();
    EXPECT_EQ(daemon.Stop(), 0);
    while (watcher.Next(&message)) last_ = message.job();
  }
  EXPECT_EQ(last_.state(), v1::RUNNING);
  EXPECT_FALSE(std::filesystem::exists(data_dir + "/oneloop.db-wal"));
  EXPECT_FALSE(std::filesystem::exists(data_dir + "/oneloop.sock"));
  const ProcessResult fsck = RunShell(absl::StrCat(BuiltProgram("oneloopd"), " fsck --data_dir ", data_dir));
  EXPECT_EQ(fsck.code, 0) << fsck.out;
}

// A file system of its own, as large as wanted; unmounted with the object.
class SmallDisk {
 public:
  explicit SmallDisk(std::string folder) : folder_(std::move(folder)) {
    std::filesystem::create_directory(folder_);
    mounted_ = mount("tmpfs", folder_.c_str(), "tmpfs", 0, "size=6m") == 0;
  }
  ~SmallDisk() {
    if (mounted_) umount2(folder_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const { return mounted_; }
  void MakeRoom() { EXPECT_EQ(mount("tmpfs", folder_.c_str(), "tmpfs", MS_REMOUNT, "size=600m"), 0); }

 private:
  const std::string folder_;
  bool mounted_ = false;
};

TEST_F(RecoveryTest, JobOnAFullDiskIsPausedAndGoesOnByItselfWhenThereIsRoom) {
  SmallDisk disk(Folder("disk"));
  if (!disk.mounted()) GTEST_SKIP() << "only root may mount a small file system";
  Daemon undisturbed(Folder("undisturbed"));
  Submit(undisturbed);
  RunToEnd(undisturbed);
  const EvaluatedPoints expected = ListPoints(undisturbed, kJob, false);

  Daemon daemon(Folder("disk") + "/data");
  Submit(daemon);
  v1::GetJobRequest request;
  request.set_name(kJob);
  v1::Job job;
  while (job.state() != v1::PAUSED) {
    grpc::ClientContext context;
    ASSERT_TRUE(daemon.stub().GetJob(&context, request, &job).ok());
    ASSERT_NE(job.state(), v1::SUCCEEDED) << "the disk is too large";
  }
  EXPECT_NE(job.message().find("full"), std::string::npos) << job.message();
  const EvaluatedPoints stored = ListPoints(daemon, kJob, false);
  EXPECT_LT(stored.size(), expected.size());
  disk.MakeRoom();
  RunToEnd(daemon);
  ExpectSamePoints(ListPoints(daemon, kJob, false), expected);
  EXPECT_EQ(daemon.Stop(), 0);
}

TEST_F(RecoveryTest, WatchersSeeEveryEventOnceHoweverOftenTheyReconnect) {
  spec_.set_starts(40);
  Daemon daemon(Folder("watched"));
  Submit(daemon);
  // The snapshot of each says where its changes begin; from the first one's on both must tell the same.
  Story steady;
  Story reconnecting;
  std::int64_t resume = 0;
  {
    Watcher watcher(daemon, kJob, 0);
    v1::WatchResponse message;
    ASSERT_TRUE(watcher.Next(&message));
    ASSERT_TRUE(message.snapshot());
    resume = message.resume_revision();
    for (const v1::EvaluatedPoint& point : message.front_entered()) {
      steady.front.insert(point.number());
      reconnecting.front.insert(point.number());
    }
    // Reconnects after every message, so that it reads the same changes in other portions.
    for (bool more = true; more;) {
      Watcher again(daemon, kJob, resume);
      v1::WatchResponse part;
      more = again.Next(&part);
      if (!more) break;
      EXPECT_FALSE(part.snapshot());
      EXPECT_GE(part.resume_revision(), resume);
      resume = part.resume_revision();
      reconnecting.Add(part);
      more = part.job().state() != v1::SUCCEEDED;
    }
    while (watcher.Next(&message)) steady.Add(message);
  }
  EXPECT_EQ(reconnecting.states, steady.states);
  EXPECT_EQ(reconnecting.entered, steady.entered);
  EXPECT_EQ(reconnecting.left, steady.left);
  EXPECT_EQ(reconnecting.new_points, steady.new_points);
  std::set<std::int64_t> front;
  for (const auto& [number, point] : ListPoints(daemon, kJob, true)) front.insert(number);
  EXPECT_EQ(steady.front, front);
  EXPECT_EQ(reconnecting.front, front);

  // One that joins after the end gets the whole state in its snapshot.
  Watcher late(daemon, kJob, 0);
  v1::WatchResponse message;
  ASSERT_TRUE(late.Next(&message));
  EXPECT_TRUE(message.snapshot());
  EXPECT_EQ(message.job().state(), v1::SUCCEEDED);
  EXPECT_EQ(message.front_entered_size(), static_cast<int>(front.size()));
  EXPECT_FALSE(late.Next(&message));
}

}  // namespace
}  // namespace oneloop
