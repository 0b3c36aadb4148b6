// A daemon under a team's load:
//   service_load [seconds] [clients] [poll milliseconds] [rounds]        default: 10, 64, 500, 3
// Eight long ResNet-50 jobs run on all workers. Each client polls as a dashboard does (a job, the list of jobs, a
// front) and now and then submits a job and cancels it. Prints the latencies of reads and creates, errors, and how many
// samples a second the jobs get with and without the clients, by turns. The clients are a process of their own, so that
// what they take of the processor is told apart from what the service does for them.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

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
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/mutex.h"
#include "common/base/random.h"
#include "grpcpp/grpcpp.h"
#include "oneloop/v1/search_service.grpc.pb.h"
#include "server/daemon/server.h"
#include "tests/benchmark/latencies.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

constexpr int kJobs = 8;
constexpr int kPollsPerCreate = 20;

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

std::unique_ptr<v1::SearchService::Stub> Connect(const std::string& address, int client) {
  grpc::ChannelArguments arguments;
  arguments.SetInt("oneloop.client", client);  // a connection of its own
  const auto channel = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  channel->WaitForConnected(gpr_inf_future(GPR_CLOCK_MONOTONIC));
  return v1::SearchService::NewStub(channel);
}

double ProcessorSeconds() {
  rusage use = {};
  getrusage(RUSAGE_SELF, &use);
  return static_cast<double>(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
         1e-6 * static_cast<double>(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
}

// Many engineers and their dashboards.
class Clients {
 public:
  explicit Clients(std::string address) : address_(std::move(address)) {}

  // Polls until `stop` can be read.
  void Run(int clients, absl::Duration interval, int stop) {
    stop_ = false;
    std::vector<std::thread> threads;
    threads.reserve(static_cast<std::size_t>(clients));
    for (int i = 0; i < clients; ++i) threads.emplace_back([this, i, interval] { Poll(i, interval); });
    char order = 0;
    std::ignore = read(stop, &order, 1);
    stop_ = true;
    for (std::thread& thread : threads) thread.join();
  }

  void Print() {
    std::printf("| call | number | median ms | p99 ms | greatest ms |\n|---|---|---|---|---|\n");
    connects_.Print("connect");
    gets_.Print("GetJob");
    lists_.Print("ListJobs");
    fronts_.Print("ListPoints");
    creates_.Print("CreateJob");
    const MutexLock lock(&mutex_);
    for (const auto& [error, count] : errors_) std::printf("error %d times: %s\n", count, error.c_str());
  }

 private:
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
    const absl::Time begin = absl::Now();
    const auto stub = Connect(address_, client);
    connects_.Add(absl::ToDoubleMilliseconds(absl::Now() - begin));
    Random random(MixSeed(7, static_cast<std::uint64_t>(client)));
    for (int poll = 0; !stop_; ++poll) {
      absl::SleepFor(interval * (0.5 + random.Uniform()));
      v1::ListJobsResponse jobs;
      Time(&lists_, [&](grpc::ClientContext* context) {
        v1::ListJobsRequest request;
        request.set_parent("projects/p");
        request.set_filter("state=RUNNING");
        return stub->ListJobs(context, request, &jobs);
      });
      if (jobs.jobs().empty()) continue;
      const std::string& name =
          jobs.jobs(static_cast<int>(random.Below(static_cast<std::uint64_t>(jobs.jobs_size())))).name();
      Time(&gets_, [&](grpc::ClientContext* context) {
        v1::GetJobRequest request;
        request.set_name(name);
        v1::Job job;
        return stub->GetJob(context, request, &job);
      });
      Time(&fronts_, [&](grpc::ClientContext* context) {
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
  std::atomic<bool> stop_ = false;
  Latencies connects_;
  Latencies gets_;
  Latencies lists_;
  Latencies fronts_;
  Latencies creates_;
  Mutex mutex_;
  std::map<std::string, int> errors_ ABSL_GUARDED_BY(mutex_);
};

// The process of the clients: each byte that comes in starts them or stops them, and is answered with the seconds of
// processor time that they took.
class ClientProcess {
 public:
  // Before the first use of gRPC, which does not survive a fork.
  ClientProcess(const std::string& address, int clients, absl::Duration interval) {
    if (pipe(orders_) != 0 || pipe(answers_) != 0) std::abort();
    child_ = fork();
    if (child_ != 0) return;
    close(orders_[1]);
    Clients all(address);
    char order = 0;
    while (read(orders_[0], &order, 1) == 1) {
      const double before = ProcessorSeconds();
      all.Run(clients, interval, orders_[0]);
      const double seconds = ProcessorSeconds() - before;
      std::ignore = write(answers_[1], &seconds, sizeof(seconds));
    }
    all.Print();
    std::fflush(stdout);
    std::_Exit(0);
  }
  ~ClientProcess() {
    close(orders_[1]);
    waitpid(child_, nullptr, 0);
  }
  ClientProcess(const ClientProcess&) = delete;
  ClientProcess& operator=(const ClientProcess&) = delete;

  void Begin() { std::ignore = write(orders_[1], "b", 1); }
  double End() {
    std::ignore = write(orders_[1], "e", 1);
    double seconds = 0;
    std::ignore = read(answers_[0], &seconds, sizeof(seconds));
    return seconds;
  }

 private:
  int orders_[2] = {};
  int answers_[2] = {};
  pid_t child_ = -1;
};

class Jobs {
 public:
  explicit Jobs(const std::string& address) : stub_(Connect(address, -1)) {}

  // False when a job is refused.
  bool Start() {
    for (int i = 0; i < kJobs; ++i) {
      grpc::ClientContext context;
      v1::Job job;
      if (!stub_->CreateJob(&context, JobRequest(1490, static_cast<std::uint64_t>(i)), &job).ok()) return false;
      names_.push_back(job.name());
    }
    return true;
  }

  std::int64_t Samples() {
    std::int64_t samples = 0;
    for (const std::string& name : names_) {
      grpc::ClientContext context;
      v1::GetJobRequest request;
      request.set_name(name);
      v1::Job job;
      if (stub_->GetJob(&context, request, &job).ok()) samples += job.progress().samples_done();
    }
    return samples;
  }

  double SamplesPerSecond(absl::Duration span) {
    const std::int64_t before = Samples();
    const absl::Time begin = absl::Now();
    absl::SleepFor(span);
    return static_cast<double>(Samples() - before) / absl::ToDoubleSeconds(absl::Now() - begin);
  }

 private:
  const std::unique_ptr<v1::SearchService::Stub> stub_;
  std::vector<std::string> names_;
};

int Run(absl::Duration span, int clients, absl::Duration interval, int rounds) {
  const TempDirectory directory;
  const std::string address = "unix:" + directory.path() + "/s";
  ClientProcess engineers(address, clients, interval);
  OneLoopServer::Options options;
  options.data_dir = directory.path();
  options.listen = {ParseListenAddress(address).value()};
  const auto server = OneLoopServer::Start(std::move(options));
  if (!server.ok()) {
    std::fprintf(stderr, "service_load: %s\n", std::string(server.status().message()).c_str());
    return 1;
  }
  Jobs jobs(address);
  if (!jobs.Start()) return 1;
  jobs.SamplesPerSecond(absl::Seconds(2));
  double alone = jobs.SamplesPerSecond(span);
  double loaded = 0;
  double client_seconds = 0;
  for (int round = 0; round < rounds; ++round) {
    engineers.Begin();
    loaded += jobs.SamplesPerSecond(span) / rounds;
    client_seconds += engineers.End();
    alone += jobs.SamplesPerSecond(span);
  }
  alone /= rounds + 1;
  std::printf("samples a second: %.0f without clients, %.0f with %d, %.1f %% less\n", alone, loaded, clients,
              100 * (1 - loaded / alone));
  std::printf("the clients themselves took %.1f %% of the processors\n",
              100 * client_seconds /
                  (absl::ToDoubleSeconds(span) * rounds * static_cast<double>(std::thread::hardware_concurrency())));
  return 0;
}

}  // namespace
}  // namespace oneloop

int main(int argc, char** argv) {
  const int seconds = argc > 1 ? std::atoi(argv[1]) : 10;
  const int clients = argc > 2 ? std::atoi(argv[2]) : 64;
  const int interval = argc > 3 ? std::atoi(argv[3]) : 500;
  const int rounds = argc > 4 ? std::atoi(argv[4]) : 3;
  return oneloop::Run(absl::Seconds(seconds), clients, absl::Milliseconds(interval), rounds);
}
