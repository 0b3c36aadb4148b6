#ifndef ONELOOP_COMMON_BASE_RANDOM_H_
#define ONELOOP_COMMON_BASE_RANDOM_H_

#include <array>
#include <cstdint>

namespace oneloop {

// Mixes two numbers into a seed whose bits look independent of both (the finaliser of SplitMix64, Steele et al.,
// OOPSLA 2014). Use it to give each start, layer or draw a stream of its own.
std::uint64_t MixSeed(std::uint64_t seed, std::uint64_t stream);

// Xoshiro256** (Blackman and Vigna, 2018): the same sequence from the same seed on every machine and library, which
// the distributions of <random> do not promise. Not thread-safe; copy it to fork a sequence.
class Random {
 public:
  explicit Random(std::uint64_t seed);

  std::uint64_t Next();
  // Uniform in [0, bound); bound >= 1. Unbiased.
  std::uint64_t Below(std::uint64_t bound);
  // Uniform in [0, 1), a multiple of 2^-53.
  double Uniform();
  // Normal with mean 0 and variance 1 (polar method).
  double Normal();

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_BASE_RANDOM_H_
