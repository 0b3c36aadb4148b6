#include "common/mapping/random_mapping.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "common/mapping/factorize.h"

namespace oneloop {

LoopOrder RandomOrder(Random& random) {
  LoopOrder order = kAllDims;
  for (std::size_t i = order.size() - 1; i > 0; --i) std::swap(order[i], order[random.Below(i + 1)]);
  return order;
}

Mapping RandomMapping(const Template& hardware_template, const LayerShape& shape, Random& random) {
  Mapping mapping;
  for (const Dim dim : kAllDims) {
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
    mapping.order[static_cast<std::size_t>(level)] = RandomOrder(random);
  }
  return mapping;
}

}  // namespace oneloop
