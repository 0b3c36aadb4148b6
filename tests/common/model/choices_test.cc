// Tensors that mappings may keep or pass by: each choice counts and costs as a template that says so.
#include <cstdint>
#include <memory>
#include <string>

#include "common/base/random.h"
#include "common/mapping/mapping.h"
#include "common/mapping/random_mapping.h"
#include "common/model/bound/lower_bound.h"
#include "common/model/exact/cost_model.h"
#include "common/model/exact/explanation.h"
#include "common/model/smooth/smooth_model.h"
#include "gtest/gtest.h"
#include "tests/common/model/bound_cases.h"
#include "tests/common/model/random_choices.h"
#include "tests/common/model/random_costs.h"

namespace oneloop {
namespace {

TEST(ChoicesTest, CountAndCostAsTemplatesThatSaySo) {
  int compared = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const std::shared_ptr<const Template> open =
        WithChoices(seed % 2 == 0 ? *RandomCosts(random, true).Draw() : *RandomTemplate(random), random);
    const CostModel model(open);
    const LayerShape shape = RandomShape(random);
    HardwarePoint hardware;
    for (int p = 0; p < open->num_parameters(); ++p) hardware.push_back(static_cast<double>(1 + random.Below(64)));
    for (int choice = 0; choice < open->num_choices(); ++choice) {
      const std::shared_ptr<const Template> fixed = Fixed(*open, choice);
      // A memory that holds nothing for a while leaks all the same.
      bool has_empty = false;
      for (int l = 0; l < open->num_levels(); ++l) {
        has_empty = has_empty || (fixed->level(l).keeps.empty() && open->level(l).leak_pj.has_value());
      }
      if (has_empty) continue;
      const CostModel other(fixed);
      Mapping mapping = RandomMapping(*open, shape, random);
      const LayerFigures expected = other.Score(other.Use(shape, mapping), other.CostsAt(hardware));
      mapping.choice = static_cast<std::uint8_t>(choice);
      const LayerUse use = model.Use(shape, mapping);
      const LayerFigures figures = model.Score(use, model.CostsAt(hardware));
      EXPECT_NEAR(figures.energy_uj, expected.energy_uj, 1e-12 * expected.energy_uj);
      EXPECT_EQ(figures.latency_cycles, expected.latency_cycles);
      EXPECT_EQ(ExplainLayer(model, use, model.CostsAt(hardware)).figures.energy_uj, figures.energy_uj);
      const std::string text = FormatMapping(*open, mapping);
      Mapping read = ParseMapping(*open, shape, text).value();
      EXPECT_EQ(read.choice, choice) << text;
      EXPECT_EQ(FormatMapping(*open, read), text);
      ++compared;
    }
  }
  EXPECT_GT(compared, 700);
}

TEST(ChoicesTest, TheSmoothFormOfAChoiceIsThatOfATemplateThatSaysSo) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const std::shared_ptr<const Template> open =
        WithChoices(seed % 2 == 0 ? *RandomCosts(random, false).Draw() : *RandomTemplate(random), random);
    const CostModel model(open);
    const Workload workload{"one", "", {{"layer", 1, RandomShape(random)}}};
    const std::vector<ParameterRange> ranges(static_cast<std::size_t>(open->num_parameters()), {1, 1 << 20});
    const Goal goal(MetricProduct::Edp(), {}, *open);
    const SmoothModel smooth(model, workload, ranges, goal);
    const std::vector<double> x = RandomFactors(smooth, random);
    const std::vector<SmoothModel::Orders> orders = {RandomOrders(1, random)};
    for (int choice = 0; choice < open->num_choices(); ++choice) {
      const std::shared_ptr<const Template> fixed = Fixed(*open, choice);
      bool has_empty = false;
      for (int l = 0; l < open->num_levels(); ++l) {
        has_empty = has_empty || (fixed->level(l).keeps.empty() && open->level(l).leak_pj.has_value());
      }
      if (has_empty) continue;
      const CostModel other_model(fixed);
      const SmoothModel other(other_model, workload, ranges, goal);
      const auto evaluate = [&](const SmoothModel& of, std::vector<double>* gradient) {
        SmoothModel::WorkspacePtr workspace = of.MakeWorkspace();
        SmoothModel::Result result;
        gradient->resize(of.size());
        of.Evaluate(x, orders, *workspace, *gradient, &result);
        return result.value;
      };
      std::vector<double> gradient;
      std::vector<double> expected;
      const double value = evaluate(smooth.of_choice(choice), &gradient);
      EXPECT_NEAR(value, evaluate(other, &expected), 1e-9);
      ASSERT_EQ(gradient.size(), expected.size());
      for (std::size_t i = 0; i < gradient.size(); ++i) EXPECT_NEAR(gradient[i], expected[i], 1e-7) << i;
    }
  }
}

TEST(ChoicesTest, NoDesignIsBetterThanTheBoundWhateverItKeeps) {
  const auto cases = static_cast<std::uint64_t>(FromEnvironment("ONELOOP_BOUND_CASES", 1000));
  BoundTally tally;
  for (std::uint64_t seed = 0; seed < cases; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const CaseFactors factors = random.Below(2) == 0 ? CaseFactors::kPerfect : CaseFactors::kImperfect;
    SmallCase small = RandomSmallCase(random, 500, true, random.Below(2) == 0, factors);
    small.hardware_template = WithChoices(*small.hardware_template, random);
    if (random.Below(2) == 0) {
      for (ParameterRange& range : small.ranges) range.max = range.min;
    }
    const CostModel model(small.hardware_template);
    const Goal goal(MetricProduct::Edp(), {}, *small.hardware_template);
    const Best best = BestOf(AllDesigns(model, small.workload, small.ranges), goal);
    tally.Add(ProveLowerBound(model, small.workload, small.ranges, goal, RandomBoundOptions(random)), best);
  }
  tally.ExpectNear(cases, 0.7, cases / 100);
}

}  // namespace
}  // namespace oneloop
