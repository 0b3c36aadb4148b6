#include "server/search/range_projection.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/mapping/factor_space.h"

namespace oneloop {

RangeProjection::RangeProjection(const SmoothModel& model) {
  const FactorSpace& space = model.factor_space();
  for (int layer = 0; layer < model.num_layers(); ++layer) {
    for (const Dim dim : kAllDims) {
      if (space.IsFree(dim)) continue;
      Group group{{}, 0, false};
      for (const FactorPlace& place : space.places(dim)) {
        for (int s = 0; s < model.num_slots(); ++s) {
          const FactorSlot& slot = model.slots()[static_cast<std::size_t>(s)];
          if (slot.dim != dim || !(slot.place == place) || !model.IsActive(layer, s)) continue;
          const FactorRange& range = space.range(place, dim);
          group.bound = model.log2_bound(layer, s);
          group.factors.push_back({model.index(layer, s), std::log2(static_cast<double>(range.least)),
                                   std::log2(static_cast<double>(range.most))});
          group.last_takes_rest = place == space.last(dim);
        }
      }
      if (!group.factors.empty()) groups_.push_back(std::move(group));
    }
  }
}

void RangeProjection::Apply(std::span<double> x) const {
  for (const Group& group : groups_) {
    double sum = 0;
    double above_least = 0;
    for (const Factor& factor : group.factors) {
      double& value = x[factor.index];
      value = std::clamp(value, factor.least, factor.most);
      sum += value;
      above_least += value - factor.least;
    }
    if (sum > group.bound && above_least > 0) {
      const double kept = std::max(0.0, 1 - (sum - group.bound) / above_least);
      for (const Factor& factor : group.factors) {
        x[factor.index] = factor.least + (x[factor.index] - factor.least) * kept;
      }
    } else if (group.last_takes_rest && sum < group.bound) {
      x[group.factors.back().index] += group.bound - sum;
    }
  }
}

}  // namespace oneloop
