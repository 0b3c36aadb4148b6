#include <tuple>
#include <vector>

#include "common/model/lower_bound.h"
#include "gtest/gtest.h"
#include "server/search/search.h"
#include "tests/server/search/search_cases.h"

namespace oneloop {
namespace {

class SearchBoundTest : public testing::TestWithParam<std::tuple<const char*, Objective>> {
 protected:
  // Runs one start within the ranges and proves that it found nothing below the bound.
  static void Check(const std::vector<ParameterRange>& ranges) {
    const auto& [network, objective] = GetParam();
    SearchSpec spec = ShippedSpec(network);
    spec.objective = objective;
    spec.samples_per_start = 300;
    spec.hardware_range = ranges;
    RecordingSink sink;
    RunStart(spec, 0, sink);
    const ObjectiveWeights weights = {objective == Objective::kLatency ? 0.0 : 1.0,
                                      objective == Objective::kEnergy ? 0.0 : 1.0};
    const LowerBound bound =
        ProveLowerBound(CostModel(spec.hardware_template), *spec.workload, spec.hardware_range, weights);
    EXPECT_LE(bound.objective, sink.best());
    EXPECT_GT(bound.objective, 0);
  }
};

TEST_P(SearchBoundTest, NoScoreLiesBelowTheBound) { Check({{2, 128}, {1, 8192}, {1, 8192}}); }

TEST_P(SearchBoundTest, NoScoreLiesBelowTheBoundWhenHardwareIsPartlyFixed) { Check({{16, 16}, {64, 512}, {32, 32}}); }

INSTANTIATE_TEST_SUITE_P(Networks, SearchBoundTest,
                         testing::Combine(testing::Values("alexnet", "bert", "deepbench", "resnet50"),
                                          testing::Values(Objective::kEdp, Objective::kEnergy, Objective::kLatency)));

}  // namespace
}  // namespace oneloop
