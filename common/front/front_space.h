#ifndef ONELOOP_COMMON_FRONT_FRONT_SPACE_H_
#define ONELOOP_COMMON_FRONT_FRONT_SPACE_H_

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/front/front.h"

namespace oneloop {

// Which of a design's figures a front is over: two or three of energy, latency and area. A value type.
class FrontSpace {
 public:
  // Over all three.
  FrontSpace() = default;
  // "energy,latency,area" or two of them, in any order. INVALID_ARGUMENT, with what is valid, for a metric that is
  // unknown, given twice or no part of fronts, and for fewer than two.
  static absl::StatusOr<FrontSpace> Parse(std::string_view text);

  bool Has(std::size_t figure) const { return has_[figure]; }
  std::size_t size() const;
  // The names, by kEnergyFigure, kLatencyFigure, kAreaFigure: "energy,latency".
  std::string ToString() const;

  // The point with 1 for what this space has not.
  FrontPoint Project(const FrontPoint& point) const;
  // The projected points that no other dominates in this space.
  Front FrontOf(std::vector<FrontPoint> points) const;
  // The worst of each figure on a front of this space, a tenth more; 2 for what this space has not, so that a volume in
  // log2 is that of the space alone.
  FrontPoint ReferenceOf(const Front& front) const;

  bool operator==(const FrontSpace&) const = default;

 private:
  std::array<bool, 3> has_ = {true, true, true};
};

// The volume, in log2 of each figure, of what some point dominates and `reference` bounds: in octaves to the power of
// the space's size, so that a factor of 2 counts alike wherever it is. Of a front and a reference of one space. Figures
// are above 0.
double LogHypervolume(const Front& front, const FrontPoint& reference);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FRONT_FRONT_SPACE_H_
