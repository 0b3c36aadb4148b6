#include "common/model/bound/loop_steps.h"

#include <cstdint>

#include "common/mapping/factor_space.h"
#include "gtest/gtest.h"

namespace oneloop {
namespace {

TEST(LoopStepsTest, PerfectOnesAreDivisors) {
  const LoopSteps steps = PerfectSteps(12);
  ASSERT_EQ(steps.size(), 6u);
  EXPECT_EQ(steps[3].loops, 4);
  EXPECT_EQ(steps[3].outside, 3);
  EXPECT_EQ(steps.back().loops, 12);
  EXPECT_EQ(steps.back().outside, 1);
}

// Every number of loops is in one step, which says no more than how often so many are run.
TEST(LoopStepsTest, UnevenOnesCoverAllNumbers) {
  for (const std::int64_t bound : {3, 5, 16, 64, 197, 768, 5000, 50'257}) {
    for (const std::int64_t copies : {1, 2, 3, 14}) {
      if (copies > bound) continue;
      SCOPED_TRACE(testing::Message() << bound << " / " << copies);
      const LoopSteps steps = UnevenSteps(bound, copies);
      EXPECT_LE(steps.size(), 33u);
      std::int64_t next = 1;
      double last = static_cast<double>(bound) + 1;
      for (const LoopStep& step : steps) {
        EXPECT_EQ(step.loops, next);
        EXPECT_GE(step.most, step.loops);
        EXPECT_LT(step.outside, last);
        EXPECT_GE(step.outside, 1);
        EXPECT_LE(step.outside, static_cast<double>(LeftOutside(LeftOutside(bound, copies), step.most)));
        next = step.most + 1;
        last = step.outside;
      }
      EXPECT_EQ(steps.back().loops, LeftOutside(bound, copies));
      EXPECT_EQ(steps.back().outside, 1);
    }
  }
}

// Of 56 iterations 28 or fewer leave two runs or more; 40 leave less than two, as 16 of the last run may be one tile
// that stays.
TEST(LoopStepsTest, AShortLastRunCountsForItself) {
  for (const LoopStep& step : UnevenSteps(56, 1)) {
    if (step.loops <= 28) {
      EXPECT_GE(step.outside, 2);
    } else if (step.loops <= 40 && step.most >= 40) {
      EXPECT_LT(step.outside, 2);
      EXPECT_GT(step.outside, 1);
    }
  }
}

}  // namespace
}  // namespace oneloop
