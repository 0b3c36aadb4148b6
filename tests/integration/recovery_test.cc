// What a job's points, front and watchers go through when the daemon dies: kill -9 at random moments, restart on the
// same directory, and in the end exactly what an undisturbed run gives.

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/random.h"
#include "oneloop/v1/search_service.grpc.pb.h"
#include "server/store/sqlite_connection.h"
#include "tests/client/process.h"

namespace oneloop {
namespace {

constexpr int kKills = 20;
constexpr char kJob[] = "projects/default/jobs/1";

// A daemon on a directory, and a stub that talks to it.
class Daemon {
 public:
  explicit Daemon(const std::string& data_dir)
      : process_({BuiltProgram("oneloopd"), "--data_dir", data_dir, "--threads", "2"}, /*merge_errors=*/false) {
    // The line comes once the daemon serves.
    EXPECT_NE(process_.ReadLine().find("listening on"), std::string::npos);
    stub_ = v1::SearchService::NewStub(
        grpc::CreateChannel(absl::StrCat("unix:", data_dir, "/oneloop.sock"), grpc::InsecureChannelCredentials()));
  }

  v1::SearchService::Stub& stub() { return *stub_; }
  void Kill() {
    process_.Signal(SIGKILL);
    process_.Wait();
  }
  int Stop() {
    process_.Signal(SIGTERM);
    return process_.Wait();
  }

  void Submit(const v1::JobSpec& spec) {
    grpc::ClientContext context;
    v1::CreateJobRequest request;
    request.set_parent("projects/default");
    *request.mutable_spec() = spec;
    v1::Job job;
    const grpc::Status status = stub_->CreateJob(&context, request, &job);
    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_EQ(job.name(), kJob);
  }

  // Every stored point by its number; a number that comes twice fails the test.
  std::map<std::int64_t, v1::EvaluatedPoint> ListPoints(bool pareto_only) {
    std::map<std::int64_t, v1::EvaluatedPoint> points;
    v1::ListPointsRequest request;
    request.set_parent(kJob);
    request.set_pareto_only(pareto_only);
    request.set_page_size(997);
    do {
      grpc::ClientContext context;
      v1::ListPointsResponse response;
      const grpc::Status status = stub_->ListPoints(&context, request, &response);
      EXPECT_TRUE(status.ok()) << status.error_message();
      for (const v1::EvaluatedPoint& point : response.points()) {
        EXPECT_TRUE(points.emplace(point.number(), point).second) << "point " << point.number() << " twice";
      }
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
    return points;
  }

 private:
  ChildProcess process_;
  std::unique_ptr<v1::SearchService::Stub> stub_;
};

// A stream of watch messages that can be left at any moment.
class Watcher {
 public:
  Watcher(Daemon& daemon, std::int64_t start_revision) {
    v1::WatchRequest request;
    request.set_name(kJob);
    request.set_start_revision(start_revision);
    reader_ = daemon.stub().Watch(&context_, request);
  }
  ~Watcher() {
    context_.TryCancel();
    v1::WatchResponse rest;
    while (reader_->Read(&rest)) {
    }
    reader_->Finish();
  }
  bool Next(v1::WatchResponse* message) { return reader_->Read(message); }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchResponse>> reader_;
};

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

std::string Figures(const v1::EvaluatedPoint& point) {
  v1::EvaluatedPoint figures = point;
  // When a point was stored may differ after a restart; the fronts are compared by themselves.
  figures.clear_revision();
  figures.clear_pareto();
  figures.clear_entered_front_revision();
  figures.clear_left_front_revision();
  std::string parameters;
  const std::map<std::string, double> sorted(figures.parameters().begin(), figures.parameters().end());
  for (const auto& [name, value] : sorted) absl::StrAppend(&parameters, " ", name, "=", value);
  figures.clear_parameters();
  return figures.SerializeAsString() + parameters;
}

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

  // Runs the job to its end and returns its points and its front.
  void RunToEnd(Daemon& daemon) {
    Watcher watcher(daemon, 0);
    v1::WatchResponse message;
    while (watcher.Next(&message)) last_ = message.job();
    ASSERT_EQ(last_.state(), v1::SUCCEEDED) << last_.message();
  }

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

TEST_F(RecoveryTest, KilledDaemonsLoseAndDoubleNothing) {
  Daemon undisturbed(Folder("undisturbed"));
  undisturbed.Submit(spec_);
  RunToEnd(undisturbed);
  const auto expected = undisturbed.ListPoints(false);
  const auto expected_front = undisturbed.ListPoints(true);
  ASSERT_FALSE(expected_front.empty());
  EXPECT_EQ(undisturbed.Stop(), 0);

  const std::string data_dir = Folder("killed");
  auto daemon = std::make_unique<Daemon>(data_dir);
  daemon->Submit(spec_);
  Random random(20);
  int kills_while_running = 0;
  std::map<std::int64_t, v1::EvaluatedPoint> acknowledged;
  for (int kill = 0; kill < kKills; ++kill) {
    SCOPED_TRACE(absl::StrCat("kill ", kill));
    {
      Watcher watcher(*daemon, 0);
      v1::WatchResponse message;
      for (std::uint64_t left = 1 + random.Below(4); left > 0 && watcher.Next(&message); --left) last_ = message.job();
      // What a client has been shown is acknowledged.
      if (random.Below(3) == 0) acknowledged = daemon->ListPoints(false);
      daemon->Kill();
    }
    if (last_.state() == v1::RUNNING) ++kills_while_running;
    CheckFile(data_dir);
    daemon = std::make_unique<Daemon>(data_dir);
    const auto stored = daemon->ListPoints(false);
    EXPECT_GE(static_cast<std::int64_t>(stored.size()), last_.progress().points());
    for (const auto& [number, point] : acknowledged) {
      ASSERT_TRUE(stored.contains(number)) << "point " << number << " is lost";
      ASSERT_EQ(Figures(stored.at(number)), Figures(point));
    }
  }
  std::cout << kills_while_running << " of " << kKills << " kills while the job ran\n";
  EXPECT_GE(kills_while_running, kKills / 2);
  RunToEnd(*daemon);
  const auto points = daemon->ListPoints(false);
  ASSERT_EQ(points.size(), expected.size());
  for (const auto& [number, point] : expected) ASSERT_EQ(Figures(points.at(number)), Figures(point));
  const auto front = daemon->ListPoints(true);
  ASSERT_EQ(front.size(), expected_front.size());
  for (const auto& [number, point] : expected_front) ASSERT_EQ(Figures(front.at(number)), Figures(point));
  EXPECT_EQ(daemon->Stop(), 0);
}

TEST_F(RecoveryTest, WatchersSeeEveryEventOnceHoweverOftenTheyReconnect) {
  spec_.set_starts(40);
  Daemon daemon(Folder("watched"));
  daemon.Submit(spec_);
  // The snapshot of each says where its changes begin; from the first one's on both must tell the same.
  Story steady;
  Story reconnecting;
  std::int64_t resume = 0;
  {
    Watcher watcher(daemon, 0);
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
      Watcher again(daemon, resume);
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
  for (const auto& [number, point] : daemon.ListPoints(true)) front.insert(number);
  EXPECT_EQ(steady.front, front);
  EXPECT_EQ(reconnecting.front, front);

  // One that joins after the end gets the whole state in its snapshot.
  Watcher late(daemon, 0);
  v1::WatchResponse message;
  ASSERT_TRUE(late.Next(&message));
  EXPECT_TRUE(message.snapshot());
  EXPECT_EQ(message.job().state(), v1::SUCCEEDED);
  EXPECT_EQ(message.front_entered_size(), static_cast<int>(front.size()));
  EXPECT_FALSE(late.Next(&message));
}

}  // namespace
}  // namespace oneloop
