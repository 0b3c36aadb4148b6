#ifndef ONELOOP_COMMON_MODEL_BOUND_BOX_COSTS_H_
#define ONELOOP_COMMON_MODEL_BOUND_BOX_COSTS_H_

#include <array>
#include <span>

#include "common/model/bound/spatial_reach.h"
#include "common/model/exact/cost_model.h"

namespace oneloop {

// The most favourable figures of a template in a box of hardware points: each at its own best corner.
struct BoxCosts {
  std::array<double, kMaxLevels> energy_pj;        // least, per access
  std::array<double, kMaxLevels> words_per_cycle;  // most, of one instance; infinite when not limiting
  std::array<double, kMaxResources> limit;         // most, by Template::resources()
  double mac_energy_pj;                            // least
  double macs_per_cycle;
  double area_mm2;  // least; 0 without a formula
};

// `ranges` by parameter index.
BoxCosts CostsOfBox(const Template& hardware_template, std::span<const ParameterRange> ranges);

// Most copies along each axis in a box, whole.
SpatialReach::Limits AxisLimits(const Template& hardware_template, const BoxCosts& costs);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_BOUND_BOX_COSTS_H_
