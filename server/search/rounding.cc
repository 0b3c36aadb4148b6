#include "server/search/rounding.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "common/mapping/factor_space.h"
#include "common/mapping/factorize.h"

namespace oneloop {
namespace {

// For each divisor the places of those that it divides. Found once for all factors: a bound may have 1,536 divisors.
std::vector<std::vector<std::size_t>> MultiplesAmong(const std::vector<std::int64_t>& divisors) {
  std::vector<std::vector<std::size_t>> multiples(divisors.size());
  for (std::size_t from = 0; from < divisors.size(); ++from) {
    for (std::size_t to = from; to < divisors.size(); ++to) {
      if (static_cast<std::uint32_t>(divisors[to]) % static_cast<std::uint32_t>(divisors[from]) == 0) {
        multiples[from].push_back(to);
      }
    }
  }
  return multiples;
}

// Splits bound = Π factors so that Σ (log2 factor_i - target_i)² is least, over the divisors that may be left after
// each place: an exact dynamic programme. `ranges`: of each factor; empty when all are free.
std::vector<std::int64_t> NearestFactorisation(std::int64_t bound, const std::vector<double>& targets,
                                               const std::vector<FactorRange>& ranges) {
  const std::vector<std::int64_t> divisors = Divisors(bound);
  const std::size_t count = divisors.size();
  std::vector<double> logs(count);
  for (std::size_t i = 0; i < count; ++i) logs[i] = std::log2(static_cast<double>(divisors[i]));
  const std::vector<std::vector<std::size_t>> multiples = MultiplesAmong(divisors);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();

  // cost[i]: least cost of the places so far when they multiply to divisors[i].
  std::vector<double> cost(count, kInfinity);
  cost[0] = 0;
  std::vector<std::vector<std::size_t>> previous(targets.size(), std::vector<std::size_t>(count));
  for (std::size_t place = 0; place < targets.size(); ++place) {
    std::vector<double> next(count, kInfinity);
    for (std::size_t from = 0; from < count; ++from) {
      if (cost[from] == kInfinity) continue;
      for (const std::size_t to : multiples[from]) {
        if (!ranges.empty() && !ranges[place].Has(divisors[to] / divisors[from])) continue;
        const double distance = logs[to] - logs[from] - targets[place];
        const double total = cost[from] + distance * distance;
        if (total < next[to]) {
          next[to] = total;
          previous[place][to] = from;
        }
      }
    }
    cost = next;
  }
  std::vector<std::int64_t> factors(targets.size());
  std::size_t at = count - 1;
  for (std::size_t place = targets.size(); place-- > 0;) {
    const std::size_t from = previous[place][at];
    factors[place] = divisors[at] / divisors[from];
    at = from;
  }
  return factors;
}

// Factors near a real one that are looked at on each side, and beginnings of a factorisation that are followed.
constexpr std::int64_t kNearest = 3;
constexpr std::size_t kMostBegun = 24;

// Of a dimension that is not free: the nearest that may stand, and as many as are looked at on each side.
std::vector<std::int64_t> AllowedNear(const FactorSpace& space, const FactorPlace& place, Dim dim, std::int64_t left,
                                      double target) {
  std::vector<std::int64_t> factors = space.Factors(place, dim, left);
  const auto middle = std::lower_bound(factors.begin(), factors.end(), std::exp2(target)) - factors.begin();
  const std::int64_t first = std::max<std::int64_t>(0, middle - kNearest);
  const std::int64_t last = std::min(std::ssize(factors), middle + kNearest);
  return {factors.begin() + first, factors.begin() + last};
}

// Factors that may stand where so much is left and are near 2^target, ascending: of a number of runs outside the least,
// as larger ones only pad.
std::vector<std::int64_t> FactorsNear(const FactorSpace& space, const FactorPlace& place, Dim dim, std::int64_t left,
                                      double target) {
  if (space.MustDivide(place, dim)) return space.Factors(place, dim, left);
  if (!space.IsFree(dim)) return AllowedNear(space, place, dim, left, target);
  std::vector<std::int64_t> factors = {1, left};
  const auto add_around = [&](double middle, const auto& factor_of) {
    const auto whole = static_cast<std::int64_t>(std::clamp(middle, 1.0, static_cast<double>(left)));
    const std::int64_t last = std::min(left, whole + kNearest);
    for (std::int64_t n = std::max<std::int64_t>(1, whole - kNearest + 1); n <= last; ++n)
      factors.push_back(factor_of(n));
  };
  const double factor = std::exp2(target);
  add_around(factor, [left](std::int64_t n) { return FactorSpace::LeastAlike(n, left); });
  add_around(static_cast<double>(left) / factor, [left](std::int64_t runs) { return LeftOutside(left, runs); });
  std::sort(factors.begin(), factors.end());
  factors.erase(std::unique(factors.begin(), factors.end()), factors.end());
  return factors;
}

// Of a dimension whose factors need not divide: by FactorSpace::places, as the targets are.
std::vector<std::int64_t> NearestCover(const FactorSpace& space, Dim dim, std::int64_t bound,
                                       const std::vector<double>& targets) {
  struct Begun {
    std::vector<std::int64_t> factors;
    std::int64_t left;
    double cost = 0;
  };
  std::vector<Begun> begun = {{{}, bound}};
  const std::span<const FactorPlace> places = space.places(dim);
  const auto cost_of = [](std::int64_t factor, double target) {
    const double log2 = std::log2(static_cast<double>(factor));
    return (log2 - target) * (log2 - target) + log2;
  };
  for (std::size_t place = 0; place + 1 < places.size(); ++place) {
    std::vector<Begun> next;
    for (const Begun& so_far : begun) {
      for (const std::int64_t factor : FactorsNear(space, places[place], dim, so_far.left, targets[place])) {
        next.push_back(so_far);
        next.back().factors.push_back(factor);
        next.back().left = LeftOutside(so_far.left, factor);
        next.back().cost += cost_of(factor, targets[place]);
      }
    }
    // Of those that leave as much, the best; then the best of all.
    std::stable_sort(next.begin(), next.end(), [](const Begun& a, const Begun& b) {
      return a.left != b.left ? a.left < b.left : a.cost < b.cost;
    });
    const auto same =
        std::unique(next.begin(), next.end(), [](const Begun& a, const Begun& b) { return a.left == b.left; });
    next.erase(same, next.end());
    std::stable_sort(next.begin(), next.end(), [](const Begun& a, const Begun& b) { return a.cost < b.cost; });
    if (next.size() > kMostBegun) next.resize(kMostBegun);
    begun = std::move(next);
  }
  for (Begun& whole : begun) {
    whole.factors.push_back(whole.left);
    whole.cost += cost_of(whole.left, targets.back());
  }
  return std::min_element(begun.begin(), begun.end(), [](const Begun& a, const Begun& b) { return a.cost < b.cost; })
      ->factors;
}

}  // namespace

Mapping RoundToWhole(const SmoothModel& model, const LayerShape& shape, std::span<const double> x,
                     const Mapping& like) {
  Mapping mapping;
  mapping.order = like.order;
  mapping.choice = like.choice;
  const FactorSpace& space = model.factor_space();
  for (const Dim dim : kAllDims) {
    if (shape.bound(dim) == 1) continue;
    std::vector<double> targets;
    std::vector<FactorPlace> places;
    double rest = std::log2(static_cast<double>(shape.bound(dim)));
    for (std::size_t s = 0; s < model.slots().size(); ++s) {
      const FactorSlot& slot = model.slots()[s];
      if (slot.dim != dim) continue;
      targets.push_back(x[s]);
      places.push_back(slot.place);
      rest -= x[s];
    }
    targets.push_back(rest);
    places.push_back({false, model.outermost_level()});
    std::vector<std::int64_t> factors;
    if (space.IsPerfect(dim)) {
      std::vector<FactorRange> ranges;
      for (const FactorPlace& place : places) {
        if (space.IsFree(dim)) break;
        ranges.push_back(space.HasPlace(place, dim) ? space.range(place, dim) : FactorRange{.least = 1, .most = 1});
      }
      factors = NearestFactorisation(shape.bound(dim), targets, ranges);
    } else {
      std::vector<double> in_order;
      for (const FactorPlace& place : space.places(dim)) {
        in_order.push_back(
            targets[ToIndex(static_cast<int>(std::find(places.begin(), places.end(), place) - places.begin()))]);
      }
      factors = NearestCover(space, dim, shape.bound(dim), in_order);
      places.assign(space.places(dim).begin(), space.places(dim).end());
    }
    for (std::size_t i = 0; i < places.size(); ++i) FactorAt(mapping, places[i], dim) = factors[i];
  }
  return mapping;
}

Mapping RoundToLike(const SmoothModel& model, const LayerShape& shape, const Mapping& like) {
  std::vector<double> x;
  for (const FactorSlot& slot : model.slots()) x.push_back(std::log2(static_cast<double>(FactorAt(like, slot))));
  return RoundToWhole(model, shape, x, like);
}

}  // namespace oneloop
