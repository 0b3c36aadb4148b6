#include "common/mapping/factorize.h"

#include <algorithm>
#include <cstddef>

namespace oneloop {
namespace {

// Beyond it a number below 2^31 has at most two prime factors that trial division has not found.
constexpr std::uint32_t kLastTrial = 1290;

std::uint64_t PowerModulo(std::uint64_t base, std::uint64_t exponent, std::uint64_t modulus) {
  std::uint64_t power = 1;
  for (base %= modulus; exponent > 0; exponent >>= 1) {
    if ((exponent & 1) != 0) power = power * base % modulus;
    base = base * base % modulus;
  }
  return power;
}

// Miller and Rabin's test, which these bases decide for odd numbers below 2^32 (Jaeschke, 1993).
bool IsPrime(std::uint32_t n) {
  std::uint32_t odd = n - 1;
  int halvings = 0;
  for (; odd % 2 == 0; odd /= 2) ++halvings;
  for (const std::uint32_t base : {2U, 7U, 61U}) {
    std::uint64_t power = PowerModulo(base, odd, n);
    bool passes = power == 1 || power == n - 1;
    for (int i = 1; i < halvings && !passes; ++i) {
      power = power * power % n;
      passes = power == n - 1;
    }
    if (!passes) return false;
  }
  return true;
}

}  // namespace

std::vector<std::int64_t> PrimeFactors(std::int64_t n) {
  std::vector<std::int64_t> primes;
  auto rest = static_cast<std::uint32_t>(n);
  const auto divide = [&primes, &rest](std::uint32_t prime) {
    for (; rest % prime == 0; rest /= prime) primes.push_back(prime);
  };
  divide(2);
  std::uint32_t prime = 3;
  for (; prime <= kLastTrial && prime * prime <= rest; prime += 2) divide(prime);
  if (rest > 1 && prime * prime <= rest && !IsPrime(rest)) {
    while (rest % prime != 0) prime += 2;
    divide(prime);
  }
  if (rest > 1) primes.push_back(rest);
  return primes;
}

std::vector<std::int64_t> Divisors(std::int64_t n) {
  std::vector<std::int64_t> divisors = {1};
  std::int64_t last = 0;
  std::size_t added = 0;
  for (const std::int64_t prime : PrimeFactors(n)) {
    // A repeated prime multiplies only what its predecessor added.
    const std::size_t begin = prime == last ? divisors.size() - added : 0;
    const std::size_t end = divisors.size();
    for (std::size_t i = begin; i < end; ++i) divisors.push_back(divisors[i] * prime);
    added = end - begin;
    last = prime;
  }
  std::sort(divisors.begin(), divisors.end());
  return divisors;
}

std::int64_t LargestDivisorWithin(std::int64_t n, std::int64_t most) {
  if (most >= n) return n;
  const std::vector<std::int64_t> divisors = Divisors(n);
  return *(std::upper_bound(divisors.begin(), divisors.end(), most) - 1);
}

}  // namespace oneloop
