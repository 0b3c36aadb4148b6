#ifndef ONELOOP_COMMON_MAPPING_FACTORIZE_H_
#define ONELOOP_COMMON_MAPPING_FACTORIZE_H_

#include <cstdint>
#include <vector>

namespace oneloop {

// Prime factors with multiplicity, ascending; none for 1. Precondition: 1 <= n <= kMaxBound. A microsecond; some
// tens of them for a product of two primes above 1,290.
std::vector<std::int64_t> PrimeFactors(std::int64_t n);

// All divisors, ascending. Same precondition.
std::vector<std::int64_t> Divisors(std::int64_t n);

// The largest divisor that is at most `most`. Precondition: also most >= 1.
std::int64_t LargestDivisorWithin(std::int64_t n, std::int64_t most);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MAPPING_FACTORIZE_H_
