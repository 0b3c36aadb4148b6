#include "common/base/rate_limit.h"

#include <gtest/gtest.h>

#include "absl/time/time.h"

namespace oneloop {
namespace {

int Passed(RateLimit* limit, int events, SteadyTime now) {
  int passed = 0;
  for (int i = 0; i < events; ++i) passed += limit->Take(now) ? 1 : 0;
  return passed;
}

TEST(RateLimitTest, BurstPassesAtOnceAndTheRateInTheLongRun) {
  SteadyTime now;
  RateLimit limit(10, 100, now);
  EXPECT_EQ(Passed(&limit, 1000, now), 100);
  now += absl::Milliseconds(500);
  EXPECT_EQ(Passed(&limit, 1000, now), 5);
  EXPECT_FALSE(limit.IsFull(now));
  now += absl::Hours(1);
  EXPECT_TRUE(limit.IsFull(now));
  EXPECT_EQ(Passed(&limit, 1000, now), 100);
}

}  // namespace
}  // namespace oneloop
