#ifndef ONELOOP_COMMON_FORMATS_COMPONENT_LIBRARY_H_
#define ONELOOP_COMMON_FORMATS_COMPONENT_LIBRARY_H_

#include "common/formats/component_prices.h"

namespace oneloop {

// Costs by the shipped tables (data/components.yaml). A component is what its class, subclass and size say: DRAM by its
// type; SRAM; a register file, of at most what its table has; an integer or floating-point unit. Its node is its
// `technology`, "45nm"; without one, and for sizes that no table has, it is not known. Leakage is of a cycle of
// `global_cycle_seconds`, 1 ns when absent. Thread-safe.
class ShippedComponentPrices : public ComponentPriceSource {
 public:
  std::optional<ComponentCostTexts> CostsOf(const ComponentUse& use) const override;
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_COMPONENT_LIBRARY_H_
