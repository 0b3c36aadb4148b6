#include "tests/server/jobs/jobs_test_util.h"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <thread>

#include "common/mapping/mapping.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

constexpr char kTemplate[] = R"(
name: tiny
parameters:
  - {name: pes, min: 1, max: 64}
levels:
  - {name: buffer, keeps: [W, I, O], capacity_bytes: "1024 * pes"}
  - {name: dram, keeps: [W, I, O]}
)";
constexpr char kWorkload[] = R"(
name: two-layers
layers:
  - {name: a, bounds: {R: 1, S: 1, P: 4, Q: 4, C: 8, K: 8, N: 1}}
  - {name: b, bounds: {R: 3, S: 3, P: 4, Q: 4, C: 8, K: 8, N: 1}}
)";

std::vector<Mapping> SomeMappings(const SearchSpec& spec) {
  std::vector<Mapping> mappings;
  for (const Layer& layer : spec.workload->layers) {
    Mapping mapping;
    const int outermost = spec.hardware_template->num_levels() - 1;
    for (const Dim dim : kAllDims) mapping.t(outermost, dim) = layer.shape.bound(dim);
    mappings.push_back(mapping);
  }
  return mappings;
}

// Returns the sample's score.
double ReportSample(const SearchSpec& spec, int start, std::int64_t sample, PointSink& sink) {
  const bool exact = sample % 5 == 0;
  const std::vector<Mapping> mappings = SomeMappings(spec);
  // Figures from a small grid, so that points meet and replace each other on the front.
  const auto spread = static_cast<double>((sample * 7919 + std::int64_t{start} * 104729) % 97);
  WorkloadMetrics metrics;
  metrics.energy_uj = 100 - spread;
  metrics.latency_cycles = 10 + static_cast<double>((sample * 31 + std::int64_t{start} * 17) % 89);
  metrics.area_mm2 = 1 + static_cast<double>((sample + start) % 7);
  HardwarePoint hardware;
  for (const ParameterSpec& parameter : spec.hardware_template->spec().parameters) hardware.push_back(parameter.max);
  hardware[0] = 2 + static_cast<double>(sample % 60);
  const double score = exact ? metrics.edp() : std::numeric_limits<double>::infinity();
  sink.OnPoint(SearchPoint{sample, exact ? SearchPointOrigin::kRounded : SearchPointOrigin::kDescent, metrics, score,
                           hardware, exact ? &mappings : nullptr});
  return score;
}

}  // namespace

std::shared_ptr<const SearchSpec> TestSpec(int starts, std::int64_t samples_per_start) {
  auto spec = std::make_shared<SearchSpec>();
  spec->workload = std::make_shared<const Workload>(WorkloadFromYaml(kWorkload));
  spec->hardware_template = TemplateFromYaml(kTemplate);
  spec->hardware_range = {{1, 64}};
  spec->starts = starts;
  spec->samples_per_start = samples_per_start;
  return spec;
}

NewJob JobOf(const SearchSpec& spec, const std::string& request_id) {
  NewJob job;
  job.project = "test";
  job.request_id = request_id;
  job.workload_name = spec.workload->name;
  job.template_name = spec.hardware_template->name();
  job.parameter_names = spec.hardware_template->parameter_names();
  job.num_starts = spec.starts;
  job.samples_total = spec.starts * spec.samples_per_start;
  return job;
}

StartSummary FakeRun(const SearchSpec& spec, int start, PointSink& sink) {
  StartSummary summary;
  for (std::int64_t sample = 1; sample <= spec.samples_per_start; ++sample) {
    summary.samples = sample;
    if (ReportSample(spec, start, sample, sink) <= spec.stop_score.value_or(0)) {
      summary.termination = StartSummary::Termination::kStopScoreReached;
      return summary;
    }
    if (sink.StopRequested() && sample < spec.samples_per_start) {
      summary.termination = StartSummary::Termination::kStopped;
      return summary;
    }
  }
  return summary;
}

StartSummary GatedRunner::Run(const SearchSpec& spec, int start, PointSink& sink) {
  StartSummary summary;
  for (std::int64_t sample = 1; sample <= spec.samples_per_start; ++sample) {
    if (sample == free_samples_ + 1) {
      ++held_;
      while (!open_ && !sink.StopRequested()) std::this_thread::yield();
    }
    summary.samples = sample - 1;
    if (sink.StopRequested()) {
      ++stopped_;
      summary.termination = StartSummary::Termination::kStopped;
      return summary;
    }
    if (ReportSample(spec, start, sample, sink) <= spec.stop_score.value_or(0)) {
      summary.samples = sample;
      summary.termination = StartSummary::Termination::kStopScoreReached;
      return summary;
    }
  }
  summary.samples = spec.samples_per_start;
  return summary;
}

void GatedRunner::AwaitHeld(int count) {
  while (held_ < count) std::this_thread::yield();
}

std::optional<LowerBound> GatedProver::Prove(const SearchSpec&, const std::function<bool()>& stop_requested) {
  ++begun_;
  while (!open_) {
    if (stop_requested()) {
      ++stopped_;
      return std::nullopt;
    }
    std::this_thread::yield();
  }
  ++proven_;
  return bound_;
}

void GatedProver::AwaitBegun(int count) {
  while (begun_ < count) std::this_thread::yield();
}

StoreWatcher::StoreWatcher(RunStore* store) : store_(store) {
  store_->SetCommitListener([this](std::int64_t, const std::vector<std::int64_t>&) {
    MutexLock lock(&mutex_);
    ++commits_;
    committed_.SignalAll();
  });
}

StoreWatcher::~StoreWatcher() { store_->SetCommitListener(nullptr); }

void StoreWatcher::Await(const std::function<bool()>& condition) {
  for (;;) {
    std::int64_t seen = 0;
    {
      MutexLock lock(&mutex_);
      seen = commits_;
    }
    if (condition()) return;
    MutexLock lock(&mutex_);
    while (commits_ == seen) committed_.Wait(mutex_);
  }
}

JobRecord StoreWatcher::AwaitState(std::int64_t job_id, JobState state) {
  JobRecord record;
  Await([&] {
    record = store_->GetJob(job_id).value();
    return record.state == state || IsFinal(record.state);
  });
  EXPECT_EQ(record.state, state) << record.message;
  return record;
}

}  // namespace oneloop
