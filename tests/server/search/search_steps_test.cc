// The steps that a start is made of, one by one.
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/random.h"
#include "common/mapping/random_mapping.h"
#include "common/model/exact/cost_model.h"
#include "server/search/evaluator.h"
#include "server/search/layer_search.h"
#include "server/search/moves.h"
#include "server/search/neighbourhood.h"
#include "server/search/rounding.h"
#include "server/search/start_point.h"
#include "tests/common/model/all_mappings.h"
#include "tests/common/model/perfect_template.h"
#include "tests/common/model/random_cases.h"
#include "tests/common/model/random_choices.h"
#include "tests/common/model/random_constraints.h"
#include "tests/common/model/random_utilization.h"
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

TEST(RoundToWholeTest, FindsTheNearestFactorisation) {
  const CostModel model(Perfect(*ShippedTemplate("gemmini")));
  Random random(5);
  for (int trial = 0; trial < 50; ++trial) {
    Workload workload{"one", "", {{"layer", 1, RandomShape(random)}}};
    const LayerShape& shape = workload.layers[0].shape;
    const SmoothModel smooth(model, workload, {{2, 128}, {1, 8192}, {1, 8192}},
                             Goal(MetricProduct::Edp(), {}, model.hardware_template()));
    std::vector<double> x;
    for (const FactorSlot& slot : smooth.slots()) {
      x.push_back(random.Uniform() * std::log2(static_cast<double>(shape.bound(slot.dim))) / 2);
    }
    const Mapping mapping = RoundToWhole(smooth, shape, x, Mapping());
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
        const std::int64_t factor = FactorAt(mapping, slot);
        distance += std::pow(std::log2(static_cast<double>(factor)) - x[s], 2);
      }
      targets.push_back(rest);
      distance += std::pow(std::log2(static_cast<double>(mapping.t(3, dim))) - rest, 2);
      EXPECT_NEAR(distance, LeastDistance(shape.bound(dim), targets, 0), 1e-9);
    }
  }
}

// Distance in log2 and padding of the best factors for a bound where each is the least that leaves as many runs, by
// brute force.
double LeastCover(std::int64_t left, const std::vector<double>& targets, std::size_t place) {
  const auto cost = [&](std::int64_t factor) {
    const double log2 = std::log2(static_cast<double>(factor));
    return (log2 - targets[place]) * (log2 - targets[place]) + log2;
  };
  if (place + 1 == targets.size()) return cost(left);
  double least = std::numeric_limits<double>::infinity();
  for (std::int64_t factor = 1; factor <= left; ++factor) {
    least = std::min(least, cost(factor) + LeastCover(LeftOutside(left, factor), targets, place + 1));
  }
  return least;
}

TEST(RoundToWholeTest, FactorsThatNeedNotDivideAreNearAndPadLittle) {
  const CostModel model(ShippedTemplate("gemmini"));
  Random random(5);
  int best = 0;
  int dims = 0;
  for (int trial = 0; trial < 40; ++trial) {
    Workload workload{"one", "", {{"layer", 1, {}}}};
    LayerShape& shape = workload.layers[0].shape;
    for (const Dim dim : {Dim::kP, Dim::kC, Dim::kK}) {
      shape.bounds[static_cast<std::size_t>(dim)] = static_cast<std::int64_t>(2 + random.Below(60));
    }
    const SmoothModel smooth(model, workload, {{2, 128}, {1, 8192}, {1, 8192}},
                             Goal(MetricProduct::Edp(), {}, model.hardware_template()));
    std::vector<double> x;
    for (const FactorSlot& slot : smooth.slots()) {
      x.push_back(random.Uniform() * std::log2(static_cast<double>(shape.bound(slot.dim))) / 2);
    }
    const Mapping mapping = RoundToWhole(smooth, shape, x, Mapping());
    ASSERT_TRUE(ValidateMapping(model.hardware_template(), shape, mapping).ok());
    for (const Dim dim : {Dim::kP, Dim::kC, Dim::kK}) {
      std::vector<double> targets;
      double cost = 0;
      double rest = std::log2(static_cast<double>(shape.bound(dim)));
      for (const FactorPlace& place : model.factor_space().places(dim)) {
        double target = rest;
        for (std::size_t s = 0; s < x.size(); ++s) {
          const FactorSlot& slot = smooth.slots()[s];
          if (slot.dim == dim && place == slot.place) target = x[s];
        }
        targets.push_back(target);
        rest -= target;
        const double log2 = std::log2(static_cast<double>(FactorAt(mapping, place, dim)));
        cost += (log2 - target) * (log2 - target) + log2;
      }
      const double least = LeastCover(shape.bound(dim), targets, 0);
      EXPECT_LT(cost, least + 0.1);
      best += cost < least + 1e-9 ? 1 : 0;
      ++dims;
    }
  }
  EXPECT_GT(best, dims * 9 / 10);
}

TEST(MoveSetTest, EveryMoveGivesAnotherValidMappingOnce) {
  Random random(6);
  int resizings = 0;
  for (int trial = 0; trial < 100; ++trial) {
    std::shared_ptr<const Template> hardware_template = RandomTemplate(random);
    if (trial % 2 == 0) hardware_template = Perfect(*hardware_template);
    const CostModel model(hardware_template);
    const LayerShape shape = RandomShape(random);
    const Mapping mapping = RandomMapping(*hardware_template, shape, random);
    const MoveSet moves(model);
    std::vector<Move> list;
    moves.List(shape, mapping, &list);
    std::set<std::string> seen;
    for (const Move& move : list) {
      const Mapping moved = moves.Apply(shape, mapping, move);
      EXPECT_TRUE(ValidateMapping(*hardware_template, shape, moved).ok());
      EXPECT_FALSE(moved == mapping);
      EXPECT_TRUE(seen.insert(FormatMapping(*hardware_template, moved)).second) << "the same move twice";
      resizings += move.kind == Move::Kind::kResize ? 1 : 0;
      Mapping back = moved;
      moves.PutBack(moves.ColumnOf(mapping, move.dim), move.dim, &back);
      EXPECT_TRUE(move.kind == Move::Kind::kOrder || back == mapping);
    }
  }
  EXPECT_GT(resizings, 1000);
}

// Where a bound is prime, moves still lead everywhere: to a full array in one step.
TEST(MoveSetTest, APrimeBoundFillsAnArray) {
  const CostModel model(ShippedTemplate("gemmini"));
  const MoveSet moves(model);
  LayerShape shape;
  shape.bounds[static_cast<std::size_t>(Dim::kK)] = 197;
  Mapping mapping;
  mapping.t(model.structure().outermost(), Dim::kK) = 197;
  std::vector<Move> list;
  moves.List(shape, mapping, &list);
  EXPECT_TRUE(std::any_of(list.begin(), list.end(), [&](const Move& move) {
    const Mapping moved = moves.Apply(shape, mapping, move);
    return move.to.is_spatial && FactorAt(moved, move.to, Dim::kK) == 16 &&
           moved.t(model.structure().outermost(), Dim::kK) == 13;
  }));
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

// What one layer found serves another as far as its bounds go.
TEST(RoundToLikeTest, TakesFactorsThatTheBoundsHave) {
  const CostModel model(ShippedTemplate("gemmini"));
  Workload workload{"two", "", {{"one", 1, {}}, {"other", 1, {}}}};
  for (const Dim dim : {Dim::kC, Dim::kK, Dim::kP}) {
    workload.layers[0].shape.bounds[static_cast<std::size_t>(dim)] = 64;
    workload.layers[1].shape.bounds[static_cast<std::size_t>(dim)] = dim == Dim::kP ? 7 : 256;
  }
  const SmoothModel smooth(model, workload, {{2, 128}, {1, 8192}, {1, 8192}},
                           Goal(MetricProduct::Edp(), {}, model.hardware_template()));
  Random random(5);
  const Mapping like = *ConstructiveMapping(model, workload.layers[0].shape, model.CostsAt({16, 128, 64}), random);
  const Mapping mapping = RoundToLike(smooth, workload.layers[1].shape, like);
  EXPECT_TRUE(ValidateMapping(model.hardware_template(), workload.layers[1].shape, mapping).ok());
  EXPECT_EQ(mapping.order, like.order);
  for (const FactorSlot& slot : smooth.slots()) {
    if (slot.dim == Dim::kP) continue;
    EXPECT_EQ(FactorAt(mapping, slot), FactorAt(like, slot));
  }
  EXPECT_TRUE(RoundToLike(smooth, workload.layers[0].shape, like) == like);
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

// A layer search on one workload with hardware of the test's choice.
class LayerSearchTest : public testing::Test {
 protected:
  void Use(Workload workload, std::int64_t samples,
           std::shared_ptr<const Template> hardware_template = ShippedTemplate("gemmini")) {
    spec_ = SpecFor(std::move(workload), std::move(hardware_template));
    spec_.samples_per_start = samples;
    model_.emplace(spec_.hardware_template);
    smooth_.emplace(*model_, *spec_.workload, spec_.hardware_range, GoalOf(spec_));
    moves_.emplace(*model_);
    evaluator_.emplace(spec_, *model_, sink_);
    layers_.emplace(*evaluator_, *smooth_, *moves_, random_);
  }

  bool Fits(const LayerDesign& design, const ComponentCosts& costs) const {
    return model_->Takes(design.use.need, costs);
  }

  // Of all mappings of the only layer that a template allows and that fit.
  double BestOfAll(const Template& hardware_template, const LayerShape& shape, const ComponentCosts& costs) const {
    double best = std::numeric_limits<double>::infinity();
    AllMappings(hardware_template, shape).ForEach([&](const Mapping& mapping) {
      const LayerUse use = model_->Use(shape, mapping);
      if (model_->Takes(use.need, costs)) best = std::min(best, slopes_.Of(model_->Score(use, costs)));
    });
    return best;
  }
  // By improving and disturbing until the budget ends.
  double BestFound(const LayerShape& shape, const ComponentCosts& costs) {
    LayerDesign design = layers_->Evaluate(0, *ConstructiveMapping(*model_, shape, costs, random_), costs);
    double found = std::numeric_limits<double>::infinity();
    while (!evaluator_->Finished()) {
      layers_->Improve(0, costs, slopes_, &design);
      EXPECT_TRUE(Fits(design, costs));
      found = std::min(found, slopes_.Of(design.figures));
      if (!layers_->Disturb(0, costs, nullptr, &design)) break;
    }
    return found;
  }

  const LayerSearch::Slopes slopes_{1, 1e-3};
  SearchSpec spec_;
  RecordingSink sink_;
  Random random_{9};
  std::optional<CostModel> model_;
  std::optional<SmoothModel> smooth_;
  std::optional<MoveSet> moves_;
  std::optional<Evaluator> evaluator_;
  std::optional<LayerSearch> layers_;
};

TEST_F(LayerSearchTest, RepairFitsAnyMapping) {
  Use(ShippedWorkload("resnet50"), 100000);
  const ComponentCosts costs = model_->CostsAt({8, 16, 4});
  for (int layer = 0; layer < evaluator_->num_layers(); ++layer) {
    const Mapping mapping = RandomMapping(*spec_.hardware_template, evaluator_->shape(layer), random_);
    LayerDesign design = layers_->Evaluate(layer, mapping, costs);
    ASSERT_TRUE(layers_->Repair(layer, costs, &design));
    EXPECT_TRUE(Fits(design, costs));
    EXPECT_TRUE(ValidateMapping(*spec_.hardware_template, evaluator_->shape(layer), design.mapping).ok());
  }
}

TEST_F(LayerSearchTest, RepairGivesUpWhereNothingFits) {
  Workload workload{"one", "", {{"layer", 1, {}}}};
  workload.layers[0].shape.bounds.fill(4);
  Use(workload, 1000);
  ComponentCosts costs = model_->CostsAt({2, 1, 1});
  costs.limit.fill(0.5);
  LayerDesign design =
      layers_->Evaluate(0, RandomMapping(*spec_.hardware_template, evaluator_->shape(0), random_), costs);
  EXPECT_FALSE(layers_->Repair(0, costs, &design));
}

// Against all mappings of small layers, on hardware small enough that memories are full at the optimum.
TEST_F(LayerSearchTest, ImproveAndRestartsReachTheBestOfAllMappings) {
  int optimal = 0;
  constexpr int kTrials = 12;
  for (int trial = 0; trial < kTrials; ++trial) {
    Workload workload{"one", "", {{"layer", 1, {}}}};
    LayerShape& shape = workload.layers[0].shape;
    shape.bounds.fill(1);
    for (const Dim dim : {Dim::kP, Dim::kQ, Dim::kC, Dim::kK}) {
      shape.bounds[static_cast<std::size_t>(dim)] = static_cast<std::int64_t>(2 + random_.Below(6));
    }
    shape.bounds[static_cast<std::size_t>(Dim::kR)] = 3;
    Use(workload, 400);
    ComponentCosts costs = model_->CostsAt({4, 1, 1});
    for (double& limit : costs.limit) limit = std::max(1.0, limit / 16);
    const double best = BestOfAll(*Perfect(*spec_.hardware_template), shape, costs);
    const double found = BestFound(shape, costs);
    EXPECT_LT(found, 1.02 * best);
    if (found < best * (1 + 1e-9)) ++optimal;
  }
  EXPECT_GE(optimal, kTrials * 2 / 3);
}

// The same where factors need not divide, of layers so small that all their mappings can be looked at.
TEST_F(LayerSearchTest, ReachesTheBestOfAllImperfectMappings) {
  for (const auto& [p, k] : {std::pair{7, 11}, {5, 13}, {11, 6}}) {
    Workload workload{"one", "", {{"layer", 1, {}}}};
    LayerShape& shape = workload.layers[0].shape;
    shape.bounds.fill(1);
    shape.bounds[static_cast<std::size_t>(Dim::kP)] = p;
    shape.bounds[static_cast<std::size_t>(Dim::kK)] = k;
    Use(workload, 400);
    ComponentCosts costs = model_->CostsAt({4, 1, 1});
    for (double& limit : costs.limit) limit = std::max(1.0, limit / 64);
    const double best = BestOfAll(*spec_.hardware_template, shape, costs);
    const double found = BestFound(shape, costs);
    EXPECT_LT(found, 1.01 * best) << p << " " << k;
  }
}

TEST_F(LayerSearchTest, ReachesTheBestOfTheMappingsThatConstraintsLeave) {
  int optimal = 0;
  constexpr int kTrials = 24;
  for (int trial = 0; trial < kTrials; ++trial) {
    SCOPED_TRACE(trial);
    Workload workload{"one", "", {{"layer", 1, {}}}};
    LayerShape& shape = workload.layers[0].shape;
    shape.bounds.fill(1);
    shape.bounds[ToIndex(Dim::kP)] = static_cast<std::int64_t>(2 + random_.Below(6));
    shape.bounds[ToIndex(Dim::kK)] = static_cast<std::int64_t>(2 + random_.Below(6));
    shape.bounds[ToIndex(Dim::kC)] = static_cast<std::int64_t>(2 + random_.Below(3));
    std::shared_ptr<const Template> hardware_template = ShippedTemplate("gemmini");
    if (trial % 2 == 0) hardware_template = Perfect(*hardware_template);
    // On hardware that takes what the constraints ask for at the least.
    ComponentCosts costs;
    do {
      Use(workload, 400, RandomConstraints(random_).Insist(*hardware_template, {shape}));
      costs = model_->CostsAt({4, 1, 1});
      for (double& limit : costs.limit) limit = std::max(1.0, limit / 32);
    } while (!ConstructiveMapping(*model_, shape, costs, random_).has_value());
    const double best = BestOfAll(*spec_.hardware_template, shape, costs);
    const double found = BestFound(shape, costs);
    EXPECT_LT(found, 1.05 * best);
    if (found < best * (1 + 1e-9)) ++optimal;
  }
  EXPECT_GE(optimal, kTrials * 2 / 3);
}

// Of those that use enough of the array, by each axis or as a whole, and of memories.
TEST_F(LayerSearchTest, ReachesTheBestOfTheMappingsThatUseEnough) {
  int optimal = 0;
  constexpr int kTrials = 48;
  for (int trial = 0; trial < kTrials; ++trial) {
    SCOPED_TRACE(trial);
    Workload workload{"one", "", {{"layer", 1, {}}}};
    LayerShape& shape = workload.layers[0].shape;
    std::shared_ptr<const Template> hardware_template = ShippedTemplate("gemmini");
    if (trial % 2 == 0) hardware_template = Perfect(*hardware_template);
    ComponentCosts costs;
    do {
      shape.bounds.fill(1);
      shape.bounds[ToIndex(Dim::kP)] = static_cast<std::int64_t>(2 + random_.Below(6));
      shape.bounds[ToIndex(Dim::kK)] = static_cast<std::int64_t>(2 + random_.Below(6));
      shape.bounds[ToIndex(Dim::kC)] = static_cast<std::int64_t>(2 + random_.Below(2));
      Use(workload, 400, WithUtilization(*hardware_template, random_, /*of_memories=*/trial % 4 >= 2));
      costs = model_->CostsAt({static_cast<double>(2 + random_.Below(5)), 1, 1});
      const std::vector<Resource>& resources = spec_.hardware_template->resources();
      for (std::size_t r = 0; r < resources.size(); ++r) {
        if (!resources[r].is_axis()) costs.limit[r] = std::max(1.0, costs.limit[r] / 64);
      }
    } while (spec_.hardware_template->utilization_rules().empty() ||
             !ConstructiveMapping(*model_, shape, costs, random_).has_value());
    const double best = BestOfAll(*spec_.hardware_template, shape, costs);
    const double found = BestFound(shape, costs);
    EXPECT_LT(found, 1.05 * best);
    if (found < best * (1 + 1e-9)) ++optimal;
  }
  EXPECT_GE(optimal, kTrials * 2 / 3);
}

TEST_F(LayerSearchTest, ReachesTheBestOfAllMappingsWhateverIsKept) {
  int optimal = 0;
  constexpr int kTrials = 12;
  for (int trial = 0; trial < kTrials; ++trial) {
    SCOPED_TRACE(trial);
    Workload workload{"one", "", {{"layer", 1, {}}}};
    LayerShape& shape = workload.layers[0].shape;
    shape.bounds.fill(1);
    for (const Dim dim : {Dim::kP, Dim::kK, Dim::kC}) {
      shape.bounds[ToIndex(dim)] = static_cast<std::int64_t>(2 + random_.Below(4));
    }
    Use(workload, 400, WithChoices(*Perfect(*ShippedTemplate("gemmini")), random_));
    ComponentCosts costs = model_->CostsAt({4, 1, 1});
    for (double& limit : costs.limit) limit = std::max(1.0, limit / 64);
    const double best = BestOfAll(*spec_.hardware_template, shape, costs);
    const double found = BestFound(shape, costs);
    EXPECT_LT(found, 1.05 * best);
    if (found < best * (1 + 1e-9)) ++optimal;
  }
  EXPECT_GE(optimal, kTrials * 2 / 3);
}

TEST_F(LayerSearchTest, EveryEvaluationIsCounted) {
  Use(ShippedWorkload("resnet50"), 2);
  const ComponentCosts costs = model_->CostsAt({16, 128, 64});
  EXPECT_EQ(evaluator_->samples(), 0);
  const auto mapping = ConstructiveMapping(*model_, evaluator_->shape(0), costs, random_);
  layers_->Evaluate(0, *mapping, costs);
  EXPECT_EQ(evaluator_->layer_evaluations_left(), 2 * 24 - 1);
  EXPECT_EQ(evaluator_->samples(), 1);
  evaluator_->CountWorkloads(1);
  EXPECT_EQ(evaluator_->samples(), 2);
  EXPECT_FALSE(evaluator_->Finished());
  LayerDesign design = layers_->Evaluate(0, *mapping, costs);
  while (!evaluator_->Finished()) {
    layers_->Improve(0, costs, {1, 1}, &design);
    layers_->Disturb(0, costs, nullptr, &design);
  }
  EXPECT_EQ(evaluator_->layer_evaluations_left(), 0);
}

TEST(NeighbourhoodTest, NeighboursAreValidFitAndAreRankedByPromise) {
  const CostModel model(ShippedTemplate("gemmini"));
  const Workload workload = ShippedWorkload("resnet50");
  const SmoothModel smooth(model, workload, {{2, 128}, {1, 8192}, {1, 8192}},
                           Goal(MetricProduct::Edp(), {}, model.hardware_template()));
  const MoveSet moves(model);
  Neighbourhood neighbourhood(model, smooth, moves);
  const ComponentCosts costs = model.CostsAt({16, 32, 16});
  Random random(10);
  int pairs = 0;
  int chains = 0;
  for (int layer = 0; layer < smooth.num_layers(); ++layer) {
    const LayerShape& shape = workload.layers[static_cast<std::size_t>(layer)].shape;
    const auto mapping = ConstructiveMapping(model, shape, costs, random);
    ASSERT_TRUE(mapping.has_value());
    double last = -std::numeric_limits<double>::infinity();
    for (const Neighbour& neighbour : neighbourhood.List(layer, shape, *mapping, costs, {1, 1e-3})) {
      const Mapping moved = neighbourhood.Apply(shape, *mapping, neighbour);
      EXPECT_FALSE(moved == *mapping);
      EXPECT_TRUE(ValidateMapping(model.hardware_template(), shape, moved).ok());
      EXPECT_EQ(model.FirstShortage(model.Needs(shape, moved), costs), -1);
      EXPECT_GE(neighbour.promise, last);
      last = neighbour.promise;
      pairs += neighbour.num_moves == 2 ? 1 : 0;
    }
    last = -std::numeric_limits<double>::infinity();
    for (const Neighbour& chain : neighbourhood.ListChains(shape, *mapping, costs)) {
      const Mapping moved = neighbourhood.Apply(shape, *mapping, chain);
      EXPECT_TRUE(ValidateMapping(model.hardware_template(), shape, moved).ok());
      EXPECT_EQ(model.FirstShortage(model.Needs(shape, moved), costs), -1);
      EXPECT_GT(chain.num_moves, 2);
      EXPECT_GE(chain.promise, last);
      last = chain.promise;
      ++chains;
    }
  }
  EXPECT_GT(pairs, 0) << "memories are full: some moves need another that makes room";
  EXPECT_GT(chains, 0) << "and some need several";
}

}  // namespace
}  // namespace oneloop
