#include "common/model/bound/box_costs.h"

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace oneloop {

BoxCosts CostsOfBox(const Template& hardware_template, std::span<const ParameterRange> ranges) {
  std::vector<double> low;
  std::vector<double> high;
  for (const ParameterRange& range : ranges) {
    // A sum of steps need not equal their product.
    low.push_back(range.min * (1 - kBoundSlack));
    high.push_back(range.max * (1 + kBoundSlack));
  }
  BoxCosts costs{};
  for (int l = 0; l < hardware_template.num_levels(); ++l) {
    const LevelSpec& level = hardware_template.level(l);
    const auto slot = static_cast<std::size_t>(l);
    costs.energy_pj[slot] = level.energy_pj.has_value() ? level.energy_pj->EvaluateSmallest(low, high) : 0;
    costs.words_per_cycle[slot] = level.words_per_cycle.has_value() ? level.words_per_cycle->EvaluateLargest(low, high)
                                                                    : std::numeric_limits<double>::infinity();
  }
  const std::vector<Resource>& resources = hardware_template.resources();
  for (std::size_t r = 0; r < resources.size(); ++r) costs.limit[r] = resources[r].limit.EvaluateLargest(low, high);
  const TemplateSpec& spec = hardware_template.spec();
  costs.mac_energy_pj = spec.mac_energy_pj.has_value() ? spec.mac_energy_pj->EvaluateSmallest(low, high) : 0;
  costs.macs_per_cycle = spec.macs_per_cycle;
  costs.area_mm2 = spec.area_mm2.has_value() ? spec.area_mm2->EvaluateSmallest(low, high) : 0;
  return costs;
}

SpatialReach::Limits AxisLimits(const Template& hardware_template, const BoxCosts& costs) {
  SpatialReach::Limits limits;
  limits.fill(1);
  const std::vector<Resource>& resources = hardware_template.resources();
  for (std::size_t r = 0; r < resources.size(); ++r) {
    if (!resources[r].is_axis()) continue;
    limits[static_cast<std::size_t>(resources[r].axis)] = std::floor(costs.limit[r] * (1 + kBoundSlack));
  }
  return limits;
}

}  // namespace oneloop
