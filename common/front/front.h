#ifndef ONELOOP_COMMON_FRONT_FRONT_H_
#define ONELOOP_COMMON_FRONT_FRONT_H_

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace oneloop {

// The figures of a design that a front is over, all minimised: energy (µJ), latency (cycles), area (mm²).
using FrontPoint = std::array<double, 3>;
inline constexpr std::size_t kEnergyFigure = 0;
inline constexpr std::size_t kLatencyFigure = 1;
inline constexpr std::size_t kAreaFigure = 2;

// Whether `a` is nowhere worse than `b` and somewhere better.
bool Dominates(const FrontPoint& a, const FrontPoint& b);

// Designs of which none dominates another. All below take O(n log n) time.
class Front {
 public:
  // Keeps of the points, which are finite, those that no other dominates; equal ones once.
  explicit Front(std::vector<FrontPoint> points);

  // By area, then energy, then latency.
  std::span<const FrontPoint> points() const { return points_; }

  // How many points of this front are on the other, too.
  std::size_t CountSharedWith(const Front& other) const;
  // How many points of this front a point of `other` dominates.
  std::size_t CountDominatedBy(const Front& other) const;

  // The volume (µJ·cycles·mm²) of what some point dominates and `reference` bounds; points that are not better than the
  // reference in all three figures add nothing.
  double Hypervolume(const FrontPoint& reference) const;
  // The same of the area in the plane of two of the figures.
  double ProjectedHypervolume(std::size_t x, std::size_t y, const FrontPoint& reference) const;

 private:
  std::vector<FrontPoint> points_;
};

// The front of all fronts together.
Front JointFront(std::span<const Front> fronts);

// The worst of each figure on the front, a tenth more; 1 for a figure that is 0 on all of it, as the area is with a
// template that knows none. A reference from which every front can be measured that is a part of this one.
FrontPoint ReferenceOf(const Front& front);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FRONT_FRONT_H_
