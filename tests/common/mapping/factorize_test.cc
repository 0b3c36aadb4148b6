#include "common/mapping/factorize.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "common/base/random.h"

namespace oneloop {
namespace {

std::vector<std::int64_t> ByTrialDivision(std::int64_t n) {
  std::vector<std::int64_t> primes;
  for (std::int64_t prime = 2; prime * prime <= n; ++prime) {
    for (; n % prime == 0; n /= prime) primes.push_back(prime);
  }
  if (n > 1) primes.push_back(n);
  return primes;
}

TEST(FactorizeTest, FindsThePrimesThatTrialDivisionFinds) {
  for (std::int64_t n = 1; n <= 20000; ++n) ASSERT_EQ(PrimeFactors(n), ByTrialDivision(n)) << n;
  Random random(1);
  for (int i = 0; i < 3000; ++i) {
    const auto n = static_cast<std::int64_t>(1 + random.Below(2147483647));
    ASSERT_EQ(PrimeFactors(n), ByTrialDivision(n)) << n;
  }
}

// Primes around the end of trial division, their squares and products, and the largest bounds.
TEST(FactorizeTest, FindsLargePrimesAndTheirProducts) {
  for (const std::int64_t a : {1283, 1289, 1291, 1297, 1301, 46337, 46339}) {
    for (const std::int64_t b : {1283, 1289, 1291, 1297, 1301, 30011, 46337}) {
      if (a * b > 2147483647) continue;
      EXPECT_EQ(PrimeFactors(a * b), ByTrialDivision(a * b)) << a << " " << b;
    }
  }
  for (std::int64_t n = 2147483647 - 500; n <= 2147483647; ++n) ASSERT_EQ(PrimeFactors(n), ByTrialDivision(n)) << n;
}

}  // namespace
}  // namespace oneloop
