#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/base/random.h"
#include "common/model/exact/cost_model.h"
#include "server/search/filling.h"
#include "server/search/run_start.h"
#include "server/search/spec_validation.h"
#include "tests/common/model/perfect_template.h"
#include "tests/common/model/random_cases.h"
#include "tests/common/model/random_choices.h"
#include "tests/common/model/random_constraints.h"
#include "tests/common/model/random_utilization.h"
#include "tests/server/search/search_cases.h"

namespace oneloop {
namespace {

// Scores a design from its mappings alone, as somebody else would.
WorkloadMetrics Rescore(const SearchSpec& spec, const RecordingSink::Point& point) {
  const CostModel model(spec.hardware_template);
  const ComponentCosts costs = model.CostsAt(point.hardware);
  WorkloadMetrics metrics{0, 0, costs.area_mm2};
  for (std::size_t i = 0; i < point.mappings.size(); ++i) {
    const Layer& layer = spec.workload->layers[i];
    const LayerUse use = model.Use(layer.shape, point.mappings[i]);
    EXPECT_EQ(model.FirstShortage(use.need, costs), -1) << "layer " << i << " does not fit";
    EXPECT_EQ(model.FirstIdle(use.need, costs), -1) << "layer " << i << " uses too little";
    const LayerFigures figures = model.Score(use, costs);
    metrics.energy_uj += static_cast<double>(layer.count) * figures.energy_uj;
    metrics.latency_cycles += static_cast<double>(layer.count) * figures.latency_cycles;
  }
  return metrics;
}

// What must hold of every start, whatever it found.
void CheckPoints(const SearchSpec& spec, const RecordingSink& sink, const StartSummary& summary) {
  ASSERT_FALSE(sink.points.empty());
  EXPECT_EQ(summary.points, static_cast<std::int64_t>(sink.points.size()));
  EXPECT_EQ(summary.best_score, sink.best());
  EXPECT_LE(summary.samples, spec.samples_per_start);
  std::int64_t last = 1;
  for (const RecordingSink::Point& point : sink.points) {
    EXPECT_GE(point.sample, last) << "samples go back";
    last = point.sample;
    EXPECT_LE(point.sample, spec.samples_per_start);
    if (point.origin == SearchPointOrigin::kDescent) {
      EXPECT_TRUE(point.mappings.empty());
      EXPECT_EQ(point.score, std::numeric_limits<double>::infinity()) << "only exact scores count";
      continue;
    }
    ASSERT_EQ(point.mappings.size(), spec.workload->layers.size());
    for (std::size_t i = 0; i < point.mappings.size(); ++i) {
      const absl::Status valid =
          ValidateMapping(*spec.hardware_template, spec.workload->layers[i].shape, point.mappings[i]);
      EXPECT_TRUE(valid.ok()) << valid;
    }
    EXPECT_TRUE(spec.hardware_template->ValidateHardware(point.hardware).ok());
    const WorkloadMetrics metrics = Rescore(spec, point);
    EXPECT_EQ(metrics.energy_uj, point.metrics.energy_uj);
    EXPECT_EQ(metrics.latency_cycles, point.metrics.latency_cycles);
    EXPECT_EQ(metrics.area_mm2, point.metrics.area_mm2);
  }
}

RecordingSink RunChecked(const SearchSpec& spec, int start = 0) {
  RecordingSink sink;
  EXPECT_TRUE(ValidateSearchSpec(spec).ok()) << ValidateSearchSpec(spec);
  const StartSummary summary = RunStart(spec, start, sink);
  CheckPoints(spec, sink, summary);
  return sink;
}

// What holds whatever the algorithm.
class EveryAlgorithmTest : public testing::TestWithParam<Algorithm> {
 protected:
  static SearchSpec Spec(const std::string& workload) {
    SearchSpec spec = ShippedSpec(workload);
    spec.algorithm = GetParam();
    return spec;
  }
  // Gaussian processes take their time, above all under sanitizers.
  static std::int64_t Samples(std::int64_t samples) {
    return GetParam() == Algorithm::kBayesian ? samples / 3 : samples;
  }
};

INSTANTIATE_TEST_SUITE_P(Algorithms, EveryAlgorithmTest,
                         testing::Values(Algorithm::kGradient, Algorithm::kRandom, Algorithm::kBayesian),
                         [](const auto& tested) {
                           return tested.param == Algorithm::kGradient ? "Gradient"
                                  : tested.param == Algorithm::kRandom ? "Random"
                                                                       : "Bayesian";
                         });

TEST_P(EveryAlgorithmTest, SameSpecAndStartGiveTheSamePoints) {
  SearchSpec spec = Spec("bert");
  spec.samples_per_start = Samples(400);
  const RecordingSink first = RunChecked(spec, 1);
  EXPECT_TRUE(first.points == RunChecked(spec, 1).points);
  EXPECT_FALSE(first.points == RunChecked(spec, 2).points) << "starts are independent draws";
  spec.seed = 1;
  EXPECT_FALSE(first.points == RunChecked(spec, 1).points) << "seeds are independent draws";
}

TEST_P(EveryAlgorithmTest, ThreadsDoNotChangeThePoints) {
  SearchSpec spec = Spec("retinanet");
  spec.samples_per_start = Samples(150);
  constexpr int kStarts = 4;
  std::vector<RecordingSink> alone(kStarts);
  for (int start = 0; start < kStarts; ++start) RunStart(spec, start, alone[static_cast<std::size_t>(start)]);
  std::vector<RecordingSink> together(kStarts);
  std::vector<std::thread> threads;
  for (int start = kStarts - 1; start >= 0; --start) {
    threads.emplace_back([&, start] { RunStart(spec, start, together[static_cast<std::size_t>(start)]); });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t start = 0; start < kStarts; ++start) EXPECT_TRUE(alone[start].points == together[start].points);
}

// What was reported of a stopped start is stored, and skipped when the start runs again.
TEST_P(EveryAlgorithmTest, StopAtAnyMomentLeavesTheFirstPointsOfTheWholeStart) {
  SearchSpec spec = Spec("bert");
  spec.samples_per_start = Samples(600);
  spec.round_period = 5;
  for (int start = 0; start < 3; ++start) {
    const RecordingSink whole = RunChecked(spec, start);
    ASSERT_GT(whole.asked, 5);
    for (int question = 1; question <= whole.asked; question += 1 + question / 10) {
      SCOPED_TRACE(question);
      RecordingSink stopped;
      stopped.stop_at_question = question;
      EXPECT_EQ(RunStart(spec, start, stopped).termination, StartSummary::Termination::kStopped);
      ASSERT_LE(stopped.points.size(), whole.points.size());
      ASSERT_TRUE(std::equal(stopped.points.begin(), stopped.points.end(), whole.points.begin()));
    }
  }
}

TEST_P(EveryAlgorithmTest, StopEndsAStartEarlyAndKeepsWhatItReported) {
  SearchSpec spec = Spec("resnet50");
  spec.samples_per_start = Samples(600);
  const RecordingSink whole = RunChecked(spec);
  RecordingSink stopped;
  stopped.stop_after = 40;
  const StartSummary summary = RunStart(spec, 0, stopped);
  EXPECT_EQ(summary.termination, StartSummary::Termination::kStopped);
  ASSERT_GE(stopped.points.size(), 40u);
  ASSERT_LT(stopped.points.size(), whole.points.size()) << "a stop is obeyed soon";
  for (std::size_t i = 0; i < stopped.points.size(); ++i) EXPECT_TRUE(stopped.points[i] == whole.points[i]);
}

TEST(SearchTest, EachOrderStrategyEndsFarBelowItsStart) {
  for (const OrderStrategy strategy : {OrderStrategy::kFixed, OrderStrategy::kIterate, OrderStrategy::kSoftmax}) {
    SearchSpec spec = ShippedSpec("bert");
    spec.samples_per_start = 600;
    spec.order_strategy = strategy;
    const RecordingSink sink = RunChecked(spec);
    EXPECT_LT(sink.best(), 0.5 * sink.points.front().score);
  }
}

// The descent begins at the best of a few designs, so that it cannot win by a bad beginning.
TEST(SearchTest, DescentAloneImproves) {
  for (const char* workload : {"bert", "resnet50", "unet"}) {
    SearchSpec spec = ShippedSpec(workload);
    spec.samples_per_start = 1490;
    const RecordingSink sink = RunChecked(spec);
    double first = 0;
    double last = 0;
    for (const RecordingSink::Point& point : sink.points) {
      if (point.origin != SearchPointOrigin::kDescent) continue;
      if (first == 0) first = point.metrics.edp();
      last = point.metrics.edp();
    }
    EXPECT_LT(last, 0.9 * first) << workload;
  }
}

int CountOf(const RecordingSink& sink, SearchPointOrigin origin) {
  return static_cast<int>(std::count_if(sink.points.begin(), sink.points.end(),
                                        [origin](const auto& point) { return point.origin == origin; }));
}

TEST(SearchTest, DescentShareSplitsTheBudget) {
  SearchSpec spec = ShippedSpec("bert");
  spec.samples_per_start = 600;
  int last = -1;
  for (const double share : {0.0, 0.2, 0.6, 1.0}) {
    spec.descent_share = share;
    const RecordingSink sink = RunChecked(spec);
    const int steps = CountOf(sink, SearchPointOrigin::kDescent);
    EXPECT_GT(steps, last) << share;
    EXPECT_LE(steps, share * 600);
    EXPECT_EQ(CountOf(sink, SearchPointOrigin::kPolish) > 0, share < 1);
    last = steps;
  }
  EXPECT_GT(last, 500);
}

// What the last steps found is not left behind.
TEST(SearchTest, DescentAloneEndsWithARounding) {
  for (const char* workload : {"bert", "resnet50"}) {
    for (const OrderStrategy strategy : {OrderStrategy::kFixed, OrderStrategy::kIterate, OrderStrategy::kSoftmax}) {
      SearchSpec spec = ShippedSpec(workload);
      spec.samples_per_start = 333;
      spec.descent_share = 1;
      spec.order_strategy = strategy;
      EXPECT_EQ(RunChecked(spec).points.back().origin, SearchPointOrigin::kRounded)
          << workload << ", strategy " << static_cast<int>(strategy);
    }
  }
}

TEST(SearchTest, RawFactorsDescendToo) {
  for (const char* workload : {"bert", "unet"}) {
    SearchSpec spec = ShippedSpec(workload);
    spec.samples_per_start = 600;
    spec.descent_share = 1;
    const RecordingSink log = RunChecked(spec);
    spec.parametrization = Parametrization::kRaw;
    const RecordingSink raw = RunChecked(spec);
    EXPECT_TRUE(raw.points == RunChecked(spec).points);
    EXPECT_FALSE(raw.points == log.points);
    EXPECT_LT(raw.best(), 0.9 * raw.points.front().score) << workload;
  }
}

TEST_P(EveryAlgorithmTest, ObjectivesPullTheirOwnWay) {
  SearchSpec spec = Spec("bert");
  spec.samples_per_start = 1200;
  const auto best_of = [&spec](const MetricProduct& objective) {
    spec.objective = objective;
    const RecordingSink sink = RunChecked(spec);
    const RecordingSink::Point* best = nullptr;
    for (const RecordingSink::Point& point : sink.points) {
      if (!point.mappings.empty() && (best == nullptr || point.score < best->score)) best = &point;
    }
    return best->metrics;
  };
  const WorkloadMetrics energy = best_of(MetricProduct::Of(Metric::kEnergy));
  const WorkloadMetrics latency = best_of(MetricProduct::Of(Metric::kLatency));
  EXPECT_LT(energy.energy_uj, latency.energy_uj);
  EXPECT_LT(latency.latency_cycles, energy.latency_cycles);
}

// Scratchpad and array hardly matter to the latency; the design that is reported is still the best of those that are
// as fast.
TEST(SearchTest, AmongTheFastestDesignsTheBestByEdpIsFound) {
  SearchSpec spec = ShippedSpec("bert");
  const auto best_of = [&spec](const MetricProduct& objective) {
    spec.objective = objective;
    const RecordingSink::Point* best = nullptr;
    static RecordingSink sink;
    sink = RecordingSink();
    for (int start = 0; start < 3; ++start) RunStart(spec, start, sink);
    for (const RecordingSink::Point& point : sink.points) {
      if (point.mappings.empty() || !std::isfinite(point.score)) continue;
      if (best == nullptr || point.score < best->score ||
          (point.score == best->score && point.metrics.edp() < best->metrics.edp())) {
        best = &point;
      }
    }
    return best->metrics;
  };
  const WorkloadMetrics fast = best_of(MetricProduct::Of(Metric::kLatency));
  const WorkloadMetrics balanced = best_of(MetricProduct::Edp());
  EXPECT_LE(fast.latency_cycles, balanced.latency_cycles);
  EXPECT_LT(fast.edp(), 1.03 * balanced.edp());
  EXPECT_LT(fast.area_mm2, 2 * balanced.area_mm2);
}

// The template gives no energy at all.
TEST(SearchTest, LatencyAloneOnATemplateWithoutEnergy) {
  SearchSpec spec = SpecFor(ShippedWorkload("resnet50"), FixtureTemplate("unified"));
  spec.objective = MetricProduct::Of(Metric::kLatency);
  spec.samples_per_start = 200;
  const auto best_of = [&spec](Algorithm algorithm) {
    spec.algorithm = algorithm;
    const RecordingSink sink = RunChecked(spec);
    EXPECT_TRUE(std::isfinite(sink.best()));
    return sink.best();
  };
  const double gradient = best_of(Algorithm::kGradient);
  // The descent is not lost at its first step.
  spec.descent_share = 1;
  const RecordingSink descent = RunChecked(spec);
  EXPECT_GT(CountOf(descent, SearchPointOrigin::kDescent), 150);
  StartSummary summary = RunStart(spec, 0, *std::make_unique<RecordingSink>());
  EXPECT_EQ(summary.message, "");
  spec.descent_share = 0.3;
  EXPECT_LT(gradient, 1.05 * best_of(Algorithm::kBayesian));
  EXPECT_LT(gradient, 1.05 * best_of(Algorithm::kRandom));
}

TEST_P(EveryAlgorithmTest, FixedParametersStay) {
  SearchSpec spec = Spec("resnet50");
  spec.samples_per_start = 200;
  spec.hardware_range = {{16, 16}, {128, 128}, {32, 32}};
  for (const RecordingSink::Point& point : RunChecked(spec).points) {
    if (!point.mappings.empty()) {
      EXPECT_EQ(point.hardware, (HardwarePoint{16, 128, 32}));
    }
  }
}

TEST_P(EveryAlgorithmTest, DesignsBeyondALimitNeverCount) {
  SearchSpec spec = Spec("bert");
  spec.samples_per_start = 600;
  spec.limits = {{Quantity::kAreaMm2, 2.0}};
  const RecordingSink sink = RunChecked(spec);
  bool any = false;
  for (const RecordingSink::Point& point : sink.points) {
    if (point.metrics.area_mm2 > 2.0) {
      EXPECT_EQ(point.score, std::numeric_limits<double>::infinity());
    }
    any = any || std::isfinite(point.score);
  }
  EXPECT_TRUE(any) << "found nothing within the limit";
}

// Nothing in the search knows the shipped template: any hierarchy works.
TEST_P(EveryAlgorithmTest, RandomTemplatesAndLayers) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::shared_ptr<const Template> hardware_template = RandomTemplate(random);
    Workload workload{"random", "", {}};
    for (int i = 0; i < 2; ++i) {
      workload.layers.push_back({"layer", static_cast<std::int64_t>(1 + random.Below(3)), RandomShape(random)});
    }
    SearchSpec spec = SpecFor(workload, hardware_template);
    spec.algorithm = GetParam();
    spec.samples_per_start = Samples(200);
    spec.round_period = 20;
    RunChecked(spec);
  }
}

// What a template asks of mappings holds of every design.
TEST_P(EveryAlgorithmTest, RandomConstraintsOnMappings) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::unique_ptr<const Template> hardware_template = RandomTemplate(random);
    if (random.Below(2) == 0) hardware_template = Perfect(*hardware_template);
    Workload workload{"random", "", {}};
    std::vector<LayerShape> shapes;
    for (int i = 0; i < 2; ++i) {
      shapes.push_back(random.Below(2) == 0 ? RandomShape(random) : SmallShape(random));
      workload.layers.push_back({"layer", static_cast<std::int64_t>(1 + random.Below(3)), shapes.back()});
    }
    SearchSpec spec = SpecFor(workload, RandomConstraints(random).Insist(*hardware_template, shapes));
    spec.algorithm = GetParam();
    spec.samples_per_start = Samples(200);
    spec.round_period = 20;
    if (random.Below(3) == 0) spec.order_strategy = OrderStrategy::kSoftmax;
    if (random.Below(3) == 0) spec.parametrization = Parametrization::kRaw;
    RunChecked(spec);
  }
}

// Whether there is an array that all layers can use as much as is asked for, with as much memory as there may be: by
// trying each.
bool IsUsable(const SearchSpec& spec) {
  const CostModel model(spec.hardware_template);
  HardwarePoint hardware;
  for (const ParameterRange& range : spec.hardware_range) hardware.push_back(range.max);
  for (double side = spec.hardware_range[0].min; side <= std::min(spec.hardware_range[0].max, 512.0); ++side) {
    hardware[0] = side;
    const ComponentCosts costs = model.CostsAt(hardware);
    if (std::all_of(spec.workload->layers.begin(), spec.workload->layers.end(),
                    [&](const Layer& layer) { return Filling(model, layer.shape).Find(costs).has_value(); })) {
      return true;
    }
  }
  return false;
}

// What has to be in use of axes, long or short, is so in every design, and there is a design wherever one was asked for
// that there is.
TEST_P(EveryAlgorithmTest, RandomUtilizationRules) {
  int refused = 0;
  int impossible = 0;
  int limited = 0;
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::unique_ptr<const Template> drawn = RandomTemplate(random);
    if (random.Below(2) == 0) drawn = Perfect(*drawn);
    Workload workload{"random", "", {}};
    std::vector<LayerShape> shapes;
    for (int i = 0; i < 2; ++i) {
      shapes.push_back(random.Below(2) == 0 ? RandomShape(random) : SmallShape(random));
      workload.layers.push_back({"layer", static_cast<std::int64_t>(1 + random.Below(3)), shapes.back()});
    }
    if (random.Below(4) == 0) drawn = RandomConstraints(random).Insist(*drawn, shapes);
    SearchSpec spec = SpecFor(workload, WithUtilization(*drawn, random));
    if (spec.hardware_template->utilization_rules().empty()) continue;
    // Fixed and searched sizes.
    if (random.Below(2) == 0) {
      const auto size = static_cast<double>(1 + random.Below(12));
      spec.hardware_range[0] = {size, size};
    }
    if (random.Below(4) == 0) {
      spec.limits = {{Quantity::kAreaMm2, 1e3}};
      ++limited;
    }
    spec.algorithm = GetParam();
    spec.samples_per_start = Samples(200);
    spec.round_period = 20;
    if (!ValidateSearchSpec(spec).ok()) {
      ++refused;
      continue;
    }
    RecordingSink sink;
    const StartSummary summary = RunStart(spec, 0, sink);
    if (IsUsable(spec)) {
      CheckPoints(spec, sink, summary);
      continue;
    }
    // What factors ask for at the least makes axes too long.
    ++impossible;
    EXPECT_TRUE(sink.points.empty());
    EXPECT_EQ(summary.message,
              "no mapping of every layer fits the hardware and uses as much of it as min_utilization asks for");
  }
  EXPECT_GT(refused, 0);
  EXPECT_LT(impossible, 10);
  EXPECT_GT(limited, 5);
}

// The same of memories, of which it is not known whether all layers can fill them: what is found does.
TEST_P(EveryAlgorithmTest, RandomUtilizationRulesOfMemories) {
  int found = 0;
  int all = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::unique_ptr<const Template> drawn = RandomTemplate(random);
    if (random.Below(2) == 0) drawn = Perfect(*drawn);
    if (random.Below(4) == 0) drawn = WithChoices(*drawn, random);
    Workload workload{"random", "", {}};
    for (int i = 0; i < 2; ++i) {
      workload.layers.push_back({"layer", 1, random.Below(2) == 0 ? RandomShape(random) : SmallShape(random)});
    }
    SearchSpec spec = SpecFor(workload, WithUtilization(*drawn, random, /*of_memories=*/true));
    spec.algorithm = GetParam();
    spec.samples_per_start = Samples(200);
    spec.round_period = 20;
    if (!ValidateSearchSpec(spec).ok()) continue;
    ++all;
    RecordingSink sink;
    const StartSummary summary = RunStart(spec, 0, sink);
    if (sink.points.empty()) continue;
    CheckPoints(spec, sink, summary);
    ++found;
  }
  EXPECT_GT(all, 80);
  EXPECT_GT(found, all * 4 / 5);
}

// Of tensors that may be kept, each layer keeps some or none.
TEST_P(EveryAlgorithmTest, ChoicesOfWhatIsKept) {
  std::set<int> chosen;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    Workload workload{"random", "", {}};
    for (int i = 0; i < 2; ++i) workload.layers.push_back({"layer", 1, RandomShape(random)});
    SearchSpec spec = SpecFor(workload, WithChoices(*RandomTemplate(random), random));
    spec.algorithm = GetParam();
    spec.samples_per_start = Samples(200);
    spec.round_period = 20;
    const RecordingSink sink = RunChecked(spec);
    for (const RecordingSink::Point& point : sink.points) {
      for (const Mapping& mapping : point.mappings) chosen.insert(mapping.choice);
    }
  }
  EXPECT_EQ(chosen, (std::set<int>{0, 1, 2, 3}));
}

TEST_P(EveryAlgorithmTest, SmallestJobs) {
  SearchSpec spec = Spec("bert");
  spec.samples_per_start = 1;
  RunChecked(spec);
  Workload unit{"unit", "", {{"unit", 1, {}}}};
  SearchSpec unit_spec = SpecFor(unit, ShippedTemplate("gemmini"));
  unit_spec.algorithm = GetParam();
  unit_spec.samples_per_start = 50;
  RunChecked(unit_spec);
}

}  // namespace
}  // namespace oneloop
