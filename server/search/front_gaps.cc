#include "server/search/front_gaps.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace oneloop {
namespace {

// Exponents of the two figures in a direction that favours one.
constexpr double kFavoured = 1.5;
// Beyond the last member, in octaves: how far to look and what to hope for.
constexpr double kBeyond = 1;
constexpr double kHopeBeyond = 0.2;
// How far up a step to look: in its middle, and near its end. What arrays cost makes cliffs, with nothing in the middle
// and something better close to the edge.
constexpr std::array<double, 2> kPlaces = {0.5, 0.85};
// A step that is so small, in octaves, may still have something better in it: its members may not be the best.
constexpr double kSlack = 0.1;
// Octaves within which a look tells of another, and within which a start keeps to its place.
constexpr double kRange = 0.2;
constexpr double kNear = 3;

double CostOf(const FrontDirection& direction, const FrontPoint& figures) {
  double cost = 0;
  for (std::size_t i = 0; i < figures.size(); ++i) cost += direction.exponents[i] * figures[i];
  return cost;
}

using Members = std::vector<const FrontArchive::Member*>;

// By budget, each of a lower cost than all before it.
Members StairsOf(const FrontDirection& direction, std::span<const FrontArchive::Member> members) {
  Members sorted;
  for (const FrontArchive::Member& member : members) sorted.push_back(&member);
  std::stable_sort(sorted.begin(), sorted.end(), [&direction](const auto* a, const auto* b) {
    return a->figures[direction.budgeted] < b->figures[direction.budgeted];
  });
  double least = std::numeric_limits<double>::infinity();
  Members stairs;
  for (const FrontArchive::Member* const member : sorted) {
    const double cost = CostOf(direction, member->figures);
    if (!(cost < least)) continue;
    least = cost;
    stairs.push_back(member);
  }
  return stairs;
}

}  // namespace

std::vector<FrontDirection> DirectionsOf(const FrontSpace& space) {
  const std::size_t budgeted = space.Has(kAreaFigure) ? kAreaFigure : kLatencyFigure;
  if (space.size() == 3) {
    return {
        {budgeted, {1, 1, 0}}, {budgeted, {kFavoured, 2 - kFavoured, 0}}, {budgeted, {2 - kFavoured, kFavoured, 0}}};
  }
  FrontDirection direction{budgeted, {}};
  for (std::size_t i = 0; i < direction.exponents.size(); ++i) {
    direction.exponents[i] = space.Has(i) && i != budgeted ? 1 : 0;
  }
  return {direction};
}

double FrontGaps::Promise(const FrontGap& gap, double width, double drop) const {
  double looks = 0;
  for (const Look& look : looks_) {
    if (look.direction == gap.direction) looks += std::exp(-std::abs(look.budget - gap.budget) / kRange);
  }
  return (width + kSlack) * (drop + kSlack) / (1 + looks) * std::exp2(-std::abs(gap.budget - centre_) / kNear);
}

std::optional<FrontGap> FrontGaps::Next(std::span<const FrontArchive::Member> members) {
  std::optional<FrontGap> best;
  double most = 0;
  for (std::size_t d = 0; d < directions_.size(); ++d) {
    const FrontDirection& direction = directions_[d];
    const Members stairs = StairsOf(direction, members);
    for (std::size_t i = 0; i < stairs.size(); ++i) {
      const FrontArchive::Member* const above = i + 1 < stairs.size() ? stairs[i + 1] : nullptr;
      const double begin = stairs[i]->figures[direction.budgeted];
      const double width = above != nullptr ? above->figures[direction.budgeted] - begin : kBeyond;
      const double drop =
          above != nullptr ? CostOf(direction, stairs[i]->figures) - CostOf(direction, above->figures) : kHopeBeyond;
      for (const double place : kPlaces) {
        const FrontGap gap{d, begin + place * width, stairs[i], above};
        // The nearer the end, the likelier a design and the less it adds.
        const double promise = 4 * place * (1 - place) * Promise(gap, width, drop);
        if (!(promise > most)) continue;
        most = promise;
        best = gap;
      }
    }
  }
  if (best.has_value()) looks_.push_back({best->direction, best->budget});
  return best;
}

}  // namespace oneloop
