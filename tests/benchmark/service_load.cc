// A daemon under a team's load, in one process with its clients:
//   service_load [seconds] [clients] [poll milliseconds]        default: 20, 64, 500
// Eight long ResNet-50 jobs run on all workers. Each client polls as a dashboard does (a job, the list of jobs, a
// front) and now and then submits a job and cancels it. Prints the latencies of reads and creates, errors, and how many
// samples a second the jobs get with and without the clients.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/mutex.h"
#include "common/base/random.h"
#include "grpcpp/grpcpp.h"
#include "oneloop/v1/search_service.grpc.pb.h"
#include "server/rpc/server.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

constexpr int kJobs = 8;
constexpr int kPollsPerCreate = 20;

// Latencies in milliseconds. Thread-safe.
class Latencies {
 public:
  void Add(double milliseconds) {
    const MutexLock lock(&mutex_);
    values_.push_back(milliseconds);
  }
  void Print(const char* name) {
    std::vector<double> sorted;
    {
      const MutexLock lock(&mutex_);
      sorted = values_;
    }
    std::sort(sorted.begin(), sorted.end());
    const auto at = [&sorted](double share) {
      return sorted.empty() ? 0 : sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
    };
    std::printf("| %s | %zu | %.1f | %.1f | %.1f |\n", name, sorted.size(), at(0.5), at(0.99), at(1));
  }

 private:
  Mutex mutex_;
  std::vector<double> values_ ABSL_GUARDED_BY(mutex_);
};

v1::CreateJobRequest JobRequest(int steps, std::uint64_t seed) {
  v1::CreateJobRequest request;
  request.set_parent("projects/p");
  request.mutable_spec()->set_workload_name("resnet50");
  request.mutable_spec()->set_template_name("gemmini");
  request.mutable_spec()->set_starts(1000);
  request.mutable_spec()->set_steps(steps);
  request.mutable_spec()->set_seed(seed);
  return request;
}

class Load {
 public:
  explicit Load(const std::string& address) : address_(address), stub_(Stub(0)) {}

  // False when a job is refused.
  bool StartJobs() {
    for (int i = 0; i < kJobs; ++i) {
      grpc::ClientContext context;
      v1::Job job;
      if (!stub_->CreateJob(&context, JobRequest(1490, static_cast<std::uint64_t>(i)), &job).ok()) return false;
      jobs_.push_back(job.name());
    }
    return true;
  }

  double SamplesPerSecond(absl::Duration span) {
    const std::int64_t before = Samples();
    const absl::Time begin = absl::Now();
    absl::SleepFor(span);
    return static_cast<double>(Samples() - before) / absl::ToDoubleSeconds(absl::Now() - begin);
  }

  void StartClients(int clients, absl::Duration interval) {
    for (int i = 0; i < clients; ++i) threads_.emplace_back([this, i, interval] { Poll(i, interval); });
  }
  void StopClients() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
  }

  void Print() {
    std::printf("| call | number | median ms | p99 ms | greatest ms |\n|---|---|---|---|---|\n");
    reads_.Print("reads");
    creates_.Print("creates");
    const MutexLock lock(&mutex_);
    for (const auto& [error, count] : errors_) std::printf("error %d times: %s\n", count, error.c_str());
  }

 private:
  std::unique_ptr<v1::SearchService::Stub> Stub(int client) const {
    grpc::ChannelArguments arguments;
    arguments.SetInt("oneloop.client", client);  // a connection of its own
    return v1::SearchService::NewStub(
        grpc::CreateCustomChannel(address_, grpc::InsecureChannelCredentials(), arguments));
  }

  std::int64_t Samples() {
    std::int64_t samples = 0;
    for (const std::string& name : jobs_) {
      grpc::ClientContext context;
      v1::GetJobRequest request;
      request.set_name(name);
      v1::Job job;
      if (stub_->GetJob(&context, request, &job).ok()) samples += job.progress().samples_done();
    }
    return samples;
  }

  template <class Body>
  void Time(Latencies* latencies, Body body) {
    grpc::ClientContext context;
    const absl::Time begin = absl::Now();
    const grpc::Status status = body(&context);
    latencies->Add(absl::ToDoubleMilliseconds(absl::Now() - begin));
    if (status.ok()) return;
    const MutexLock lock(&mutex_);
    ++errors_[status.error_message()];
  }

  void Poll(int client, absl::Duration interval) {
    const auto stub = Stub(client + 1);
    Random random(MixSeed(7, static_cast<std::uint64_t>(client)));
    for (int poll = 0; !stop_; ++poll) {
      absl::SleepFor(interval * (0.5 + random.Uniform()));
      const std::string& name = jobs_[random.Below(jobs_.size())];
      Time(&reads_, [&](grpc::ClientContext* context) {
        v1::GetJobRequest request;
        request.set_name(name);
        v1::Job job;
        return stub->GetJob(context, request, &job);
      });
      Time(&reads_, [&](grpc::ClientContext* context) {
        v1::ListJobsRequest request;
        request.set_parent("projects/p");
        v1::ListJobsResponse response;
        return stub->ListJobs(context, request, &response);
      });
      Time(&reads_, [&](grpc::ClientContext* context) {
        v1::ListPointsRequest request;
        request.set_parent(name);
        request.set_pareto_only(true);
        v1::ListPointsResponse response;
        return stub->ListPoints(context, request, &response);
      });
      if (poll % kPollsPerCreate == client % kPollsPerCreate) CreateAndCancel(stub.get(), random.Next());
    }
  }

  void CreateAndCancel(v1::SearchService::Stub* stub, std::uint64_t seed) {
    v1::Job job;
    Time(&creates_, [&](grpc::ClientContext* context) {
      v1::CreateJobRequest request = JobRequest(10, seed);
      request.set_request_id(absl::StrCat("load-", seed));
      return stub->CreateJob(context, request, &job);
    });
    grpc::ClientContext context;
    v1::CancelJobRequest cancel;
    cancel.set_name(job.name());
    stub->CancelJob(&context, cancel, &job);
  }

  const std::string address_;
  const std::unique_ptr<v1::SearchService::Stub> stub_;
  std::vector<std::string> jobs_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stop_ = false;
  Latencies reads_;
  Latencies creates_;
  Mutex mutex_;
  std::map<std::string, int> errors_ ABSL_GUARDED_BY(mutex_);
};

int Run(absl::Duration span, int clients, absl::Duration interval) {
  const TempDirectory directory;
  OneLoopServer::Options options;
  options.data_dir = directory.path();
  const std::string address = "unix:" + directory.path() + "/s";
  options.listen = {ParseListenAddress(address).value()};
  const auto server = OneLoopServer::Start(std::move(options));
  if (!server.ok()) {
    std::fprintf(stderr, "service_load: %s\n", std::string(server.status().message()).c_str());
    return 1;
  }
  Load load(address);
  if (!load.StartJobs()) return 1;
  load.SamplesPerSecond(absl::Seconds(2));
  const double alone = load.SamplesPerSecond(span);
  load.StartClients(clients, interval);
  const double loaded = load.SamplesPerSecond(span);
  load.StopClients();
  const double again = load.SamplesPerSecond(span);
  load.Print();
  const double reference = (alone + again) / 2;
  std::printf("samples a second: %.0f without clients, %.0f with %d, %.1f %% less\n", reference, loaded, clients,
              100 * (1 - loaded / reference));
  return 0;
}

}  // namespace
}  // namespace oneloop

int main(int argc, char** argv) {
  const int seconds = argc > 1 ? std::atoi(argv[1]) : 20;
  const int clients = argc > 2 ? std::atoi(argv[2]) : 64;
  const int interval = argc > 3 ? std::atoi(argv[3]) : 500;
  return oneloop::Run(absl::Seconds(seconds), clients, absl::Milliseconds(interval));
}
