// Speed of the cost model and of a search step, on ResNet-50 and the template `gemmini`: tools/bench.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "common/base/random.h"
#include "common/mapping/random_mapping.h"
#include "common/model/exact/cost_model.h"
#include "common/model/latency/latency_predictor.h"
#include "common/model/smooth/smooth_model.h"
#include "server/search/descent.h"
#include "server/search/evaluator.h"
#include "server/search/null_sink.h"
#include "server/search/run_start.h"
#include "tests/common/model/random_cases.h"
#include "tests/common/model/random_latency.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

constexpr std::uint64_t kSeed = 7;

// A search job on ResNet-50 with one random mapping for each layer.
struct Job {
  Job() : model(ShippedTemplate("gemmini")) {
    spec.workload = std::make_shared<const Workload>(ShippedWorkload("resnet50"));
    spec.hardware_template = ShippedTemplate("gemmini");
    for (int p = 0; p < spec.hardware_template->num_parameters(); ++p) {
      const ParameterSpec& parameter = spec.hardware_template->parameter(p);
      spec.hardware_range.push_back({parameter.min, parameter.max});
    }
    Random random(kSeed);
    for (const Layer& layer : spec.workload->layers) {
      mappings.push_back(RandomPerfectMapping(*spec.hardware_template, layer.shape, random));
    }
  }
  SmoothModel MakeSmooth(const LatencyPredictor* latency = nullptr) const {
    return {model, *spec.workload, spec.hardware_range, GoalOf(spec), latency};
  }
  // As large as one that is trained on a few hundred measurements.
  std::unique_ptr<const LatencyPredictor> MakePredictor() const {
    Random random(kSeed);
    const HardwarePoint hardware = {16, 256, 64};
    const LatencyFeatures features(model, hardware);
    LatencyParameters parameters = RandomLatencyParameters(features, true, random, {4, 12, 8});
    return *LatencyPredictor::Create(model, hardware, std::move(parameters));
  }

  SearchSpec spec;
  CostModel model;
  std::vector<Mapping> mappings;
};

// Value and gradient of the whole workload; items are samples.
void RunValueAndGradient(benchmark::State& state, const Job& job, const LatencyPredictor* latency) {
  const SmoothModel smooth = job.MakeSmooth(latency);
  const SmoothModel::WorkspacePtr workspace = smooth.MakeWorkspace();
  std::vector<SmoothModel::Orders> orders;
  for (const Mapping& mapping : job.mappings) orders.push_back({{mapping.order}, {1}});
  const std::vector<double> x = smooth.FactorsOf(job.mappings);
  std::vector<double> gradient(x.size());
  SmoothModel::Result result;
  for (auto _ : state) {
    smooth.Evaluate(x, orders, *workspace, gradient, &result);
    benchmark::DoNotOptimize(gradient.data());
  }
  state.SetItemsProcessed(state.iterations());
}
void ValueAndGradient(benchmark::State& state) { RunValueAndGradient(state, Job(), nullptr); }
BENCHMARK(ValueAndGradient);
void ValueAndGradientPredicted(benchmark::State& state) {
  const Job job;
  RunValueAndGradient(state, job, job.MakePredictor().get());
}
BENCHMARK(ValueAndGradientPredicted);

// One step of the descent: the above, the report of its point, Adam and the projection; items are samples.
void RunDescentStep(benchmark::State& state, const Job& job, const LatencyPredictor* latency) {
  const SmoothModel smooth = job.MakeSmooth(latency);
  NullSink sink;
  Evaluator evaluator(job.spec, job.model, sink);
  Descent descent(smooth, evaluator);
  descent.StartFrom(job.mappings);
  for (auto _ : state) {
    if (!descent.Step()) state.SkipWithError("the descent diverged");
  }
  state.SetItemsProcessed(state.iterations());
}
void DescentStep(benchmark::State& state) { RunDescentStep(state, Job(), nullptr); }
BENCHMARK(DescentStep);
void DescentStepPredicted(benchmark::State& state) {
  const Job job;
  RunDescentStep(state, job, job.MakePredictor().get());
}
BENCHMARK(DescentStepPredicted);

// Counts and predicted latency of one layer after the other; items are layer mappings.
void PredictLatency(benchmark::State& state) {
  const Job job;
  const auto predictor = job.MakePredictor();
  std::size_t layer = 0;
  for (auto _ : state) {
    const LayerShape& shape = job.spec.workload->layers[layer].shape;
    const Mapping& mapping = job.mappings[layer];
    benchmark::DoNotOptimize(predictor->Predict(shape, mapping, job.model.Use(shape, mapping)));
    layer = (layer + 1) % job.mappings.size();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(PredictLatency);

// Exact counts and figures of one layer after the other, random mappings; items are layer mappings.
void ExactScore(benchmark::State& state, bool perfect) {
  const Job job;
  const Template& hardware_template = *job.spec.hardware_template;
  const ComponentCosts costs = job.model.CostsAt({16, 256, 64});
  constexpr int kMappingsPerLayer = 20;
  std::vector<Mapping> mappings;
  Random random(kSeed);
  for (const Layer& layer : job.spec.workload->layers) {
    for (int i = 0; i < kMappingsPerLayer; ++i) {
      mappings.push_back(perfect ? RandomPerfectMapping(hardware_template, layer.shape, random)
                                 : RandomMapping(hardware_template, layer.shape, random));
    }
  }
  for (auto _ : state) {
    for (std::size_t i = 0; i < mappings.size(); ++i) {
      const LayerShape& shape = job.spec.workload->layers[i / kMappingsPerLayer].shape;
      benchmark::DoNotOptimize(job.model.Score(job.model.Use(shape, mappings[i]), costs));
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(mappings.size()));
}
void ExactScore(benchmark::State& state) { ExactScore(state, true); }
BENCHMARK(ExactScore);
// Of mappings whose factors need not divide; few do in all dimensions.
void ExactScoreImperfect(benchmark::State& state) { ExactScore(state, false); }
BENCHMARK(ExactScoreImperfect);

// A whole start of the search: descent, rounding and polish; items are samples.
void SearchStart(benchmark::State& state) {
  Job job;
  job.spec.samples_per_start = 1490;
  std::int64_t samples = 0;
  for (auto _ : state) {
    NullSink sink;
    samples += RunStart(job.spec, 0, sink).samples;
  }
  state.SetItemsProcessed(samples);
}
BENCHMARK(SearchStart)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace oneloop

BENCHMARK_MAIN();
