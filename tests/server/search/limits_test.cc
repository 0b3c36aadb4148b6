// Searches under limits: what is found keeps them, and hardware moves along them.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "common/base/random.h"
#include "gtest/gtest.h"
#include "server/search/limited_hardware.h"
#include "server/search/run_start.h"
#include "tests/server/search/free_and_fixed.h"
#include "tests/server/search/search_cases.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

SearchSpec Limited(const std::string& network, std::vector<MetricLimit> limits) {
  SearchSpec spec = SpecFor(ShippedWorkload(network), ShippedTemplate("gemmini"));
  spec.limits = std::move(limits);
  return spec;
}

TEST(LimitedHardwareTest, WithinGivesWayUntilTheLimitIsKept) {
  const SearchSpec spec = Limited("bert", {{Quantity::kAreaMm2, 2}});
  const Goal goal = GoalOf(spec);
  const LimitedHardware limited(spec, goal);
  Random random(1);
  int kept_points = 0;
  for (int draw = 0; draw < 1000; ++draw) {
    HardwarePoint hardware;
    for (const ParameterRange& range : spec.hardware_range) {
      hardware.push_back(std::nearbyint(range.min * std::pow(range.max / range.min, random.Uniform())));
    }
    const int kept = static_cast<int>(random.Below(4)) - 1;
    const std::optional<HardwarePoint> within = limited.Within(hardware, kept, random);
    if (!within.has_value()) continue;
    ++kept_points;
    EXPECT_TRUE(limited.Keeps(*within));
    EXPECT_TRUE(spec.hardware_template->ValidateHardware(*within).ok());
    for (std::size_t p = 0; p < hardware.size(); ++p) EXPECT_LE((*within)[p], hardware[p]);
    if (kept >= 0) {
      EXPECT_EQ((*within)[static_cast<std::size_t>(kept)], hardware[static_cast<std::size_t>(kept)]);
    }
    if (limited.Keeps(hardware)) {
      EXPECT_EQ(*within, hardware);
    } else {
      // The last parameter gave no more than it must.
      EXPECT_GT(spec.hardware_template->AreaMm2(*within), 0.9);
    }
  }
  EXPECT_GT(kept_points, 500);
}

TEST(LimitedHardwareTest, NothingKeepsALimitThatOneParameterBreaksAlone) {
  const SearchSpec spec = Limited("bert", {{Quantity::kAreaMm2, 2}});
  const Goal goal = GoalOf(spec);
  Random random(1);
  EXPECT_EQ(LimitedHardware(spec, goal).Within({128, 8, 8}, 0, random), std::nullopt);
}

TEST(LimitedHardwareTest, TowardsStopsAtTheLimit) {
  const SearchSpec spec = Limited("bert", {{Quantity::kAreaMm2, 2}});
  const Goal goal = GoalOf(spec);
  const LimitedHardware limited(spec, goal);
  const HardwarePoint reached = limited.Towards({32, 64, 8}, {32, 4096, 8});
  EXPECT_TRUE(limited.Keeps(reached));
  HardwarePoint next = reached;
  next[1] += 1;
  EXPECT_FALSE(limited.Keeps(next));
}

TEST(LimitedHardwareTest, WithoutLimitsEveryPointIsKeptAndNoRandomNumberDrawn) {
  const SearchSpec spec = Limited("bert", {});
  const Goal goal = GoalOf(spec);
  const LimitedHardware limited(spec, goal);
  Random random(1);
  Random untouched(1);
  EXPECT_EQ(limited.Within({128, 8192, 8192}, -1, random), (HardwarePoint{128, 8192, 8192}));
  EXPECT_EQ(random.Below(1000), untouched.Below(1000));
}

// Every exact point with a score keeps all limits, and few are spent on designs that do not.
TEST(LimitedSearchTest, WhatIsReportedAsAResultKeepsEveryLimit) {
  const std::vector<MetricLimit> limits = {{Quantity::kAreaMm2, 1.5}, {Quantity::kLatencyCycles, 3e6}};
  SearchSpec spec = Limited("bert", limits);
  spec.starts = 2;
  spec.samples_per_start = 300;
  struct Sink : PointSink {
    explicit Sink(const std::vector<MetricLimit>& given) : limits(given) {}
    void OnPoint(const SearchPoint& point) override {
      if (point.mappings == nullptr) return;
      const bool keeps = point.metrics.area_mm2 <= limits[0].bound && point.metrics.latency_cycles <= limits[1].bound;
      EXPECT_EQ(std::isfinite(point.score), keeps);
      if (point.origin == SearchPointOrigin::kPolish) ++(keeps ? within : beyond);
    }
    bool StopRequested() override { return false; }
    const std::vector<MetricLimit>& limits;
    int within = 0;
    int beyond = 0;
  } sink(limits);
  for (int start = 0; start < spec.starts; ++start) RunStart(spec, start, sink);
  EXPECT_GT(sink.within, 0);
  EXPECT_LT(sink.beyond, sink.within);
}

// ResNet-50 under 2 mm²: the best array is 64 wide, and the memories get what it leaves. A search that cannot give up
// memory for the array ends 8 % above.
TEST(LimitedSearchTest, ArrayAndMemoriesShareTheArea) {
  SearchSpec spec = Limited("resnet50", {{Quantity::kAreaMm2, 2}});
  const Found free = BestOf(spec);
  const Found fixed = BestFixed(spec, 0, {32, 64});
  EXPECT_EQ(fixed.hardware[0], 64);
  EXPECT_LT(free.score, 1.02 * fixed.score);
}

TEST(LimitedSearchTest, AreaAsTheObjectiveComesDownToTheLimitOnLatency) {
  SearchSpec spec = Limited("bert", {{Quantity::kLatencyCycles, 4e6}});
  spec.objective = MetricProduct::Of(Metric::kArea);
  spec.starts = 2;
  spec.samples_per_start = 500;
  const Found small = BestOf(spec);
  spec.limits = {};
  spec.objective = MetricProduct::Edp();
  const Found fast = BestOf(spec);
  ASSERT_TRUE(std::isfinite(small.score));
  EXPECT_LT(small.score, 0.5 * spec.hardware_template->AreaMm2(fast.hardware));
}

}  // namespace
}  // namespace oneloop
