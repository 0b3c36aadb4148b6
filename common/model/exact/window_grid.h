#ifndef ONELOOP_COMMON_MODEL_EXACT_WINDOW_GRID_H_
#define ONELOOP_COMMON_MODEL_EXACT_WINDOW_GRID_H_

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

namespace oneloop {

// Copies (i, j), 0 <= i < outputs and 0 <= j < filters, whose windows begin at i * output_step + j * filter_step. With
// g the steps' greatest common divisor, (i, j) and (i + filter_step / g, j - output_step / g) begin at the same place:
// copies of one window form a chain of such steps. Chains are counted in closed form. A value type; thread-safe.
class WindowGrid {
 public:
  // All at least 1; outputs * filters and the last window's begin fit 63 bits.
  WindowGrid(std::int64_t outputs, std::int64_t filters, std::int64_t output_step, std::int64_t filter_step);

  // Different windows; the number of chains.
  std::int64_t Distinct() const { return Chains(outputs_, filters_); }
  bool Coincide() const { return outputs_ > output_period_ && filters_ > filter_period_; }

  // Calls visit(i, j) for each copy of the chain through (i, j), which it holds.
  void VisitChain(std::int64_t i, std::int64_t j,
                  const std::function<void(std::int64_t i, std::int64_t j)>& visit) const;
  // Copies of the longest chain.
  std::int64_t LongestChain() const;
  // Calls visit(length, chains) for each length that chains have, ascending; beyond kMostLengths all further chains are
  // given at once, with their mean length.
  static constexpr std::int64_t kMostLengths = 4096;
  void ForEachLength(const std::function<void(double length, double chains)>& visit) const;
  // Whether a chain begins with (i, j), in the direction in which i grows.
  bool IsFirst(std::int64_t i, std::int64_t j) const { return i < output_period_ || j >= filters_ - filter_period_; }

  // Chains told apart by what they hit: places along a dimension are its first, its last, and those between.
  enum Place { kFirst, kBetween, kLast };
  struct Hit {
    Place output;
    Place filter;
  };
  struct ChainKind {
    std::vector<Hit> hits;
    std::int64_t count;
  };
  // Precondition: outputs and filters are at least 2.
  std::vector<ChainKind> ChainKinds() const;

 private:
  class BorderCounts;
  std::int64_t Chains(std::int64_t outputs, std::int64_t filters) const;

  std::int64_t outputs_;
  std::int64_t filters_;
  std::int64_t output_period_;
  std::int64_t filter_period_;
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_EXACT_WINDOW_GRID_H_
