#ifndef ONELOOP_COMMON_MAPPING_ORDERS_H_
#define ONELOOP_COMMON_MAPPING_ORDERS_H_

#include "common/mapping/mapping.h"
#include "common/workload/dims.h"

namespace oneloop {

// Loop orders that matter. Of one level's loops only the innermost run decides what is reused: the loops over
// dimensions that the same tensors leave out. So an order is told by its innermost dimension; the others of its kind
// follow, then the rest, which changes nothing.

// `innermost` inside, the other dimensions used by the same tensors around it, the rest outside.
LoopOrder OrderAround(Dim innermost);

// Keeps `tensor` in place the longest: the loops over dimensions that it does not use are innermost.
LoopOrder StationaryOrder(Tensor tensor);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MAPPING_ORDERS_H_
