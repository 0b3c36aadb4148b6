#ifndef ONELOOP_COMMON_MODEL_EXACT_NEIGHBOUR_LINKS_H_
#define ONELOOP_COMMON_MODEL_EXACT_NEIGHBOUR_LINKS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/model/exact/window_grid.h"
#include "common/workload/dims.h"

namespace oneloop {

// Words that neighbouring copies of a tile hand to each other when all copies move at once: section "Corners of the
// input" of docs/MODEL.md. Copies are numbered in mixed radix, digit by digit, and stand in rows; after the move a copy
// takes its tile from the copy before or after it in its row, or a row before or after it, where that held it.
//
// Which digits let a neighbour's offset differ by the move is found by following carries, so that copies come in a few
// blocks of digits that behave alike, and time and memory do not depend on how many copies there are. Where rows are
// not whole digits, each row's ends are looked at one by one. Layouts that need more than some ten thousand steps (more
// than 4,096 such rows; P on several axes beside R with more than 65,536 copies) count as without links.
class NeighbourLinks {
 public:
  // Elements by which a window moves: N, C, G, width, height.
  static constexpr int kWidth = 3;
  using Shift = std::array<std::int64_t, kNumDirections>;

  // A spatial factor above 1.
  struct Digit {
    std::int64_t factor;
    int direction;      // -1: the input does not use it
    bool is_filter;     // of width and height: R or S
    std::int64_t step;  // of the offset
  };

  struct Links {
    std::int64_t saved = 0;   // tiles that the source does not send
    std::int64_t linked = 0;  // copies that have theirs from a neighbour; 0 unless it saves a tile
  };

  // `digits`: the first runs fastest; outlives this. `row`: copies in a row, at least 1.
  NeighbourLinks(std::span<const Digit> digits, std::int64_t row);

  Links Count(const Shift& move) const;

 private:
  // Values of one digit, with both ends.
  struct Span {
    std::int64_t first;
    std::int64_t last;
  };
  static constexpr std::size_t kMaxDigits = 64;
  // Copies that are linked in one way: all whose digits are in the spans.
  struct Rule {
    std::array<Span, kMaxDigits> spans;
    // For neighbours in a row: the number of the copy is `stride` x - `before` with x no multiple of `factor`, and the
    // rule does not hold where x is a multiple of `breaks`, at the end of a row. 0: holds everywhere.
    std::int64_t breaks = 0;
    std::int64_t stride = 1;
    std::int64_t factor = 1;
    std::int64_t before = 0;
  };
  class Finder;
  class Counter;

  std::span<const Digit> digits_;
  std::int64_t row_;
  std::int64_t copies_ = 1;
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_EXACT_NEIGHBOUR_LINKS_H_
