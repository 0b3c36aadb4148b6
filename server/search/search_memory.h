#ifndef ONELOOP_SERVER_SEARCH_SEARCH_MEMORY_H_
#define ONELOOP_SERVER_SEARCH_SEARCH_MEMORY_H_

#include <cstdint>

#include "absl/status/status.h"
#include "server/search/search_spec.h"

namespace oneloop {

// What one start of a job may take, and so the proof of its bound.
inline constexpr std::int64_t kMaxMemoryPerJob = std::int64_t{1} << 30;

// Bytes that one start of the spec's algorithm, or the proof of its bound, takes at most, about: what grows with
// layers, levels, axes, divisors of the bounds and samples. Costs microseconds a layer. Preconditions: the spec's
// ranges match its template; its workload is valid. Thread-safe.
std::int64_t EstimateSearchBytes(const SearchSpec& spec);

// RESOURCE_EXHAUSTED, naming max_memory_per_job, when EstimateSearchBytes is beyond `most`.
absl::Status CheckSearchMemory(const SearchSpec& spec, std::int64_t most = kMaxMemoryPerJob);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_SEARCH_MEMORY_H_
