#include "common/model/bound/contraction.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/random.h"
#include "gtest/gtest.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

std::unique_ptr<const Template> TemplateWith(const std::string& area, double step = 1) {
  return TemplateFromYaml(absl::StrCat(R"(
name: area
parameters:
  - {name: a, min: )",
                                       step, ", max: 64, step: ", step, "}\n  - {name: b, min: ", step,
                                       ", max: 64, step: ", step, R"(}
levels:
  - {name: BUF, keeps: [W, I, O], capacity_bytes: 1024 * a, energy_pj: b}
  - {name: DRAM, keeps: [W, I, O], energy_pj: 100}
area_mm2: )",
                                       area, "\n"));
}

struct Contracted {
  bool any;
  std::vector<ParameterRange> ranges;
};

Contracted Contract(const Template& hardware_template, double most, std::vector<ParameterRange> ranges) {
  const bool any = ContractToArea(hardware_template, most, &ranges);
  return {any, ranges};
}

void ExpectRange(const ParameterRange& range, double min, double max) {
  EXPECT_DOUBLE_EQ(range.min, min);
  EXPECT_DOUBLE_EQ(range.max, max);
}

// 2a + 3b <= 20 with both from 1: a <= 8.5, b <= 6.
TEST(ContractionTest, MaximumIsWhatTheLeastOfOthersLeaves) {
  const auto [any, ranges] = Contract(*TemplateWith("2 * a + 3 * b"), 20, {{1, 64}, {1, 64}});
  EXPECT_TRUE(any);
  ExpectRange(ranges[0], 1, 8);
  ExpectRange(ranges[1], 1, 6);
}

TEST(ContractionTest, LimitIsMetAtItsOwnValue) {
  ExpectRange(Contract(*TemplateWith("a + b"), 10, {{1, 64}, {2, 2}}).ranges[0], 1, 8);
  ExpectRange(Contract(*TemplateWith("0.1 * a"), 0.3, {{1, 64}, {1, 1}}).ranges[0], 1, 3);
}

// 60/a + b <= 20 with b >= 1: a >= 3.2. That done, b <= 20 − 60/64.
TEST(ContractionTest, MinimumIsRaisedWhereAreaFallsAsAParameterGrows) {
  const auto [any, ranges] = Contract(*TemplateWith("60 / a + b"), 20, {{1, 64}, {1, 64}});
  EXPECT_TRUE(any);
  ExpectRange(ranges[0], 4, 64);
  ExpectRange(ranges[1], 1, 19);
}

// b/a + a <= 5 with b >= 6: at first a <= 4, 2 <= a and b <= 4 (5 − 2); then 6/4 + a <= 5 leaves a <= 3, b <= 3 (5 −
// 2).
TEST(ContractionTest, GoesOnUntilNothingChanges) {
  const auto [any, ranges] = Contract(*TemplateWith("b / a + a"), 5, {{1, 64}, {6, 64}});
  EXPECT_TRUE(any);
  ExpectRange(ranges[0], 2, 3);
  ExpectRange(ranges[1], 6, 9);
}

TEST(ContractionTest, ValuesAreMultiplesOfTheStepOrEndsThatWereGiven) {
  ExpectRange(Contract(*TemplateWith("a", 0.25), 10.3, {{1, 64}, {1, 1}}).ranges[0], 1, 10.25);
  ExpectRange(Contract(*TemplateWith("a"), 7, {{6.5, 64}, {1, 1}}).ranges[0], 6.5, 7);
  ExpectRange(Contract(*TemplateWith("a"), 6.75, {{6.5, 64}, {1, 1}}).ranges[0], 6.5, 6.5);
  ExpectRange(Contract(*TemplateWith("a"), 7.75, {{6.5, 7.5}, {1, 1}}).ranges[0], 6.5, 7.5);
}

TEST(ContractionTest, IsEmptyWhenNoPointIsSmallEnough) {
  EXPECT_FALSE(Contract(*TemplateWith("2 * a + 3 * b"), 4.99, {{1, 64}, {1, 64}}).any);
  EXPECT_TRUE(Contract(*TemplateWith("2 * a + 3 * b"), 5, {{1, 64}, {1, 64}}).any);
}

TEST(ContractionTest, ShippedTemplateKeepsItsLargestParametersWithin) {
  const auto hardware_template = ShippedTemplate("gemmini");
  const auto [any, ranges] = Contract(*hardware_template, 2, {{2, 128}, {1, 8192}, {1, 8192}});
  ASSERT_TRUE(any);
  for (std::size_t p = 0; p < ranges.size(); ++p) {
    HardwarePoint point = {ranges[0].min, ranges[1].min, ranges[2].min};
    point[p] = ranges[p].max;
    EXPECT_LE(hardware_template->AreaMm2(point), 2);
    point[p] += 1;
    EXPECT_GT(hardware_template->AreaMm2(point), 2);
  }
}

// Sums of terms that grow and fall with either parameter, over boxes that are enumerated.
TEST(ContractionTest, LosesNoPointAndLeavesNoEndWithoutReason) {
  constexpr std::array kExponents = {-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0};
  Random random(1);
  int shortened = 0;
  for (int trial = 0; trial < 2000; ++trial) {
    SCOPED_TRACE(trial);
    std::string area = "0.1";
    for (std::uint64_t terms = 1 + random.Below(3); terms > 0; --terms) {
      absl::StrAppend(&area, " + ", 1 + random.Below(9), " * a^", kExponents[random.Below(kExponents.size())], " * b^",
                      kExponents[random.Below(kExponents.size())]);
    }
    const auto hardware_template = TemplateWith(area);
    std::vector<ParameterRange> given;
    for (int p = 0; p < 2; ++p) {
      const auto low = static_cast<double>(1 + random.Below(10));
      given.push_back({low, low + static_cast<double>(random.Below(12))});
    }
    const HardwarePoint within = {given[0].min + std::floor((given[0].max - given[0].min) * random.Uniform()),
                                  given[1].min + std::floor((given[1].max - given[1].min) * random.Uniform())};
    const double most = hardware_template->AreaMm2(within) * (random.Below(2) == 0 ? 1 : 0.7 + 0.6 * random.Uniform());
    const auto [any, ranges] = Contract(*hardware_template, most, given);
    bool found = false;
    for (double a = given[0].min; a <= given[0].max; ++a) {
      for (double b = given[1].min; b <= given[1].max; ++b) {
        if (hardware_template->AreaMm2({a, b}) > most) continue;
        found = true;
        EXPECT_TRUE(a >= ranges[0].min && a <= ranges[0].max && b >= ranges[1].min && b <= ranges[1].max)
            << area << " <= " << most << " at " << a << ", " << b;
      }
    }
    EXPECT_GE(any, found);
    for (std::size_t p = 0; p < 2; ++p) {
      shortened += any && (ranges[p].min > given[p].min || ranges[p].max < given[p].max) ? 1 : 0;
    }
    // Once more changes nothing.
    if (any) {
      const Contracted again = Contract(*hardware_template, most, ranges);
      EXPECT_TRUE(again.any);
      for (std::size_t p = 0; p < 2; ++p) ExpectRange(again.ranges[p], ranges[p].min, ranges[p].max);
    }
  }
  EXPECT_GT(shortened, 500);
}

}  // namespace
}  // namespace oneloop
