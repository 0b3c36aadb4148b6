// A job of many points, through the whole daemon in one process with its client:
//   large_job [points]          default: 10 million
// Prints how fast they came in, the daemon's memory, how long its front, what pages poll of it and all its points take
// to list, and whether the front is exactly the one that comparing its members with every exact point gives. Needs 4 GB
// in the temporary directory. Nine points of ten are steps of a descent, the others exact, with the design of 24
// layers.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/random.h"
#include "common/mapping/random_mapping.h"
#include "grpcpp/grpcpp.h"
#include "oneloop/v1/search_service.grpc.pb.h"
#include "server/daemon/server.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

constexpr int kStarts = 8;
constexpr int kExactEvery = 10;
constexpr int kStopPeriod = 256;

double Between(Random& random, double least, double most) {
  return least * std::exp2(random.Uniform() * std::log2(most / least));
}

// A trade-off between energy, latency and area, with waste that shrinks as a search gets on.
WorkloadMetrics MakeMetrics(Random& random, double progress) {
  WorkloadMetrics metrics;
  const double waste = Between(random, 1, 100 - 90 * progress);
  metrics.area_mm2 = Between(random, 1, 100);
  metrics.energy_uj = 1e5 * waste * std::sqrt(metrics.area_mm2) * Between(random, 1, 1.2);
  metrics.latency_cycles = 1e7 * waste / metrics.area_mm2 * Between(random, 1, 1.2);
  return metrics;
}

StartSummary MakePoints(const SearchSpec& spec, int start, PointSink& sink) {
  Random random(MixSeed(spec.seed, static_cast<std::uint64_t>(start)));
  std::vector<Mapping> mappings;
  for (const Layer& layer : spec.workload->layers) {
    mappings.push_back(RandomMapping(*spec.hardware_template, layer.shape, random));
  }
  StartSummary summary;
  HardwarePoint hardware(static_cast<std::size_t>(spec.hardware_template->num_parameters()));
  for (summary.samples = 1; summary.samples <= spec.samples_per_start; ++summary.samples) {
    const bool exact = summary.samples % kExactEvery == 0;
    for (std::size_t p = 0; p < hardware.size(); ++p) {
      const ParameterRange& range = spec.hardware_range[p];
      hardware[p] = Between(random, range.min, range.max);
      if (exact) hardware[p] = std::floor(hardware[p]);
    }
    const WorkloadMetrics metrics =
        MakeMetrics(random, static_cast<double>(summary.samples) / static_cast<double>(spec.samples_per_start));
    sink.OnPoint({summary.samples, exact ? SearchPointOrigin::kPolish : SearchPointOrigin::kDescent, metrics,
                  exact ? metrics.edp() : std::numeric_limits<double>::infinity(), hardware,
                  exact ? &mappings : nullptr});
    if (summary.samples % kStopPeriod == 0 && sink.StopRequested()) {
      summary.termination = StartSummary::Termination::kStopped;
      return summary;
    }
  }
  --summary.samples;
  return summary;
}

double PeakMegabytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::atof(line.c_str() + 6) / 1024;
  }
  return 0;
}

bool Fail(const std::string& problem) {
  std::fprintf(stderr, "large_job: %s\n", problem.c_str());
  return false;
}

class LargeJob {
 public:
  // False when something fails or the store is wrong.
  bool Run(std::int64_t points) {
    OneLoopServer::Options options;
    options.data_dir = directory_.path();
    const std::string address = "unix:" + directory_.path() + "/s";
    options.listen = {ParseListenAddress(address).value()};
    options.run_start = MakePoints;
    auto server = OneLoopServer::Start(std::move(options));
    if (!server.ok()) return Fail(std::string(server.status().message()));
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    stub_ =
        v1::SearchService::NewStub(grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
    if (!Store(points) || !TimeFront() || !TimePage()) return false;
    std::printf("memory        %.0f MB at most, with the client's\n", PeakMegabytes());
    return CheckFront() && CountPoints();
  }

 private:
  bool Store(std::int64_t points) {
    v1::CreateJobRequest request;
    request.set_parent("projects/p");
    request.mutable_spec()->set_workload_name("resnet50");
    request.mutable_spec()->set_template_name("gemmini");
    request.mutable_spec()->set_starts(kStarts);
    request.mutable_spec()->set_steps(static_cast<std::int32_t>(points / kStarts));
    const absl::Time begin = absl::Now();
    grpc::ClientContext create;
    v1::Job job;
    if (const grpc::Status status = stub_->CreateJob(&create, request, &job); !status.ok()) {
      return Fail(status.error_message());
    }
    job_ = job.name();
    v1::WatchRequest watch;
    watch.set_name(job_);
    grpc::ClientContext context;
    const auto reader = stub_->Watch(&context, watch);
    v1::WatchResponse message;
    std::int64_t messages = 0;
    while (reader->Read(&message)) ++messages;
    if (message.job().state() != v1::SUCCEEDED) return Fail("the job did not succeed");
    points_ = message.job().progress().points();
    const double seconds = absl::ToDoubleSeconds(absl::Now() - begin);
    std::printf("stored        %lld points in %.1f s, %.0f k/s, watched in %lld messages\n",
                static_cast<long long>(points_), seconds, 1e-3 * static_cast<double>(points_) / seconds,
                static_cast<long long>(messages));
    return true;
  }

  // Calls take(point) for each point that matches, page by page.
  template <class Take>
  bool ListAll(v1::ListPointsRequest request, const Take& take) {
    request.set_parent(job_);
    do {
      grpc::ClientContext context;
      v1::ListPointsResponse response;
      if (const grpc::Status status = stub_->ListPoints(&context, request, &response); !status.ok()) {
        return Fail(status.error_message());
      }
      for (const v1::EvaluatedPoint& point : response.points()) take(point);
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
    return true;
  }

  bool TimeFront() {
    constexpr int kRepetitions = 21;
    v1::ListPointsRequest request;
    request.set_pareto_only(true);
    std::vector<double> milliseconds;
    for (int i = 0; i < kRepetitions; ++i) {
      front_.clear();
      const absl::Time begin = absl::Now();
      if (!ListAll(request, [this](const v1::EvaluatedPoint& point) { front_.push_back(point); })) return false;
      milliseconds.push_back(absl::ToDoubleMilliseconds(absl::Now() - begin));
    }
    const double first = milliseconds.front();
    std::sort(milliseconds.begin(), milliseconds.end());
    std::printf("front         %zu points, listed in %.1f ms (median of %d; the first %.1f, the slowest %.1f)\n",
                front_.size(), milliseconds[kRepetitions / 2], kRepetitions, first, milliseconds.back());
    return true;
  }

  // Calls again and again and prints how long that takes.
  template <class Request, class Response>
  bool Time(const char* name,
            grpc::Status (v1::SearchService::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
            const Request& request, Response* response) {
    constexpr int kRepetitions = 21;
    std::vector<double> milliseconds;
    for (int i = 0; i < kRepetitions; ++i) {
      grpc::ClientContext context;
      const absl::Time begin = absl::Now();
      const grpc::Status status = (stub_.get()->*method)(&context, request, response);
      milliseconds.push_back(absl::ToDoubleMilliseconds(absl::Now() - begin));
      if (!status.ok()) return Fail(status.error_message());
    }
    const double first = milliseconds.front();
    std::sort(milliseconds.begin(), milliseconds.end());
    std::printf("%-13s %.1f ms (median of %d; the first %.1f, the slowest %.1f), %.0f kB\n", name,
                milliseconds[kRepetitions / 2], kRepetitions, first, milliseconds.back(),
                1e-3 * static_cast<double>(response->ByteSizeLong()));
    return true;
  }

  // What a page asks for when it opens, and what it polls: in the middle of the job and at its end.
  bool TimePage() {
    using Stub = v1::SearchService::Stub;
    v1::SamplePointsRequest sample;
    sample.set_parent(job_);
    v1::SamplePointsResponse sampled;
    v1::GetHistoryRequest history;
    history.set_parent(job_);
    v1::SearchHistory starts;
    v1::GetFrontRequest front;
    front.set_parent(job_);
    v1::GetFrontResponse changes;
    if (!Time("sample", &Stub::SamplePoints, sample, &sampled) ||
        !Time("history", &Stub::GetHistory, history, &starts) ||
        !Time("front, whole", &Stub::GetFront, front, &changes)) {
      return false;
    }
    const std::int64_t end = changes.revision();
    v1::ListPointsRequest points;
    points.set_parent(job_);
    v1::ListPointsResponse page;
    v1::ListJobsRequest jobs;
    jobs.set_parent("projects/p");
    v1::ListJobsResponse listed;
    front.set_at_revision(end / 2);
    if (!Time("front, was", &Stub::GetFront, front, &changes)) return false;
    front.clear_at_revision();
    for (const std::int64_t after : {end / 2, end - 10, end}) {
      std::printf("after revision %lld of %lld\n", static_cast<long long>(after), static_cast<long long>(end));
      front.set_after_revision(after);
      points.set_after_revision(after);
      jobs.set_after_revision(after);
      points.clear_exact_only();
      points.clear_ever_pareto();
      if (!Time("  jobs", &Stub::ListJobs, jobs, &listed) || !Time("  front", &Stub::GetFront, front, &changes) ||
          !Time("  points", &Stub::ListPoints, points, &page)) {
        return false;
      }
      points.set_exact_only(true);
      if (!Time("  exact", &Stub::ListPoints, points, &page)) return false;
      points.set_ever_pareto(true);
      if (!Time("  ever pareto", &Stub::ListPoints, points, &page)) return false;
    }
    return true;
  }

  // A point that no member of the front beats or is would have to be on it.
  bool CheckFront() {
    const auto at_most = [](const v1::EvaluatedPoint& a, const v1::EvaluatedPoint& b) {
      return a.energy_uj() <= b.energy_uj() && a.latency_cycles() <= b.latency_cycles() && a.area_mm2() <= b.area_mm2();
    };
    const auto beats = [&at_most](const v1::EvaluatedPoint& a, const v1::EvaluatedPoint& b) {
      return at_most(a, b) && (!at_most(b, a) || a.number() < b.number());
    };
    std::set<std::int64_t> members;
    for (const v1::EvaluatedPoint& member : front_) members.insert(member.number());
    std::int64_t wrong = 0;
    std::int64_t exact = 0;
    v1::ListPointsRequest request;
    request.set_exact_only(true);
    request.set_page_size(10000);
    const bool listed = ListAll(request, [&](const v1::EvaluatedPoint& point) {
      ++exact;
      const bool beaten =
          std::any_of(front_.begin(), front_.end(), [&](const auto& member) { return beats(member, point); });
      const bool is_member = members.erase(point.number()) == 1;
      if (beaten == is_member || point.pareto() != is_member) ++wrong;
    });
    wrong += static_cast<std::int64_t>(members.size());
    std::printf("front         compared with %lld exact points: %lld wrong\n", static_cast<long long>(exact),
                static_cast<long long>(wrong));
    return listed && wrong == 0;
  }

  bool CountPoints() {
    v1::ListPointsRequest request;
    request.set_page_size(10000);
    std::int64_t next = 0;
    std::int64_t wrong = 0;
    const absl::Time begin = absl::Now();
    const bool listed = ListAll(request, [&](const v1::EvaluatedPoint& point) { wrong += point.number() != next++; });
    std::printf("all points    %lld listed in %.1f s, %lld out of place\n", static_cast<long long>(next),
                absl::ToDoubleSeconds(absl::Now() - begin), static_cast<long long>(wrong));
    return listed && wrong == 0 && next == points_;
  }

  const TempDirectory directory_;
  std::unique_ptr<v1::SearchService::Stub> stub_;
  std::string job_;
  std::int64_t points_ = 0;
  std::vector<v1::EvaluatedPoint> front_;
};

}  // namespace
}  // namespace oneloop

int main(int argc, char** argv) {
  const std::int64_t points = argc > 1 ? std::atoll(argv[1]) : 10000000;
  return oneloop::LargeJob().Run(std::max<std::int64_t>(1000, points)) ? 0 : 1;
}
