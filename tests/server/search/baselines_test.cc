// Random search, Bayesian optimisation and what they are made of.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/random.h"
#include "common/mapping/factor_space.h"
#include "common/mapping/mapping.h"
#include "common/model/exact/cost_model.h"
#include "server/search/layer_proposals.h"
#include "server/search/mapping_features.h"
#include "server/search/mapping_sampler.h"
#include "server/search/run_start.h"
#include "tests/common/model/perfect_template.h"
#include "tests/common/model/random_cases.h"
#include "tests/server/search/search_cases.h"

namespace oneloop {
namespace {

// Every way to share a bound out among `places`.
// By place; where factors need not divide, of those that leave as many runs outside the least.
std::vector<std::vector<std::int64_t>> Factorisations(const FactorSpace& space, Dim dim, std::size_t place,
                                                      std::int64_t left) {
  if (place + 1 == space.places(dim).size()) return {{left}};
  std::vector<std::vector<std::int64_t>> all;
  for (std::int64_t factor = 1; factor <= left; ++factor) {
    const bool divides = left % factor == 0;
    const std::int64_t runs = (left + factor - 1) / factor;
    if (space.IsPerfect(dim) ? !divides : factor > 1 && (left + factor - 2) / (factor - 1) == runs) continue;
    for (const std::vector<std::int64_t>& rest : Factorisations(space, dim, place + 1, runs)) {
      all.push_back({factor});
      all.back().insert(all.back().end(), rest.begin(), rest.end());
    }
  }
  return all;
}

std::string FactorsOf(const Template& hardware_template, Mapping mapping) {
  mapping.order = Mapping().order;
  return FormatMapping(hardware_template, mapping);
}

// All mappings of a layer, by their factors.
std::vector<Mapping> EveryMapping(const FactorSpace& space, const LayerShape& shape) {
  std::vector<Mapping> all = {Mapping()};
  for (const Dim dim : kAllDims) {
    const std::vector<Mapping> so_far = std::move(all);
    all.clear();
    for (Mapping mapping : so_far) {
      for (const std::vector<std::int64_t>& factors : Factorisations(space, dim, 0, shape.bound(dim))) {
        for (std::size_t i = 0; i < factors.size(); ++i) FactorAt(mapping, space.places(dim)[i], dim) = factors[i];
        all.push_back(mapping);
      }
    }
  }
  return all;
}

// Draws many times and compares with a uniform choice among all mappings that fit.
void ExpectUniformDraws(const CostModel& model, const LayerShape& shape, const ComponentCosts& costs) {
  std::map<std::string, int> drawn;
  std::size_t misfits = 0;
  for (const Mapping& mapping : EveryMapping(model.factor_space(), shape)) {
    if (model.FirstShortage(model.Use(shape, mapping).need, costs) < 0) {
      drawn[FactorsOf(model.hardware_template(), mapping)] = 0;
    } else {
      ++misfits;
    }
  }
  ASSERT_GT(drawn.size(), 100u);
  ASSERT_GT(misfits, 100u);
  Random random(1);
  MappingSampler sampler(model, shape, random);
  ASSERT_TRUE(sampler.SetHardware(costs));
  constexpr int kPerMapping = 20;
  const int draws = kPerMapping * static_cast<int>(drawn.size());
  for (int i = 0; i < draws; ++i) {
    const auto found = drawn.find(FactorsOf(model.hardware_template(), sampler.Draw(random)));
    ASSERT_NE(found, drawn.end()) << "drew what does not fit";
    ++found->second;
  }
  double chi_square = 0;
  for (const auto& [text, times] : drawn) chi_square += std::pow(times - kPerMapping, 2) / kPerMapping;
  const double freedom = static_cast<double>(drawn.size() - 1);
  EXPECT_LT(std::abs(chi_square - freedom), 5 * std::sqrt(2 * freedom));
}

void ExpectUniformDraws(const CostModel& model) {
  LayerShape matrix;
  matrix.bounds = {1, 1, 1, 1, 96, 16, 1, 1};
  ExpectUniformDraws(model, matrix, model.CostsAt({8, 1, 1}));
  LayerShape convolution;
  convolution.bounds = {3, 1, 6, 4, 2, 1, 1, 1};
  convolution.w_stride = 2;
  convolution.w_dilation = 2;
  ComponentCosts costs = model.CostsAt({8, 1, 1});
  for (std::size_t r = 0; r < model.hardware_template().resources().size(); ++r) {
    if (model.hardware_template().resources()[r].unit == Resource::Unit::kBytes) costs.limit[r] = 25;
  }
  ExpectUniformDraws(model, convolution, costs);
}

TEST(MappingSamplerTest, DrawsEveryMappingThatFitsEquallyOften) {
  ExpectUniformDraws(CostModel(Perfect(*ShippedTemplate("gemmini"))));
}

TEST(MappingSamplerTest, SoItDoesWhereFactorsNeedNotDivide) {
  const CostModel model(ShippedTemplate("gemmini"));
  LayerShape matrix;
  matrix.bounds = {1, 1, 1, 1, 17, 11, 1, 1};
  ExpectUniformDraws(model, matrix, model.CostsAt({8, 1, 1}));
}

TEST(MappingSamplerTest, DrawsFitAnyTemplateAndHardware) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const std::shared_ptr<const Template> hardware_template = RandomTemplate(random);
    const CostModel model(hardware_template);
    const LayerShape shape = RandomShape(random);
    MappingSampler sampler(model, shape, random);
    HardwarePoint hardware;
    for (int p = 0; p < hardware_template->num_parameters(); ++p) {
      hardware.push_back(std::exp2(static_cast<double>(random.Below(12))));
    }
    const ComponentCosts costs = model.CostsAt(hardware);
    Mapping single;
    for (const Dim dim : kAllDims) single.t(hardware_template->num_levels() - 1, dim) = shape.bound(dim);
    const bool fits = model.FirstShortage(model.Use(shape, single).need, costs) < 0;
    EXPECT_EQ(sampler.FitsAtAll(costs), fits);
    EXPECT_EQ(sampler.SetHardware(costs), fits);
    if (!fits) continue;
    for (int i = 0; i < 20; ++i) {
      const Mapping mapping = sampler.Draw(random);
      ASSERT_TRUE(ValidateMapping(*hardware_template, shape, mapping).ok());
      EXPECT_EQ(model.FirstShortage(model.Use(shape, mapping).need, costs), -1);
    }
  }
}

TEST(MappingSamplerTest, DrawsLargeBoundsOnTheSmallestHardware) {
  const CostModel model(ShippedTemplate("gemmini"));
  LayerShape shape;
  for (const Dim dim : {Dim::kP, Dim::kQ, Dim::kC, Dim::kK}) shape.bounds[static_cast<std::size_t>(dim)] = 2520;
  shape.bounds[static_cast<std::size_t>(Dim::kR)] = 7;
  Random random(2);
  MappingSampler sampler(model, shape, random);
  const ComponentCosts costs = model.CostsAt({2, 1, 1});
  ASSERT_TRUE(sampler.SetHardware(costs));
  std::map<std::string, int> drawn;
  for (int i = 0; i < 100; ++i) {
    const Mapping mapping = sampler.Draw(random);
    ASSERT_TRUE(ValidateMapping(model.hardware_template(), shape, mapping).ok());
    EXPECT_EQ(model.FirstShortage(model.Use(shape, mapping).need, costs), -1);
    ++drawn[FactorsOf(model.hardware_template(), mapping)];
  }
  EXPECT_GT(drawn.size(), 90u);
}

TEST(MappingFeaturesTest, HoldFactorsAndInnermostLoops) {
  const std::unique_ptr<const Template> hardware_template = ShippedTemplate("gemmini");
  const Mapping mapping =
      *ParseMapping(*hardware_template, "L3[WIO] K2 C2 P4 - L2[WI] C4 K8X - L1[O] P2 C2X - L0[W] N1");
  LayerShape shape;
  shape.bounds = {1, 1, 8, 1, 16, 16, 1, 1};
  const MappingFeatures features(*hardware_template, shape);
  // P at levels 0 to 2; C at levels 1, 2 and its axis; K at levels 1, 2 and its axis; kinds at levels 1 to 3.
  const std::vector<double> expected = {0, 1, 0, 0, 2, 1, 0, 0, 3, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0};
  ASSERT_EQ(features.size(), static_cast<Eigen::Index>(expected.size()));
  const Eigen::RowVectorXd actual = features.Of(mapping);
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(actual[static_cast<Eigen::Index>(i)], expected[i]) << i;
}

TEST(LayerProposalsTest, ProposalsAreFarBetterThanRandomMappings) {
  const CostModel model(ShippedTemplate("gemmini"));
  const LayerShape shape = ShippedWorkload("resnet50").layers[3].shape;
  Random random(4);
  MappingSampler sampler(model, shape, random);
  const ComponentCosts costs = model.CostsAt({32, 256, 64});
  ASSERT_TRUE(sampler.SetHardware(costs));
  LayerProposals proposals(model.hardware_template(), shape);
  const auto stop = [] { return false; };
  const auto mean_cost = [&](std::size_t count) {
    double sum = 0;
    for (const Mapping& mapping : proposals.Propose(count, sampler, random, stop)) {
      const LayerFigures figures = model.Score(model.Use(shape, mapping), costs);
      const double cost = std::log2(figures.energy_uj * figures.latency_cycles);
      proposals.Observe(mapping, cost);
      sum += cost;
    }
    return sum / static_cast<double>(count);
  };
  const double at_random = mean_cost(40);
  double proposed = 0;
  for (int batch = 0; batch < 20; ++batch) proposed = mean_cost(8);  // beyond the cap on the process's points
  EXPECT_LT(proposed, at_random - 2) << "log2 of EDP";
}

TEST(LargestTest, IsDescendingAndStable) {
  EXPECT_EQ(Largest({1, 5, 3, 5, 0}, 3), (std::vector<std::size_t>{1, 3, 2}));
  EXPECT_EQ(Largest({1, 2}, 5), (std::vector<std::size_t>{1, 0}));
}

class BaselineTest : public testing::TestWithParam<Algorithm> {
 protected:
  SearchSpec Spec(const std::string& workload, std::int64_t samples) const {
    SearchSpec spec = ShippedSpec(workload);
    spec.algorithm = GetParam();
    spec.samples_per_start = samples;
    return spec;
  }
  SearchPointOrigin Origin() const {
    return GetParam() == Algorithm::kRandom ? SearchPointOrigin::kRandom : SearchPointOrigin::kBayesian;
  }
};

TEST_P(BaselineTest, UsesItsBudgetExactlyWithAPointForEachSample) {
  for (const std::int64_t samples : {1, 2, 7, 130}) {
    SearchSpec spec = Spec("bert", samples);
    RecordingSink sink;
    const StartSummary summary = RunStart(spec, 0, sink);
    EXPECT_EQ(summary.termination, StartSummary::Termination::kBudgetUsed);
    EXPECT_EQ(summary.samples, samples);
    std::vector<std::int64_t> seen;
    for (const RecordingSink::Point& point : sink.points) {
      EXPECT_EQ(point.origin, Origin());
      if (seen.empty() || seen.back() != point.sample) seen.push_back(point.sample);
    }
    ASSERT_EQ(static_cast<std::int64_t>(seen.size()), samples);
    EXPECT_EQ(seen.front(), 1);
    EXPECT_EQ(seen.back(), samples);
  }
}

TEST_P(BaselineTest, MoreSamplesGoOnWithOtherHardware) {
  const std::int64_t per_hardware = GetParam() == Algorithm::kRandom ? 1000 : 100;
  RecordingSink sink;
  RunStart(Spec("bert", 5 * per_hardware), 0, sink);
  std::vector<HardwarePoint> hardware;
  for (const RecordingSink::Point& point : sink.points) {
    if (hardware.empty() || hardware.back() != point.hardware) hardware.push_back(point.hardware);
  }
  EXPECT_EQ(hardware.size(), 5u);
}

TEST_P(BaselineTest, DesignOfTheBestLayersBeatsEverySingleSample) {
  RecordingSink sink;
  RunStart(Spec("resnet50", 100), 0, sink);
  double best_sample = std::numeric_limits<double>::infinity();
  std::int64_t last = 0;
  for (const RecordingSink::Point& point : sink.points) {
    if (point.sample != last) best_sample = std::min(best_sample, point.score);
    last = point.sample;
  }
  EXPECT_LT(sink.best(), 0.7 * best_sample);
}

INSTANTIATE_TEST_SUITE_P(Algorithms, BaselineTest, testing::Values(Algorithm::kRandom, Algorithm::kBayesian),
                         [](const auto& tested) { return tested.param == Algorithm::kRandom ? "Random" : "Bayesian"; });

TEST(BaselineOrderTest, BayesianBeatsRandomAndGradientBeatsBoth) {
  SearchSpec spec = ShippedSpec("bert");
  spec.samples_per_start = 300;
  const auto best_of = [&spec](Algorithm algorithm) {
    spec.algorithm = algorithm;
    RecordingSink sink;
    for (int start = 0; start < 4; ++start) RunStart(spec, start, sink);
    return sink.best();
  };
  const double gradient = best_of(Algorithm::kGradient);
  const double bayesian = best_of(Algorithm::kBayesian);
  EXPECT_LT(gradient, bayesian);
  EXPECT_LT(bayesian, best_of(Algorithm::kRandom));
}

}  // namespace
}  // namespace oneloop
