#ifndef ONELOOP_COMMON_MODEL_BOUND_LOOP_STEPS_H_
#define ONELOOP_COMMON_MODEL_BOUND_LOOP_STEPS_H_

#include <cstdint>
#include <vector>

namespace oneloop {

// How many of the temporal loops over one dimension, of all levels together, may be inside some place of a nest, and
// what that leaves outside. Pure functions; thread-safe.
struct LoopStep {
  std::int64_t loops = 1;  // inside, at least
  std::int64_t most = 1;   // and at most
  double outside = 1;      // how often they run, at least
};
using LoopSteps = std::vector<LoopStep>;  // ascending in loops; the last: all are inside

// All divisors of a dimension's temporal loops.
LoopSteps PerfectSteps(std::int64_t loops);

// Loops that need not divide, of a dimension's `bound` iterations with so many spatial copies: at most 33 steps, so
// that neighbours are merged. What runs outside is less than a whole number where the last of several runs may be
// shorter: the multiply-accumulates in it count for themselves (docs/MODEL.md, (B44) and (B45)). Preconditions: 1 <=
// copies <= bound.
LoopSteps UnevenSteps(std::int64_t bound, std::int64_t copies);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_BOUND_LOOP_STEPS_H_
