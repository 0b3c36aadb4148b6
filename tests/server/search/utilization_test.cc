// Shares of the copies along axes that have to be in use.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/random.h"
#include "common/base/status.h"
#include "common/mapping/factor_space.h"
#include "common/model/exact/cost_model.h"
#include "server/search/costless_parameters.h"
#include "server/search/filling.h"
#include "server/search/run_start.h"
#include "server/search/search_bound.h"
#include "server/search/spec_validation.h"
#include "tests/common/model/all_mappings.h"
#include "tests/common/model/perfect_template.h"
#include "tests/common/model/random_cases.h"
#include "tests/common/model/random_constraints.h"
#include "tests/common/model/random_utilization.h"
#include "tests/server/search/search_cases.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

LayerShape Shape(std::int64_t p, std::int64_t c, std::int64_t k) {
  LayerShape shape;
  shape.bounds = {1, 1, p, 1, c, k, 1, 1};
  return shape;
}

// Both axes have `side` copies; `shares` of X, of Y and of all.
std::shared_ptr<const Template> Array(const std::vector<double>& shares, double least_side = 1, double most_side = 64) {
  TemplateSpec spec;
  spec.name = "array";
  ParameterSpec side;
  side.name = "side";
  side.min = least_side;
  side.max = side.start_max = most_side;
  side.start_min = least_side;
  spec.parameters = {side};
  const auto formula = [](const char* text) { return *Formula::Parse(text, {"side"}); };
  LevelSpec inner;
  inner.name = "pe";
  inner.keeps = kEveryTensor;
  inner.capacity_words = formula("64");
  inner.energy_pj = formula("1");
  inner.spatial.push_back({"X", {Dim::kK}, formula("side")});
  inner.spatial.push_back({"Y", {Dim::kC, Dim::kP}, formula("side")});
  inner.spatial[0].min_utilization = shares[0];
  inner.spatial[1].min_utilization = shares[1];
  LevelSpec dram;
  dram.name = "dram";
  dram.keeps = kEveryTensor;
  dram.energy_pj = formula("100");
  spec.levels = {inner, dram};
  spec.mac_energy_pj = formula("0.5 * side^0.1");
  spec.min_utilization = shares[2];
  return *Template::Create(std::move(spec));
}

SearchSpec Job(const std::vector<LayerShape>& shapes, std::shared_ptr<const Template> hardware_template) {
  Workload workload{"job", "", {}};
  for (const LayerShape& shape : shapes) {
    workload.layers.push_back({"layer" + std::to_string(workload.layers.size()), 1, shape});
  }
  SearchSpec spec = SpecFor(std::move(workload), std::move(hardware_template));
  spec.samples_per_start = 300;
  return spec;
}

// Whole copies are what counts, and 0.55 of 20 is 11.
TEST(UtilizationRuleTest, CountsWholeCopies) {
  const auto hardware_template = Array({0.55, 0, 0.25});
  ASSERT_EQ(hardware_template->utilization_rules().size(), 2U);
  const UtilizationRule& x = hardware_template->utilization_rules()[0];
  const UtilizationRule& all = hardware_template->utilization_rules()[1];
  ResourceNeeds need{};
  ResourceNeeds limit{};
  limit[0] = limit[1] = 20.9;
  need[0] = 11;
  need[1] = 9;
  EXPECT_EQ(x.Idle(need, limit), 1);
  EXPECT_NEAR(all.Idle(need, limit), 100.0 / 99, 1e-6);
  need[0] = 10;
  need[1] = 10;
  EXPECT_NEAR(x.Idle(need, limit), 1.1, 1e-6);
  EXPECT_EQ(all.Idle(need, limit), 1);
  EXPECT_EQ(PlaceOf(*hardware_template, x), "along X of level pe");
  EXPECT_EQ(PlaceOf(*hardware_template, all), "along all axes together");
}

// Against all mappings of small layers.
TEST(FillingTest, FindsWhatThereIsAndTheMostThereIs) {
  int found = 0;
  int missing = 0;
  int together = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::shared_ptr<const Template> hardware_template = RandomTemplate(random);
    if (random.Below(2) == 0) hardware_template = Perfect(*hardware_template);
    LayerShape shape = SmallShape(random);
    for (const Dim dim : {Dim::kK, Dim::kC}) {
      shape.bounds[ToIndex(dim)] = static_cast<std::int64_t>(1 + random.Below(5));
    }
    hardware_template = WithUtilization(*hardware_template, random);
    const AllMappings all(*hardware_template, shape);
    if (hardware_template->utilization_rules().empty() || all.NumFactorisations() > 3e4) continue;
    const CostModel model(hardware_template);
    HardwarePoint hardware;
    for (int p = 0; p < hardware_template->num_parameters(); ++p) {
      hardware.push_back(static_cast<double>(1 + random.Below(p == 0 ? 6 : 24)));
    }
    const ComponentCosts costs = model.CostsAt(hardware);
    std::vector<double> most(hardware_template->utilization_rules().size());
    bool any = false;
    bool fits = false;
    std::optional<Mapping> last;  // of those that differ in their orders, one is looked at
    all.ForEach([&](const Mapping& mapping) {
      if (last.has_value() && last->temporal == mapping.temporal && last->spatial == mapping.spatial) return;
      last = mapping;
      const ResourceNeeds need = model.Needs(shape, mapping);
      if (model.FirstShortage(need, costs) >= 0) return;
      fits = true;
      any = any || model.FirstIdle(need, costs) < 0;
      for (std::size_t i = 0; i < most.size(); ++i) {
        most[i] = std::max(most[i], hardware_template->utilization_rules()[i].Used(need));
      }
    });
    Filling filling(model, shape);
    const std::optional<Mapping> mapping = filling.Find(costs, 0, seed % 2 == 0 ? &random : nullptr);
    EXPECT_EQ(mapping.has_value(), any);
    if (mapping.has_value()) {
      EXPECT_TRUE(ValidateMapping(*hardware_template, shape, *mapping).ok());
      EXPECT_TRUE(model.Takes(model.Needs(shape, *mapping), costs));
    }
    bool each = true;
    for (std::size_t i = 0; i < most.size(); ++i) {
      const UtilizationRule& rule = hardware_template->utilization_rules()[i];
      EXPECT_EQ(filling.Most(rule, costs), most[i]);
      EXPECT_TRUE(filling.looked_at_all());
      each = each && most[i] >= rule.Least(costs.limit);
    }
    ++(any ? found : missing);
    if (fits && each && !any) ++together;
  }
  EXPECT_GT(found, 50);
  EXPECT_GT(missing, 50);
  EXPECT_GT(together, 0);
}

// Memories are filled in a few ways out of many, and mostly one of them does.
TEST(FillingTest, FillsMemoriesWhereThatCanBe) {
  int found = 0;
  int missed = 0;
  int missing = 0;
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::shared_ptr<const Template> hardware_template = RandomTemplate(random);
    if (random.Below(2) == 0) hardware_template = Perfect(*hardware_template);
    LayerShape shape = SmallShape(random);
    shape.bounds[ToIndex(Dim::kK)] = static_cast<std::int64_t>(1 + random.Below(5));
    hardware_template = WithUtilization(*hardware_template, random, /*of_memories=*/true);
    const AllMappings all(*hardware_template, shape);
    if (hardware_template->utilization_rules().empty() || all.NumFactorisations() > 1e4) continue;
    const CostModel model(hardware_template);
    HardwarePoint hardware;
    for (int p = 0; p < hardware_template->num_parameters(); ++p) {
      hardware.push_back(static_cast<double>(1 + random.Below(p == 0 ? 3 : 8)));
    }
    const ComponentCosts costs = model.CostsAt(hardware);
    bool any = false;
    std::vector<double> most(hardware_template->utilization_rules().size());
    all.ForEach([&](const Mapping& mapping) {
      const ResourceNeeds need = model.Needs(shape, mapping);
      any = any || model.Takes(need, costs);
      for (std::size_t i = 0; i < most.size() && model.FirstShortage(need, costs) < 0; ++i) {
        most[i] = std::max(most[i], hardware_template->utilization_rules()[i].Used(need));
      }
    });
    Filling filling(model, shape);
    const std::optional<Mapping> mapping = filling.Find(costs);
    if (mapping.has_value()) {
      ASSERT_TRUE(any);
      EXPECT_TRUE(ValidateMapping(*hardware_template, shape, *mapping).ok());
      EXPECT_TRUE(model.Takes(model.Needs(shape, *mapping), costs));
    }
    for (std::size_t i = 0; i < most.size(); ++i) {
      EXPECT_GE(filling.Most(hardware_template->utilization_rules()[i], costs), most[i]);
    }
    ++(mapping.has_value() ? found : any ? missed : missing);
  }
  EXPECT_GT(found, 50);
  EXPECT_GT(missing, 50);
  EXPECT_LT(missed, found / 20);
}

TEST(FillingTest, EndsWhereThereIsTooMuchToLookAt) {
  TemplateSpec spec = Array({0, 0, 1})->spec();
  spec.levels[0].spatial[0].dims = spec.levels[0].spatial[1].dims = kEveryDim;
  spec.levels[0].spatial[0].size = spec.levels[0].spatial[1].size = Formula::Constant(1e6 + 3, 1);
  const CostModel model(std::shared_ptr<const Template>(*Template::Create(std::move(spec))));
  LayerShape shape;
  shape.bounds.fill(1000);
  Filling filling(model, shape);
  ComponentCosts costs = model.CostsAt({1});
  for (std::size_t r = 2; r < costs.limit.size(); ++r) costs.limit[r] = 1e300;
  EXPECT_FALSE(filling.Find(costs).has_value());
  EXPECT_FALSE(filling.looked_at_all());
}

// A buffer of `words`, of which that share has to be filled; in front of one unit.
std::shared_ptr<const Template> Buffer(double share, double least_words, double most_words) {
  TemplateSpec spec = Array({0, 0, 0})->spec();
  spec.parameters[0].name = "words";
  spec.parameters[0].min = spec.parameters[0].start_min = least_words;
  spec.parameters[0].max = spec.parameters[0].start_max = most_words;
  const auto formula = [](const char* text) { return *Formula::Parse(text, {"words"}); };
  LevelSpec& buffer = spec.levels[0];
  buffer.name = "buffer";
  buffer.spatial.clear();
  buffer.capacity_words = formula("words");
  buffer.energy_pj = formula("0.2 * words^0.5");
  buffer.min_utilization = share;
  spec.mac_energy_pj = formula("0.5");
  return *Template::Create(std::move(spec));
}

// Of a layer that can use few copies, short axes are a large share.
TEST(UsableHardwareTest, IsTheLongestArrayThatAllLayersUse) {
  const SearchSpec spec = Job({Shape(8, 8, 64), Shape(8, 8, 5)}, Array({0.5, 0, 0}));
  const CostModel model(spec.hardware_template);
  EXPECT_EQ(UsableHardware(spec, model, {64}), (HardwarePoint{10}));
  EXPECT_EQ(UsableHardware(spec, model, {7}), (HardwarePoint{7}));
  // Divisors alone: of 9 or 8 columns 7 are enough, of 16 and of 6 none.
  const SearchSpec perfect = Job({Shape(8, 8, 7)}, Perfect(*Array({0.75, 0, 0})));
  const CostModel perfect_model(perfect.hardware_template);
  EXPECT_EQ(UsableHardware(perfect, perfect_model, {16}), (HardwarePoint{9}));
  EXPECT_EQ(UsableHardware(perfect, perfect_model, {6}), (HardwarePoint{1}));
  // Of both axes together: 8 columns of 64.
  const SearchSpec chip = Job({Shape(1, 1, 8)}, Array({0, 0, 0.25}));
  const CostModel chip_model(chip.hardware_template);
  const std::optional<HardwarePoint> usable = UsableHardware(chip, chip_model, {64});
  ASSERT_TRUE(usable.has_value());
  EXPECT_LE((*usable)[0], 5);
  const SearchSpec small = Job({Shape(1, 1, 2)}, Array({1, 0, 0}, 4));
  EXPECT_EQ(UsableHardware(small, CostModel(small.hardware_template), {8}), std::nullopt);
}

TEST(ValidateSearchSpecTest, NamesWhatUsesTooLittle) {
  const auto error = [](const SearchSpec& spec) { return ValidateSearchSpec(spec); };
  SearchSpec spec = Job({Shape(8, 8, 64), Shape(8, 8, 3)}, Array({0.5, 0, 0}));
  EXPECT_TRUE(error(spec).ok()) << error(spec);
  spec.hardware_range[0] = {16, 16};
  EXPECT_EQ(error(spec).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(
      Message(error(spec)),
      "layer 'layer1' (layers[1]) can use at most 3 of 16 copies along X of level pe, and min_utilization asks for "
      "0.5 of them");
  // The whole layer has 64 words of weights, 64 of inputs and 64 of outputs.
  SearchSpec small = Job({Shape(8, 8, 8)}, Buffer(0.5, 16, 1024));
  EXPECT_TRUE(error(small).ok()) << error(small);
  small.hardware_range[0] = {512, 512};
  EXPECT_EQ(Message(error(small)),
            "layer 'layer0' (layers[0]) can use at most 192 of 512 words of level buffer, and min_utilization asks for "
            "0.5 of them");
  // On the least that the job allows.
  spec.hardware_range[0] = {8, 64};
  EXPECT_THAT(Message(error(spec)), HasSubstr("can use at most 3 of 8 copies along X of level pe"));
  spec.hardware_range[0] = {6, 64};
  EXPECT_TRUE(error(spec).ok());
  // The buffer holds no more than that.
  EXPECT_THAT(Message(error(Job({Shape(2, 2, 64)}, Array({0, 0, 0.5}, 16)))),
              HasSubstr("can use at most 60 of 256 copies along all axes together"));
  EXPECT_TRUE(error(Job({Shape(2, 2, 64)}, Array({0, 0, 0.2}, 16))).ok());
  // 7 rows of C, or 7 columns of C: not both.
  TemplateSpec both = Array({1, 1, 0}, 7, 7)->spec();
  both.levels[0].spatial[0].dims = both.levels[0].spatial[1].dims = {Dim::kC};
  EXPECT_EQ(
      Message(error(Job({Shape(1, 8, 1)}, *Template::Create(both)))),
      "layer 'layer0' (layers[0]) can use as much of each axis as min_utilization asks for, and not of all of them "
      "together");
}

// One layer is small: the array is one that it uses, or it uses what it can of a long one.
TEST(UtilizationTest, SizesTheArrayToWhatEveryLayerUses) {
  SearchSpec spec = Job({Shape(64, 64, 64), Shape(64, 64, 6)}, Array({0.5, 0, 0}));
  spec.objective = MetricProduct::Of(Metric::kLatency);
  for (const Algorithm algorithm : {Algorithm::kGradient, Algorithm::kRandom, Algorithm::kBayesian}) {
    spec.algorithm = algorithm;
    RecordingSink sink;
    RunStart(spec, 0, sink);
    double longest = 0;
    for (const RecordingSink::Point& point : sink.points) {
      if (point.mappings.empty()) continue;
      longest = std::max(longest, point.hardware[0]);
      for (const Mapping& mapping : point.mappings) EXPECT_GE(mapping.s(0, Dim::kK), 0.5 * point.hardware[0]);
    }
    EXPECT_LE(longest, 12);
    EXPECT_GE(longest, 4);
    EXPECT_TRUE(std::isfinite(sink.best()));
  }
}

// The least EDP of two layers, on any hardware of one parameter: over the fronts of all their mappings.
double BestOfAllDesigns(const SearchSpec& spec) {
  const Template& hardware_template = *spec.hardware_template;
  const CostModel model(spec.hardware_template);
  double best = std::numeric_limits<double>::infinity();
  for (double size = spec.hardware_range[0].min; size <= spec.hardware_range[0].max; ++size) {
    const ComponentCosts costs = model.CostsAt({size});
    std::vector<std::vector<LayerFigures>> fronts;
    for (const Layer& layer : spec.workload->layers) {
      std::vector<LayerFigures>& front = fronts.emplace_back();
      AllMappings(hardware_template, layer.shape).ForEach([&](const Mapping& mapping) {
        const LayerUse use = model.Use(layer.shape, mapping);
        if (!model.Takes(use.need, costs)) return;
        const LayerFigures figures = model.Score(use, costs);
        const auto is_worse = [](const LayerFigures& a, const LayerFigures& b) {
          return a.energy_uj >= b.energy_uj && a.latency_cycles >= b.latency_cycles;
        };
        if (std::any_of(front.begin(), front.end(), [&](const auto& other) { return is_worse(figures, other); }))
          return;
        std::erase_if(front, [&](const auto& other) { return is_worse(other, figures); });
        front.push_back(figures);
      });
    }
    for (const LayerFigures& a : fronts[0]) {
      for (const LayerFigures& b : fronts[1]) {
        best = std::min(best, (a.energy_uj + b.energy_uj) * (a.latency_cycles + b.latency_cycles));
      }
    }
  }
  return best;
}

// Of small layers the best there is; what the proof does not know of leaves it a proof. True where it was the best.
bool IsBestOfAll(const SearchSpec& spec) {
  const double best = BestOfAllDesigns(spec);
  EXPECT_TRUE(std::isfinite(best));
  RecordingSink sink;
  RunStart(spec, 0, sink);
  EXPECT_GE(sink.best(), best * (1 - 1e-9));
  EXPECT_LT(sink.best(), 1.05 * best);
  const std::optional<LowerBound> bound = ProveSearchBound(spec, [] { return false; });
  EXPECT_TRUE(bound.has_value() && bound->objective <= best * (1 + 1e-9));
  return sink.best() < best * (1 + 1e-9);
}

TEST(UtilizationTest, ReachesTheBestOfAllDesignsThatFillABuffer) {
  Random random(4);
  int optimal = 0;
  int dearer = 0;
  constexpr int kTrials = 8;
  for (int trial = 0; trial < kTrials; ++trial) {
    SCOPED_TRACE(trial);
    const auto number = [&](std::uint64_t most) { return static_cast<std::int64_t>(1 + random.Below(most)); };
    const double share = trial % 2 == 0 ? 0.8 : 0.5;
    std::shared_ptr<const Template> hardware_template = Buffer(share, 4, 40);
    if (trial % 4 >= 2) hardware_template = Perfect(*hardware_template);
    SearchSpec spec =
        Job({Shape(2 + number(4), 1 + number(3), 2 + number(4)), Shape(1 + number(3), number(4), number(4))},
            hardware_template);
    spec.samples_per_start = 1500;
    if (IsBestOfAll(spec)) ++optimal;
    SearchSpec free = spec;
    free.hardware_template = Buffer(0, 4, 40);
    if (BestOfAllDesigns(spec) > BestOfAllDesigns(free) * (1 + 1e-9)) ++dearer;
  }
  EXPECT_GE(optimal, kTrials * 2 / 3);
  EXPECT_GT(dearer, 0) << "the shares asked for nothing";
}

// All hardware and all mappings of two small layers.
TEST(UtilizationTest, ReachesTheBestOfAllDesigns) {
  Random random(3);
  int optimal = 0;
  constexpr int kTrials = 8;
  for (int trial = 0; trial < kTrials; ++trial) {
    SCOPED_TRACE(trial);
    const auto number = [&](std::uint64_t most) { return static_cast<std::int64_t>(1 + random.Below(most)); };
    const std::vector<double> shares = {trial % 3 == 0 ? 1 : 0.6, trial % 2 == 0 ? 0.5 : 0, trial % 4 == 3 ? 0.7 : 0};
    std::shared_ptr<const Template> hardware_template = Array(shares, 1, 6);
    if (trial % 2 == 1) hardware_template = Perfect(*hardware_template);
    SearchSpec spec =
        Job({Shape(number(4), number(3), 2 + number(5)), Shape(number(3), number(4), number(4))}, hardware_template);
    spec.samples_per_start = 1500;
    if (IsBestOfAll(spec)) ++optimal;
  }
  EXPECT_GE(optimal, kTrials * 2 / 3);
}

// As many units as there are make rows of any length: what shortens the rows makes the columns longer.
TEST(UtilizationTest, HoldsWhereAxesGrowAsOthersShrink) {
  for (const Algorithm algorithm : {Algorithm::kGradient, Algorithm::kRandom, Algorithm::kBayesian}) {
    int designs = 0;
    for (std::uint64_t seed = 0; seed < (algorithm == Algorithm::kGradient ? 300 : 40); ++seed) {
      SCOPED_TRACE(seed);
      Random random(seed);
      TemplateSpec spec = Array({0.5, 0.5, seed % 3 == 0 ? 0.6 : 0})->spec();
      ParameterSpec units = spec.parameters[0];
      units.name = "units";
      spec.parameters.push_back(units);
      const std::vector<std::string> names = {"side", "units"};
      spec.levels[0].spatial[0].size = *Formula::Parse("side", names);
      spec.levels[0].spatial[1].size = *Formula::Parse("4 * units / side", names);
      for (std::optional<Formula>* const formula : {&spec.levels[0].capacity_words, &spec.levels[0].energy_pj,
                                                    &spec.levels[1].energy_pj, &spec.mac_energy_pj}) {
        *formula = *Formula::Parse((*formula)->text(), names);
      }
      const auto number = [&](std::uint64_t most) { return static_cast<std::int64_t>(1 + random.Below(most)); };
      SearchSpec job = Job({Shape(number(12), number(12), number(12)), Shape(number(12), number(12), number(12))},
                           *Template::Create(std::move(spec)));
      job.algorithm = algorithm;
      job.samples_per_start = algorithm == Algorithm::kBayesian ? 60 : 400;
      job.objective = MetricProduct::Of(seed % 2 == 0 ? Metric::kEnergy : Metric::kLatency);
      ASSERT_TRUE(ValidateSearchSpec(job).ok()) << ValidateSearchSpec(job);
      RecordingSink sink;
      RunStart(job, 0, sink);
      const CostModel model(job.hardware_template);
      for (const RecordingSink::Point& point : sink.points) {
        for (std::size_t i = 0; i < point.mappings.size(); ++i) {
          const ResourceNeeds need = model.Needs(job.workload->layers[i].shape, point.mappings[i]);
          ASSERT_TRUE(model.Takes(need, model.CostsAt(point.hardware)));
        }
        if (!point.mappings.empty()) ++designs;
      }
    }
    EXPECT_GT(designs, 500);
  }
}

// What fronts are made of, and what limits leave.
TEST(UtilizationTest, HoldsOnFrontsAndWithinLimits) {
  TemplateSpec asked = ShippedTemplate("gemmini")->spec();
  asked.min_utilization = 0.5;
  SearchSpec spec = SpecFor(ShippedWorkload("resnet18"), *Template::Create(asked));
  spec.samples_per_start = 600;
  SearchSpec limited = spec;
  limited.limits = {{Quantity::kAreaMm2, 0.3}};
  spec.front = *FrontSpace::Parse("energy,latency,area");
  spec.objective = ProductOf(*spec.front);
  for (const SearchSpec& job : {spec, limited}) {
    ASSERT_TRUE(ValidateSearchSpec(job).ok()) << ValidateSearchSpec(job);
    RecordingSink sink;
    RunStart(job, 1, sink);
    const CostModel model(job.hardware_template);
    int designs = 0;
    for (const RecordingSink::Point& point : sink.points) {
      for (std::size_t i = 0; i < point.mappings.size(); ++i) {
        const ResourceNeeds need = model.Needs(job.workload->layers[i].shape, point.mappings[i]);
        ASSERT_TRUE(model.Takes(need, model.CostsAt(point.hardware)));
      }
      if (std::isfinite(point.score)) ++designs;
    }
    EXPECT_GT(designs, 20);
  }
}

// Sizes that cost nothing are not held at their largest where that leaves copies idle.
TEST(UtilizationTest, LongAxesAreNotForFree) {
  TemplateSpec spec = Array({0, 0, 0})->spec();
  spec.mac_energy_pj = Formula::Constant(0.5, 1);
  SearchSpec job = Job({Shape(4, 4, 4)}, *Template::Create(spec));
  EXPECT_EQ(CostlessParameters(job), (std::vector<std::size_t>{0}));
  spec.min_utilization = 0.5;
  job.hardware_template = *Template::Create(spec);
  EXPECT_TRUE(CostlessParameters(job).empty());
}

TEST(UtilizationTest, DefaultTilingsUseEnough) {
  TemplateSpec spec = ShippedTemplate("gemmini")->spec();
  for (LevelSpec& level : spec.levels) {
    for (AxisSpec& axis : level.spatial) axis.min_utilization = 1;
  }
  // 5 columns in two turns do what 8 do; the library takes no more.
  Workload workload{"one", "", {{"layer", 1, Shape(12, 9, 9)}}};
  SearchSpec job = SpecFor(workload, *Template::Create(spec));
  job.algorithm = Algorithm::kDefaultTiling;
  job.hardware_range = {{8, 8}, {128, 128}, {32, 32}};
  ASSERT_TRUE(ValidateSearchSpec(job).ok()) << ValidateSearchSpec(job);
  RecordingSink sink;
  RunStart(job, 0, sink);
  ASSERT_EQ(sink.points.size(), 1U);
  const CostModel model(job.hardware_template);
  EXPECT_TRUE(model.Takes(model.Needs(workload.layers[0].shape, sink.points[0].mappings[0]),
                          model.CostsAt(sink.points[0].hardware)));
}

}  // namespace
}  // namespace oneloop
