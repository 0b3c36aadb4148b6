#ifndef ONELOOP_SERVER_STORE_PARETO_FRONT_H_
#define ONELOOP_SERVER_STORE_PARETO_FRONT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace oneloop {

// The Pareto front of energy, latency and area, all minimised, kept up to date point by point.
//
// A point is on the front when no other point is at most as large in all three figures. Of points with three equal
// figures the one with the lowest number counts, so that the front depends on the set of points alone and not on the
// order in which they came. Insert compares with each member at most once, in energy order; members lie in one array.
//
// Not thread-safe.
class ParetoFront {
 public:
  struct Point {
    std::int64_t number = 0;
    double energy_uj = 0;
    double latency_cycles = 0;
    double area_mm2 = 0;
  };

  struct Change {
    bool entered = false;
    std::vector<std::int64_t> left;  // ascending
  };

  // Points with a figure that is infinite or no number never enter. Precondition: the number was not inserted before.
  Change Insert(const Point& point);

  std::size_t size() const { return points_.size(); }
  // By energy, then latency.
  const std::vector<Point>& points() const { return points_; }

 private:
  std::vector<Point> points_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_STORE_PARETO_FRONT_H_
