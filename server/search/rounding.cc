#include "server/search/rounding.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

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
// each place: an exact dynamic programme.
std::vector<std::int64_t> NearestFactorisation(std::int64_t bound, const std::vector<double>& targets) {
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

}  // namespace

Mapping RoundToDivisors(const SmoothModel& model, const LayerShape& shape, std::span<const double> x,
                        const Mapping& like) {
  Mapping mapping;
  mapping.order = like.order;
  const int outermost = model.outermost_level();
  for (const Dim dim : kAllDims) {
    if (shape.bound(dim) == 1) continue;
    std::vector<double> targets;
    std::vector<std::int64_t*> places;
    double rest = std::log2(static_cast<double>(shape.bound(dim)));
    for (std::size_t s = 0; s < model.slots().size(); ++s) {
      const FactorSlot& slot = model.slots()[s];
      if (slot.dim != dim) continue;
      targets.push_back(x[s]);
      places.push_back(slot.is_spatial ? &mapping.s(slot.place, dim) : &mapping.t(slot.place, dim));
      rest -= x[s];
    }
    targets.push_back(rest);
    places.push_back(&mapping.t(outermost, dim));
    const std::vector<std::int64_t> factors = NearestFactorisation(shape.bound(dim), targets);
    for (std::size_t i = 0; i < places.size(); ++i) *places[i] = factors[i];
  }
  return mapping;
}

Mapping RoundToLike(const SmoothModel& model, const LayerShape& shape, const Mapping& like) {
  std::vector<double> x;
  for (const FactorSlot& slot : model.slots()) x.push_back(std::log2(static_cast<double>(FactorAt(like, slot))));
  return RoundToDivisors(model, shape, x, like);
}

}  // namespace oneloop
