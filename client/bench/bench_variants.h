#ifndef ONELOOP_CLIENT_BENCH_BENCH_VARIANTS_H_
#define ONELOOP_CLIENT_BENCH_BENCH_VARIANTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "oneloop/v1/job.pb.h"

namespace oneloop {

// One of the ways to search that a bench compares.
struct BenchVariant {
  std::string name;
  v1::JobSpec changes;  // merged into the job's
};

// By the names of algorithms, as flags have them.
std::vector<BenchVariant> AlgorithmVariants(const std::vector<std::string>& algorithms);

// The gradient search as it is, first, and with one part taken out or replaced at a time: loop orders, what the descent
// moves, descent, polish, the number of starts. All have the same `samples` in all.
std::vector<BenchVariant> AblationVariants(std::int64_t samples);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_BENCH_BENCH_VARIANTS_H_
