#ifndef ONELOOP_SERVER_SEARCH_POINT_SINK_H_
#define ONELOOP_SERVER_SEARCH_POINT_SINK_H_

#include "server/search/search_point.h"

namespace oneloop {

// Receives what a start finds, in a fixed order. Called on the start's thread.
class PointSink {
 public:
  virtual ~PointSink() = default;
  virtual void OnPoint(const SearchPoint& point) = 0;
  // Asked at least every some tens of milliseconds of work, and as a rule every few microseconds: true ends the start
  // early. Everything reported before stays valid.
  virtual bool StopRequested() = 0;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_POINT_SINK_H_
