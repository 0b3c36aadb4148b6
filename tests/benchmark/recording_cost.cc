// What it costs to store every point of a search, and what a second worker thread brings: the job manager and the
// SQLite store against the same searches with a sink that drops everything.
//   recording_cost [samples per start] [repetitions]
// Two searches of ResNet-50: the gradient search as users run it, and a descent without end, which finds a point with
// every sample. Times are the least of the repetitions, which other work on the machine disturbs least; CPU is of all
// threads, the store's included. Waiting is what calls of the sink of a millisecond and more took, measured apart.
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "common/base/random.h"
#include "common/mapping/random_mapping.h"
#include "common/model/exact/cost_model.h"
#include "common/model/smooth/smooth_model.h"
#include "server/jobs/job_manager.h"
#include "server/search/descent.h"
#include "server/search/evaluator.h"
#include "server/search/run_start.h"
#include "server/store/sqlite_run_store.h"
#include "tests/server/jobs/jobs_test_util.h"
#include "tests/server/store/store_test_util.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

constexpr int kStarts = 8;
constexpr std::uint64_t kSeed = 7;
// Much longer than a call of the sink takes unless it waits.
constexpr absl::Duration kWait = absl::Milliseconds(1);

class DroppingSink : public PointSink {
 public:
  explicit DroppingSink(PointSink* target) : target_(*target) {}
  void OnPoint(const SearchPoint&) override {}
  bool StopRequested() override { return target_.StopRequested(); }

 private:
  PointSink& target_;
};

// Adds up the calls that took so long that they must have waited for the writer, or for a core.
class TimedSink : public PointSink {
 public:
  explicit TimedSink(PointSink* target) : target_(*target) {}
  void OnPoint(const SearchPoint& point) override {
    const absl::Time begin = absl::Now();
    target_.OnPoint(point);
    const absl::Duration took = absl::Now() - begin;
    if (took >= kWait) waited += took;
  }
  bool StopRequested() override { return target_.StopRequested(); }
  absl::Duration waited;

 private:
  PointSink& target_;
};

std::shared_ptr<const SearchSpec> Spec(std::int64_t samples) {
  auto spec = std::make_shared<SearchSpec>();
  spec->workload = std::make_shared<const Workload>(ShippedWorkload("resnet50"));
  spec->hardware_template = ShippedTemplate("gemmini");
  for (const ParameterSpec& parameter : spec->hardware_template->spec().parameters) {
    spec->hardware_range.push_back({parameter.min, parameter.max});
  }
  spec->starts = kStarts;
  spec->samples_per_start = samples;
  return spec;
}

// Steps of the descent until the budget is used.
StartSummary DescendOnly(const SearchSpec& spec, int start, PointSink& sink) {
  const CostModel model(spec.hardware_template);
  Evaluator evaluator(spec, model, sink);
  Random random(MixSeed(kSeed, static_cast<std::uint64_t>(start)));
  std::vector<Mapping> mappings;
  for (const Layer& layer : spec.workload->layers) {
    mappings.push_back(RandomMapping(*spec.hardware_template, layer.shape, random));
  }
  const SmoothModel smooth(model, *spec.workload, spec.hardware_range, GoalOf(spec));
  Descent descent(smooth, evaluator);
  descent.StartFrom(mappings);
  StartSummary summary;
  while (!evaluator.Finished() && descent.Step()) summary.samples = evaluator.samples();
  return summary;
}

enum class Sink { kDropping, kStoring, kTimed };
constexpr Sink kSinks[] = {Sink::kDropping, Sink::kStoring, Sink::kTimed};

struct Cost {
  double wall_seconds = std::numeric_limits<double>::infinity();
  double cpu_seconds = std::numeric_limits<double>::infinity();
  double waited_seconds = std::numeric_limits<double>::infinity();
  std::int64_t points = 0;
  std::int64_t samples = 0;
  double file_bytes = 0;

  void KeepLeast(const Cost& other) {
    wall_seconds = std::min(wall_seconds, other.wall_seconds);
    cpu_seconds = std::min(cpu_seconds, other.cpu_seconds);
    waited_seconds = std::min(waited_seconds, other.waited_seconds);
    points = other.points;
    samples = other.samples;
    file_bytes = other.file_bytes;
  }
};

double CpuSeconds() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

StartSummary RunWith(Sink kind, const JobManager::StartRunner& run, const SearchSpec& spec, int start, PointSink& sink,
                     absl::Duration* waited) {
  if (kind == Sink::kStoring) return run(spec, start, sink);
  if (kind == Sink::kDropping) {
    DroppingSink dropping(&sink);
    return run(spec, start, dropping);
  }
  TimedSink timed(&sink);
  StartSummary summary = run(spec, start, timed);
  *waited = timed.waited;
  return summary;
}

// Runs one job to its end.
Cost RunJob(const std::shared_ptr<const SearchSpec>& spec, const JobManager::StartRunner& run, int threads, Sink kind) {
  const TempDirectory directory;
  SqliteRunStore::Options store_options;
  store_options.data_dir = directory.path();
  const std::unique_ptr<RunStore> store = SqliteRunStore::Create(store_options).value();
  Mutex mutex;
  std::int64_t samples = 0;
  absl::Duration waited;
  JobManager::Options options;
  options.store = store.get();
  options.num_threads = threads;
  options.decode_spec = [&spec](const JobRecord&) { return spec; };
  options.run_start = [&](const SearchSpec& job, int start, PointSink& sink) {
    absl::Duration waited_here;
    StartSummary summary = RunWith(kind, run, job, start, sink, &waited_here);
    MutexLock lock(&mutex);
    samples += summary.samples;
    waited += waited_here;
    return summary;
  };
  Cost cost;
  StoreWatcher watcher(store.get());
  const absl::Time begin = absl::Now();
  const double cpu_begin = CpuSeconds();
  {
    const auto manager = JobManager::Create(std::move(options)).value();
    const auto job = manager->Submit(JobOf(*spec)).value();
    cost.points = watcher.AwaitState(job.record.id, JobState::kSucceeded).points;
  }
  cost.wall_seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  cost.cpu_seconds = CpuSeconds() - cpu_begin;
  cost.waited_seconds = absl::ToDoubleSeconds(waited);
  cost.samples = samples;
  store->Close().IgnoreError();
  cost.file_bytes = static_cast<double>(std::filesystem::file_size(directory.path() + "/oneloop.db"));
  return cost;
}

void PrintRow(const char* name, int threads, const char* points, const Cost& cost, const std::string& rest) {
  std::printf("| %s | %d | %s | %.0f k | %.2f | %.2f | %s |\n", name, threads, points,
              1e-3 * static_cast<double>(cost.samples) / cost.wall_seconds, cost.wall_seconds, cost.cpu_seconds,
              rest.c_str());
  std::fflush(stdout);
}

void MeasureSearch(const char* name, std::int64_t samples, const JobManager::StartRunner& run, int repetitions) {
  const std::shared_ptr<const SearchSpec> spec = Spec(samples);
  std::array<std::array<Cost, 3>, 2> least;  // by threads - 1 and sink
  // In turn, so that other work on the machine disturbs all alike.
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    for (std::size_t t = 0; t < least.size(); ++t) {
      for (std::size_t s = 0; s < least[t].size(); ++s) {
        least[t][s].KeepLeast(RunJob(spec, run, static_cast<int>(t) + 1, kSinks[s]));
      }
    }
  }
  for (std::size_t t = 0; t < least.size(); ++t) {
    const int threads = static_cast<int>(t) + 1;
    const auto& [dropped, stored, timed] = least[t];
    PrintRow(name, threads, "dropped", dropped,
             absl::StrFormat("| | | | | %.2f", least[0][0].wall_seconds / dropped.wall_seconds));
    PrintRow(name, threads, "stored", stored,
             absl::StrFormat("%.0f k | %.0f | %.1f %% | %.1f %% | %.1f %% | %.2f",
                             1e-3 * static_cast<double>(stored.points) / stored.wall_seconds,
                             stored.file_bytes / static_cast<double>(stored.points),
                             100 * (stored.wall_seconds / dropped.wall_seconds - 1),
                             100 * (stored.cpu_seconds / dropped.cpu_seconds - 1),
                             100 * timed.waited_seconds / (timed.wall_seconds * threads),
                             least[0][1].wall_seconds / stored.wall_seconds));
  }
}

void Run(std::int64_t samples, int repetitions) {
  std::printf(
      "| search | threads | points | samples/s | wall s | CPU s | points/s | bytes a point | cost in wall | "
      "cost in CPU | waited | against one thread |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n");
  MeasureSearch("gradient", samples, RunStart, repetitions);
  // As long as the search above: a step costs a third of a sample on average.
  MeasureSearch("descent only", 3 * samples, DescendOnly, repetitions);
}

}  // namespace
}  // namespace oneloop

int main(int argc, char** argv) {
  const std::int64_t samples = argc > 1 ? std::max<std::int64_t>(100, std::atoll(argv[1])) : 50000;
  oneloop::Run(samples, argc > 2 ? std::max(1, std::atoi(argv[2])) : 5);
  return 0;
}
