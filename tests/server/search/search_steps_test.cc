// The steps that a start is made of, one by one.
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/base/random.h"
#include "common/mapping/random_mapping.h"
#include "common/model/cost_model.h"
#include "server/search/evaluator.h"
#include "server/search/layer_search.h"
#include "server/search/moves.h"
#include "server/search/rounding.h"
#include "server/search/start_point.h"
#include "tests/common/model/random_cases.h"
#include "tests/server/search/search_cases.h"

namespace oneloop {
namespace {

// All ways to write `bound` as a product over `places`, by brute force.
double LeastDistance(std::int64_t bound, const std::vector<double>& targets, std::size_t place) {
  if (place + 1 == targets.size()) {
    const double distance = std::log2(static_cast<double>(bound)) - targets[place];
    return distance * distance;
  }
  double least = std::numeric_limits<double>::infinity();
  for (std::int64_t factor = 1; factor <= bound; ++factor) {
    if (bound % factor != 0) continue;
    const double distance = std::log2(static_cast<double>(factor)) - targets[place];
    least = std::min(least, distance * distance + LeastDistance(bound / factor, targets, place + 1));
  }
  return least;
}

TEST(RoundToDivisorsTest, FindsTheNearestFactorisation) {
  const CostModel model(ShippedTemplate("gemmini"));
  Random random(5);
  for (int trial = 0; trial < 50; ++trial) {
    Workload workload{"one", "", {{"layer", 1, RandomShape(random)}}};
    const LayerShape& shape = workload.layers[0].shape;
    const SmoothModel smooth(model, workload, {{2, 128}, {1, 8192}, {1, 8192}}, {1, 1}, {});
    std::vector<double> x;
    for (const FactorSlot& slot : smooth.slots()) {
      x.push_back(random.Uniform() * std::log2(static_cast<double>(shape.bound(slot.dim))) / 2);
    }
    const Mapping mapping = RoundToDivisors(smooth, shape, x, Mapping());
    ASSERT_TRUE(ValidateMapping(model.hardware_template(), shape, mapping).ok());
    for (const Dim dim : kAllDims) {
      std::vector<double> targets;
      double distance = 0;
      double rest = std::log2(static_cast<double>(shape.bound(dim)));
      for (std::size_t s = 0; s < x.size(); ++s) {
        const FactorSlot& slot = smooth.slots()[s];
        if (slot.dim != dim) continue;
        targets.push_back(x[s]);
        rest -= x[s];
        const std::int64_t factor = slot.is_spatial ? mapping.s(slot.place, dim) : mapping.t(slot.place, dim);
        distance += std::pow(std::log2(static_cast<double>(factor)) - x[s], 2);
      }
      targets.push_back(rest);
      distance += std::pow(std::log2(static_cast<double>(mapping.t(3, dim))) - rest, 2);
      EXPECT_NEAR(distance, LeastDistance(shape.bound(dim), targets, 0), 1e-9);
    }
  }
}

TEST(MoveSetTest, EveryMoveGivesAnotherValidMappingOnce) {
  Random random(6);
  for (int trial = 0; trial < 100; ++trial) {
    const std::unique_ptr<const Template> hardware_template = RandomTemplate(random);
    const LayerShape shape = RandomShape(random);
    const Mapping mapping = RandomMapping(*hardware_template, shape, random);
    const MoveSet moves(*hardware_template);
    std::vector<Move> list;
    moves.List(mapping, &list);
    std::set<std::string> seen;
    for (const Move& move : list) {
      const Mapping moved = MoveSet::Apply(mapping, move);
      EXPECT_TRUE(ValidateMapping(*hardware_template, shape, moved).ok());
      EXPECT_FALSE(moved == mapping);
      EXPECT_TRUE(seen.insert(FormatMapping(*hardware_template, moved)).second) << "the same move twice";
    }
  }
}

TEST(ConstructiveMappingTest, FitsAndUsesTheArray) {
  const CostModel model(ShippedTemplate("gemmini"));
  const ComponentCosts costs = model.CostsAt({16, 128, 64});
  Random random(7);
  for (const Layer& layer : ShippedWorkload("resnet50").layers) {
    const auto mapping = ConstructiveMapping(model, layer.shape, costs, random);
    ASSERT_TRUE(mapping.has_value());
    EXPECT_TRUE(ValidateMapping(model.hardware_template(), layer.shape, *mapping).ok());
    const LayerUse use = model.Use(layer.shape, *mapping);
    EXPECT_EQ(model.FirstShortage(use.need, costs), -1);
    if (layer.shape.bound(Dim::kC) % 16 == 0 && layer.shape.bound(Dim::kK) % 16 == 0) {
      EXPECT_EQ(use.lanes, 256);
    }
  }
}

TEST(RandomHardwareTest, DrawsPowersOfTwoWithinTheRange) {
  SearchSpec spec = ShippedSpec("bert");
  spec.hardware_range[2] = {48, 48};
  Random random(8);
  std::set<double> sizes;
  for (int draw = 0; draw < 200; ++draw) {
    const HardwarePoint hardware = RandomHardware(spec, random);
    EXPECT_TRUE(spec.hardware_template->ValidateHardware(hardware).ok());
    EXPECT_EQ(std::log2(hardware[0]), std::floor(std::log2(hardware[0])));
    EXPECT_EQ(hardware[2], 48);
    sizes.insert(hardware[0]);
  }
  EXPECT_EQ(sizes, (std::set<double>{2, 4, 8, 16, 32, 64, 128}));
}

class LayerSearchTest : public testing::Test {
 protected:
  LayerSearchTest() : spec_(ShippedSpec("resnet50")), model_(spec_.hardware_template) {}

  SearchSpec spec_;
  const CostModel model_;
  RecordingSink sink_;
  Random random_{9};
};

TEST_F(LayerSearchTest, RepairFitsAnyMapping) {
  spec_.samples_per_start = 100000;
  Evaluator evaluator(spec_, model_, sink_);
  const MoveSet moves(*spec_.hardware_template);
  LayerSearch layers(evaluator, moves, random_);
  const ComponentCosts costs = model_.CostsAt({8, 16, 4});
  for (int layer = 0; layer < evaluator.num_layers(); ++layer) {
    const Mapping mapping = RandomMapping(*spec_.hardware_template, evaluator.shape(layer), random_);
    LayerDesign design = layers.Evaluate(layer, mapping, costs);
    ASSERT_TRUE(layers.Repair(layer, costs, &design));
    EXPECT_EQ(model_.FirstShortage(design.use.need, costs), -1);
    EXPECT_TRUE(ValidateMapping(*spec_.hardware_template, evaluator.shape(layer), design.mapping).ok());
  }
}

TEST_F(LayerSearchTest, ImproveEndsWhereNoSingleMoveHelps) {
  spec_.samples_per_start = 100000;
  Evaluator evaluator(spec_, model_, sink_);
  const MoveSet moves(*spec_.hardware_template);
  LayerSearch layers(evaluator, moves, random_);
  const ComponentCosts costs = model_.CostsAt({16, 128, 64});
  constexpr int kLayer = 7;
  const Mapping start = RandomMapping(*spec_.hardware_template, evaluator.shape(kLayer), random_);
  LayerDesign design = layers.Evaluate(kLayer, start, costs);
  ASSERT_TRUE(layers.Repair(kLayer, costs, &design));
  const LayerSearch::Slopes slopes{1, 0};
  const double before = design.figures.energy_uj;
  ASSERT_TRUE(layers.Improve(kLayer, costs, slopes, &design));
  EXPECT_LT(design.figures.energy_uj, before);
  std::vector<Move> list;
  moves.List(design.mapping, &list);
  for (const Move& move : list) {
    const LayerDesign trial = layers.Evaluate(kLayer, MoveSet::Apply(design.mapping, move), costs);
    if (model_.FirstShortage(trial.use.need, costs) < 0) {
      EXPECT_GE(trial.figures.energy_uj, design.figures.energy_uj * (1 - 1e-9));
    }
  }
}

TEST_F(LayerSearchTest, EveryEvaluationIsCounted) {
  spec_.samples_per_start = 2;
  Evaluator evaluator(spec_, model_, sink_);
  const MoveSet moves(*spec_.hardware_template);
  LayerSearch layers(evaluator, moves, random_);
  const ComponentCosts costs = model_.CostsAt({16, 128, 64});
  EXPECT_EQ(evaluator.samples(), 0);
  const auto mapping = ConstructiveMapping(model_, evaluator.shape(0), costs, random_);
  layers.Evaluate(0, *mapping, costs);
  EXPECT_EQ(evaluator.layer_evaluations_left(), 2 * 24 - 1);
  EXPECT_EQ(evaluator.samples(), 1);
  evaluator.CountWorkloads(1);
  EXPECT_EQ(evaluator.samples(), 2);
  EXPECT_FALSE(evaluator.Finished());
  LayerDesign design = layers.Evaluate(0, *mapping, costs);
  layers.Improve(0, costs, {1, 1}, &design);
  EXPECT_TRUE(evaluator.Finished());
  EXPECT_EQ(evaluator.layer_evaluations_left(), 0);
}

}  // namespace
}  // namespace oneloop
