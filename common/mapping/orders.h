#ifndef ONELOOP_COMMON_MAPPING_ORDERS_H_
#define ONELOOP_COMMON_MAPPING_ORDERS_H_

#include <span>
#include <vector>

#include "common/hardware/template.h"
#include "common/mapping/mapping.h"
#include "common/workload/dims.h"

namespace oneloop {

// Loop orders that matter, of those that a template allows. Of one level's loops only the innermost run decides what is
// reused: the loops over dimensions that the same tensors leave out. So an order is told by its innermost dimension;
// the others of its kind follow, then the rest, which changes nothing. Where the template asks for an order, loops
// stand as near to that as they may. Of one template. Immutable; thread-safe.
class OrderSpace {
 public:
  explicit OrderSpace(const Template& hardware_template);

  // `innermost` inside, as far as others need not stand inside it, the other dimensions used by the same tensors around
  // it, the rest outside.
  LoopOrder Around(int level, Dim innermost) const;

  // Keeps `tensor` in place the longest: the loops over dimensions that it does not use are innermost.
  LoopOrder Stationary(int level, Tensor tensor) const;
  LoopOrders StationaryOrders(Tensor tensor) const;

  // The order at the level that is as near to a wished one as may be, from the innermost loop outwards; that itself
  // where it is allowed.
  LoopOrder Nearest(int level, const LoopOrder& wished) const;

 private:
  // All dimensions, those that come first in `preference` as far inside as they may.
  LoopOrder Extend(int level, DimSet first, std::span<const Dim> preference) const;

  std::vector<Template::LoopsInside> inside_;  // by level
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MAPPING_ORDERS_H_
