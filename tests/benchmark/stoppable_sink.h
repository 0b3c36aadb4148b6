#ifndef ONELOOP_TESTS_BENCHMARK_STOPPABLE_SINK_H_
#define ONELOOP_TESTS_BENCHMARK_STOPPABLE_SINK_H_

#include <atomic>

#include "server/search/point_sink.h"

namespace oneloop {

// Keeps no point, and has a search stop when `stop`, which outlives it, is set.
class StoppableSink : public PointSink {
 public:
  explicit StoppableSink(const std::atomic<bool>* stop) : stop_(*stop) {}
  void OnPoint(const SearchPoint&) override {}
  bool StopRequested() override { return stop_; }

 private:
  const std::atomic<bool>& stop_;
};

}  // namespace oneloop

#endif  // ONELOOP_TESTS_BENCHMARK_STOPPABLE_SINK_H_
