#include "common/latency/timing_parameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/base/status.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(TimingParametersTest, ArraysAndBandwidthsCountAndMemoriesDoNot) {
  const auto hardware_template = ShippedTemplate("gemmini");
  ASSERT_EQ(TimingParameters(*hardware_template).size(), 1u);
  EXPECT_EQ(hardware_template->parameter(TimingParameters(*hardware_template)[0]).name, "pe_dim");
}

TEST(TimingParametersTest, WhatIsNotGivenHasItsGreatestValue) {
  const auto hardware = MeasuredHardware(*ShippedTemplate("gemmini"), {{"pe_dim", 16}, {"accumulator_kib", 32}});
  ASSERT_TRUE(hardware.ok()) << hardware.status();
  EXPECT_THAT(*hardware, ElementsAre(16, 8192, 32));
}

TEST(TimingParametersTest, BadValuesAreNamed) {
  const auto error = [](const std::map<std::string, double>& values) {
    const auto hardware = MeasuredHardware(*ShippedTemplate("gemmini"), values);
    EXPECT_EQ(hardware.status().code(), absl::StatusCode::kInvalidArgument);
    return Message(hardware.status());
  };
  EXPECT_THAT(error({}), HasSubstr("pe_dim: is missing"));
  EXPECT_THAT(error({{"pe_dim", 16}, {"pe_dimm", 16}}), HasSubstr("did you mean 'pe_dim'"));
  EXPECT_THAT(error({{"pe_dim", 1000}}), HasSubstr("pe_dim"));
}

TEST(TimingParametersTest, OtherArraysThanTheMeasuredOneAreRefused) {
  const auto hardware_template = ShippedTemplate("gemmini");
  const HardwarePoint measured = {16, 8192, 8192};
  const auto check = [&](ParameterRange pe_dim) {
    return CheckMeasuredAt(*hardware_template, measured, std::vector<ParameterRange>{pe_dim, {1, 8192}, {64, 64}});
  };
  EXPECT_EQ(check({16, 16}), absl::OkStatus());
  EXPECT_THAT(Message(check({2, 128})), HasSubstr("pe_dim: is not fixed; the calibration was measured at 16"));
  EXPECT_THAT(Message(check({32, 32})), HasSubstr("pe_dim: is 32; the calibration was measured at 16"));
}

}  // namespace
}  // namespace oneloop
