#include "common/mapping/random_mapping.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "common/mapping/factorize.h"
#include "common/mapping/orders.h"

namespace oneloop {

LoopOrder RandomOrder(Random& random) {
  LoopOrder order = kAllDims;
  for (std::size_t i = order.size() - 1; i > 0; --i) std::swap(order[i], order[random.Below(i + 1)]);
  return order;
}

std::vector<std::int64_t> RandomFactors(const FactorSpace& space, Dim dim, std::int64_t bound, Random& random) {
  const std::span<const FactorPlace> places = space.places(dim);
  // The gaps between sorted uniform numbers are uniform shares (Devroye, 1986, chapter V).
  std::vector<double> cuts = {0};
  for (std::size_t i = 0; i + 1 < places.size(); ++i) cuts.push_back(random.Uniform());
  cuts.push_back(1);
  std::sort(cuts.begin(), cuts.end());
  const double whole = std::log2(static_cast<double>(bound));
  std::vector<std::int64_t> factors;
  std::int64_t left = bound;
  for (std::size_t i = 0; i + 1 < places.size(); ++i) {
    const double share = std::nearbyint(std::exp2(whole * (cuts[i + 1] - cuts[i])));
    factors.push_back(space.LeastAlike(places[i], dim, space.LargestWithin(places[i], dim, left, share), left));
    left = LeftOutside(left, factors.back());
  }
  factors.push_back(left);
  return factors;
}

Mapping RandomMapping(const Template& hardware_template, const LayerShape& shape, Random& random) {
  const FactorSpace space(hardware_template);
  const OrderSpace orders(hardware_template);
  Mapping mapping;
  for (const Dim dim : kAllDims) {
    if (!space.IsPerfect(dim) || !space.IsFree(dim)) {
      if (shape.bound(dim) == 1) continue;
      const std::vector<std::int64_t> factors = RandomFactors(space, dim, shape.bound(dim), random);
      for (std::size_t i = 0; i < factors.size(); ++i) FactorAt(mapping, space.places(dim)[i], dim) = factors[i];
      continue;
    }
    std::vector<std::int64_t*> places;
    for (int level = 0; level < hardware_template.num_levels(); ++level) {
      if (hardware_template.level(level).temporal.Has(dim)) places.push_back(&mapping.t(level, dim));
    }
    for (std::size_t axis = 0; axis < hardware_template.axes().size(); ++axis) {
      if (hardware_template.axes()[axis].dims.Has(dim)) places.push_back(&mapping.s(static_cast<int>(axis), dim));
    }
    for (const std::int64_t prime : PrimeFactors(shape.bound(dim))) *places[random.Below(places.size())] *= prime;
  }
  for (int level = 0; level < hardware_template.num_levels(); ++level) {
    mapping.order[static_cast<std::size_t>(level)] = orders.Nearest(level, RandomOrder(random));
  }
  return mapping;
}

}  // namespace oneloop
