#ifndef ONELOOP_SERVER_SEARCH_FRONT_GAPS_H_
#define ONELOOP_SERVER_SEARCH_FRONT_GAPS_H_

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "common/front/front_space.h"
#include "server/search/front_archive.h"

namespace oneloop {

// How a front is walked along: one figure gets a budget, and a product of the others is minimised within it.
struct FrontDirection {
  std::size_t budgeted = kAreaFigure;
  std::array<double, 3> exponents{};  // of energy, latency and area
};

// The area has the budget where the space has it, and the latency elsewhere. Where two figures are left, they are
// weighed evenly, and in favour of either.
std::vector<FrontDirection> DirectionsOf(const FrontSpace& space);

// A place on a front where a design is missed: between two of its members, or beyond the one with the largest budget.
struct FrontGap {
  std::size_t direction = 0;  // of those given
  double budget = 0;          // log2 of what a design there may take
  const FrontArchive::Member* below = nullptr;
  const FrontArchive::Member* above = nullptr;  // null for none
};

// Chooses where to look next. In each direction the members that no other beats make stairs, and a design in the corner
// of a step would add the step's area (in log2) to what the front dominates: so much is hoped for, less where it was
// looked before and far away from the start's own place. Used by one thread.
class FrontGaps {
 public:
  // `directions` must outlive this. `centre`: log2 of the start's own budget.
  FrontGaps(std::span<const FrontDirection> directions, double centre) : directions_(directions), centre_(centre) {}

  // The gap that promises the most, counted as looked at from now on. Nothing without members.
  std::optional<FrontGap> Next(std::span<const FrontArchive::Member> members);

 private:
  struct Look {
    std::size_t direction;
    double budget;
  };

  double Promise(const FrontGap& gap, double width, double drop) const;

  const std::span<const FrontDirection> directions_;
  const double centre_;
  std::vector<Look> looks_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_FRONT_GAPS_H_
