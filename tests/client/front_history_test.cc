#include "client/front_history.h"

#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace oneloop {
namespace {

v1::EvaluatedPoint Point(std::int64_t sample, double energy_uj, double latency_cycles, double area_mm2) {
  v1::EvaluatedPoint point;
  point.set_sample(sample);
  point.set_energy_uj(energy_uj);
  point.set_latency_cycles(latency_cycles);
  point.set_area_mm2(area_mm2);
  point.set_score(1);
  return point;
}

TEST(FrontHistoryTest, StartsTakeTurnsAndMomentsAddUp) {
  // Two starts of 50 samples: sample 10 of a start is sample 20 of the job.
  FrontHistory history(*FrontSpace::Parse("energy,area"), 2, 100, 5);
  history.Add(Point(10, 8, 1, 2));
  history.Add(Point(11, 4, 1, 4));
  history.Add(Point(50, 1, 1, 8));
  v1::EvaluatedPoint beyond_a_limit = Point(1, 0.1, 1, 0.1);
  beyond_a_limit.clear_score();
  history.Add(beyond_a_limit);
  const std::vector<FrontMoment> moments = history.Build();
  ASSERT_EQ(moments.size(), 5u);
  EXPECT_EQ(moments[0].samples, 20);
  EXPECT_EQ(moments[0].points, 1);
  EXPECT_EQ(moments[1].points, 2);
  EXPECT_EQ(moments[3].points, 2);
  EXPECT_EQ(moments[4].samples, 100);
  EXPECT_EQ(moments[4].points, 3);
  const double t = std::log2(1.1);
  EXPECT_NEAR(moments[0].hypervolume, t * (2 + t), 1e-12);
  EXPECT_NEAR(moments[1].hypervolume, t * (2 + t) + 1 * (1 + t), 1e-12);
  EXPECT_NEAR(moments[4].hypervolume, t * (2 + t) + 1 * (1 + t) + 2 * t, 1e-12);
}

TEST(FrontHistoryTest, ManyPointsInAnyOrderGiveTheSame) {
  std::mt19937 random(1);
  std::vector<v1::EvaluatedPoint> points;
  for (int i = 0; i < 5000; ++i) {
    const auto figure = [&random] { return 1 + static_cast<double>(random() % 1000); };
    points.push_back(Point(1 + static_cast<std::int64_t>(random() % 100), figure(), figure(), figure()));
  }
  FrontHistory forward(FrontSpace(), 7, 700, 10);
  FrontHistory backward(FrontSpace(), 7, 700, 10);
  std::vector<FrontPoint> all;
  for (std::size_t i = 0; i < points.size(); ++i) {
    forward.Add(points[i]);
    backward.Add(points[points.size() - 1 - i]);
    all.push_back({points[i].energy_uj(), points[i].latency_cycles(), points[i].area_mm2()});
  }
  const Front front(all);
  const std::vector<FrontMoment> moments = forward.Build();
  ASSERT_EQ(moments.size(), 10u);
  EXPECT_EQ(static_cast<std::size_t>(moments.back().points), front.points().size());
  EXPECT_NEAR(moments.back().hypervolume, LogHypervolume(front, ReferenceOf(front)), 1e-9);
  for (std::size_t i = 0; i < moments.size(); ++i) {
    EXPECT_EQ(moments[i].hypervolume, backward.Build()[i].hypervolume);
    EXPECT_GE(moments[i].hypervolume, moments[i == 0 ? 0 : i - 1].hypervolume);
  }
  EXPECT_TRUE(FrontHistory(FrontSpace(), 1, 10, 3).Build().empty());
}

}  // namespace
}  // namespace oneloop
