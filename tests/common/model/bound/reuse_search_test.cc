#include "common/model/bound/reuse_search.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/base/random.h"
#include "gtest/gtest.h"
#include "tests/common/model/all_mappings.h"
#include "tests/common/model/bound_cases.h"
#include "tests/common/model/perfect_template.h"
#include "tests/common/model/random_cases.h"
#include "tests/common/model/random_costs.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t kManyNodes = 1'000'000;

class ReuseSearchTest : public testing::Test {
 public:
  // energy + cycle_uj · latency of the best mappings of a layer.
  static std::vector<double> BestSums(const CostModel& model, const LayerShape& shape, const HardwarePoint& point,
                                      std::span<const double> cycle_uj) {
    const ComponentCosts costs = model.CostsAt(point);
    std::vector<double> best(cycle_uj.size(), kInfinity);
    AllMappings(model.hardware_template(), shape).ForEach([&](const Mapping& mapping) {
      const LayerUse use = model.Use(shape, mapping);
      if (model.FirstShortage(use.need, costs) >= 0) return;
      const LayerFigures figures = model.Score(use, costs);
      for (std::size_t i = 0; i < best.size(); ++i) {
        best[i] = std::min(best[i], figures.energy_uj + cycle_uj[i] * figures.latency_cycles);
      }
    });
    return best;
  }

 protected:
  // Matrix products and convolutions by bounds in the order R S P Q C K N G.
  static LayerShape Shape(const std::array<std::int64_t, kNumDims>& bounds) {
    LayerShape shape;
    shape.bounds = bounds;
    return shape;
  }

  // energy + cycle_uj · latency of the best mapping of a layer on the hardware points.
  static double BestUj(const CostModel& model, const LayerShape& shape, const std::vector<HardwarePoint>& points,
                       double cycle_uj) {
    std::vector<ComponentCosts> costs;
    costs.reserve(points.size());
    for (const HardwarePoint& point : points) costs.push_back(model.CostsAt(point));
    double best = kInfinity;
    AllMappings(model.hardware_template(), shape).ForEach([&](const Mapping& mapping) {
      const LayerUse use = model.Use(shape, mapping);
      for (const ComponentCosts& at : costs) {
        if (model.FirstShortage(use.need, at) >= 0) continue;
        const LayerFigures figures = model.Score(use, at);
        best = std::min(best, figures.energy_uj + cycle_uj * figures.latency_cycles);
      }
    });
    return best;
  }

  static double LeastUj(const CostModel& model, const LayerShape& shape, const std::vector<ParameterRange>& ranges,
                        double cycle_uj, std::int64_t max_nodes = kManyNodes) {
    const BoxCosts costs = CostsOfBox(model.hardware_template(), model.structure(), ranges);
    return ReuseSearch(model.hardware_template(), model.structure(), shape, costs)
        .LeastUj(costs, std::array{cycle_uj}, max_nodes)
        .front();
  }
};

// Registers for weights, sums in a buffer of their own, an array fed by a shared buffer: sizes that make tiles matter.
std::string ArrayYaml(const std::string& link) {
  return R"(
name: array
compute: {energy_pj: 0.5}
levels:
  - {name: REG, keeps: [W], temporal: [P, Q, N], capacity_words: 1, energy_pj: 0.1}
  - name: ACC
    keeps: [O]
    capacity_words: 4
    energy_pj: 1
    words_per_cycle: 2
    spatial: [{name: X, size: 4, dims: [C]}]
  - name: BUF
    keeps: [W, I]
    capacity_words: 12
    energy_pj: 3
    words_per_cycle: 4
    spatial: [{name: Y, size: 4, dims: [K]}]
)" + link +
         R"(
  - {name: DRAM, keeps: [W, I, O], energy_pj: 100, words_per_cycle: 1}
)";
}

// Any costs, sizes fixed or free, budgets that end early.
TEST_F(ReuseSearchTest, NoMappingCostsLess) {
  double log_ratios = 0;
  int feasible = 0;
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const CostModel model(Perfect(*RandomCosts(random, true).Draw()));
    const LayerShape shape = SmallShape(random);
    if (AllMappings(model.hardware_template(), shape).NumFactorisations() > 300) continue;
    HardwarePoint low;
    HardwarePoint high;
    std::vector<ParameterRange> ranges;
    const bool fixed = random.Below(2) == 0;
    for (int p = 0; p < model.hardware_template().num_parameters(); ++p) {
      low.push_back(static_cast<double>(1 + random.Below(4)));
      high.push_back(fixed ? low.back() : low.back() + static_cast<double>(random.Below(3)));
      ranges.push_back({low.back(), high.back()});
    }
    const double cycle_uj = random.Below(2) == 0 ? 0 : 1e-4 * std::exp2(6 * random.Uniform() - 3);
    const double best = BestUj(model, shape, {low, high}, cycle_uj);
    double last = 0;
    for (const std::int64_t nodes : {std::int64_t{0}, static_cast<std::int64_t>(1 + random.Below(30)), kManyNodes}) {
      const double least = LeastUj(model, shape, ranges, cycle_uj, nodes);
      EXPECT_LE(least, best);
      EXPECT_GE(least, last) << "more nodes lowered it";
      last = least;
    }
    if (best == kInfinity || !fixed) continue;
    ++feasible;
    log_ratios += std::log(last / best);
  }
  const double mean = std::exp(log_ratios / feasible);
  std::printf("%d cases of fixed sizes, bound / best %.3f in the geometric mean\n", feasible, mean);
  EXPECT_GE(feasible, 1000);
  EXPECT_GE(mean, 0.85);
}

// All mappings with imperfect factors, everywhere or at some places, of small layers on fixed chips: hierarchies, costs
// by flow and link, windows with strides and dilations, all dialects; budgets that end early. ONELOOP_BOUND_FIRST_CASE
// and ONELOOP_BOUND_CASES run others and more.
TEST_F(ReuseSearchTest, NoImperfectMappingCostsLess) {
  const auto first_case = static_cast<std::uint64_t>(FromEnvironment("ONELOOP_BOUND_FIRST_CASE", 0));
  const auto cases = static_cast<std::uint64_t>(FromEnvironment("ONELOOP_BOUND_CASES", 4000));
  double log_ratios = 0;
  int feasible = 0;
  // The first: inner instances that are idle keep their outputs where the one outside them does not (B41).
  std::vector<std::uint64_t> seeds = {526'403};
  for (std::uint64_t seed = first_case; seed < first_case + cases; ++seed) seeds.push_back(seed);
  for (const std::uint64_t seed : seeds) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const bool by_flow = random.Below(3) > 0;
    SmallCase small = RandomSmallCase(random, 3000, random.Below(2) == 0, by_flow, CaseFactors::kImperfect);
    const CostModel model(small.hardware_template);
    HardwarePoint point;
    for (ParameterRange& range : small.ranges) {
      range.max = range.min;
      point.push_back(range.min);
    }
    const LayerShape& shape = small.workload.layers.front().shape;
    const std::array<double, 3> cycle_uj = {0, 1e-4 * std::exp2(8 * random.Uniform() - 4), 1e-2};
    const std::vector<double> best = BestSums(model, shape, point, cycle_uj);
    const BoxCosts costs = CostsOfBox(model.hardware_template(), model.structure(), small.ranges);
    const ReuseSearch search(model.hardware_template(), model.structure(), shape, costs);
    const std::vector<double> least = search.LeastUj(costs, cycle_uj, kManyNodes);
    const std::vector<double> early = search.LeastUj(costs, cycle_uj, static_cast<std::int64_t>(random.Below(40)));
    for (std::size_t i = 0; i < cycle_uj.size(); ++i) {
      EXPECT_LE(least[i], best[i]) << cycle_uj[i];
      EXPECT_LE(early[i], least[i] * (1 + 1e-9)) << "more nodes lowered it";
      if (best[i] == kInfinity) continue;
      ++feasible;
      log_ratios += std::log(least[i] / best[i]);
    }
  }
  const double mean = std::exp(log_ratios / feasible);
  std::printf("%d sums, bound / best %.3f in the geometric mean\n", feasible, mean);
  EXPECT_GE(feasible, static_cast<int>(cases));
  EXPECT_GE(mean, 0.9);
}

// Bounds without small divisors, on sizes that make tiles matter.
TEST_F(ReuseSearchTest, IsNearTheBestMappingOfPrimes) {
  const CostModel model(TemplateFromYaml(ArrayYaml("")));
  for (const LayerShape& shape : {Shape({1, 1, 7, 1, 5, 4, 1, 1}), Shape({1, 1, 5, 1, 7, 3, 1, 1})}) {
    const std::array<double, 3> cycle_uj = {0, 1e-5, 1e-4};
    const std::vector<double> best = BestSums(model, shape, {}, cycle_uj);
    for (std::size_t i = 0; i < cycle_uj.size(); ++i) {
      const double least = LeastUj(model, shape, {}, cycle_uj[i]);
      EXPECT_LE(least, best[i]);
      EXPECT_GE(least, best[i] * 0.8) << cycle_uj[i];
    }
  }
}

// Where words are priced singly and tiles nest, one order of reuse is all that a mapping is.
TEST_F(ReuseSearchTest, IsTheCostOfTheBestMapping) {
  for (const char* const link : {"", "    link: {hop_pj: 2, router_pj: 1}"}) {
    SCOPED_TRACE(link);
    const CostModel model(Perfect(*TemplateFromYaml(ArrayYaml(link))));
    for (const LayerShape& shape : {Shape({1, 1, 6, 1, 4, 4, 1, 1}), Shape({1, 1, 4, 1, 8, 2, 1, 1}),
                                    Shape({1, 1, 2, 2, 2, 6, 2, 1}), Shape({1, 1, 1, 1, 6, 6, 1, 1})}) {
      for (const double cycle_uj : {0.0, 1e-6, 1e-4}) {
        const double best = BestUj(model, shape, {{}}, cycle_uj);
        const double least = LeastUj(model, shape, {}, cycle_uj);
        EXPECT_LE(least, best);
        EXPECT_GE(least, best * 0.99);
      }
    }
  }
}

// A buffer in which nothing fits but single words and one in which all does.
TEST_F(ReuseSearchTest, CapacitiesDecideWhatStays) {
  const CostModel model(Perfect(*TemplateFromYaml(R"(
name: sized
parameters: [{name: words, min: 3, max: 300}]
levels:
  - {name: BUF, keeps: [W, I, O], capacity_words: words, energy_pj: 1}
  - {name: DRAM, keeps: [W, I, O], energy_pj: 100}
)")));
  const LayerShape shape = Shape({1, 1, 4, 1, 4, 4, 1, 1});
  double last = kInfinity;
  for (const double words : {3.0, 9.0, 24.0, 48.0, 300.0}) {
    SCOPED_TRACE(words);
    const double least = LeastUj(model, shape, {{words, words}}, 0);
    EXPECT_NEAR(least, BestUj(model, shape, {{words}}, 0), 1e-6 * least);
    EXPECT_LE(least, last);
    last = least;
    // Of a range the best size counts.
    EXPECT_DOUBLE_EQ(LeastUj(model, shape, {{3, words}}, 0), least);
  }
  EXPECT_LT(last, LeastUj(model, shape, {{3, 3}}, 0) / 2);
  EXPECT_EQ(LeastUj(model, shape, {{2, 2}}, 0), kInfinity);
}

TEST_F(ReuseSearchTest, EndsAtItsBudgetWithWhatIsProven) {
  const CostModel model(Perfect(*TemplateFromYaml(ArrayYaml(""))));
  const LayerShape shape = Shape({3, 3, 56, 56, 64, 64, 1, 1});
  const double all = LeastUj(model, shape, {}, 1e-6, kManyNodes);
  double last = 0;
  for (const std::int64_t nodes : {0, 1, 10, 100, 1000, 10000}) {
    const double least = LeastUj(model, shape, {}, 1e-6, nodes);
    EXPECT_GE(least, last);
    EXPECT_LE(least, all);
    last = least;
  }
  EXPECT_GT(LeastUj(model, shape, {}, 1e-6, 0), 0);
  EXPECT_LT(LeastUj(model, shape, {}, 1e-6, 0), all);
}

TEST_F(ReuseSearchTest, HasNoBoundOnceItIsStopped) {
  const std::shared_ptr<const Template> imperfect = TemplateFromYaml(ArrayYaml(""));
  for (const std::shared_ptr<const Template>& hardware :
       {std::shared_ptr<const Template>(Perfect(*imperfect)), imperfect}) {
    const CostModel model(hardware);
    const LayerShape shape = Shape({3, 3, 56, 56, 64, 64, 1, 1});
    const BoxCosts costs = CostsOfBox(model.hardware_template(), model.structure(), {});
    int asked = 0;
    int stop_at = std::numeric_limits<int>::max();
    const ReuseSearch search(model.hardware_template(), model.structure(), shape, costs, ReuseSearch::kMaxUnrollings,
                             [&] { return ++asked >= stop_at; });
    const double all = search.LeastUj(costs, std::array{0.0}, 10'000).front();
    EXPECT_GT(all, 0);
    EXPECT_GT(asked, 10);
    for (const int at : {1, asked / 2, asked}) {
      asked = 0;
      stop_at = at;
      EXPECT_EQ(search.LeastUj(costs, std::array{0.0}, 10'000).front(), 0);
      EXPECT_EQ(asked, at) << "it went on";
    }
  }
}

// 73,513,440 has 768 divisors, 720,720 has 240.
TEST_F(ReuseSearchTest, SaysNothingOfLayersWithMoreDivisorsThanItTellsApart) {
  const CostModel model(Perfect(*TemplateFromYaml(ArrayYaml(""))));
  EXPECT_GT(LeastUj(model, Shape({1, 1, 1, 1, 1, 720'720, 1, 1}), {}, 0, 1000), 0);
  EXPECT_EQ(LeastUj(model, Shape({1, 1, 1, 1, 1, 73'513'440, 1, 1}), {}, 0, 1000), 0);
}

TEST_F(ReuseSearchTest, SaysNothingOfMoreUnrollingsThanItTellsApart) {
  const std::string yaml = R"(
name: wide
levels:
  - {name: REG, keeps: [W], capacity_words: 1, energy_pj: 0.1}
  - name: BUF
    keeps: [I, O]
    energy_pj: 1
    spatial: [{name: X, size: SIZE, dims: [C]}, {name: Y, size: SIZE, dims: [K]}]
  - {name: DRAM, keeps: [W, I, O], energy_pj: 100}
)";
  const auto least = [&](const std::string& size) {
    std::string text = yaml;
    for (std::size_t at = text.find("SIZE"); at != std::string::npos; at = text.find("SIZE")) {
      text.replace(at, 4, size);
    }
    const CostModel model(Perfect(*TemplateFromYaml(text)));
    return LeastUj(model, Shape({1, 1, 1, 1, 720'720, 720'720, 1, 1}), {}, 0, 1000);
  };
  EXPECT_GT(least("16"), 0);
  EXPECT_EQ(least("1000000"), 0);
}

}  // namespace
}  // namespace oneloop
