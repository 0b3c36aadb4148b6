#include "server/search/gaussian_process.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "common/base/random.h"

namespace oneloop {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

bool Never() { return false; }

double Matern(double r) { return (1 + std::sqrt(5.0) * r + 5.0 / 3 * r * r) * std::exp(-std::sqrt(5.0) * r); }

struct Data {
  MatrixXd inputs;
  VectorXd targets;
};

// A smooth function of the first two inputs; further ones say nothing.
Data SmoothData(Index rows, Index columns, std::uint64_t seed) {
  Random random(seed);
  Data data{MatrixXd(rows, columns), VectorXd(rows)};
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < columns; ++j) data.inputs(i, j) = 4 * random.Uniform();
    data.targets[i] = 100 + 10 * std::sin(data.inputs(i, 0)) + 3 * data.inputs(i, 1);
  }
  return data;
}

TEST(GaussianProcessTest, PosteriorOfTwoPointsIsTheHandComputedOne) {
  // Standardised, inputs 0 and 2 are ∓1, targets 10 and 30 are ∓1.
  MatrixXd inputs(2, 1);
  inputs << 0, 2;
  const VectorXd targets = (VectorXd(2) << 10, 30).finished();
  const KernelParameters parameters{VectorXd::Constant(1, std::log(1.5)), std::log(2.0), std::log(0.5)};
  const GaussianProcess process(inputs, targets, parameters);

  const double k0 = 4 + 0.25;
  const double k1 = 4 * Matern(2 / 1.5);
  const double near = 4 * Matern(0.5 / 1.5);
  const double far = 4 * Matern(1.5 / 1.5);
  // K⁻¹ of [[k0, k1], [k1, k0]] applied to (-1, 1) is (-1, 1)/(k0 - k1).
  const double mean = (far - near) * -1 / (k0 - k1) * -1;
  const double determinant = k0 * k0 - k1 * k1;
  const double explained = (k0 * (near * near + far * far) - 2 * k1 * near * far) / determinant;
  const GaussianProcess::Prediction prediction = process.Predict(MatrixXd::Constant(1, 1, 0.5));  // at -0.5
  EXPECT_NEAR(prediction.mean[0], 20 + 10 * mean, 1e-7);
  EXPECT_NEAR(prediction.deviation[0], 10 * std::sqrt(4 - explained), 1e-7);
}

TEST(GaussianProcessTest, LikelihoodOfOnePointIsTheNormalDensity) {
  const MatrixXd inputs = MatrixXd::Zero(1, 1);
  const VectorXd targets = VectorXd::Constant(1, 0.7);
  const KernelParameters parameters{VectorXd::Zero(1), std::log(1.2), std::log(0.3)};
  const double variance = 1.44 + 0.09;
  const double expected = -0.5 * 0.49 / variance - 0.5 * std::log(2 * M_PI * variance);
  EXPECT_NEAR(LogMarginalLikelihood(inputs, targets, parameters, nullptr), expected, 1e-8);
}

TEST(GaussianProcessTest, LikelihoodGradientEqualsCentralDifferences) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    Random random(seed);
    const Index columns = 1 + static_cast<Index>(random.Below(6));
    MatrixXd inputs(20, columns);
    VectorXd targets(20);
    for (Index i = 0; i < inputs.size(); ++i) inputs(i) = random.Normal();
    for (Index i = 0; i < targets.size(); ++i) targets[i] = random.Normal();
    KernelParameters parameters{VectorXd(columns), 0.3 * random.Normal(), -2 + 0.3 * random.Normal()};
    for (Index i = 0; i < columns; ++i) parameters.log_length[i] = 0.5 * random.Normal();
    VectorXd gradient;
    LogMarginalLikelihood(inputs, targets, parameters, &gradient);
    ASSERT_EQ(gradient.size(), columns + 2);
    for (Index i = 0; i < gradient.size(); ++i) {
      const auto moved = [&](double by) {
        KernelParameters at = parameters;
        (i < columns ? at.log_length[i] : i == columns ? at.log_signal : at.log_noise) += by;
        return LogMarginalLikelihood(inputs, targets, at, nullptr);
      };
      const double h = 1e-4;
      const double slope = (moved(h) - moved(-h)) / (2 * h);
      EXPECT_NEAR(gradient[i], slope, 1e-5 * std::max(1.0, std::abs(slope))) << "parameter " << i << ", seed " << seed;
    }
  }
}

TEST(GaussianProcessTest, InterpolatesDataWithoutNoise) {
  const Data data = SmoothData(25, 2, 3);
  const KernelParameters parameters{VectorXd::Zero(2), std::log(3.0), std::log(1e-4)};
  const GaussianProcess process(data.inputs, data.targets, parameters);
  const GaussianProcess::Prediction at_data = process.Predict(data.inputs);
  for (Index i = 0; i < data.targets.size(); ++i) {
    EXPECT_NEAR(at_data.mean[i], data.targets[i], 1e-3);
    EXPECT_LT(at_data.deviation[i], 1e-2);
  }
  // Far away nothing is known but the data's mean and scale.
  const GaussianProcess::Prediction far = process.Predict(MatrixXd::Constant(1, 2, 1e6));
  EXPECT_NEAR(far.mean[0], data.targets.mean(), 1e-6);
  EXPECT_GT(far.deviation[0], 1);
}

TEST(GaussianProcessTest, FitRaisesTheLikelihoodAndFindsTheInputsThatMatter) {
  const Data data = SmoothData(60, 4, 5);
  const KernelParameters begin = KernelParameters::Default(4);
  const KernelParameters fitted = GaussianProcess::Fit(data.inputs, data.targets, begin, 60, Never);
  for (const Index useless : {2, 3}) {
    for (const Index useful : {0, 1}) EXPECT_GT(fitted.log_length[useless], fitted.log_length[useful] + 1);
  }
  const Data held_out = SmoothData(200, 4, 6);
  const auto error = [&](const KernelParameters& parameters) {
    const GaussianProcess process(data.inputs, data.targets, parameters);
    return (process.Predict(held_out.inputs).mean - held_out.targets).norm();
  };
  EXPECT_LT(error(fitted), 0.5 * error(begin));
}

TEST(GaussianProcessTest, FitIsDeterministicAndStops) {
  const Data data = SmoothData(40, 3, 7);
  const KernelParameters begin = KernelParameters::Default(3);
  const KernelParameters first = GaussianProcess::Fit(data.inputs, data.targets, begin, 30, Never);
  const KernelParameters second = GaussianProcess::Fit(data.inputs, data.targets, begin, 30, Never);
  EXPECT_TRUE(first.log_length == second.log_length && first.log_noise == second.log_noise);
  int asked = 0;
  GaussianProcess::Fit(data.inputs, data.targets, begin, 30, [&asked] { return ++asked > 3; });
  EXPECT_EQ(asked, 4);
}

TEST(GaussianProcessTest, DegenerateDataGiveFinitePredictions) {
  MatrixXd doubled(6, 2);
  doubled << 1, 1, 1, 1, 1, 1, 2, 3, 2, 3, 2, 3;
  const VectorXd constant = VectorXd::Constant(6, 41.5);
  const VectorXd contradictory = (VectorXd(6) << 1, 2, 3, 4, 5, 6).finished();
  const MatrixXd alike = MatrixXd::Constant(6, 2, 7);
  const MatrixXd query = (MatrixXd(2, 2) << 1, 1, 5, 5).finished();
  for (const MatrixXd& inputs : {doubled, alike, MatrixXd(MatrixXd::Zero(6, 0))}) {
    for (const VectorXd& targets : {constant, contradictory}) {
      const KernelParameters fitted =
          GaussianProcess::Fit(inputs, targets, KernelParameters::Default(inputs.cols()), 30, Never);
      const GaussianProcess::Prediction prediction =
          GaussianProcess(inputs, targets, fitted).Predict(query.leftCols(inputs.cols()));
      EXPECT_TRUE(prediction.mean.allFinite() && prediction.deviation.allFinite());
      EXPECT_GE(prediction.deviation.minCoeff(), 0);
      EXPECT_GE(prediction.mean.minCoeff(), targets.minCoeff() - 10);
      EXPECT_LE(prediction.mean.maxCoeff(), targets.maxCoeff() + 10);
    }
  }
  const KernelParameters fitted = GaussianProcess::Fit(doubled, constant, KernelParameters::Default(2), 30, Never);
  EXPECT_NEAR(GaussianProcess(doubled, constant, fitted).Predict(query).mean[0], 41.5, 1e-9);
}

TEST(ExpectedImprovementTest, AgreesWithMonteCarlo) {
  Random random(11);
  constexpr int kDraws = 100000;
  for (const double mean : {-1.0, 0.0, 0.5, 2.0}) {
    for (const double deviation : {0.1, 1.0, 3.0}) {
      double sum = 0;
      double squares = 0;
      for (int i = 0; i < kDraws; ++i) {
        const double gain = std::max(0.0, 0.25 - (mean + deviation * random.Normal()));
        sum += gain;
        squares += gain * gain;
      }
      const double average = sum / kDraws;
      const double error = std::sqrt((squares / kDraws - average * average) / kDraws);
      EXPECT_NEAR(ExpectedImprovement(mean, deviation, 0.25), average, 5 * error + 1e-12);
    }
  }
}

TEST(ExpectedImprovementTest, CertainValuesImproveByTheirDistance) {
  EXPECT_EQ(ExpectedImprovement(1, 0, 3), 2);
  EXPECT_EQ(ExpectedImprovement(4, 0, 3), 0);
  EXPECT_GE(ExpectedImprovement(1e6, 1, 0), 0) << "never negative, however hopeless";
}

}  // namespace
}  // namespace oneloop
