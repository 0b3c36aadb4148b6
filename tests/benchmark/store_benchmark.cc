// Speed of storing and listing points: tools/bench. Times are CPU time of all threads, the store's writer included.
#include <benchmark/benchmark.h>

#include <atomic>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/mutex.h"
#include "common/base/random.h"
#include "common/mapping/random_mapping.h"
#include "server/search/search_point.h"
#include "server/store/pareto_front.h"
#include "server/store/sqlite_run_store.h"
#include "server/work/point_writer.h"
#include "server/work/work_signals.h"
#include "tests/server/jobs/jobs_test_util.h"
#include "tests/server/store/store_test_util.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

constexpr std::uint64_t kSeed = 7;
constexpr std::int64_t kBatch = 500;

double Between(Random& random, double least, double most) {
  return least * std::exp2(random.Uniform() * std::log2(most / least));
}

// Figures with a trade-off: what is small and slow is frugal.
ParetoFront::Point RandomFigures(Random& random, std::int64_t number) {
  const double area = Between(random, 1, 100);
  const double waste = Between(random, 1, 100);
  return {number, waste * std::sqrt(area) * Between(random, 1, 1.2), waste / area * Between(random, 1, 1.2), area};
}

NewPoint RandomPoint(Random& random, std::int64_t sequence, const std::string& design) {
  const ParetoFront::Point figures = RandomFigures(random, sequence);
  NewPoint point = ExactPoint(sequence, figures.energy_uj, figures.latency_cycles, figures.area_mm2);
  point.parameters = {128 * random.Uniform(), 2048 * random.Uniform(), 2048 * random.Uniform()};
  point.design = design;
  if (design.empty()) {
    point.origin = PointOrigin::kDescent;
    point.score = std::numeric_limits<double>::infinity();
  }
  return point;
}

// A store in a directory of its own with one job.
class StoredJob {
 public:
  StoredJob() {
    SqliteRunStore::Options options;
    options.data_dir = directory_.path();
    auto store = SqliteRunStore::Create(options);
    if (!store.ok()) return;
    store_ = *std::move(store);
    NewJob job = TestJob(1);
    job.parameter_names = {"pe_dim", "scratchpad_kib", "accumulator_kib"};
    id_ = store_->CreateJob(job)->record.id;
  }
  RunStore& store() { return *store_; }
  std::int64_t id() const { return id_; }

  // The points' sequences become what follows; returns at once.
  void Append(std::vector<NewPoint> points) {
    for (NewPoint& point : points) {
      point.sequence = next_sequence_++;
      point.sample = next_sequence_;
    }
    store_->AppendPoints({id_, 0, std::move(points), next_sequence_, false},
                         [this](const absl::Status& status) { failed_ = failed_ || !status.ok(); });
  }
  // Returns once everything is committed; false when something was not.
  bool Await() { return oneloop::Append(*store_, {id_, 0, {}, ++next_sequence_, false}).ok() && !failed_; }

 private:
  TempDirectory directory_;
  std::unique_ptr<RunStore> store_;
  std::int64_t id_ = 0;
  std::int64_t next_sequence_ = 0;
  std::atomic<bool> failed_ = false;
};

std::vector<NewPoint> RandomBatch(const std::string& design) {
  Random random(kSeed);
  std::vector<NewPoint> points;
  for (std::int64_t i = 0; i < kBatch; ++i) points.push_back(RandomPoint(random, i, design));
  return points;
}

std::vector<Mapping> SomeMappings(const Template& hardware_template, const Workload& workload) {
  Random random(kSeed);
  std::vector<Mapping> mappings;
  for (const Layer& layer : workload.layers) mappings.push_back(RandomMapping(hardware_template, layer.shape, random));
  return mappings;
}

// As PointWriter words it.
std::string SomeDesign() {
  const auto hardware_template = ShippedTemplate("gemmini");
  std::string text;
  for (const Mapping& mapping : SomeMappings(*hardware_template, ShippedWorkload("resnet50"))) {
    if (!text.empty()) text += '\n';
    text += FormatMapping(*hardware_template, mapping);
  }
  return text;
}

void StoreBatches(benchmark::State& state, const std::string& design) {
  StoredJob job;
  const std::vector<NewPoint> points = RandomBatch(design);
  for (auto _ : state) job.Append(points);
  if (!job.Await()) state.SkipWithError("the store refused points");
  state.SetItemsProcessed(state.iterations() * kBatch);
}

// From the batch to the commit; items are points.
void StoreDescent(benchmark::State& state) { StoreBatches(state, ""); }
BENCHMARK(StoreDescent)->MeasureProcessCPUTime();

void StoreDesigns(benchmark::State& state) { StoreBatches(state, SomeDesign()); }
BENCHMARK(StoreDesigns)->MeasureProcessCPUTime();

// A store that acknowledges and forgets.
class ForgetfulStore : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  void AppendPoints(PointBatch, std::function<void(absl::Status)> done) override { done(absl::OkStatus()); }
};

// What the sink takes of the search's thread; items are points of ResNet-50.
void Record(benchmark::State& state, bool exact) {
  const auto hardware_template = ShippedTemplate("gemmini");
  const std::vector<Mapping> mappings = SomeMappings(*hardware_template, ShippedWorkload("resnet50"));
  const HardwarePoint hardware = {16, 256, 64};
  WorkSignals signals;
  StoredJob job;
  ForgetfulStore store(&job.store());
  PointWriter writer(&store, *hardware_template, Lease{job.id(), 0}, &signals, {});
  const SearchPoint point = {1,        exact ? SearchPointOrigin::kPolish : SearchPointOrigin::kDescent,
                             {},       1,
                             hardware, exact ? &mappings : nullptr};
  for (auto _ : state) writer.OnPoint(point);
  state.SetItemsProcessed(state.iterations());
}
void RecordDescent(benchmark::State& state) { Record(state, false); }
BENCHMARK(RecordDescent);
void RecordDesign(benchmark::State& state) { Record(state, true); }
BENCHMARK(RecordDesign);

// 100,000 exact points with a trade-off, the front of which has 335; items are points.
void UpdateFront(benchmark::State& state) {
  constexpr std::int64_t kPoints = 100000;
  Random random(kSeed);
  std::vector<ParetoFront::Point> points;
  for (std::int64_t i = 0; i < kPoints; ++i) points.push_back(RandomFigures(random, i));
  for (auto _ : state) {
    ParetoFront front;
    for (const ParetoFront::Point& point : points) benchmark::DoNotOptimize(front.Insert(point));
  }
  state.SetItemsProcessed(state.iterations() * kPoints);
}
BENCHMARK(UpdateFront)->Unit(benchmark::kMillisecond);

// Lists the first page of a job with 50,000 descent steps and as many exact points, front or all; items are points.
void List(benchmark::State& state, bool front_only) {
  StoredJob job;
  Random random(kSeed);
  for (int batch = 0; batch < 200; ++batch) {
    std::vector<NewPoint> points;
    for (std::int64_t i = 0; i < kBatch; ++i) points.push_back(RandomPoint(random, 0, batch % 2 == 0 ? "" : "design"));
    job.Append(std::move(points));
  }
  if (!job.Await()) state.SkipWithError("the store refused points");
  PointQuery query;
  query.job_id = job.id();
  query.front_only = front_only;
  std::int64_t listed = 0;
  for (auto _ : state) listed += static_cast<std::int64_t>(job.store().ListPoints(query)->size());
  state.SetItemsProcessed(listed);
}
void ListFront(benchmark::State& state) { List(state, true); }
BENCHMARK(ListFront);
void ListPage(benchmark::State& state) { List(state, false); }
BENCHMARK(ListPage);

}  // namespace
}  // namespace oneloop

BENCHMARK_MAIN();
