#ifndef ONELOOP_SERVER_SEARCH_BEST_SINK_H_
#define ONELOOP_SERVER_SEARCH_BEST_SINK_H_

#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include "server/search/point_sink.h"

namespace oneloop {

// The best design that starts find which are run for it alone. Without `stop_requested` it stops none. Used by one
// thread.
class BestSink final : public PointSink {
 public:
  struct Best {
    double score = std::numeric_limits<double>::infinity();  // that none was found
    WorkloadMetrics metrics;
    HardwarePoint hardware;
    std::vector<Mapping> mappings;  // by layer
  };

  explicit BestSink(std::function<bool()> stop_requested = [] { return false; })
      : stop_requested_(std::move(stop_requested)) {}

  void OnPoint(const SearchPoint& point) override {
    if (point.score < best_.score) best_ = {point.score, point.metrics, point.hardware, *point.mappings};
  }
  bool StopRequested() override { return stop_requested_(); }

  const Best& best() const { return best_; }

 private:
  const std::function<bool()> stop_requested_;
  Best best_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_BEST_SINK_H_
