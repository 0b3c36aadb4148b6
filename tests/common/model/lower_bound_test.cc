#include "common/model/lower_bound.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/random.h"
#include "common/mapping/random_mapping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/common/model/all_mappings.h"
#include "tests/common/model/random_cases.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const std::array<MetricProduct, 3> kObjectives = {MetricProduct::Edp(), MetricProduct::Of(Metric::kEnergy),
                                                  MetricProduct::Of(Metric::kLatency)};

double ObjectiveOf(const LayerFigures& figures, const Goal& goal) {
  return goal.objective().Value({figures.energy_uj, figures.latency_cycles, 0});
}

// Every hardware point of whole numbers in the ranges.
std::vector<HardwarePoint> AllHardware(const std::vector<ParameterRange>& ranges) {
  std::vector<HardwarePoint> points = {{}};
  for (const ParameterRange& range : ranges) {
    std::vector<HardwarePoint> longer;
    for (const HardwarePoint& point : points) {
      for (double value = range.min; value <= range.max; ++value) {
        longer.push_back(point);
        longer.back().push_back(value);
      }
    }
    points = longer;
  }
  return points;
}

// Energy and latency of designs that no other one equals or betters in both.
class Front {
 public:
  void Add(const LayerFigures& figures) {
    const auto betters = [](const LayerFigures& a, const LayerFigures& b) {
      return a.energy_uj <= b.energy_uj && a.latency_cycles <= b.latency_cycles;
    };
    for (const LayerFigures& other : members_) {
      if (betters(other, figures)) return;
    }
    std::erase_if(members_, [&](const LayerFigures& other) { return betters(figures, other); });
    members_.push_back(figures);
  }
  const std::vector<LayerFigures>& members() const { return members_; }

 private:
  std::vector<LayerFigures> members_;
};

// The fronts of one layer by hardware point.
std::vector<Front> FrontsOf(const CostModel& model, const LayerShape& shape, const std::vector<HardwarePoint>& points) {
  std::vector<ComponentCosts> costs;
  costs.reserve(points.size());
  for (const HardwarePoint& point : points) costs.push_back(model.CostsAt(point));
  std::vector<Front> fronts(points.size());
  AllMappings(model.hardware_template(), shape).ForEach([&](const Mapping& mapping) {
    const LayerUse use = model.Use(shape, mapping);
    for (std::size_t h = 0; h < costs.size(); ++h) {
      if (model.FirstShortage(use.need, costs[h]) < 0) fronts[h].Add(model.Score(use, costs[h]));
    }
  });
  return fronts;
}

// The best objective of a workload, by exhaustion.
double BestOf(const CostModel& model, const Workload& workload, const std::vector<ParameterRange>& ranges,
              const Goal& goal) {
  const std::vector<HardwarePoint> points = AllHardware(ranges);
  std::vector<Front> sums(points.size());
  for (Front& sum : sums) sum.Add({0, 0});
  for (const Layer& layer : workload.layers) {
    const std::vector<Front> fronts = FrontsOf(model, layer.shape, points);
    for (std::size_t h = 0; h < points.size(); ++h) {
      Front sum;
      const auto count = static_cast<double>(layer.count);
      for (const LayerFigures& a : sums[h].members()) {
        for (const LayerFigures& b : fronts[h].members()) {
          sum.Add({a.energy_uj + count * b.energy_uj, a.latency_cycles + count * b.latency_cycles});
        }
      }
      sums[h] = sum;
    }
  }
  double best = kInfinity;
  for (const Front& sum : sums) {
    for (const LayerFigures& figures : sum.members()) best = std::min(best, ObjectiveOf(figures, goal));
  }
  return best;
}

// A layer with few mappings but all that counting knows: strides that skip inputs, dilations, groups, unit bounds.
LayerShape SmallShape(Random& random) {
  constexpr std::int64_t kBounds[] = {2, 2, 3, 4, 6};
  // One direction of the sliding window and K: where moves repeat, cancel or meet neighbours.
  constexpr Dim kCorner[] = {Dim::kP, Dim::kR, Dim::kK};
  const bool corner = random.Below(2) == 0;
  LayerShape shape;
  for (int dims = static_cast<int>(1 + random.Below(4)); dims > 0; --dims) {
    const Dim dim = corner ? kCorner[random.Below(3)] : kAllDims[random.Below(kNumDims)];
    shape.bounds[static_cast<std::size_t>(dim)] = kBounds[random.Below(5)];
  }
  shape.w_stride = static_cast<std::int64_t>(1 + random.Below(3));
  shape.h_stride = static_cast<std::int64_t>(1 + random.Below(3));
  shape.w_dilation = static_cast<std::int64_t>(1 + random.Below(2));
  shape.h_dilation = static_cast<std::int64_t>(1 + random.Below(2));
  return shape;
}

struct SmallCase {
  std::shared_ptr<const Template> hardware_template;
  std::vector<ParameterRange> ranges;
  Workload workload;
};

// A buffer for inputs inside a large memory or DRAM, copies of it along the window's directions or not: templates in
// which little but the input's traffic tells designs apart.
std::unique_ptr<const Template> InputTemplate(Random& random) {
  const std::vector<std::string> names = {"words"};
  const auto formula = [&names](const std::string& text) { return *Formula::Parse(text, names); };
  TemplateSpec spec;
  spec.name = "input";
  spec.parameters.push_back({.name = "words", .unit = "", .description = "", .min = 1, .max = 64});
  LevelSpec buffer;
  buffer.name = "buffer";
  buffer.keeps = random.Below(2) == 0 ? TensorSet{Tensor::kI} : TensorSet{Tensor::kI, Tensor::kW};
  buffer.capacity_words = formula("words");
  buffer.energy_pj = formula("0.01");
  LevelSpec memory;
  memory.name = "memory";
  memory.keeps = {Tensor::kW, Tensor::kI, Tensor::kO};
  memory.energy_pj = formula("100");
  if (random.Below(2) == 0) {
    constexpr Dim kAlong[] = {Dim::kP, Dim::kR, Dim::kK};
    memory.spatial.push_back({"X", DimSet{kAlong[random.Below(3)], kAlong[random.Below(3)]}, formula("3")});
  }
  LevelSpec dram = memory;
  dram.name = "dram";
  dram.spatial.clear();
  dram.energy_pj = formula("1");
  spec.levels = {buffer, memory};
  if (random.Below(2) == 0) spec.levels.push_back(dram);
  return *Template::Create(std::move(spec));
}

SmallCase RandomSmallCase(Random& random, double most_factorisations) {
  for (;;) {
    SmallCase result;
    const bool input = random.Below(3) == 0;
    result.hardware_template = input ? InputTemplate(random) : RandomTemplate(random);
    for (int p = 0; p < result.hardware_template->num_parameters(); ++p) {
      const auto low = static_cast<double>(1 + random.Below(input ? 16 : 4));
      result.ranges.push_back({low, low + static_cast<double>(random.Below(3))});
    }
    double factorisations = static_cast<double>(AllHardware(result.ranges).size()) / 9;
    for (std::uint64_t layers = 1 + random.Below(2); layers > 0; --layers) {
      result.workload.layers.push_back({"layer", static_cast<std::int64_t>(1 + random.Below(3)), SmallShape(random)});
      factorisations *= AllMappings(*result.hardware_template, result.workload.layers.back().shape).NumFactorisations();
    }
    if (factorisations <= most_factorisations) return result;
  }
}

// ONELOOP_BOUND_CASES and ONELOOP_BOUND_FACTORISATIONS run more and larger cases than there is time for otherwise.
double FromEnvironment(const char* name, double otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::atof(text) : otherwise;
}

TEST(LowerBoundTest, NoDesignIsBetterByExhaustion) {
  const auto cases = static_cast<std::uint64_t>(FromEnvironment("ONELOOP_BOUND_CASES", 3000));
  const double factorisations = FromEnvironment("ONELOOP_BOUND_FACTORISATIONS", 3000);
  double log_ratios = 0;
  int feasible = 0;
  for (std::uint64_t seed = 0; seed < cases; ++seed) {
    Random random(seed);
    const SmallCase small = RandomSmallCase(random, factorisations);
    const CostModel model(small.hardware_template);
    const Goal goal(kObjectives[seed % kObjectives.size()], {}, *small.hardware_template);
    const double best = BestOf(model, small.workload, small.ranges, goal);
    LowerBoundOptions options;
    options.max_boxes = static_cast<int>(1 + random.Below(100));
    options.max_tiles = static_cast<std::int64_t>(random.Below(2) == 0 ? 1000000 : 1 + random.Below(30));
    const LowerBound bound = ProveLowerBound(model, small.workload, small.ranges, goal, options);
    ASSERT_LE(bound.objective, best) << "seed " << seed;
    ASSERT_LE(ObjectiveOf({bound.energy_uj, bound.latency_cycles}, goal), bound.objective * (1 + 1e-9));
    if (best == kInfinity) continue;
    ++feasible;
    log_ratios += std::log(bound.objective / best);
  }
  const double mean = std::exp(log_ratios / feasible);
  std::printf("%d cases, bound / best %.3f in the geometric mean\n", feasible, mean);
  EXPECT_GE(feasible, static_cast<int>(cases / 3));
  EXPECT_GE(mean, 0.9);
}

// Beyond what can be enumerated: deep hierarchies, large layers, hardware as small as each mapping allows.
TEST(LowerBoundTest, NoRandomDesignIsBetter) {
  const auto cases = static_cast<std::uint64_t>(FromEnvironment("ONELOOP_BOUND_CASES", 3000)) / 10;
  for (std::uint64_t seed = 0; seed < cases; ++seed) {
    Random random(seed);
    const CostModel model(std::shared_ptr<const Template>(RandomTemplate(random)));
    const std::vector<ParameterRange> ranges(static_cast<std::size_t>(model.hardware_template().num_parameters()),
                                             {1, static_cast<double>(1 << random.Below(21))});
    const Workload workload{"random", "", {{"layer", 1, RandomShape(random)}}};
    LowerBoundOptions options;
    options.max_boxes = 30;
    options.max_tiles = 5000;
    std::array<LowerBound, kObjectives.size()> bounds;
    for (std::size_t i = 0; i < bounds.size(); ++i) {
      bounds[i] =
          ProveLowerBound(model, workload, ranges, Goal(kObjectives[i], {}, model.hardware_template()), options);
    }
    for (int draw = 0; draw < 100; ++draw) {
      const LayerShape& shape = workload.layers[0].shape;
      const LayerUse use = model.Use(shape, RandomMapping(model.hardware_template(), shape, random));
      const std::optional<HardwarePoint> hardware = model.SmallestHardware(use.need, ranges);
      if (!hardware.has_value()) continue;
      const LayerFigures figures = model.Score(use, model.CostsAt(*hardware));
      for (std::size_t i = 0; i < bounds.size(); ++i) {
        ASSERT_LE(bounds[i].objective, ObjectiveOf(figures, Goal(kObjectives[i], {}, model.hardware_template())))
            << "seed " << seed;
        ASSERT_LE(bounds[i].energy_uj, figures.energy_uj) << "seed " << seed;
        ASSERT_LE(bounds[i].latency_cycles, figures.latency_cycles) << "seed " << seed;
      }
    }
  }
}

class NetworkTest : public testing::TestWithParam<std::pair<std::string, double>> {};

// The bound must be worth something: what is left of the gap to the best designs known, which Timeloop confirmed.
TEST_P(NetworkTest, BoundIsNearTheBestDesignKnown) {
  const auto& [network, best_known_edp] = GetParam();
  const CostModel model(ShippedTemplate("gemmini"));
  const LowerBound bound =
      ProveLowerBound(model, ShippedWorkload(network), std::vector<ParameterRange>{{2, 128}, {1, 8192}, {1, 8192}},
                      Goal(MetricProduct::Edp(), {}, model.hardware_template()));
  EXPECT_LE(bound.objective, best_known_edp);
  EXPECT_GE(bound.objective, best_known_edp / 1.035);
  EXPECT_TRUE(bound.exhausted);
}

INSTANTIATE_TEST_SUITE_P(LowerBound, NetworkTest,
                         testing::Values(std::pair<std::string, double>("bert", 1.507e9),
                                         std::pair<std::string, double>("resnet50", 6.301e10),
                                         std::pair<std::string, double>("retinanet", 2.050e10),
                                         std::pair<std::string, double>("unet", 1.091e13)),
                         [](const auto& test) { return test.param.first; });

class BertTest : public testing::Test {
 protected:
  LowerBound Bound(const std::vector<ParameterRange>& ranges, const MetricProduct& objective = MetricProduct::Edp(),
                   const LowerBoundOptions& options = {}) const {
    return ProveLowerBound(model_, workload_, ranges, Goal(objective, {}, model_.hardware_template()), options);
  }

  const CostModel model_{ShippedTemplate("gemmini")};
  const Workload workload_ = ShippedWorkload("bert");
  const std::vector<ParameterRange> everything_ = {{2, 128}, {1, 8192}, {1, 8192}};
};

TEST_F(BertTest, MoreBoxesNeverLowerTheBound) {
  double last = 0;
  for (const int boxes : {1, 3, 10, 30, 100, 1000}) {
    LowerBoundOptions options;
    options.max_boxes = boxes;
    const LowerBound bound = Bound(everything_, MetricProduct::Edp(), options);
    EXPECT_GE(bound.objective, last);
    EXPECT_LE(bound.boxes, boxes + 5);  // a split looks at two halves along each of three parameters
    last = bound.objective;
  }
}

TEST_F(BertTest, NarrowerRangesNeverLowerTheBound) {
  const double all = Bound(everything_).objective;
  const double small_array = Bound({{2, 16}, {1, 8192}, {1, 8192}}).objective;
  const double fixed = Bound({{16, 16}, {256, 256}, {64, 64}}).objective;
  EXPECT_GT(small_array, 2 * all);
  EXPECT_GT(fixed, small_array);
}

TEST_F(BertTest, FixedHardwareIsOneBox) {
  const LowerBound bound = Bound({{16, 16}, {256, 256}, {64, 64}});
  EXPECT_EQ(bound.boxes, 1);
  EXPECT_TRUE(bound.exhausted);
  EXPECT_DOUBLE_EQ(bound.objective, bound.energy_uj * bound.latency_cycles);
}

TEST_F(BertTest, ObjectiveIsTheOneAskedFor) {
  const LowerBound energy = Bound(everything_, MetricProduct::Of(Metric::kEnergy));
  const LowerBound latency = Bound(everything_, MetricProduct::Of(Metric::kLatency));
  const LowerBound edp = Bound(everything_);
  EXPECT_DOUBLE_EQ(energy.objective, energy.energy_uj);
  EXPECT_DOUBLE_EQ(latency.objective, latency.latency_cycles);
  EXPECT_GE(edp.objective, energy.objective * latency.objective * (1 - 1e-9));
}

TEST_F(BertTest, StopsWhenAskedAndIsValidThen) {
  int questions = 0;
  LowerBoundOptions to_the_end;
  to_the_end.stop_requested = [&] { return ++questions < 0; };
  Bound(everything_, MetricProduct::Edp(), to_the_end);
  double last = 0;
  for (const int stop_at : {1, 3, questions / 2, questions - questions / 50, questions - questions / 100}) {
    LowerBoundOptions options;
    int asked = 0;
    options.stop_requested = [&] { return ++asked >= stop_at; };
    const LowerBound stopped = Bound(everything_, MetricProduct::Edp(), options);
    EXPECT_EQ(asked, stop_at) << "it goes on after it was told to stop";
    EXPECT_FALSE(stopped.exhausted);
    EXPECT_GE(stopped.objective, last);
    EXPECT_LE(stopped.objective, Bound(everything_).objective);
    EXPECT_EQ(stopped.box.size(), 3u);
    last = stopped.objective;
  }
  EXPECT_GT(last, 0);
}

// One word of each tensor takes 24 bytes.
TEST(LowerBoundTest, IsInfiniteWhenNothingFits) {
  const CostModel model(TemplateFromYaml(R"(
name: tiny
parameters: [{name: bytes, min: 1, max: 8}]
levels:
  - {name: BUF, keeps: [W, I, O], word_bits: {W: 64, I: 64, O: 64}, capacity_bytes: bytes, energy_pj: bytes}
  - {name: DRAM, keeps: [W, I, O], energy_pj: 100}
)"));
  const Workload workload{"one", "", {{"layer", 1, {}}}};
  const Goal goal(MetricProduct::Edp(), {}, model.hardware_template());
  EXPECT_EQ(ProveLowerBound(model, workload, std::vector<ParameterRange>{{1, 8}}, goal).objective, kInfinity);
}

}  // namespace
}  // namespace oneloop
