#include "server/search/default_tiler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/base/status.h"
#include "server/search/run_start.h"
#include "server/search/spec_validation.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

const HardwarePoint kHardware = {16, 128, 32};  // what Gemmini has by default

LayerShape Shape(std::int64_t r, std::int64_t s, std::int64_t p, std::int64_t q, std::int64_t c, std::int64_t k) {
  LayerShape shape;
  shape.bounds = {r, s, p, q, c, k, 1, 1};
  return shape;
}

class DefaultTilerTest : public testing::Test {
 protected:
  // Extents inside the outermost level.
  std::vector<std::int64_t> TileOf(const LayerShape& shape) {
    const auto mapping = DefaultTiling(model_, shape, model_.CostsAt(kHardware));
    EXPECT_TRUE(mapping.has_value());
    EXPECT_EQ(ValidateMapping(model_.hardware_template(), shape, *mapping), absl::OkStatus());
    EXPECT_LT(model_.FirstShortage(model_.Needs(shape, *mapping), model_.CostsAt(kHardware)), 0);
    std::vector<std::int64_t> tile;
    for (const Dim dim : {Dim::kR, Dim::kS, Dim::kP, Dim::kQ, Dim::kC, Dim::kK}) {
      tile.push_back(shape.bound(dim) / mapping->t(model_.structure().num_levels() - 1, dim));
    }
    return tile;
  }

  const CostModel model_{std::shared_ptr<const Template>(ShippedTemplate("gemmini"))};
};

// What the library picks for these layers (it measured them, too), where its tile divides the layer.
TEST_F(DefaultTilerTest, PicksTheTilesOfTheLibrary) {
  EXPECT_EQ(TileOf(Shape(1, 1, 2, 2, 256, 256)), (std::vector<std::int64_t>{1, 1, 2, 2, 256, 256}));
  EXPECT_EQ(TileOf(Shape(1, 1, 4, 4, 256, 256)), (std::vector<std::int64_t>{1, 1, 4, 4, 256, 256}));
  EXPECT_EQ(TileOf(Shape(1, 1, 128, 1, 128, 64)), (std::vector<std::int64_t>{1, 1, 128, 1, 128, 64}));
  EXPECT_EQ(TileOf(Shape(1, 1, 14, 14, 256, 1024)), (std::vector<std::int64_t>{1, 1, 14, 14, 256, 32}));
}

TEST_F(DefaultTilerTest, FillsTheArrayAndNothingMoreFits) {
  const LayerShape shape = Shape(3, 3, 56, 56, 64, 64);
  const auto mapping = DefaultTiling(model_, shape, model_.CostsAt(kHardware));
  ASSERT_TRUE(mapping.has_value());
  EXPECT_EQ(mapping->s(0, Dim::kC), 16);
  EXPECT_EQ(mapping->s(1, Dim::kK), 16);
  // Weights stay while outputs stream.
  EXPECT_EQ(mapping->t(0, Dim::kC), 1);
  EXPECT_GT(mapping->t(0, Dim::kP), 1);
}

TEST_F(DefaultTilerTest, OneSampleOnePointOnGivenHardware) {
  SearchSpec spec;
  spec.workload = std::make_shared<const Workload>(ShippedWorkload("bert"));
  spec.hardware_template = ShippedTemplate("gemmini");
  spec.algorithm = Algorithm::kDefaultTiling;
  spec.starts = 1;
  spec.samples_per_start = 10;
  for (const double value : kHardware) spec.hardware_range.push_back({value, value});
  ASSERT_EQ(ValidateSearchSpec(spec), absl::OkStatus());
  struct Sink : PointSink {
    void OnPoint(const SearchPoint& point) override {
      ++points;
      EXPECT_EQ(point.origin, SearchPointOrigin::kHeuristic);
      EXPECT_EQ(point.hardware, kHardware);
      EXPECT_EQ(point.mappings->size(), 5u);
      score = point.score;
    }
    bool StopRequested() override { return false; }
    int points = 0;
    double score = 0;
  } sink;
  const StartSummary summary = RunStart(spec, 0, sink);
  EXPECT_EQ(summary.termination, StartSummary::Termination::kConverged);
  EXPECT_EQ(summary.samples, 1);
  EXPECT_EQ(sink.points, 1);
  EXPECT_EQ(summary.best_score, sink.score);
}

TEST_F(DefaultTilerTest, FreeHardwareIsRefused) {
  SearchSpec spec;
  spec.workload = std::make_shared<const Workload>(ShippedWorkload("bert"));
  spec.hardware_template = ShippedTemplate("gemmini");
  spec.algorithm = Algorithm::kDefaultTiling;
  spec.hardware_range = {{16, 16}, {1, 8192}, {32, 32}};
  const absl::Status status = ValidateSearchSpec(spec);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(status), HasSubstr("fixed_parameters.scratchpad_kib"));
}

}  // namespace
}  // namespace oneloop
