#include "common/front/front_space.h"

#include <cmath>

#include "common/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oneloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

FrontSpace SpaceOf(const char* text) {
  const auto space = FrontSpace::Parse(text);
  EXPECT_TRUE(space.ok()) << space.status();
  return space.value_or(FrontSpace());
}

TEST(FrontSpaceTest, ReadsTwoOrThreeMetricsInAnyOrder) {
  EXPECT_EQ(SpaceOf("energy,latency,area"), FrontSpace());
  EXPECT_EQ(SpaceOf("area, energy").ToString(), "energy,area");
  EXPECT_EQ(SpaceOf("latency,energy").ToString(), "energy,latency");
  EXPECT_EQ(SpaceOf("area,latency").size(), 2u);
}

TEST(FrontSpaceTest, SaysWhatIsWrongWithOthers) {
  const auto message = [](const char* text) { return Message(FrontSpace::Parse(text).status()); };
  EXPECT_THAT(message(""), HasSubstr("valid: two or three of energy, latency and area"));
  EXPECT_THAT(message("energy"), HasSubstr("has energy alone"));
  EXPECT_THAT(message("energy,"), HasSubstr("valid: two or three"));
  EXPECT_THAT(message("energy,latncy"), HasSubstr("did you mean 'latency'?"));
  EXPECT_THAT(message("area,energy,area"), HasSubstr("has area twice"));
  EXPECT_THAT(message("energy,power"), HasSubstr("power, which fronts are not over"));
}

TEST(FrontSpaceTest, FrontOfTwoMetricsLeavesOutWhatOnlyTheThirdSaves) {
  const std::vector<FrontPoint> points = {{1, 8, 4}, {2, 8, 1}, {4, 2, 2}, {4, 1, 8}};
  EXPECT_EQ(FrontSpace().FrontOf(points).points().size(), 4u);
  EXPECT_THAT(SpaceOf("energy,latency").FrontOf(points).points(),
              ElementsAre(FrontPoint{1, 8, 1}, FrontPoint{4, 1, 1}));
  EXPECT_THAT(SpaceOf("energy,area").FrontOf(points).points(), ElementsAre(FrontPoint{2, 1, 1}, FrontPoint{1, 1, 4}));
}

TEST(FrontSpaceTest, VolumeIsInOctavesOfTheSpaceAlone) {
  const FrontSpace plane = SpaceOf("latency,area");
  // Two octaves by three, and one by one more: steps of a staircase.
  const Front front = plane.FrontOf({{5, 4, 2}, {5, 2, 8}});
  EXPECT_DOUBLE_EQ(LogHypervolume(front, {2, 16, 16}), 2 * 3 + 1 * 1);
  const Front solid({{1, 2, 4}});
  EXPECT_DOUBLE_EQ(LogHypervolume(solid, {8, 8, 8}), 3 * 2 * 1);
  EXPECT_DOUBLE_EQ(LogHypervolume(solid, {1, 8, 8}), 0);
  // The same front in other units has the same volume.
  const FrontPoint reference = plane.ReferenceOf(front);
  const Front scaled = plane.FrontOf({{5, 4e6, 2e-3}, {5, 2e6, 8e-3}});
  EXPECT_NEAR(LogHypervolume(front, reference), LogHypervolume(scaled, plane.ReferenceOf(scaled)), 1e-9);
}

TEST(FrontSpaceTest, ReferenceIsATenthBeyondTheWorst) {
  const Front front = SpaceOf("energy,area").FrontOf({{10, 3, 1}, {5, 3, 2}});
  const FrontPoint reference = SpaceOf("energy,area").ReferenceOf(front);
  EXPECT_DOUBLE_EQ(reference[kEnergyFigure], 11);
  EXPECT_DOUBLE_EQ(reference[kAreaFigure], 2.2);
  EXPECT_DOUBLE_EQ(reference[kLatencyFigure], 2);
}

}  // namespace
}  // namespace oneloop
