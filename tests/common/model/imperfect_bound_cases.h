#ifndef ONELOOP_TESTS_COMMON_MODEL_IMPERFECT_BOUND_CASES_H_
#define ONELOOP_TESTS_COMMON_MODEL_IMPERFECT_BOUND_CASES_H_

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "common/base/random.h"
#include "common/model/bound/lower_bound.h"
#include "gtest/gtest.h"
#include "tests/common/model/bound_cases.h"
#include "tests/testing/shipped.h"

namespace oneloop {

// Bounds against all designs with imperfect factors of the small cases of these seeds: hierarchies, costs by flow,
// small output buffers, dialects, limits, free and fixed chips, tiles merged or not, factors that must divide at some
// places.
inline void ExpectNoImperfectDesignIsBetter(std::uint64_t first_seed, std::uint64_t cases, double least_mean) {
  const std::array<MetricProduct, 4> objectives = {MetricProduct::Edp(), MetricProduct::Of(Metric::kEnergy),
                                                   MetricProduct::Of(Metric::kLatency),
                                                   *MetricProduct::Parse("energy*latency^2")};
  constexpr std::array<Dialect, 3> kDialects = {Dialect::k2022, Dialect::k2023, Dialect::k2025};
  BoundTally tally;
  for (std::uint64_t seed = first_seed; seed < first_seed + cases; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const bool by_flow = random.Below(2) == 0;
    SmallCase small = RandomSmallCase(random, 1500, random.Below(2) == 0, by_flow, CaseFactors::kImperfect);
    if (random.Below(3) == 0) {
      TemplateSpec spec = small.hardware_template->spec();
      spec.dialect = kDialects[random.Below(kDialects.size())];
      small.hardware_template = *Template::Create(std::move(spec));
    }
    if (random.Below(2) == 0) {
      for (ParameterRange& range : small.ranges) range.max = range.min;
    }
    const CostModel model(small.hardware_template);
    const std::vector<WorkloadMetrics> designs = AllDesigns(model, small.workload, small.ranges);
    std::vector<MetricLimit> limits;
    if (!designs.empty() && random.Below(3) == 0) {
      const WorkloadMetrics& design = designs[random.Below(designs.size())];
      limits.push_back({Quantity::kLatencyCycles, design.latency_cycles});
      if (random.Below(2) == 0) limits.push_back({Quantity::kEnergyUj, design.energy_uj * (1 + random.Uniform())});
    }
    const Goal goal(objectives[seed % objectives.size()], limits, *small.hardware_template);
    const LowerBoundOptions options = RandomBoundOptions(random);
    const LowerBound bound = ProveLowerBound(model, small.workload, small.ranges, goal, options);
    tally.Add(bound, BestOf(designs, goal));
  }
  tally.ExpectNear(cases, least_mean, cases / 500);
}

// On `gemmini`, of the best design with perfect factors that is known; imperfect ones are little better there.
inline void ExpectBoundIsNear(const std::string& network, double edp, double gap) {
  const CostModel model(ShippedTemplate("gemmini"));
  const LowerBound bound =
      ProveLowerBound(model, ShippedWorkload(network), std::vector<ParameterRange>{{2, 128}, {1, 8192}, {1, 8192}},
                      Goal(MetricProduct::Edp(), {}, model.hardware_template()));
  EXPECT_LE(bound.objective, edp) << network;
  EXPECT_GE(bound.objective, edp / (1 + gap)) << network;
  EXPECT_TRUE(bound.exhausted) << network;
}

}  // namespace oneloop

#endif  // ONELOOP_TESTS_COMMON_MODEL_IMPERFECT_BOUND_CASES_H_
