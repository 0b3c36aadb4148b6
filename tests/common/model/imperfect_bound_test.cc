#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "common/base/random.h"
#include "common/mapping/factor_space.h"
#include "common/mapping/random_mapping.h"
#include "gtest/gtest.h"
#include "tests/common/model/imperfect_bound_cases.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

TEST(ImperfectBoundTest, NoDesignIsBetterByExhaustion) { ExpectNoImperfectDesignIsBetter(0, 4000, 0.85); }

// Any integers as far as they may stand, from the innermost place outwards.
Mapping RandomImperfectMapping(const Template& hardware_template, const LayerShape& shape, Random& random) {
  const FactorSpace space(hardware_template);
  Mapping mapping;
  for (LoopOrder& order : mapping.order) order = RandomOrder(random);
  for (const Dim dim : kAllDims) {
    for (const FactorPlace& place : space.places(dim)) {
      const double most = static_cast<double>(shape.bound(dim));
      FactorAt(mapping, place, dim) = static_cast<std::int64_t>(std::exp2(std::log2(most) * random.Uniform() / 2));
    }
    space.Complete(dim, shape.bound(dim), &mapping);
  }
  return mapping;
}

// Four columns of weights on three units, for one output after another while inputs stay: in the second step two units
// are idle and keep theirs, so that weights come back less often than every output.
TEST(ImperfectBoundTest, IdleUnitsKeepTheirTiles) {
  const std::unique_ptr<const Template> hardware_template = TemplateFromYaml(R"(
name: idle
parameters: [{name: words, min: 1, max: 1}]
levels:
  - {name: WREG, keeps: [W], temporal: [], capacity_words: words, energy_pj: 0.1}
  - name: IREG
    keeps: [I]
    temporal: []
    capacity_words: words
    energy_pj: 100
    spatial: [{name: X, size: 3 * words, dims: [K]}]
  - {name: DRAM, keeps: [W, I, O], energy_pj: 1}
)");
  LayerShape shape;
  shape.bounds[ToIndex(Dim::kK)] = 4;
  shape.bounds[ToIndex(Dim::kP)] = 20;
  const Workload workload{"idle", "", {{"layer", 1, shape}}};
  const std::vector<ParameterRange> ranges = {{1, 1}};
  const CostModel model(std::shared_ptr<const Template>(*Template::Create(hardware_template->spec())));
  const Goal goal(MetricProduct::Of(Metric::kEnergy), {}, *hardware_template);
  const double best = BestOf(AllDesigns(model, workload, ranges), goal).energy_uj;
  const double bound = ProveLowerBound(model, workload, ranges, goal).energy_uj;
  EXPECT_LE(bound, best);
  EXPECT_GE(bound, 0.99 * best);
}

// Beyond what can be enumerated: deep hierarchies, large layers, hardware as small as each mapping allows.
TEST(ImperfectBoundTest, NoRandomDesignIsBetter) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const CostModel model(
        std::shared_ptr<const Template>(seed % 2 == 0 ? RandomTemplate(random) : RandomCosts(random, true).Draw()));
    const std::vector<ParameterRange> ranges(static_cast<std::size_t>(model.hardware_template().num_parameters()),
                                             {1, static_cast<double>(1 << random.Below(21))});
    LayerShape shape = RandomShape(random);
    for (std::int64_t& bound : shape.bounds) bound += bound > 2 ? static_cast<std::int64_t>(random.Below(3)) : 0;
    const Workload workload{"random", "", {{"layer", 1, shape}}};
    LowerBoundOptions options;
    options.max_boxes = 30;
    options.max_tiles = 5000;
    const LowerBound bound =
        ProveLowerBound(model, workload, ranges, Goal(MetricProduct::Edp(), {}, model.hardware_template()), options);
    for (int draw = 0; draw < 100; ++draw) {
      const LayerUse use = model.Use(shape, RandomImperfectMapping(model.hardware_template(), shape, random));
      const std::optional<HardwarePoint> hardware = model.SmallestHardware(use.need, ranges);
      if (!hardware.has_value()) continue;
      const LayerFigures figures = model.Score(use, model.CostsAt(*hardware));
      ASSERT_LE(bound.objective, figures.energy_uj * figures.latency_cycles);
      ASSERT_LE(bound.energy_uj, figures.energy_uj);
      ASSERT_LE(bound.latency_cycles, figures.latency_cycles);
    }
  }
}

// Bounds of perfect factors do not hold there; these must be as near to the best designs known as those nearly are.
TEST(ImperfectBoundTest, IsNearTheBestDesignsKnown) { ExpectBoundIsNear("bert", 1.507e9, 0.01); }

// A template of which every place asks for perfect factors is one that asks for them at once.
TEST(ImperfectBoundTest, PerfectPlacesHaveThePerfectBound) {
  TemplateSpec at_once = ShippedTemplate("gemmini")->spec();
  TemplateSpec by_place = at_once;
  at_once.perfect_dims = kEveryDim;
  for (LevelSpec& level : by_place.levels) {
    level.perfect_dims = level.temporal;
    for (AxisSpec& axis : level.spatial) axis.perfect_dims = axis.dims;
  }
  const std::vector<ParameterRange> ranges = {{2, 128}, {1, 8192}, {1, 8192}};
  std::vector<LowerBound> bounds;
  for (const TemplateSpec& spec : {at_once, by_place}) {
    const CostModel model(std::shared_ptr<const Template>(*Template::Create(spec)));
    bounds.push_back(ProveLowerBound(model, ShippedWorkload("bert"), ranges,
                                     Goal(MetricProduct::Edp(), {}, model.hardware_template())));
  }
  EXPECT_EQ(bounds[0].objective, bounds[1].objective);
  EXPECT_EQ(bounds[0].energy_uj, bounds[1].energy_uj);
  EXPECT_EQ(bounds[0].latency_cycles, bounds[1].latency_cycles);
}

}  // namespace
}  // namespace oneloop
