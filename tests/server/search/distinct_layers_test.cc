// Equal layers listed singly are searched like one layer with a count.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/search/run_start.h"
#include "server/search/search_bound.h"
#include "tests/server/search/search_cases.h"

namespace oneloop {
namespace {

// BERT with each layer twelve times, one by one.
Workload Listed() {
  const Workload bert = ShippedWorkload("bert");
  Workload listed{"listed", "", {}};
  for (int i = 0; i < 12; ++i) {
    for (Layer layer : bert.layers) {
      layer.name = absl::StrCat(layer.name, "_", i);
      listed.layers.push_back(std::move(layer));
    }
  }
  return listed;
}

Workload Counted() {
  Workload counted = ShippedWorkload("bert");
  for (Layer& layer : counted.layers) layer.count *= 12;
  return counted;
}

class DistinctLayersTest : public testing::TestWithParam<Algorithm> {};
INSTANTIATE_TEST_SUITE_P(Algorithms, DistinctLayersTest,
                         testing::Values(Algorithm::kGradient, Algorithm::kRandom, Algorithm::kBayesian));

TEST_P(DistinctLayersTest, EqualLayersListedSinglyAreOneLayerInside) {
  SearchSpec spec = SpecFor(Counted(), ShippedTemplate("gemmini"));
  spec.algorithm = GetParam();
  spec.samples_per_start = 100;
  RecordingSink counted;
  const StartSummary counted_summary = RunStart(spec, 0, counted);
  SearchSpec listed_spec = spec;
  listed_spec.workload = std::make_shared<const Workload>(Listed());
  RecordingSink listed;
  const StartSummary listed_summary = RunStart(listed_spec, 0, listed);

  const std::size_t distinct = spec.workload->layers.size();
  ASSERT_EQ(listed.points.size(), counted.points.size());
  EXPECT_EQ(listed_summary.samples, counted_summary.samples);
  for (std::size_t i = 0; i < listed.points.size(); ++i) {
    const RecordingSink::Point& one = counted.points[i];
    const RecordingSink::Point& many = listed.points[i];
    EXPECT_EQ(many.sample, one.sample);
    EXPECT_EQ(many.score, one.score);
    EXPECT_EQ(many.hardware, one.hardware);
    ASSERT_EQ(many.mappings.size(), one.mappings.empty() ? 0 : listed_spec.workload->layers.size());
    for (std::size_t layer = 0; layer < many.mappings.size(); ++layer) {
      EXPECT_TRUE(many.mappings[layer] == one.mappings[layer % distinct]);
    }
  }
}

TEST(SearchBoundTest, EqualLayersListedSinglyHaveTheBoundOfOneWithACount) {
  const SearchSpec counted = SpecFor(Counted(), ShippedTemplate("gemmini"));
  const SearchSpec listed = SpecFor(Listed(), ShippedTemplate("gemmini"));
  const auto never = [] { return false; };
  EXPECT_EQ(ProveSearchBound(listed, never)->objective, ProveSearchBound(counted, never)->objective);
}

TEST(MergeEqualShapesTest, KeepsTheOrderAndSumsTheCounts) {
  Workload workload{"w", "", {}};
  for (const std::int64_t bound : {3, 5, 3, 7, 5}) {
    LayerShape shape;
    shape.bounds[0] = bound;
    workload.layers.push_back({"layer", bound, shape});
  }
  const DistinctShapes distinct = MergeEqualShapes(workload);
  ASSERT_EQ(distinct.workload.layers.size(), 3U);
  EXPECT_EQ(distinct.workload.layers[0].count, 6);
  EXPECT_EQ(distinct.workload.layers[1].count, 10);
  EXPECT_EQ(distinct.workload.layers[2].count, 7);
  EXPECT_EQ(distinct.layers, (std::vector<std::size_t>{0, 1, 0, 2, 1}));
}

}  // namespace
}  // namespace oneloop
