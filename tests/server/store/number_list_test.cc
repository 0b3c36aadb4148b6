#include "server/store/number_list.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "common/base/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oneloop {
namespace {

std::string Format(const std::vector<double>& values) {
  std::string text = "replaced";
  FormatNumberList(values, text);
  return text;
}

TEST(NumberListTest, FormatsAsJson) {
  EXPECT_EQ(Format({}), "[]");
  EXPECT_EQ(Format({16}), "[16]");
  EXPECT_EQ(Format({0.1, -2, 1e300, std::nan(""), 5}), "[0.1,-2,1e+300,null,5]");
  EXPECT_EQ(Format({std::numeric_limits<double>::infinity()}), "[null]");
}

TEST(NumberListTest, GivesBackTheSameBits) {
  Random random(3);
  for (int i = 0; i < 10000; ++i) {
    std::vector<double> values;
    for (int j = 0; j < 3; ++j) {
      const auto value = std::bit_cast<double>(random.Next());
      values.push_back(std::isfinite(value) ? value : 1.0);
    }
    const auto parsed = ParseNumberList(Format(values));
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(*parsed, values);
  }
}

TEST(NumberListTest, ReadsNullAsNotANumber) {
  const auto parsed = ParseNumberList("[1,null]");
  ASSERT_TRUE(parsed.ok());
  ASSERT_EQ(parsed->size(), 2u);
  EXPECT_TRUE(std::isnan(parsed->at(1)));
  EXPECT_EQ(ParseNumberList("[null,2]")->at(1), 2);
}

TEST(NumberListTest, AnyOtherTextIsDataLoss) {
  for (const char* text : {"", "[", "]", "1", "[1", "1]", "[1,]", "[,1]", "[1,,2]", "[1 2]", "[x]", "[nul]", "[1]]",
                           "[[1]", "[nullx]", "[1x]"}) {
    EXPECT_EQ(ParseNumberList(text).status().code(), absl::StatusCode::kDataLoss) << text;
  }
}

}  // namespace
}  // namespace oneloop
