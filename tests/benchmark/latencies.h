#ifndef ONELOOP_TESTS_BENCHMARK_LATENCIES_H_
#define ONELOOP_TESTS_BENCHMARK_LATENCIES_H_

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <vector>

#include "common/base/mutex.h"

namespace oneloop {

// Latencies in milliseconds. Thread-safe.
class Latencies {
 public:
  void Add(double milliseconds) {
    const MutexLock lock(&mutex_);
    values_.push_back(milliseconds);
  }
  void Print(const char* name) {
    std::vector<double> sorted;
    {
      const MutexLock lock(&mutex_);
      sorted = values_;
    }
    std::sort(sorted.begin(), sorted.end());
    const auto at = [&sorted](double share) {
      return sorted.empty() ? 0 : sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
    };
    std::printf("| %s | %zu | %.1f | %.1f | %.1f |\n", name, sorted.size(), at(0.5), at(0.99), at(1));
  }

 private:
  Mutex mutex_;
  std::vector<double> values_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace oneloop

#endif  // ONELOOP_TESTS_BENCHMARK_LATENCIES_H_
