#include "common/base/random.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>

namespace oneloop {
namespace {

TEST(RandomTest, SameSeedGivesSameSequenceOnEveryMachine) {
  Random random(1);
  EXPECT_EQ(random.Next(), Random(1).Next());
  // Fixed values: a change of them changes every stored job's replay.
  Random fixed(42);
  const std::uint64_t first = fixed.Next();
  const std::uint64_t second = fixed.Next();
  EXPECT_EQ(first, 1546998764402558742ULL);
  EXPECT_EQ(second, 6990951692964543102ULL);
}

TEST(RandomTest, BelowIsUniform) {
  Random random(7);
  std::array<int, 3> counts{};
  constexpr int kDraws = 30000;
  for (int i = 0; i < kDraws; ++i) ++counts[random.Below(3)];
  for (const int count : counts) EXPECT_NEAR(count, kDraws / 3.0, 5 * std::sqrt(kDraws / 3.0));
}

TEST(RandomTest, NormalHasMeanZeroAndVarianceOne) {
  Random random(3);
  double sum = 0;
  double squares = 0;
  constexpr int kDraws = 100000;
  for (int i = 0; i < kDraws; ++i) {
    const double x = random.Normal();
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / kDraws, 0, 0.02);
  EXPECT_NEAR(squares / kDraws, 1, 0.03);
}

TEST(MixSeedTest, NeighbouringStreamsDiffer) {
  EXPECT_NE(MixSeed(0, 0), MixSeed(0, 1));
  EXPECT_NE(MixSeed(0, 1), MixSeed(1, 0));
  EXPECT_NE(Random(MixSeed(0, 0)).Next(), Random(MixSeed(0, 1)).Next());
}

}  // namespace
}  // namespace oneloop
