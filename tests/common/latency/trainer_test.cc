#include "common/latency/trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "tests/common/latency/synthetic.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

class TrainerTest : public ::testing::Test {
 protected:
  TrainerTest() : measurements_(*Measurements::Create(model_, SyntheticHardware(), SyntheticSamples(model_, 400))) {
    for (int row = 0; row < measurements_->size(); ++row) (row % 5 == 0 ? left_out_ : rows_).push_back(row);
  }

  double ErrorOnTheRest(const LatencyParameters& parameters) const {
    const auto predictor = *LatencyPredictor::Create(model_, SyntheticHardware(), parameters);
    double error = 0;
    for (const int row : left_out_) {
      const LatencyPrediction prediction = predictor->PredictInputs(measurements_->inputs(row));
      error += std::abs(prediction.cycles / std::exp(measurements_->log_cycles(row)) - 1);
    }
    return error / static_cast<double>(left_out_.size());
  }

  CostModel model_{ShippedTemplate("gemmini")};
  std::unique_ptr<const Measurements> measurements_;
  std::vector<int> rows_;
  std::vector<int> left_out_;
};

TEST_F(TrainerTest, CombinedPredictsWhatThePhysicalPartCannot) {
  const auto combined = TrainCombined(*measurements_, rows_, QuickTrainer(), nullptr);
  ASSERT_TRUE(combined.ok()) << combined.status();
  LatencyParameters physical = *combined;
  for (double& weight : physical.networks.last) weight = 0;
  for (double& bias : physical.networks.last_bias) bias = 0;
  const double error = ErrorOnTheRest(*combined);
  EXPECT_LT(error, 0.15);
  EXPECT_LT(error, 0.5 * ErrorOnTheRest(physical));
}

TEST_F(TrainerTest, LearnedUsesFactorsAlone) {
  const auto learned = TrainLearned(*measurements_, rows_, QuickTrainer(), nullptr);
  ASSERT_TRUE(learned.ok()) << learned.status();
  EXPECT_FALSE(learned->has_physics);
  const auto& inputs = measurements_->features().inputs();
  for (const int input : learned->networks.inputs) {
    EXPECT_TRUE(inputs[static_cast<std::size_t>(input)].of_factors) << inputs[static_cast<std::size_t>(input)].name;
  }
  EXPECT_LT(ErrorOnTheRest(*learned), 1);
}

TEST_F(TrainerTest, TheSameSeedGivesTheSameBits) {
  TrainerOptions options = QuickTrainer();
  options.networks.epochs = 5;
  const auto once = TrainCombined(*measurements_, rows_, options, nullptr);
  const auto again = TrainCombined(*measurements_, rows_, options, nullptr);
  EXPECT_EQ(once->physics.coefficients, again->physics.coefficients);
  EXPECT_EQ(once->networks.first, again->networks.first);
  EXPECT_EQ(once->networks.last, again->networks.last);
  options.networks.seed = 1;
  EXPECT_NE(once->networks.last, TrainCombined(*measurements_, rows_, options, nullptr)->networks.last);
}

TEST_F(TrainerTest, LeavesOutInputsThatDoNotVary) {
  TrainerOptions options = QuickTrainer();
  options.networks.epochs = 1;
  const auto combined = TrainCombined(*measurements_, rows_, options, nullptr);
  for (const int input : combined->networks.inputs) {
    const std::string& name = measurements_->features().inputs()[static_cast<std::size_t>(input)].name;
    EXPECT_NE(name, "tile G");
    EXPECT_NE(name, "outer N");
  }
}

TEST_F(TrainerTest, ReportsProgressAndStops) {
  double last = -1;
  int calls = 0;
  TrainerOptions options = QuickTrainer();
  options.networks.epochs = 10;
  options.networks.batch = 8;
  const auto whole = TrainCombined(*measurements_, rows_, options, [&](double done) {
    EXPECT_GE(done, last);
    EXPECT_LT(done, 1);
    last = done;
    ++calls;
    return false;
  });
  EXPECT_TRUE(whole.ok());
  // Before every batch: a large training ends as soon as a small one.
  EXPECT_GE(calls, 20 * (static_cast<int>(rows_.size()) / 10));
  const auto stopped = TrainCombined(*measurements_, rows_, options, [](double done) { return done > 0.4; });
  EXPECT_EQ(stopped.status().code(), absl::StatusCode::kCancelled);
}

TEST_F(TrainerTest, RefusesOptionsOutOfRange) {
  const auto field = [](auto change) {
    TrainerOptions options;
    change(&options);
    return FieldOf(ValidateTrainerOptions(options));
  };
  EXPECT_TRUE(ValidateTrainerOptions({}).ok());
  EXPECT_EQ(field([](auto* o) { o->networks.members = 0; }), "networks.members");
  EXPECT_EQ(field([](auto* o) { o->networks.first_units = 1000; }), "networks.first_units");
  EXPECT_EQ(field([](auto* o) { o->networks.second_units = 0; }), "networks.second_units");
  EXPECT_EQ(field([](auto* o) { o->networks.epochs = 0; }), "networks.epochs");
  EXPECT_EQ(field([](auto* o) { o->networks.batch = 0; }), "networks.batch");
  EXPECT_EQ(field([](auto* o) { o->networks.folds = 1; }), "networks.folds");
  EXPECT_EQ(field([](auto* o) { o->networks.learning_rate = 0; }), "networks.learning_rate");
  EXPECT_EQ(field([](auto* o) { o->networks.weight_decay = -1; }), "networks.weight_decay");
  EXPECT_EQ(field([](auto* o) { o->physics.delta = std::numeric_limits<double>::quiet_NaN(); }), "physics.delta");
  EXPECT_EQ(field([](auto* o) { o->agreement = 0; }), "agreement");
}

}  // namespace
}  // namespace oneloop
