// How long one job of a user waits for its first start, while another user has a thousand jobs: the promise is one
// start's time.
//   fair_start [jobs of the first user] [rounds]
// The job manager on a SQLite store with two workers; all jobs search ResNet-50 with 7 starts of 1,490 samples. In each
// round the second user submits one job at a random moment and waits until it has ended.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/mutex.h"
#include "common/base/random.h"
#include "server/jobs/job_manager.h"
#include "server/search/run_start.h"
#include "server/store/sqlite_run_store.h"
#include "tests/server/jobs/jobs_test_util.h"
#include "tests/server/store/store_test_util.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

constexpr std::int64_t kSamples = 1490;

std::shared_ptr<const SearchSpec> SpecOf(std::uint64_t seed) {
  auto spec = std::make_shared<SearchSpec>();
  spec->workload = std::make_shared<const Workload>(ShippedWorkload("resnet50"));
  spec->hardware_template = ShippedTemplate("gemmini");
  for (const ParameterSpec& parameter : spec->hardware_template->spec().parameters) {
    spec->hardware_range.push_back({parameter.min, parameter.max});
  }
  spec->starts = 7;
  spec->samples_per_start = kSamples;
  spec->seed = seed;
  return spec;
}

// When starts begin, and how long they take.
class Log {
 public:
  void Begin(std::uint64_t seed, absl::Time now) {
    MutexLock lock(&mutex_);
    if (first_begin_.size() <= seed) first_begin_.resize(seed + 1, absl::InfiniteFuture());
    first_begin_[seed] = std::min(first_begin_[seed], now);
  }
  void End(absl::Duration took) {
    MutexLock lock(&mutex_);
    starts_ms_.push_back(absl::ToDoubleMilliseconds(took));
  }
  absl::Time FirstBegin(std::uint64_t seed) {
    MutexLock lock(&mutex_);
    return first_begin_.at(seed);
  }
  std::vector<double> SortedStarts() {
    MutexLock lock(&mutex_);
    std::sort(starts_ms_.begin(), starts_ms_.end());
    return starts_ms_;
  }

 private:
  Mutex mutex_;
  std::vector<absl::Time> first_begin_ ABSL_GUARDED_BY(mutex_);
  std::vector<double> starts_ms_ ABSL_GUARDED_BY(mutex_);
};

NewJob JobOfUser(const SearchSpec& spec, const std::string& owner) {
  NewJob job = JobOf(spec);
  job.owner = owner;
  job.num_layers = static_cast<int>(spec.workload->layers.size());
  return job;
}

absl::Status Run(int jobs, int rounds) {
  const TempDirectory directory;
  SqliteRunStore::Options store_options;
  store_options.data_dir = directory.path();
  auto store = SqliteRunStore::Create(store_options);
  if (!store.ok()) return store.status();
  StoreWatcher watcher(store->get());
  Log log;
  std::vector<std::shared_ptr<const SearchSpec>> specs;
  for (int i = 0; i <= rounds; ++i) specs.push_back(SpecOf(static_cast<std::uint64_t>(i)));
  JobManager::Options options;
  options.store = store->get();
  options.num_threads = 2;
  // Jobs of the first user come first and have the first spec.
  options.decode_spec = [&](const JobRecord& record) {
    return specs[static_cast<std::size_t>(std::max<std::int64_t>(0, record.id - jobs))];
  };
  options.run_start = [&log](const SearchSpec& spec, int start, PointSink& sink) {
    const absl::Time begin = absl::Now();
    log.Begin(spec.seed, begin);
    StartSummary summary = RunStart(spec, start, sink);
    log.End(absl::Now() - begin);
    return summary;
  };
  auto manager = JobManager::Create(std::move(options));
  if (!manager.ok()) return manager.status();
  for (int i = 0; i < jobs; ++i) {
    if (const auto made = (*manager)->Submit(JobOfUser(*specs[0], "ada")); !made.ok()) return made.status();
  }
  Random random(1);
  std::vector<double> waits_ms;
  for (int round = 1; round <= rounds; ++round) {
    absl::SleepFor(absl::Seconds(1 + random.Uniform()));
    const auto made = (*manager)->Submit(JobOfUser(*specs[static_cast<std::size_t>(round)], "bob"));
    if (!made.ok()) return made.status();
    const absl::Time submitted = absl::Now();
    watcher.AwaitState(made->record.id, JobState::kSucceeded);
    waits_ms.push_back(absl::ToDoubleMilliseconds(log.FirstBegin(static_cast<std::uint64_t>(round)) - submitted));
  }
  std::sort(waits_ms.begin(), waits_ms.end());
  const std::vector<double> starts_ms = log.SortedStarts();
  std::printf("%d jobs of one user, %d of another, 2 workers: its first start waits median %.0f ms, longest %.0f ms;\n",
              jobs, rounds, waits_ms[waits_ms.size() / 2], waits_ms.back());
  std::printf("%zu starts took median %.0f ms, longest %.0f ms\n", starts_ms.size(), starts_ms[starts_ms.size() / 2],
              starts_ms.back());
  return (*manager)->Drain(absl::Seconds(60));
}

}  // namespace
}  // namespace oneloop

int main(int argc, char** argv) {
  const absl::Status status =
      oneloop::Run(argc > 1 ? std::atoi(argv[1]) : 1000, argc > 2 ? std::max(1, std::atoi(argv[2])) : 10);
  if (!status.ok()) std::fprintf(stderr, "fair_start: %s\n", std::string(status.message()).c_str());
  return status.ok() ? 0 : 1;
}
