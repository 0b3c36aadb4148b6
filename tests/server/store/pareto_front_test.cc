#include "server/store/pareto_front.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include "common/base/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oneloop {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Point = ParetoFront::Point;

bool AtMost(const Point& a, const Point& b) {
  return a.energy_uj <= b.energy_uj && a.latency_cycles <= b.latency_cycles && a.area_mm2 <= b.area_mm2;
}

std::set<std::int64_t> BruteForce(const std::vector<Point>& points) {
  std::set<std::int64_t> front;
  for (const Point& point : points) {
    const bool beaten = std::any_of(points.begin(), points.end(), [&point](const Point& other) {
      if (other.number == point.number || !AtMost(other, point)) return false;
      return !AtMost(point, other) || other.number < point.number;
    });
    if (!beaten) front.insert(point.number);
  }
  return front;
}

// `grid` values per figure: the smaller, the more equal figures and equal points.
std::vector<Point> RandomPoints(Random& random, int count, std::uint64_t grid) {
  std::vector<Point> points;
  points.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    points.push_back({i, static_cast<double>(random.Below(grid)), static_cast<double>(random.Below(grid)),
                      static_cast<double>(random.Below(grid))});
  }
  return points;
}

void Shuffle(Random& random, std::vector<Point>& points) {
  for (std::size_t i = points.size(); i > 1; --i) std::swap(points[i - 1], points[random.Below(i)]);
}

TEST(ParetoFrontTest, EqualsBruteForceAfterEveryInsertionInAnyOrder) {
  Random random(1);
  for (const std::uint64_t grid : {2u, 4u, 10u, 1000000u}) {
    for (int round = 0; round < 20; ++round) {
      std::vector<Point> points = RandomPoints(random, 60, grid);
      Shuffle(random, points);
      ParetoFront front;
      std::set<std::int64_t> members;
      std::vector<Point> seen;
      for (const Point& point : points) {
        const ParetoFront::Change change = front.Insert(point);
        EXPECT_TRUE(std::is_sorted(change.left.begin(), change.left.end()));
        if (change.entered) members.insert(point.number);
        for (const std::int64_t left : change.left) EXPECT_EQ(members.erase(left), 1u);
        seen.push_back(point);
        ASSERT_EQ(members, BruteForce(seen)) << "grid " << grid;
        ASSERT_EQ(front.size(), members.size());
      }
    }
  }
}

TEST(ParetoFrontTest, IsTheSameSetForEveryOrderOfInsertion) {
  Random random(2);
  std::vector<Point> points = RandomPoints(random, 300, 6);
  std::set<std::int64_t> first;
  for (int round = 0; round < 30; ++round) {
    Shuffle(random, points);
    ParetoFront front;
    for (const Point& point : points) front.Insert(point);
    std::set<std::int64_t> numbers;
    for (const Point& point : front.points()) numbers.insert(point.number);
    if (round == 0) first = numbers;
    EXPECT_EQ(numbers, first);
  }
}

TEST(ParetoFrontTest, LowestNumberStaysAmongEqualPoints) {
  ParetoFront front;
  EXPECT_TRUE(front.Insert({5, 1, 2, 3}).entered);
  EXPECT_FALSE(front.Insert({7, 1, 2, 3}).entered);
  const ParetoFront::Change change = front.Insert({3, 1, 2, 3});
  EXPECT_TRUE(change.entered);
  EXPECT_THAT(change.left, ElementsAre(5));
}

TEST(ParetoFrontTest, OnePointCanDriveOutMany) {
  ParetoFront front;
  front.Insert({9, 5, 6, 5});
  front.Insert({2, 6, 5, 5});
  front.Insert({4, 5, 5, 6});
  front.Insert({1, 0, 9, 9});
  EXPECT_THAT(front.Insert({8, 5, 5, 5}).left, ElementsAre(2, 4, 9));
  EXPECT_EQ(front.size(), 2u);
}

TEST(ParetoFrontTest, FiguresThatAreNotFiniteNeverEnter) {
  ParetoFront front;
  for (const double figure :
       {std::numeric_limits<double>::infinity(), std::nan(""), -std::numeric_limits<double>::infinity()}) {
    EXPECT_FALSE(front.Insert({1, figure, 1, 1}).entered);
    EXPECT_FALSE(front.Insert({2, 1, figure, 1}).entered);
    EXPECT_FALSE(front.Insert({3, 1, 1, figure}).entered);
  }
  EXPECT_THAT(front.points(), IsEmpty());
}

}  // namespace
}  // namespace oneloop
