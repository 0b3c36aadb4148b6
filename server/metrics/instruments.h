#ifndef ONELOOP_SERVER_METRICS_INSTRUMENTS_H_
#define ONELOOP_SERVER_METRICS_INSTRUMENTS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "common/base/mutex.h"

namespace oneloop {

// A number that threads change and others read. Thread-safe; nobody ever waits.
class Counter {
 public:
  void Add(std::int64_t change = 1) { value_.fetch_add(change, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// How long something took, by ranges. Thread-safe; nobody ever waits.
class Histogram {
 public:
  // Upper bounds in seconds, each inclusive; beyond the last there is one range more.
  static constexpr std::array kBounds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                         0.1,    0.25,  0.5,    1.0,   2.5,  5.0,   10.0};
  struct Reading {
    std::array<std::int64_t, kBounds.size() + 1> counts{};  // of each range alone
    std::int64_t count = 0;                                 // their sum
    double sum_seconds = 0;
  };

  // Times below zero, from a clock that was set, count as zero.
  void Observe(absl::Duration duration);
  // An observation that is just being made may be in the sum and not yet in the counts, or the other way round.
  Reading Read() const;

 private:
  std::array<std::atomic<std::int64_t>, kBounds.size() + 1> counts_{};
  std::atomic<std::int64_t> sum_nanoseconds_{0};
};

// Calls that ended, by method and code. Thread-safe.
class CallMetrics {
 public:
  struct Reading {
    std::string method;
    std::string code;
    Histogram::Reading durations;
  };

  // `method` and `code` from fixed sets: each pair is kept forever.
  void OnEnd(std::string_view method, std::string_view code, absl::Duration elapsed);
  // By method, then code.
  std::vector<Reading> Read() const;

 private:
  mutable Mutex mutex_;
  std::map<std::pair<std::string, std::string>, Histogram> by_method_and_code_ ABSL_GUARDED_BY(mutex_);
};

// What the parts of the daemon count as they work.
struct DaemonMetrics {
  Counter running_starts;
  Counter samples;
  Counter worker_points;   // reported by workers of other machines
  Counter points;          // committed
  Histogram commits;       // transactions of the store, also those that failed
  Counter failed_commits;  // for the storage's sake
  Histogram watch_lag;     // from a commit until its news was handed to a watcher
  CallMetrics calls;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_METRICS_INSTRUMENTS_H_
