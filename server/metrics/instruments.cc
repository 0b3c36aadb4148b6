#include "server/metrics/instruments.h"

#include <algorithm>

namespace oneloop {

void Histogram::Observe(absl::Duration duration) {
  duration = std::max(duration, absl::ZeroDuration());
  const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), absl::ToDoubleSeconds(duration));
  counts_[static_cast<std::size_t>(bound - kBounds.begin())].fetch_add(1, std::memory_order_relaxed);
  sum_nanoseconds_.fetch_add(absl::ToInt64Nanoseconds(duration), std::memory_order_relaxed);
}

Histogram::Reading Histogram::Read() const {
  constexpr double kNanosecond = 1e-9;
  Reading reading;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    reading.counts[i] = counts_[i].load(std::memory_order_relaxed);
    reading.count += reading.counts[i];
  }
  reading.sum_seconds = static_cast<double>(sum_nanoseconds_.load(std::memory_order_relaxed)) * kNanosecond;
  return reading;
}

void CallMetrics::OnEnd(std::string_view method, std::string_view code, absl::Duration elapsed) {
  MutexLock lock(&mutex_);
  by_method_and_code_[{std::string(method), std::string(code)}].Observe(elapsed);
}

std::vector<CallMetrics::Reading> CallMetrics::Read() const {
  MutexLock lock(&mutex_);
  std::vector<Reading> readings;
  readings.reserve(by_method_and_code_.size());
  for (const auto& [key, durations] : by_method_and_code_) {
    readings.push_back({key.first, key.second, durations.Read()});
  }
  return readings;
}

}  // namespace oneloop
