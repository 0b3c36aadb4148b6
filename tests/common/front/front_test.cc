#include "common/front/front.h"

#include <algorithm>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oneloop {
namespace {

using ::testing::ElementsAre;

// Small whole numbers, so that points are equal in some figures and volumes are exact.
std::vector<FrontPoint> RandomPoints(int count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<FrontPoint> points;
  for (int i = 0; i < count; ++i) {
    FrontPoint point;
    for (double& figure : point) figure = 1 + static_cast<double>(random() % 9);
    points.push_back(point);
  }
  return points;
}

// Unit cubes below the reference that some point dominates.
double CountedVolume(const std::vector<FrontPoint>& points, double end) {
  double volume = 0;
  for (double x = 0; x < end; ++x) {
    for (double y = 0; y < end; ++y) {
      for (double z = 0; z < end; ++z) {
        volume += std::any_of(points.begin(), points.end(),
                              [&](const FrontPoint& p) { return p[0] <= x && p[1] <= y && p[2] <= z; });
      }
    }
  }
  return volume;
}

double CountedArea(const std::vector<FrontPoint>& points, std::size_t a, std::size_t b, double end) {
  double area = 0;
  for (double x = 0; x < end; ++x) {
    for (double y = 0; y < end; ++y) {
      area += std::any_of(points.begin(), points.end(), [&](const FrontPoint& p) { return p[a] <= x && p[b] <= y; });
    }
  }
  return area;
}

TEST(FrontTest, KeepsWhatNothingDominates) {
  const Front front({{2, 2, 2}, {1, 3, 2}, {3, 3, 2}, {2, 2, 3}, {2, 2, 2}, {5, 5, 1}});
  EXPECT_THAT(front.points(), ElementsAre(FrontPoint{5, 5, 1}, FrontPoint{1, 3, 2}, FrontPoint{2, 2, 2}));
  for (unsigned seed = 0; seed < 50; ++seed) {
    const std::vector<FrontPoint> points = RandomPoints(40, seed);
    std::vector<FrontPoint> expected;
    for (const FrontPoint& point : points) {
      const bool dominated =
          std::any_of(points.begin(), points.end(), [&](const FrontPoint& other) { return Dominates(other, point); });
      if (!dominated && std::count(expected.begin(), expected.end(), point) == 0) expected.push_back(point);
    }
    EXPECT_THAT(Front(points).points(), ::testing::UnorderedElementsAreArray(expected));
  }
}

TEST(FrontTest, HypervolumeIsThatOfTheCubesBelow) {
  EXPECT_EQ(Front({{1, 2, 3}}).Hypervolume({2, 4, 6}), 1 * 2 * 3);
  for (unsigned seed = 0; seed < 50; ++seed) {
    const std::vector<FrontPoint> points = RandomPoints(12, seed);
    const Front front(points);
    for (const double end : {5.0, 8.0, 11.0}) {
      EXPECT_EQ(front.Hypervolume({end, end, end}), CountedVolume(points, end));
      for (const auto& [x, y] : {std::pair{kEnergyFigure, kLatencyFigure}, {kAreaFigure, kEnergyFigure}}) {
        EXPECT_EQ(front.ProjectedHypervolume(x, y, {end, end, end}), CountedArea(points, x, y, end));
      }
    }
  }
}

TEST(FrontTest, PointsBeyondTheReferenceAddNothing) {
  EXPECT_EQ(Front({{1, 1, 9}, {9, 1, 1}, {3, 3, 3}}).Hypervolume({4, 4, 4}), 1);
  EXPECT_EQ(Front({{1, 1, 4}}).Hypervolume({4, 4, 4}), 0);
  EXPECT_EQ(Front({}).Hypervolume({4, 4, 4}), 0);
}

TEST(FrontTest, CountsWhatAnotherFrontDominates) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    const Front mine(RandomPoints(15, seed));
    const Front other(RandomPoints(15, seed + 1000));
    std::size_t dominated = 0;
    std::size_t shared = 0;
    for (const FrontPoint& point : mine.points()) {
      dominated += std::any_of(other.points().begin(), other.points().end(),
                               [&](const FrontPoint& theirs) { return Dominates(theirs, point); });
      shared += std::count(other.points().begin(), other.points().end(), point) > 0;
    }
    EXPECT_EQ(mine.CountDominatedBy(other), dominated);
    EXPECT_EQ(mine.CountSharedWith(other), shared);
    EXPECT_EQ(mine.CountDominatedBy(mine), 0u);
  }
}

TEST(FrontTest, AFigureThatNobodyKnowsTakesNoVolume) {
  const Front front({{2, 4, 0}, {4, 2, 0}});
  EXPECT_THAT(ReferenceOf(front), ElementsAre(1.1 * 4, 1.1 * 4, 1));
  EXPECT_EQ(front.Hypervolume(ReferenceOf(front)),
            front.ProjectedHypervolume(kEnergyFigure, kLatencyFigure, ReferenceOf(front)));
  EXPECT_GT(front.Hypervolume(ReferenceOf(front)), 0);
}

TEST(FrontTest, NoFrontHasMoreThanTheJointOne) {
  const std::vector<Front> fronts = {Front(RandomPoints(10, 1)), Front(RandomPoints(10, 2)), Front({})};
  const Front joint = JointFront(fronts);
  const FrontPoint reference = ReferenceOf(joint);
  std::size_t members = 0;
  for (const Front& front : fronts) {
    EXPECT_LE(front.Hypervolume(reference), joint.Hypervolume(reference));
    members += front.CountSharedWith(joint);
  }
  EXPECT_GE(members, joint.points().size());
  for (const FrontPoint& point : joint.points()) {
    for (std::size_t i = 0; i < point.size(); ++i) EXPECT_GT(reference[i], point[i]);
  }
}

}  // namespace
}  // namespace oneloop
