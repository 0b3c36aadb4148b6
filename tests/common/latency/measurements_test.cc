#include "common/latency/measurements.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "tests/common/latency/synthetic.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

class MeasurementsTest : public ::testing::Test {
 protected:
  absl::Status StatusOf(const std::vector<LatencySample>& samples) const {
    return Measurements::Create(model_, SyntheticHardware(), samples).status();
  }

  CostModel model_{ShippedTemplate("gemmini")};
  std::vector<LatencySample> samples_ = SyntheticSamples(model_, 60);
};

TEST_F(MeasurementsTest, KeepsEachRowInOrder) {
  const auto measurements = Measurements::Create(model_, SyntheticHardware(), samples_);
  ASSERT_TRUE(measurements.ok()) << measurements.status();
  EXPECT_EQ((*measurements)->size(), 60);
  EXPECT_EQ((*measurements)->num_shapes(), 6);
  EXPECT_EQ((*measurements)->shape(0), 0);
  EXPECT_DOUBLE_EQ((*measurements)->log_cycles(3), std::log(samples_[3].cycles));
  const LayerUse use = model_.Use(samples_[3].shape, samples_[3].mapping);
  EXPECT_DOUBLE_EQ((*measurements)->log_analytical(3),
                   std::log(model_.Score(use, model_.CostsAt(SyntheticHardware())).latency_cycles));
}

TEST_F(MeasurementsTest, RefusesCyclesThatCannotBe) {
  for (const double cycles :
       {0.0, -5.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    std::vector<LatencySample> samples = samples_;
    samples[17].cycles = cycles;
    EXPECT_EQ(StatusOf(samples).code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(FieldOf(StatusOf(samples)), "rows[17].cycles");
  }
}

TEST_F(MeasurementsTest, RefusesAMappingThatDoesNotMatchItsBounds) {
  samples_[5].mapping.t(3, Dim::kK) *= 2;
  EXPECT_EQ(StatusOf(samples_).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(FieldOf(StatusOf(samples_)), HasSubstr("rows[5]"));
}

TEST_F(MeasurementsTest, RefusesALoopThatTheTemplateDoesNotAllow) {
  LatencySample& sample = samples_[7];
  sample.mapping = Mapping();
  for (const Dim dim : kAllDims) sample.mapping.t(3, dim) = sample.shape.bound(dim);
  sample.mapping.t(0, Dim::kC) = sample.shape.bound(Dim::kC);
  sample.mapping.t(3, Dim::kC) = 1;
  EXPECT_EQ(StatusOf(samples_).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(FieldOf(StatusOf(samples_)), HasSubstr("rows[7]"));
}

TEST_F(MeasurementsTest, RefusesABadShape) {
  samples_[2].shape.bounds[0] = 0;
  EXPECT_THAT(FieldOf(StatusOf(samples_)), HasSubstr("rows[2]"));
}

TEST_F(MeasurementsTest, RefusesTheSameMappingWithOtherCycles) {
  samples_.push_back(samples_[4]);
  samples_.back().cycles += 1;
  EXPECT_EQ(FieldOf(StatusOf(samples_)), "rows[60].cycles");
  EXPECT_THAT(Message(StatusOf(samples_)), HasSubstr("row 4"));
}

TEST_F(MeasurementsTest, CountsARowThatIsGivenTwiceOnce) {
  samples_.push_back(samples_[4]);
  const auto measurements = Measurements::Create(model_, SyntheticHardware(), samples_);
  ASSERT_TRUE(measurements.ok()) << measurements.status();
  EXPECT_EQ((*measurements)->size(), 60);
}

TEST_F(MeasurementsTest, RefusesTooFewRowsAndConstantCycles) {
  const std::vector<LatencySample> few(samples_.begin(), samples_.begin() + 49);
  EXPECT_EQ(FieldOf(StatusOf(few)), "rows");
  EXPECT_THAT(Message(StatusOf(few)), HasSubstr("at least 50"));
  EXPECT_EQ(FieldOf(StatusOf({})), "rows");
  for (LatencySample& sample : samples_) sample.cycles = 1000;
  EXPECT_EQ(FieldOf(StatusOf(samples_)), "rows");
  EXPECT_THAT(Message(StatusOf(samples_)), HasSubstr("nothing to learn"));
}

TEST_F(MeasurementsTest, RefusesAHardwarePointOfAnotherTemplate) {
  EXPECT_EQ(Measurements::Create(model_, {16}, samples_).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Measurements::Create(model_, {1e9, 1, 1}, samples_).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace oneloop
