// Pollers of a daemon in its own process, by the client's calls: what they put together is what the lists say, also
// when the daemon was restarted in between.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "client/service_client.h"
#include "common/base/read_file.h"
#include "common/base/status.h"
#include "tests/integration/daemon.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// One search, as a page would keep it.
class Poller {
 public:
  explicit Poller(std::string job) : job_(std::move(job)) {}

  void Poll(ServiceClient& client) {
    PollJobs(client);
    PollFront(client);
    PollPoints(client);
  }

  std::map<std::string, v1::Job> jobs;
  std::set<std::int64_t> front;
  std::map<std::int64_t, std::set<std::int64_t>> fronts;  // by revision
  std::set<std::int64_t> points;

 private:
  void PollJobs(ServiceClient& client) {
    v1::ListJobsRequest request;
    request.set_parent("projects/p");
    request.set_after_revision(jobs_revision_);
    const auto reply = client.ListJobs(request);
    ASSERT_TRUE(reply.ok()) << reply.status();
    for (const v1::Job& job : reply->jobs()) jobs[job.name()] = job;
    for (const std::string& name : reply->removed()) jobs.erase(name);
    jobs_revision_ = reply->revision();
  }
  void PollFront(ServiceClient& client) {
    v1::GetFrontRequest request;
    request.set_parent(job_);
    request.set_after_revision(front_revision_);
    const auto reply = client.GetFront(request);
    ASSERT_TRUE(reply.ok()) << reply.status();
    if (reply->snapshot()) front.clear();
    for (const v1::EvaluatedPoint& point : reply->entered()) EXPECT_TRUE(front.insert(point.number()).second);
    for (const std::int64_t number : reply->left()) EXPECT_EQ(front.erase(number), 1u) << number;
    front_revision_ = reply->revision();
    fronts[front_revision_] = front;
  }
  void PollPoints(ServiceClient& client) {
    v1::ListPointsRequest request;
    request.set_parent(job_);
    request.set_after_revision(points_revision_);
    request.set_page_size(300);
    do {
      const auto reply = client.ListPoints(request);
      ASSERT_TRUE(reply.ok()) << reply.status();
      for (const v1::EvaluatedPoint& point : reply->points()) {
        EXPECT_TRUE(points.insert(point.number()).second) << "point " << point.number() << " twice";
      }
      points_revision_ = reply->revision();
      request.set_page_token(reply->next_page_token());
    } while (!request.page_token().empty());
  }

  const std::string job_;
  std::int64_t jobs_revision_ = 0;
  std::int64_t front_revision_ = 0;
  std::int64_t points_revision_ = 0;
};

class PollsTest : public testing::Test {
 protected:
  void Start() {
    client_ = nullptr;
    if (daemon_ != nullptr) {
      EXPECT_EQ(daemon_->Stop(), 0);
    }
    daemon_ = std::make_unique<Daemon>(DataDir());
    ASSERT_TRUE(daemon_->serves());
    ServiceClient::Options options;
    options.address = "unix:" + DataDir() + "/oneloop.sock";
    client_ = ServiceClient::Create(options).value();
  }
  std::string DataDir() const { return directory_.path() + "/data"; }

  std::string Submit(int starts, int steps) {
    v1::CreateJobRequest request;
    request.set_parent("projects/p");
    request.mutable_spec()->set_workload_name("alexnet");
    request.mutable_spec()->set_template_name("gemmini");
    request.mutable_spec()->set_starts(starts);
    request.mutable_spec()->set_steps(steps);
    const auto job = client_->CreateJob(request);
    EXPECT_TRUE(job.ok()) << job.status();
    return job.ok() ? job->name() : "";
  }
  // Calls see(message) for each message of a watch, until it says so or the job has ended.
  template <class See>
  void Watch(const std::string& job, const See& see) {
    v1::WatchRequest request;
    request.set_name(job);
    const auto stream = client_->Watch(request);
    for (;;) {
      v1::WatchResponse message;
      const WatchStream::Event event = stream->Next(absl::Seconds(60), &message);
      if (event == WatchStream::Event::kEnd) return;
      if (event == WatchStream::Event::kMessage && see(message)) return;
    }
  }

  const TempDirectory directory_;
  std::unique_ptr<Daemon> daemon_;
  std::unique_ptr<ServiceClient> client_;
};

TEST_F(PollsTest, PolledSearchIsTheStoredOneAlsoAcrossARestart) {
  Start();
  const std::string job = Submit(6, 300);
  Poller poller(job);
  Watch(job, [&](const v1::WatchResponse& message) {
    poller.Poll(*client_);
    return message.job().progress().points() > 0;
  });
  ASSERT_FALSE(poller.points.empty());
  Start();
  Watch(job, [&](const v1::WatchResponse&) {
    poller.Poll(*client_);
    return false;
  });
  poller.Poll(*client_);

  const v1::Job& last = poller.jobs.at(job);
  EXPECT_EQ(last.state(), v1::SUCCEEDED);
  EXPECT_EQ(static_cast<std::int64_t>(poller.points.size()), last.progress().points());
  std::set<std::int64_t> front;
  const EvaluatedPoints listed = daemon_->TryListPoints(job, /*pareto_only=*/true).value();
  for (const auto& [number, point] : listed) front.insert(number);
  EXPECT_EQ(poller.front, front);
  for (const auto& [revision, was] : poller.fronts) {
    v1::GetFrontRequest request;
    request.set_parent(job);
    request.set_at_revision(revision);
    const auto reply = client_->GetFront(request);
    ASSERT_TRUE(reply.ok()) << reply.status();
    std::set<std::int64_t> numbers;
    for (const v1::EvaluatedPoint& point : reply->entered()) numbers.insert(point.number());
    EXPECT_EQ(numbers, was) << "at revision " << revision;
  }
}

TEST_F(PollsTest, HistoryAndSampleLeadToTheBestDesign) {
  Start();
  const std::string name = Submit(3, 100);
  v1::Job job;
  Watch(name, [&](const v1::WatchResponse& message) {
    job = message.job();
    return false;
  });
  ASSERT_EQ(job.state(), v1::SUCCEEDED);
  v1::GetHistoryRequest history_request;
  history_request.set_parent(name);
  const auto history = client_->GetHistory(history_request);
  ASSERT_TRUE(history.ok()) << history.status();
  ASSERT_EQ(history->starts_size(), 3);
  double best = std::numeric_limits<double>::infinity();
  std::int64_t samples = 0;
  for (const v1::StartHistory& start : history->starts()) {
    EXPECT_TRUE(start.done());
    samples += start.samples_done();
    ASSERT_GT(start.improvements_size(), 0);
    best = std::min(best, start.improvements(start.improvements_size() - 1).score());
  }
  EXPECT_EQ(best, job.best().score());
  EXPECT_EQ(samples, job.progress().samples_done());
  v1::SamplePointsRequest sample_request;
  sample_request.set_parent(name);
  sample_request.set_max_points(16);
  const auto sample = client_->SamplePoints(sample_request);
  ASSERT_TRUE(sample.ok()) << sample.status();
  EXPECT_LE(sample->points_size(), 16);
  std::set<std::int64_t> numbers;
  for (const v1::EvaluatedPoint& point : sample->points()) numbers.insert(point.number());
  EXPECT_THAT(numbers, Contains(job.best().number()));
  EXPECT_GE(sample->total(), sample->points_size());
}

TEST_F(PollsTest, PurgeBeforeARestartIsTold) {
  Start();
  const std::string kept = Submit(1, 10);
  const std::string purged = Submit(1, 10);
  const auto nothing = [](const v1::WatchResponse&) { return false; };
  Watch(kept, nothing);
  Watch(purged, nothing);
  v1::ListJobsRequest list;
  list.set_parent("projects/p");
  list.set_after_revision(client_->ListJobs(list)->revision());
  v1::DeleteJobRequest deletion;
  deletion.set_name(purged);
  deletion.set_purge(true);
  ASSERT_TRUE(client_->DeleteJob(deletion).ok());
  Start();
  const auto reply = client_->ListJobs(list);
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_TRUE(reply->snapshot());
  ASSERT_EQ(reply->jobs_size(), 1);
  EXPECT_EQ(reply->jobs(0).name(), kept);
}

TEST_F(PollsTest, DaemonParsesFilesAsTheCommandLineReadsThem) {
  Start();
  const std::string data = std::string(std::getenv("ONELOOP_SOURCE_DIR")) + "/data/";
  v1::ParseWorkloadRequest workload;
  workload.set_text(ReadFile(data + "workloads/alexnet.yaml").value());
  v1::GetWorkloadRequest shipped;
  shipped.set_name("workloads/alexnet");
  const auto parsed = client_->ParseWorkload(workload);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->SerializeAsString(), client_->GetWorkload(shipped)->SerializeAsString());
  workload.set_text("name: tiny\nlayers:\n- name: only\n  bounds: [0, 1, 4, 4, 8, 8, 1]\n");
  const absl::Status refused = client_->ParseWorkload(workload).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FieldOf(refused), "text");
  EXPECT_THAT(DescriptionOf(refused), StartsWith("4:12: layers[0].bounds.R: is 0"));
  v1::ParseTemplateRequest hardware;
  hardware.set_text(ReadFile(data + "templates/gemmini.yaml").value());
  EXPECT_EQ(client_->ParseTemplate(hardware)->name(), "gemmini");
  hardware.set_text("name: [");
  EXPECT_THAT(Message(client_->ParseTemplate(hardware).status()), HasSubstr("text: 1:"));
}

}  // namespace
}  // namespace oneloop
