#include "client/numbers.h"

#include <cstdlib>
#include <limits>

#include "gtest/gtest.h"

namespace oneloop {
namespace {

TEST(ParseIntegerTest, TakesTheWholeTextOrNothing) {
  EXPECT_EQ(ParseInteger<int>("-12"), -12);
  EXPECT_EQ(ParseInteger<int>("12 "), std::nullopt);
  EXPECT_EQ(ParseInteger<int>("+12"), std::nullopt);
  EXPECT_EQ(ParseInteger<int>(""), std::nullopt);
  EXPECT_EQ(ParseInteger<int>("2147483648"), std::nullopt);
  EXPECT_EQ(ParseInteger<std::int64_t>("2147483648"), 2147483648);
}

TEST(ParseNumberTest, RefusesWhatIsNotFinite) {
  EXPECT_EQ(ParseNumber("4"), 4.0);
  EXPECT_EQ(ParseNumber("2.5e-3"), 2.5e-3);
  EXPECT_EQ(ParseNumber("inf"), std::nullopt);
  EXPECT_EQ(ParseNumber("1e999"), std::nullopt);
  EXPECT_EQ(ParseNumber("4,5"), std::nullopt);
}

TEST(ExactNumberTest, ReadsBackAsTheSameDouble) {
  for (const double value :
       {0.1, 1.0 / 3, 5700.455889, 12854464.0, 6.301e10, 1e15, 2.5e20, 5e-324, 1.7976931348623157e308}) {
    EXPECT_EQ(std::strtod(ExactNumber(value).c_str(), nullptr), value);
  }
  EXPECT_EQ(ExactNumber(0.1), "0.1");
  EXPECT_EQ(ExactNumber(12854464), "12854464");
  EXPECT_EQ(ExactNumber(1e7), "10000000");
  EXPECT_EQ(ExactNumber(std::numeric_limits<double>::infinity()), "inf");
}

TEST(ShortNumberTest, KeepsFourDigitsAndAllWholeOnes) {
  EXPECT_EQ(ShortNumber(0), "0");
  EXPECT_EQ(ShortNumber(16), "16");
  EXPECT_EQ(ShortNumber(6.751172), "6.751");
  EXPECT_EQ(ShortNumber(0.0123456), "0.01235");
  EXPECT_EQ(ShortNumber(999.96), "1000");
  EXPECT_EQ(ShortNumber(12345.6), "12346");
  EXPECT_EQ(ShortNumber(999999.4), "999999");
  EXPECT_EQ(ShortNumber(999999.6), "1.000e6");
  EXPECT_EQ(ShortNumber(12854464), "1.285e7");
  EXPECT_EQ(ShortNumber(0.0001234), "1.234e-4");
  EXPECT_EQ(ShortNumber(-6.301e10), "-6.301e10");
  EXPECT_EQ(ShortNumber(std::numeric_limits<double>::infinity()), "inf");
}

TEST(GroupedNumberTest, GroupsByThousands) {
  EXPECT_EQ(GroupedNumber(0), "0");
  EXPECT_EQ(GroupedNumber(999), "999");
  EXPECT_EQ(GroupedNumber(10430), "10,430");
  EXPECT_EQ(GroupedNumber(-1234567), "-1,234,567");
}

TEST(ShortNumberDownTest, IsNeverAboveTheValue) {
  EXPECT_EQ(ShortNumberDown(0), "0");
  EXPECT_EQ(ShortNumberDown(6.1929e10), "6.192e10");
  EXPECT_EQ(ShortNumberDown(6.192e10), "6.192e10");
  EXPECT_EQ(ShortNumberDown(10060.9), "10060");
  EXPECT_EQ(ShortNumberDown(999999.9), "999950");
  EXPECT_EQ(ShortNumberDown(99.999), "99.99");
  EXPECT_EQ(ShortNumberDown(1e6), "1.000e6");
  EXPECT_EQ(ShortNumberDown(std::numeric_limits<double>::infinity()), "inf");
  for (double value = 1e-9; value < 1e18; value *= 1.0173) {
    const double shown = ParseNumber(ShortNumberDown(value)).value();
    EXPECT_LE(shown, value);
    EXPECT_GE(shown, value * 0.9989);
  }
}

TEST(PercentUpTest, IsNeverBelowTheShare) {
  EXPECT_EQ(PercentUp(0), "0 %");
  EXPECT_EQ(PercentUp(0.00031), "0.04 %");
  EXPECT_EQ(PercentUp(0.0171), "1.8 %");
  EXPECT_EQ(PercentUp(0.018), "1.8 %");
  EXPECT_EQ(PercentUp(0.0991), "10.0 %");
  EXPECT_EQ(PercentUp(0.2507), "26 %");
  EXPECT_EQ(PercentUp(12.5), "1250 %");
  EXPECT_EQ(PercentUp(std::numeric_limits<double>::infinity()), "inf %");
}

TEST(SiNumberTest, ChoosesThePrefix) {
  EXPECT_EQ(SiNumber(0), "0");
  EXPECT_EQ(SiNumber(950), "950");
  EXPECT_EQ(SiNumber(999.7), "1k");
  EXPECT_EQ(SiNumber(1240), "1.24k");
  EXPECT_EQ(SiNumber(4.089e9), "4.09G");
}

TEST(ShortDurationTest, ShowsTwoUnits) {
  EXPECT_EQ(ShortDuration(absl::Milliseconds(2600)), "3 s");
  EXPECT_EQ(ShortDuration(absl::Seconds(250)), "4 min 10 s");
  EXPECT_EQ(ShortDuration(absl::Minutes(125)), "2 h 5 min");
  EXPECT_EQ(ShortDuration(absl::Hours(27)), "1 d 3 h");
  EXPECT_EQ(ShortDuration(absl::InfiniteDuration()), "-");
}

}  // namespace
}  // namespace oneloop
