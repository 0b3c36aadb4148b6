// A daemon under many workers of other machines:
//   worker_load [workers] [points a second, of all] [seconds]        default: 1000, 200000, 20
// Each worker is a connection with a session that takes one lease at a time and reports at the rate of a search what a
// search of ResNet-50 found, recorded and serialized before; none of them computes anything. Beside them one client
// reads as a dashboard does. Prints what the daemon kept up with, how long grants, reports and reads took, and what it
// needed.
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "common/base/random.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "oneloop/v1/model_service.grpc.pb.h"
#include "oneloop/v1/search_service.grpc.pb.h"
#include "oneloop/v1/worker_service.grpc.pb.h"
#include "server/search/run_start.h"
#include "server/wire/reference_search.h"
#include "server/wire/search_build.h"
#include "server/wire/work_convert.h"
#include "server/work/point_writer.h"
#include "server/work/search_digest.h"
#include "tests/benchmark/latencies.h"
#include "tests/client/process.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

constexpr int kSteps = 1490;
constexpr int kStarts = 10000;
constexpr int kJobs = 4;

// Runs functions at their times, on one thread.
class Timer {
 public:
  Timer() : thread_([this] { Loop(); }) {}
  ~Timer() {
    {
      MutexLock lock(&mutex_);
      stopping_ = true;
      changed_.Signal();
    }
    thread_.join();
  }
  void At(SteadyTime time, std::function<void()> run) {
    MutexLock lock(&mutex_);
    queue_.push({time, ++order_, std::move(run)});
    changed_.Signal();
  }

 private:
  struct Entry {
    SteadyTime time;
    std::int64_t order;
    std::function<void()> run;
    bool operator<(const Entry& other) const { return time == other.time ? order > other.order : time > other.time; }
  };
  void Loop() {
    for (;;) {
      std::function<void()> run;
      {
        MutexLock lock(&mutex_);
        while (!stopping_ && (queue_.empty() || queue_.top().time > SteadyNow())) {
          const bool waits = !queue_.empty();
          changed_.WaitFor(mutex_, waits ? queue_.top().time - SteadyNow() : absl::Seconds(60));
        }
        if (stopping_) return;
        run = queue_.top().run;
        queue_.pop();
      }
      run();
    }
  }
  Mutex mutex_;
  CondVar changed_;
  std::priority_queue<Entry> queue_ ABSL_GUARDED_BY(mutex_);
  std::int64_t order_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

// What a start found, as the reports that it sends: serialized, all but the session and the lease.
struct Recording {
  struct Report {
    grpc::Slice bytes;
    int points = 0;
  };
  std::vector<Report> reports;
  std::int64_t points = 0;
};

grpc::Slice Serialized(const google::protobuf::Message& message) { return grpc::Slice(message.SerializeAsString()); }

class Recorder final : public BatchSink {
 public:
  void AppendPoints(PointBatch batch, std::function<void(absl::Status)> done) override {
    v1::ReportPointsRequest request;
    BatchToProto(batch, &request);
    recording.reports.push_back({Serialized(request), request.points().samples_size()});
    recording.points += request.points().samples_size();
    done(absl::OkStatus());
  }
  Recording recording;
};

// Figures of a run so far. Thread-safe.
struct Load {
  Latencies grants;
  Latencies reports;
  std::atomic<std::int64_t> points = 0;
  std::atomic<std::int64_t> leases = 0;
  std::atomic<std::int64_t> late = 0;  // reports that the one before held up
  std::atomic<std::int64_t> errors = 0;
  std::atomic<bool> stopping = false;
};

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

// One worker. Everything passed by pointer outlives it.
class SimulatedWorker {
 public:
  SimulatedWorker(const std::string& address, const Recording* recording, std::uint64_t digest,
                  double points_per_second, Timer* timer, Load* load)
      : SimulatedWorker(Connect(address), recording, digest, points_per_second, timer, load) {}

  void Begin() {
    due_ = SteadyNow();
    Call(
        &v1::WorkerService::Stub::async_interface::StartSession, start_, &session_, [this] { Take(); }, nullptr);
  }

 private:
  SimulatedWorker(const std::shared_ptr<grpc::Channel>& channel, const Recording* recording, std::uint64_t digest,
                  double points_per_second, Timer* timer, Load* load)
      : stub_(v1::WorkerService::NewStub(channel)),
        report_stub_(channel),
        recording_(*recording),
        points_per_second_(points_per_second),
        timer_(*timer),
        load_(*load) {
    start_.set_name("simulated");
    start_.set_host("here");
    start_.set_threads(1);
    start_.set_version("1");
    start_.set_instruction_set("none");
    start_.set_digest(digest);
  }

  template <class Request, class Response>
  using Method = void (v1::WorkerService::Stub::async_interface::*)(grpc::ClientContext*, const Request*, Response*,
                                                                    std::function<void(grpc::Status)>);
  template <class Request, class Response>
  void Call(Method<Request, Response> method, const Request& request, Response* response, std::function<void()> then,
            Latencies* latencies) {
    if (load_.stopping) return;
    context_ = std::make_unique<grpc::ClientContext>();
    (stub_->async()->*method)(context_.get(), &request, response, Answered(std::move(then), latencies));
  }
  // What a call that begins now does when it is answered.
  std::function<void(const grpc::Status&)> Answered(std::function<void()> then, Latencies* latencies) {
    return [this, begin = SteadyNow(), latencies, then = std::move(then)](const grpc::Status& status) {
      if (!status.ok() && !load_.stopping && load_.errors++ < 5) {
        std::fprintf(stderr, "%s\n", status.error_message().c_str());
      }
      if (latencies != nullptr) latencies->Add(absl::ToDoubleMilliseconds(SteadyNow() - begin));
      // On another thread: the call's own things must not be destroyed in it.
      timer_.At(SteadyNow(), then);
    };
  }

  void Take() {
    take_.set_session(session_.session());
    take_.set_count(1);
    taken_.Clear();
    Call(
        &v1::WorkerService::Stub::async_interface::TakeLeases, take_, &taken_, [this] { OnTaken(); }, &load_.grants);
  }

  void OnTaken() {
    if (taken_.leases().empty()) {
      due_ = SteadyNow();
      timer_.At(SteadyNow() + absl::Seconds(1), [this] { Take(); });
      return;
    }
    ++load_.leases;
    lease_ = taken_.leases(0).lease();
    next_report_ = 0;
    lease_.unit() >= 0 ? ScheduleReport() : End();
  }

  void ScheduleReport() {
    if (next_report_ == recording_.reports.size()) return End();
    const int points = recording_.reports[next_report_].points;
    due_ += absl::Seconds(points / points_per_second_);
    if (due_ < SteadyNow()) ++load_.late;
    timer_.At(due_, [this] { Report(); });
  }

  void Report() {
    if (load_.stopping) return;
    const Recording::Report& recorded = recording_.reports[next_report_++];
    v1::ReportPointsRequest head;
    head.set_session(session_.session());
    *head.mutable_lease() = lease_;
    // Messages one after another are one message with the fields of both.
    const std::array<grpc::Slice, 2> bytes = {Serialized(head), recorded.bytes};
    report_ = grpc::ByteBuffer(bytes.data(), bytes.size());
    context_ = std::make_unique<grpc::ClientContext>();
    report_stub_.UnaryCall(context_.get(), "/oneloop.v1.WorkerService/ReportPoints", {}, &report_, &reported_,
                           Answered(
                               [this, points = recorded.points] {
                                 load_.points += points;
                                 ScheduleReport();
                               },
                               &load_.reports));
  }

  void End() {
    end_.Clear();
    end_.set_session(session_.session());
    *end_.mutable_lease() = lease_;
    end_.set_ending(v1::EndLeaseRequest::DONE);
    if (lease_.unit() == -1) end_.mutable_bound()->set_objective(0);
    Call(
        &v1::WorkerService::Stub::async_interface::EndLease, end_, &ended_, [this] { Take(); }, nullptr);
  }

  const std::unique_ptr<v1::WorkerService::Stub> stub_;
  grpc::TemplatedGenericStub<grpc::ByteBuffer, v1::ReportPointsResponse> report_stub_;
  const Recording& recording_;
  const double points_per_second_;
  Timer& timer_;
  Load& load_;
  std::unique_ptr<grpc::ClientContext> context_;
  v1::StartSessionRequest start_;
  v1::StartSessionResponse session_;
  v1::TakeLeasesRequest take_;
  v1::TakeLeasesResponse taken_;
  grpc::ByteBuffer report_;
  v1::ReportPointsResponse reported_;
  v1::EndLeaseRequest end_;
  google::protobuf::Empty ended_;
  v1::WorkLease lease_;
  std::size_t next_report_ = 0;
  SteadyTime due_;
};

// What a daemon's process has used.
struct Usage {
  double cpu_seconds = 0;
  std::int64_t peak_kib = 0;
};
Usage UsageOf(pid_t pid) {
  Usage usage;
  std::ifstream stat(absl::StrCat("/proc/", pid, "/stat"));
  std::string word;
  for (int i = 1; i <= 15 && stat >> word; ++i) {
    if (i >= 14) usage.cpu_seconds += std::atof(word.c_str()) / static_cast<double>(sysconf(_SC_CLK_TCK));
  }
  std::ifstream status(absl::StrCat("/proc/", pid, "/status"));
  while (status >> word) {
    if (word == "VmHWM:") status >> usage.peak_kib;
  }
  return usage;
}

v1::JobSpec JobSpecOf() {
  v1::JobSpec spec;
  spec.set_workload_name("resnet50");
  spec.set_template_name("gemmini");
  spec.set_starts(kStarts);
  spec.set_steps(kSteps);
  return spec;
}

std::string Submit(v1::SearchService::Stub& stub) {
  grpc::ClientContext context;
  v1::CreateJobRequest request;
  request.set_parent("projects/default");
  *request.mutable_spec() = JobSpecOf();
  v1::Job job;
  const grpc::Status status = stub.CreateJob(&context, request, &job);
  if (!status.ok()) std::fprintf(stderr, "submit: %s\n", status.error_message().c_str());
  return job.name();
}

// One start of the job, run here.
Recording Record(const std::string& address) {
  const auto channel = Connect(address);
  const auto worker = v1::WorkerService::NewStub(channel);
  v1::StartSessionRequest start;
  start.set_name("recorder");
  start.set_host("here");
  start.set_threads(2);
  start.set_version("1");
  start.set_instruction_set("none");
  start.set_digest(DigestOf(ReferenceSearches().value()));
  v1::StartSessionResponse session;
  grpc::ClientContext context;
  if (!worker->StartSession(&context, start, &session).ok()) std::abort();
  v1::TakeLeasesRequest take;
  take.set_session(session.session());
  take.set_count(2);
  v1::TakeLeasesResponse taken;
  grpc::ClientContext take_context;
  if (!worker->TakeLeases(&take_context, take, &taken).ok() || taken.leases_size() != 2) std::abort();
  v1::GetLeasedJobRequest get;
  get.set_session(session.session());
  *get.mutable_lease() = taken.leases(1).lease();
  v1::LeasedJob leased;
  grpc::ClientContext get_context;
  if (!worker->GetLeasedJob(&get_context, get, &leased).ok()) std::abort();
  const auto search = ReadSearch({leased.spec(), leased.resolved(), {}}).value();
  Recorder recorder;
  WorkSignals signals;
  PointWriter::Options options;
  options.points_per_batch = 200;
  options.flush_interval = absl::InfiniteDuration();
  PointWriter writer(&recorder, *search->hardware_template, {1, 0}, &signals, options);
  const StartSummary summary = RunStart(*search, 0, writer);
  if (!writer.Finish(summary.samples, Ending::kDone).ok()) std::abort();
  v1::EndSessionRequest end;
  end.set_session(session.session());
  google::protobuf::Empty ended;
  grpc::ClientContext end_context;
  if (!worker->EndSession(&end_context, end, &ended).ok()) std::abort();
  return std::move(recorder.recording);
}

void ReadUntil(const std::string& address, const std::string& job, const std::atomic<bool>* stopping,
               Latencies* latencies) {
  const auto stub = v1::SearchService::NewStub(Connect(address));
  while (!*stopping) {
    const SteadyTime begin = SteadyNow();
    {
      grpc::ClientContext context;
      v1::GetJobRequest request;
      request.set_name(job);
      v1::Job response;
      stub->GetJob(&context, request, &response);
      latencies->Add(absl::ToDoubleMilliseconds(SteadyNow() - begin));
    }
    {
      const SteadyTime list_begin = SteadyNow();
      grpc::ClientContext context;
      v1::GetFrontRequest request;
      request.set_parent(job);
      v1::GetFrontResponse response;
      stub->GetFront(&context, request, &response);
      latencies->Add(absl::ToDoubleMilliseconds(SteadyNow() - list_begin));
    }
    SteadySleepFor(absl::Milliseconds(50));
  }
}

void Run(int workers, double points_per_second, absl::Duration time) {
  const TempDirectory directory;
  const std::string pid_file = directory.path() + "/pid";
  const std::string address = absl::StrCat("unix:", directory.path(), "/data/oneloop.sock");
  std::filesystem::create_directory(directory.path() + "/data");
  ChildProcess daemon(
      {"/bin/sh", "-c",
       absl::StrCat("echo $$ >", pid_file, "; exec ", BuiltProgram("oneloopd"), " --data_dir ", directory.path(),
                    "/data --threads 0 --log_level warning",
                    " --max_open_calls_per_user 100000 --max_connections 20000", " --max_samples_per_job 1000000000")},
      false);
  daemon.ReadLine();
  pid_t pid = 0;
  std::ifstream(pid_file) >> pid;
  const auto search = v1::SearchService::NewStub(Connect(address));
  const std::string job = Submit(*search);
  for (int i = 1; i < kJobs; ++i) Submit(*search);
  const Recording recording = Record(address);
  std::printf("a start has %lld points in %zu reports\n", static_cast<long long>(recording.points),
              recording.reports.size());

  Load load;
  Timer timer;
  const std::uint64_t digest = DigestOf(ReferenceSearches().value());
  std::vector<std::unique_ptr<SimulatedWorker>> simulated;
  simulated.reserve(static_cast<std::size_t>(workers));
  Random random(1);
  const SteadyTime begin = SteadyNow();
  for (int i = 0; i < workers; ++i) {
    simulated.push_back(
        std::make_unique<SimulatedWorker>(address, &recording, digest, points_per_second / workers, &timer, &load));
    timer.At(begin + absl::Seconds(2 * random.Uniform()), [worker = simulated.back().get()] { worker->Begin(); });
  }
  Latencies reads;
  std::thread reader([&] { ReadUntil(address, job, &load.stopping, &reads); });
  // Until all have begun.
  SteadySleepFor(absl::Seconds(5));
  const std::int64_t points_before = load.points;
  const std::int64_t leases_before = load.leases;
  const Usage before = UsageOf(pid);
  const SteadyTime measured_from = SteadyNow();
  SteadySleepFor(time);
  const double seconds = absl::ToDoubleSeconds(SteadyNow() - measured_from);
  const Usage after = UsageOf(pid);
  const std::int64_t points = load.points - points_before;
  const std::int64_t leases = load.leases - leases_before;
  load.stopping = true;
  reader.join();
  std::printf(
      "| workers | points/s | of those asked for | leases/s | reports that came late | errors | daemon's CPU s a s | "
      "daemon's peak MB |\n|---|---|---|---|---|---|---|---|\n");
  std::printf("| %d | %.0f | %.0f | %.1f | %lld | %lld | %.2f | %.0f |\n", workers,
              static_cast<double>(points) / seconds, points_per_second, static_cast<double>(leases) / seconds,
              static_cast<long long>(load.late), static_cast<long long>(load.errors),
              (after.cpu_seconds - before.cpu_seconds) / seconds, static_cast<double>(after.peak_kib) / 1000);
  std::printf("| call | calls | p50 ms | p99 ms | most ms |\n|---|---|---|---|---|\n");
  load.grants.Print("grant");
  load.reports.Print("report");
  reads.Print("read by others");
  std::fflush(stdout);
  daemon.Signal(SIGKILL);
  std::error_code ignored;
  std::filesystem::remove_all(directory.path(), ignored);
  // Calls under way hold on to what is on this stack.
  std::_Exit(0);
}

}  // namespace
}  // namespace oneloop

int main(int argc, char** argv) {
  const int workers = argc > 1 ? std::atoi(argv[1]) : 1000;
  const double rate = argc > 2 ? std::atof(argv[2]) : 200000;
  const double seconds = argc > 3 ? std::atof(argv[3]) : 20;
  oneloop::Run(std::max(1, workers), rate, absl::Seconds(seconds));
  return 0;
}
