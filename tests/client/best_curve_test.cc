#include "client/best_curve.h"

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "client/statistics.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oneloop {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

MATCHER_P2(Step, samples, value, "") { return arg.samples == samples && arg.value == value; }

TEST(SummarizeTest, OfOddAndEvenNumbers) {
  const Summary odd = Summarize({5, 1, 3});
  EXPECT_EQ(odd.mean, 3);
  EXPECT_EQ(odd.median, 3);
  EXPECT_EQ(odd.least, 1);
  EXPECT_EQ(odd.most, 5);
  EXPECT_EQ(Summarize({4, 1, 2, 9}).median, 3);
  EXPECT_EQ(Summarize({7}).median, 7);
}

TEST(SummarizeTest, AFailureMakesTheMeanInfiniteNotTheMedian) {
  const Summary summary = Summarize({kInfinity, 1, 3});
  EXPECT_EQ(summary.mean, kInfinity);
  EXPECT_EQ(summary.median, 3);
}

TEST(GeometricMeanTest, OfRatios) {
  const std::vector<double> ratios = {2, 8};
  EXPECT_NEAR(GeometricMean(ratios), 4, 1e-12);
}

TEST(BestCurveTest, TakesTheStartsInTurnWhateverTheOrderOfThePoints) {
  BestCurveBuilder curve(3);
  // A start came late, but its point at sample 2 counts as one of the first 2 x 3.
  for (const auto& [sample, value] : {std::pair{5, 60.0}, {9, 30.0}, {5, 50.0}, {2, 80.0}, {7, 55.0}}) {
    curve.Add(sample, value);
  }
  const BestCurve built = curve.Build();
  EXPECT_THAT(built, ElementsAre(Step(6, 80), Step(15, 50), Step(27, 30)));
  EXPECT_EQ(BestAt(built, 5.9), kInfinity);
  EXPECT_EQ(BestAt(built, 6), 80);
  EXPECT_EQ(BestAt(built, 26), 50);
  EXPECT_EQ(BestAt(built, 1e9), 30);
}

TEST(BestCurveTest, LeavesOutInfeasiblePoints) {
  BestCurveBuilder curve(1);
  curve.Add(1, kInfinity);
  curve.Add(2, std::nan(""));
  EXPECT_THAT(curve.Build(), IsEmpty());
}

TEST(BestCurveTest, AnEarlierBetterPointTakesThePlaceOfLaterOnes) {
  BestCurveBuilder curve(2);
  curve.Add(5, 50);
  curve.Add(8, 40);
  curve.Add(9, 20);
  curve.Add(3, 40);
  curve.Add(9, 25);
  EXPECT_THAT(curve.Build(), ElementsAre(Step(6, 40), Step(18, 20)));
}

TEST(BandTest, BeginsWhereEveryCurveHasBegun) {
  const std::vector<BestCurve> curves = {{{1, 9}, {4, 2}}, {{2, 8}}, {{3, 7}, {5, 1}}};
  const std::vector<BandStep> band = BandOf(curves);
  ASSERT_EQ(band.size(), 3u);
  EXPECT_EQ(band[0].samples, 3);
  EXPECT_EQ(band[0].least, 7);
  EXPECT_EQ(band[0].median, 8);
  EXPECT_EQ(band[0].most, 9);
  EXPECT_EQ(band[2].samples, 5);
  EXPECT_EQ(band[2].least, 1);
  EXPECT_EQ(band[2].median, 2);
  EXPECT_EQ(band[2].most, 8);
}

TEST(BandTest, IsEmptyWhenACurveNeverBegins) {
  const std::vector<BestCurve> curves = {{{1, 9}}, {}};
  EXPECT_THAT(BandOf(curves), IsEmpty());
  EXPECT_THAT(BandOf({}), IsEmpty());
}

}  // namespace
}  // namespace oneloop
