#include "common/formats/size_fit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace oneloop {
namespace {

TEST(SizeFitTest, FindsWhatTheSamplesAreMadeOf) {
  std::vector<std::pair<double, double>> samples;
  for (const double size : {16.0, 64.0, 256.0, 1024.0, 4096.0}) {
    samples.emplace_back(size, 0.5 + 0.25 * std::sqrt(size) + 0.01 * size);
  }
  const SizeFit fit = FitSize(samples);
  EXPECT_NEAR(fit.constant, 0.5, 1e-7);
  EXPECT_NEAR(fit.root, 0.25, 1e-7);
  EXPECT_NEAR(fit.linear, 0.01, 1e-7);
  EXPECT_LT(fit.worst_error, 1e-7);
}

TEST(SizeFitTest, OneSampleIsAConstantAndZerosAreNothing) {
  EXPECT_EQ(FitSize({{64, 2.5}}).Text("depth"), "2.5");
  const SizeFit nothing = FitSize({{16, 0}, {64, 0}});
  EXPECT_EQ(nothing.Text("depth"), "");
  EXPECT_EQ(nothing.worst_error, 0);
}

TEST(SizeFitTest, CostsThatFallAreFittedWithoutNegativeTerms) {
  const SizeFit fit = FitSize({{16, 3}, {64, 2}, {256, 1}});
  EXPECT_EQ(fit.root, 0);
  EXPECT_EQ(fit.linear, 0);
  EXPECT_GT(fit.worst_error, 0.2);
}

// No other non-negative factors near the fit are better.
TEST(SizeFitTest, NothingNearIsBetter) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> any(0.5, 2);
  const auto squares = [](const SizeFit& fit, const std::vector<std::pair<double, double>>& samples) {
    double sum = 0;
    for (const auto& [size, cost] : samples) sum += std::pow(fit.At(size) / cost - 1, 2);
    return sum;
  };
  for (int trial = 0; trial < 100; ++trial) {
    std::vector<std::pair<double, double>> samples;
    for (const double size : {16.0, 100.0, 700.0, 5000.0}) samples.emplace_back(size, any(random) * std::sqrt(size));
    const SizeFit fit = FitSize(samples);
    for (const double step : {-1e-3, 1e-3}) {
      for (int term = 0; term < 3; ++term) {
        SizeFit other = fit;
        double& factor = term == 0 ? other.constant : term == 1 ? other.root : other.linear;
        factor += step;
        if (factor < 0) continue;
        EXPECT_GE(squares(other, samples), squares(fit, samples) - 1e-7);
      }
    }
  }
}

}  // namespace
}  // namespace oneloop
