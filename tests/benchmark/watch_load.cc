// Many watchers of one job, through restarts of the daemon, in one process:
//   watch_load [watchers] [restarts] [cancelled jobs]        default: 200, 20, 10
// First every watcher follows one running job through all restarts, each time from the revision of its last message,
// and ends with the job: its states, front and count of points must be those of the store, each event once and in
// order. Then, while another job keeps all workers busy, jobs are cancelled one after the other under the eyes of all
// watchers: prints how long after the commit each hears of it, by turns without and beside 20 watchers of the busy job
// that never read, and the memory that these take on both sides.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"
#include "oneloop/v1/search_service.grpc.pb.h"
#include "server/daemon/server.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

constexpr absl::Duration kPause = absl::Milliseconds(100);  // before a watcher comes back
constexpr absl::Duration kBetweenRestarts = absl::Milliseconds(500);

constexpr int kStalled = 20;
constexpr absl::Duration kStallTime = absl::Seconds(5);
constexpr int kRounds = 5;

double ResidentMegabytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmRSS:", 0) == 0) return std::atof(line.c_str() + 6) / 1024;
  }
  return 0;
}

absl::Time TimeOf(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

std::unique_ptr<v1::SearchService::Stub> Connect(const std::string& address, int client) {
  grpc::ChannelArguments arguments;
  arguments.SetInt("oneloop.client", client);  // a connection of its own
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200);
  arguments.SetMaxReceiveMessageSize(-1);
  return v1::SearchService::NewStub(grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
}

// Follows a job to its end; what it saw, and what was wrong with it.
class Watcher {
 public:
  Watcher(const std::string& address, int client) : stub_(Connect(address, client)) {}

  void Run(const std::string& job_name) {
    while (!over_) {
      grpc::ClientContext context;
      context.set_wait_for_ready(true);
      v1::WatchRequest request;
      request.set_name(job_name);
      request.set_start_revision(revision_);
      const auto reader = stub_->Watch(&context, request);
      v1::WatchResponse message;
      while (reader->Read(&message)) Take(message);
      const grpc::Status status = reader->Finish();
      ++connections_;
      if (over_) return;
      // As a stopping daemon ends a stream, or gRPC for it.
      if (!status.ok() && status.error_code() != grpc::StatusCode::UNAVAILABLE &&
          status.error_code() != grpc::StatusCode::CANCELLED) {
        ++problems_;
        return;
      }
      absl::SleepFor(kPause);
    }
  }

  bool has_begun() const { return has_begun_; }
  int problems() const { return problems_; }
  int connections() const { return connections_; }
  const std::set<std::int64_t>& front() const { return front_; }
  const std::vector<int>& states() const { return states_; }
  std::int64_t points() const { return points_; }
  absl::Duration delay() const { return delay_; }

 private:
  void Take(const v1::WatchResponse& message) {
    if (message.resume_revision() < revision_ || (message.snapshot() && revision_ != 0)) ++problems_;
    revision_ = message.resume_revision();
    if (message.snapshot()) {
      states_ = {message.job().state()};
      points_ = message.job().progress().points();
    } else {
      points_ += message.new_points();
    }
    for (const v1::StateChange& change : message.state_changes()) states_.push_back(change.state());
    for (const v1::EvaluatedPoint& point : message.front_entered()) {
      if (!front_.insert(point.number()).second) ++problems_;
    }
    for (const std::int64_t number : message.front_left()) {
      if (front_.erase(number) != 1) ++problems_;
    }
    const v1::JobState state = message.job().state();
    over_ = state == v1::CANCELLED || state == v1::SUCCEEDED || state == v1::FAILED;
    if (over_ && message.job().has_end_time()) delay_ = absl::Now() - TimeOf(message.job().end_time());
    has_begun_ = true;
  }

  const std::unique_ptr<v1::SearchService::Stub> stub_;
  std::int64_t revision_ = 0;
  std::set<std::int64_t> front_;
  std::vector<int> states_;
  std::int64_t points_ = 0;
  absl::Duration delay_;
  bool over_ = false;
  std::atomic<bool> has_begun_ = false;
  int problems_ = 0;
  int connections_ = 0;
};

// Streams of a job that are opened and never read.
class Stalled {
 public:
  Stalled(const std::string& address, const std::string& job) {
    const double before = ResidentMegabytes();
    v1::WatchRequest request;
    request.set_name(job);
    for (int i = 0; i < kStalled; ++i) {
      stubs_.push_back(Connect(address, -1 - i));
      contexts_.push_back(std::make_unique<grpc::ClientContext>());
      readers_.push_back(stubs_.back()->Watch(contexts_.back().get(), request));
    }
    absl::SleepFor(kStallTime);
    megabytes_ = ResidentMegabytes() - before;
  }
  ~Stalled() {
    for (const auto& context : contexts_) context->TryCancel();
    for (const auto& reader : readers_) reader->Finish();
  }
  Stalled(const Stalled&) = delete;
  Stalled& operator=(const Stalled&) = delete;

  // What all take together.
  double megabytes() const { return megabytes_; }

 private:
  std::vector<std::unique_ptr<v1::SearchService::Stub>> stubs_;
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts_;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::WatchResponse>>> readers_;
  double megabytes_ = 0;
};

void PrintDelays(const char* circumstances, std::vector<double>* delays) {
  std::sort(delays->begin(), delays->end());
  const auto at = [&](double share) {
    return delays->empty() ? 0 : (*delays)[static_cast<std::size_t>(share * static_cast<double>(delays->size() - 1))];
  };
  std::printf("from commit to client%s: median %.1f ms, p99 %.1f ms, greatest %.1f ms, %zu messages\n", circumstances,
              at(0.5), at(0.99), at(1), delays->size());
}

class WatchLoad {
 public:
  // False when anything was wrong.
  bool Run(int watchers, int restarts, int cancelled_jobs) {
    if (!Start()) return false;
    stub_ = Connect(address_, 0);
    return FollowThroughRestarts(watchers, restarts) && TimeCancels(watchers, cancelled_jobs);
  }

 private:
  bool Start() {
    OneLoopServer::Options options;
    options.data_dir = directory_.path();
    options.listen = {ParseListenAddress(address_).value()};
    auto server = OneLoopServer::Start(std::move(options));
    if (!server.ok()) {
      std::fprintf(stderr, "watch_load: %s\n", std::string(server.status().message()).c_str());
      return false;
    }
    server_ = *std::move(server);
    return true;
  }
  bool Restart() {
    if (!server_->Stop(absl::Seconds(20)).ok()) return false;
    server_.reset();
    return Start();
  }

  std::string CreateJob() {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    v1::CreateJobRequest request;
    request.set_parent("projects/p");
    request.mutable_spec()->set_workload_name("resnet50");
    request.mutable_spec()->set_template_name("gemmini");
    request.mutable_spec()->set_starts(10000);
    v1::Job job;
    return stub_->CreateJob(&context, request, &job).ok() ? job.name() : "";
  }
  bool Cancel(const std::string& name) {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    v1::CancelJobRequest request;
    request.set_name(name);
    v1::Job job;
    return stub_->CancelJob(&context, request, &job).ok();
  }

  // Watchers of a job that is cancelled once `meanwhile` is over.
  template <class Meanwhile>
  std::vector<std::unique_ptr<Watcher>> Watch(const std::string& job, int count, Meanwhile meanwhile) {
    std::vector<std::unique_ptr<Watcher>> watchers;
    std::vector<std::thread> threads;
    watchers.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) watchers.push_back(std::make_unique<Watcher>(address_, i + 1));
    threads.reserve(watchers.size());
    for (const auto& watcher : watchers) threads.emplace_back([&watcher, &job] { watcher->Run(job); });
    for (const auto& watcher : watchers) {
      while (!watcher->has_begun()) absl::SleepFor(absl::Milliseconds(5));
    }
    meanwhile();
    Cancel(job);
    for (std::thread& thread : threads) thread.join();
    return watchers;
  }

  bool FollowThroughRestarts(int count, int restarts) {
    const std::string job = CreateJob();
    bool restarted = true;
    const auto watchers = Watch(job, count, [&] {
      for (int i = 0; i < restarts; ++i) {
        absl::SleepFor(kBetweenRestarts);
        restarted = restarted && Restart();
      }
      absl::SleepFor(kBetweenRestarts);
    });
    const auto [front, points] = Stored(job);
    int wrong = 0;
    int connections = 0;
    for (const auto& watcher : watchers) {
      const std::vector<int>& states = watcher->states();
      const bool ordered = !states.empty() && states.back() == v1::CANCELLED &&
                           std::count(states.begin(), states.end(), v1::CANCELLED) == 1;
      if (watcher->problems() != 0 || watcher->front() != front || watcher->points() != points || !ordered) ++wrong;
      connections += watcher->connections();
    }
    std::printf("%d watchers, %d restarts, %d connections: %d saw something twice, out of order or not at all\n", count,
                restarts, connections, wrong);
    return restarted && wrong == 0;
  }

  // The front's numbers and how many points there are.
  std::pair<std::set<std::int64_t>, std::int64_t> Stored(const std::string& job) {
    std::set<std::int64_t> front;
    v1::ListPointsRequest request;
    request.set_parent(job);
    request.set_pareto_only(true);
    request.set_page_size(10000);
    v1::ListPointsResponse response;
    grpc::ClientContext list;
    stub_->ListPoints(&list, request, &response);
    for (const v1::EvaluatedPoint& point : response.points()) front.insert(point.number());
    v1::GetJobRequest get;
    get.set_name(job);
    v1::Job message;
    grpc::ClientContext context;
    stub_->GetJob(&context, get, &message);
    return {front, message.progress().points()};
  }

  // Rounds of cancelled jobs, by turns alone and beside streams of a busy job that are opened and never read.
  bool TimeCancels(int count, int jobs) {
    const std::string busy = CreateJob();
    std::vector<double> alone;
    std::vector<double> beside;
    double megabytes = 0;
    for (int round = 0; round < kRounds; ++round) {
      TimeCancels(count, jobs, &alone);
      const Stalled stalled(address_, busy);
      megabytes = std::max(megabytes, stalled.megabytes());
      TimeCancels(count, jobs, &beside);
    }
    PrintDelays("", &alone);
    std::printf("%d that never read: at most %.2f MB more for each, client's side included, after %.0f s\n", kStalled,
                megabytes / kStalled, absl::ToDoubleSeconds(kStallTime));
    PrintDelays(", beside them", &beside);
    return Cancel(busy);
  }

  void TimeCancels(int count, int jobs, std::vector<double>* delays) {
    for (int i = 0; i < jobs; ++i) {
      const std::string job = CreateJob();
      for (const auto& watcher : Watch(job, count, [] { absl::SleepFor(absl::Milliseconds(300)); })) {
        delays->push_back(absl::ToDoubleMilliseconds(watcher->delay()));
      }
    }
  }

  const TempDirectory directory_;
  const std::string address_ = "unix:" + directory_.path() + "/s";
  std::unique_ptr<OneLoopServer> server_;
  std::unique_ptr<v1::SearchService::Stub> stub_;
};

}  // namespace
}  // namespace oneloop

int main(int argc, char** argv) {
  const int watchers = argc > 1 ? std::atoi(argv[1]) : 200;
  const int restarts = argc > 2 ? std::atoi(argv[2]) : 20;
  const int jobs = argc > 3 ? std::atoi(argv[3]) : 10;
  return oneloop::WatchLoad().Run(watchers, restarts, jobs) ? 0 : 1;
}
