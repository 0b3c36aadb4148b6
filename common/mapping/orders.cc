#include "common/mapping/orders.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace oneloop {
namespace {

bool SameKind(Dim a, Dim b) {
  return std::all_of(kAllTensors.begin(), kAllTensors.end(),
                     [a, b](Tensor tensor) { return IsRelevant(tensor, a) == IsRelevant(tensor, b); });
}

bool IsWithin(DimSet inner, DimSet outer) { return (inner | outer) == outer; }

}  // namespace

OrderSpace::OrderSpace(const Template& hardware_template) {
  for (int level = 0; level < hardware_template.num_levels(); ++level) {
    inside_.push_back(hardware_template.loops_inside(level));
  }
}

LoopOrder OrderSpace::Extend(int level, DimSet first, std::span<const Dim> preference) const {
  const Template::LoopsInside& inside = inside_[ToIndex(level)];
  LoopOrder order;
  DimSet placed;
  for (std::size_t place = order.size(); place-- > 0;) {
    const bool is_first = !IsWithin(first, placed);
    const auto next = std::find_if(preference.begin(), preference.end(), [&](Dim dim) {
      return !placed.Has(dim) && (!is_first || first.Has(dim)) && IsWithin(inside[ToIndex(dim)], placed);
    });
    order[place] = *next;
    placed.Add(*next);
  }
  return order;
}

LoopOrder OrderSpace::Around(int level, Dim innermost) const {
  std::array<Dim, kNumDims> preference;
  std::size_t next = 0;
  preference[next++] = innermost;
  for (const bool same_kind : {true, false}) {
    for (std::size_t d = kAllDims.size(); d-- > 0;) {
      const Dim dim = kAllDims[d];
      if (dim != innermost && SameKind(dim, innermost) == same_kind) preference[next++] = dim;
    }
  }
  return Extend(level, inside_[ToIndex(level)][ToIndex(innermost)] | DimSet{innermost}, preference);
}

LoopOrder OrderSpace::Stationary(int level, Tensor tensor) const {
  LoopOrder order = kAllDims;
  std::stable_partition(order.begin(), order.end(), [tensor](Dim dim) { return IsRelevant(tensor, dim); });
  return Nearest(level, order);
}

LoopOrders OrderSpace::StationaryOrders(Tensor tensor) const {
  LoopOrders orders;
  for (std::size_t level = 0; level < orders.size(); ++level) {
    orders[level] = Stationary(std::min(static_cast<int>(level), static_cast<int>(inside_.size()) - 1), tensor);
  }
  return orders;
}

LoopOrder OrderSpace::Nearest(int level, const LoopOrder& wished) const {
  LoopOrder preference = wished;
  std::reverse(preference.begin(), preference.end());
  return Extend(level, {}, preference);
}

}  // namespace oneloop
