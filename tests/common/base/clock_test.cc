#include "common/base/clock.h"

#include "common/base/mutex.h"
#include "gtest/gtest.h"

namespace oneloop {
namespace {

TEST(SteadyTimeTest, DifferencesAndSumsAgree) {
  const SteadyTime begin = SteadyNow();
  const SteadyTime later = begin + absl::Seconds(3);
  EXPECT_EQ(later - begin, absl::Seconds(3));
  EXPECT_EQ(later - absl::Seconds(3), begin);
  EXPECT_TRUE(begin < later && later > begin && begin <= begin && begin >= begin);
}

TEST(SteadyTimeTest, SumsSaturateInsteadOfOverflowing) {
  const SteadyTime now = SteadyNow();
  EXPECT_EQ(now + absl::InfiniteDuration(), SteadyTime::InfiniteFuture());
  EXPECT_EQ(now - SteadyTime::InfinitePast(), absl::InfiniteDuration());
  EXPECT_LT(SteadyTime::InfinitePast(), now);
  EXPECT_LT(now, SteadyTime::InfiniteFuture());
}

TEST(SteadyTimeTest, NeverGoesBack) {
  const SteadyTime begin = SteadyNow();
  SteadySleepFor(absl::Milliseconds(1));
  EXPECT_GE(SteadyNow() - begin, absl::Milliseconds(1));
  SteadySleepFor(-absl::InfiniteDuration());
}

TEST(CondVarTest, WaitEndsWithItsTime) {
  Mutex mutex;
  CondVar never;
  MutexLock lock(&mutex);
  const SteadyTime begin = SteadyNow();
  while (never.WaitFor(mutex, absl::Milliseconds(2))) {
  }
  EXPECT_GE(SteadyNow() - begin, absl::Milliseconds(2));
  EXPECT_FALSE(never.WaitFor(mutex, -absl::InfiniteDuration())) << "a time that has passed";
}

}  // namespace
}  // namespace oneloop
