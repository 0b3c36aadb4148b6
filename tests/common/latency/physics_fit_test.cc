#include "common/latency/physics_fit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <memory>
#include <numeric>
#include <vector>

#include "tests/common/latency/synthetic.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

// Measurements that follow the physical form exactly.
std::unique_ptr<const Measurements> MeasurementsOf(const CostModel& model, const LatencyPhysics& truth) {
  std::vector<LatencySample> samples = SyntheticSamples(model, 300);
  const auto known = Measurements::Create(model, SyntheticHardware(), samples);
  for (int row = 0; row < (*known)->size(); ++row) {
    samples[static_cast<std::size_t>(row)].cycles =
        std::exp(LatencyPredictor::LogPhysics((*known)->features(), truth, (*known)->inputs(row), {}));
  }
  return *Measurements::Create(model, SyntheticHardware(), samples);
}

double MeanError(const Measurements& measurements, const LatencyPhysics& physics) {
  double error = 0;
  for (int row = 0; row < measurements.size(); ++row) {
    const double log = LatencyPredictor::LogPhysics(measurements.features(), physics, measurements.inputs(row), {});
    error += std::abs(std::expm1(log - measurements.log_cycles(row))) / measurements.size();
  }
  return error;
}

std::vector<int> AllRows(const Measurements& measurements) {
  std::vector<int> rows(static_cast<std::size_t>(measurements.size()));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

TEST(PhysicsFitTest, FindsTheLawBehindTheMeasurements) {
  const CostModel model(ShippedTemplate("gemmini"));
  LatencyPhysics truth;
  const LatencyFeatures features(model, SyntheticHardware());
  for (const LatencyFeatures::Parameter& parameter : features.parameters()) {
    truth.coefficients.push_back(parameter.prior * std::exp(parameter.log_sigma * 0.8));
  }
  truth.p = 1.8;
  const auto measurements = MeasurementsOf(model, truth);
  PhysicsFitOptions options;
  options.prior_weight = 1e-6;
  const LatencyPhysics fit = *FitPhysics(*measurements, AllRows(*measurements), options);
  EXPECT_LT(MeanError(*measurements, fit), 0.02);
  EXPECT_GT(MeanError(*measurements, *FitPhysics(*measurements, {}, options)), 0.2) << "the prior alone";
}

TEST(PhysicsFitTest, WithoutMeasurementsThePriorIsLeft) {
  const CostModel model(ShippedTemplate("gemmini"));
  const auto measurements = Measurements::Create(model, SyntheticHardware(), SyntheticSamples(model, 60));
  const LatencyPhysics fit = *FitPhysics(**measurements, {}, {});
  const auto& parameters = (*measurements)->features().parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    EXPECT_NEAR(fit.coefficients[i], parameters[i].prior, 1e-12 * parameters[i].prior) << parameters[i].name;
  }
  EXPECT_GT(fit.p, 1);
}

// A few measurements that are plainly wrong do not pull the rest along.
TEST(PhysicsFitTest, ShrugsOffOutliers) {
  const CostModel model(ShippedTemplate("gemmini"));
  std::vector<LatencySample> samples = SyntheticSamples(model, 200);
  PhysicsFitOptions options;
  const auto clean = Measurements::Create(model, SyntheticHardware(), samples);
  const double before = MeanError(**clean, *FitPhysics(**clean, AllRows(**clean), options));
  for (std::size_t i = 0; i < samples.size(); i += 20) samples[i].cycles *= 1000;
  const auto spoilt = Measurements::Create(model, SyntheticHardware(), samples);
  EXPECT_LT(MeanError(**clean, *FitPhysics(**spoilt, AllRows(**spoilt), options)), before + 0.1);
}

TEST(PhysicsFitTest, IsAskedBeforeEveryStepWhetherToStop) {
  const CostModel model(ShippedTemplate("gemmini"));
  const auto measurements = Measurements::Create(model, SyntheticHardware(), SyntheticSamples(model, 60));
  int asked = 0;
  const auto stopped = FitPhysics(**measurements, AllRows(**measurements), {}, [&asked] { return ++asked == 3; });
  EXPECT_EQ(stopped.status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(asked, 3);
}

}  // namespace
}  // namespace oneloop
