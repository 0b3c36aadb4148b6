#ifndef ONELOOP_SERVER_SEARCH_NULL_SINK_H_
#define ONELOOP_SERVER_SEARCH_NULL_SINK_H_

#include <functional>
#include <utility>

#include "server/search/point_sink.h"

namespace oneloop {

// Keeps no point: for searches whose end is all that is asked for. Without `stop_requested` it stops none. Used by one
// thread.
class NullSink final : public PointSink {
 public:
  explicit NullSink(std::function<bool()> stop_requested = [] { return false; })
      : stop_requested_(std::move(stop_requested)) {}

  void OnPoint(const SearchPoint&) override {}
  bool StopRequested() override { return stop_requested_(); }

 private:
  const std::function<bool()> stop_requested_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_NULL_SINK_H_
