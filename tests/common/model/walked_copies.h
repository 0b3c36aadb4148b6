#ifndef ONELOOP_TESTS_COMMON_MODEL_WALKED_COPIES_H_
#define ONELOOP_TESTS_COMMON_MODEL_WALKED_COPIES_H_

#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "common/model/exact/neighbour_links.h"

namespace oneloop {

// What NeighbourLinks counts, found by walking every copy: the definition itself.
inline NeighbourLinks::Links WalkedLinks(const std::vector<NeighbourLinks::Digit>& digits, std::int64_t row,
                                         const NeighbourLinks::Shift& move) {
  using Shift = NeighbourLinks::Shift;
  std::vector<Shift> offsets = {Shift{}};
  for (const NeighbourLinks::Digit& digit : digits) {
    const std::size_t inner = offsets.size();
    for (std::int64_t value = 1; value < digit.factor; ++value) {
      for (std::size_t i = 0; i < inner; ++i) {
        Shift offset = offsets[i];
        if (digit.direction >= 0) offset[static_cast<std::size_t>(digit.direction)] += value * digit.step;
        offsets.push_back(offset);
      }
    }
  }
  const auto count = static_cast<std::int64_t>(offsets.size());
  const std::set<Shift> all(offsets.begin(), offsets.end());
  std::set<Shift> unlinked;
  std::int64_t linked = 0;
  for (std::int64_t p = 0; p < count; ++p) {
    Shift wanted = offsets[static_cast<std::size_t>(p)];
    for (std::size_t a = 0; a < wanted.size(); ++a) wanted[a] += move[a];
    bool found = false;
    for (const std::int64_t q : {p - 1, p + 1, p - row, p + row}) {
      const bool beside = q == p - 1 || q == p + 1;
      if (q < 0 || q >= count || (beside && row > 1 && p / row != q / row)) continue;
      found = found || offsets[static_cast<std::size_t>(q)] == wanted;
    }
    if (found) {
      ++linked;
    } else {
      unlinked.insert(offsets[static_cast<std::size_t>(p)]);
    }
  }
  const auto saved = static_cast<std::int64_t>(all.size() - unlinked.size());
  return saved > 0 ? NeighbourLinks::Links{saved, linked} : NeighbourLinks::Links{};
}

}  // namespace oneloop

#endif  // ONELOOP_TESTS_COMMON_MODEL_WALKED_COPIES_H_
