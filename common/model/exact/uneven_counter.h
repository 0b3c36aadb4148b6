#ifndef ONELOOP_COMMON_MODEL_EXACT_UNEVEN_COUNTER_H_
#define ONELOOP_COMMON_MODEL_EXACT_UNEVEN_COUNTER_H_

#include "common/hardware/template.h"
#include "common/mapping/mapping.h"
#include "common/model/exact/layer_use.h"
#include "common/model/structure/structure.h"
#include "common/workload/dims.h"
#include "common/workload/workload.h"

namespace oneloop {

class ImperfectNest;

// Counts the flows of a Structure for a mapping of which some factor does not divide what it splits (docs/MODEL.md,
// "Imperfect factors"). Immutable; thread-safe; allocates nothing, except for links.
class UnevenCounter {
 public:
  // Both must outlive the counter.
  UnevenCounter(const Template& hardware_template, const Structure& structure)
      : template_(hardware_template), structure_(structure) {}

  // Sets everything but `need` and `is_even`. Precondition: ValidateMapping is OK.
  void Count(const LayerShape& shape, const Mapping& mapping, LayerUse* use) const;

 private:
  LinkUse CountLink(const ImperfectNest& nest, const LayerShape& shape, const Mapping& mapping, const LinkRow& link,
                    Tensor tensor) const;

  const Template& template_;
  const Structure& structure_;
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_EXACT_UNEVEN_COUNTER_H_
