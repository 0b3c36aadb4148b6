#include "common/mapping/orders.h"

#include <algorithm>
#include <cstddef>

namespace oneloop {
namespace {

bool SameKind(Dim a, Dim b) {
  return std::all_of(kAllTensors.begin(), kAllTensors.end(),
                     [a, b](Tensor tensor) { return IsRelevant(tensor, a) == IsRelevant(tensor, b); });
}

}  // namespace

LoopOrder OrderAround(Dim innermost) {
  LoopOrder order;
  std::size_t next = 0;
  for (const Dim dim : kAllDims) {
    if (!SameKind(dim, innermost)) order[next++] = dim;
  }
  for (const Dim dim : kAllDims) {
    if (SameKind(dim, innermost) && dim != innermost) order[next++] = dim;
  }
  order[next] = innermost;
  return order;
}

LoopOrder StationaryOrder(Tensor tensor) {
  LoopOrder order = kAllDims;
  std::stable_partition(order.begin(), order.end(), [tensor](Dim dim) { return IsRelevant(tensor, dim); });
  return order;
}

}  // namespace oneloop
