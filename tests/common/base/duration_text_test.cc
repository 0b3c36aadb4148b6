#include "common/base/duration_text.h"

#include <gtest/gtest.h>

namespace oneloop {
namespace {

TEST(DurationTextTest, NumbersWithAUnitAreRead) {
  EXPECT_EQ(ParseDurationText("90s"), absl::Seconds(90));
  EXPECT_EQ(ParseDurationText("30m"), absl::Minutes(30));
  EXPECT_EQ(ParseDurationText("2h"), absl::Hours(2));
  EXPECT_EQ(ParseDurationText("7d"), absl::Hours(168));
  EXPECT_EQ(ParseDurationText("0d"), absl::ZeroDuration());
}

TEST(DurationTextTest, EverythingElseIsRefused) {
  for (const char* text : {"", "h", "2", "2w", "-2h", "+2h", "2.5h", " 2h", "2 h", "2hh", "0x2h", "9999999999d",
                           "99999999999999999999s"}) {
    EXPECT_EQ(ParseDurationText(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace oneloop
