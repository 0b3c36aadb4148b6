#include "common/mapping/factorize.h"

#include <algorithm>
#include <cstddef>

namespace oneloop {

std::vector<std::int64_t> PrimeFactors(std::int64_t n) {
  std::vector<std::int64_t> primes;
  for (std::int64_t prime = 2; prime * prime <= n; ++prime) {
    for (; n % prime == 0; n /= prime) primes.push_back(prime);
  }
  if (n > 1) primes.push_back(n);
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

}  // namespace oneloop
