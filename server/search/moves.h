#ifndef ONELOOP_SERVER_SEARCH_MOVES_H_
#define ONELOOP_SERVER_SEARCH_MOVES_H_

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "common/mapping/factor_space.h"
#include "common/mapping/mapping.h"
#include "common/model/exact/cost_model.h"
#include "common/workload/workload.h"

namespace oneloop {

// A small change of one layer's mapping: factors of one dimension at two places, or another loop innermost at one
// level.
struct Move {
  enum class Kind : std::uint8_t {
    kTransfer,  // a factor from one place to another: of dimensions whose factors must divide
    kResize,    // new factors at two places, which pad as little as they can: of the others
    kOrder,     // `dim` becomes innermost
  };
  Kind kind;
  Dim dim;
  std::int64_t factor = 1;  // of a transfer, > 1: what is taken from one place and given to the other
  FactorPlace from;         // gives
  FactorPlace to;           // takes
  // Of a resizing: what stands at the two places before, and after it.
  std::int64_t from_before = 1;
  std::int64_t from_after = 1;
  std::int64_t to_before = 1;
  std::int64_t to_after = 1;
  int level = 0;  // of an order move
};

// The moves that one template allows. A resizing also changes what the last place has, and cuts what a loop
// further out has too much then; its own places are the rule, so that moves can follow each other. Immutable;
// thread-safe.
class MoveSet {
 public:
  // `model` must outlive the set.
  explicit MoveSet(const CostModel& model);

  const FactorSpace& space() const { return space_; }
  const OrderSpace& orders() const { return orders_; }

  // Replaces `moves` by every transfer and order that changes the mapping, and by the resizings between each two
  // places: the giver's factor goes to each of its divisors and, ever further apart, to other numbers below; the
  // taker's is the least that still covers the bound. In a fixed order.
  void List(const LayerShape& shape, const Mapping& mapping, std::vector<Move>* moves) const;

  // Whether a factor move's places still have what it takes; always so in the mapping that List was given.
  bool CanApply(const Move& move, const Mapping& mapping) const;
  void ApplyTo(const Move& move, const LayerShape& shape, Mapping* mapping) const;
  Mapping Apply(const LayerShape& shape, const Mapping& mapping, const Move& move) const;
  // Whether two factor moves from one mapping leave each other what they take.
  bool AreApart(const Move& a, const Move& b) const;

  // Whether a place is the dimension's last, which has what the others leave.
  bool IsLast(const FactorPlace& place, Dim dim) const { return place == space_.last(dim); }
  bool IsOutermost(const FactorPlace& place) const { return !place.is_spatial && place.index == num_levels_ - 1; }

  // One dimension's factors, by FactorSpace::places, to be put back after moves of it.
  using Column = std::array<std::int64_t, kMaxLevels + kMaxAxes>;
  Column ColumnOf(const Mapping& mapping, Dim dim) const;
  void PutBack(const Column& column, Dim dim, Mapping* mapping) const;

 private:
  void ListTransfers(const Mapping& mapping, Dim dim, std::vector<Move>* moves) const;
  void ListResizings(std::int64_t bound, const Mapping& mapping, Dim dim, std::vector<Move>* moves) const;
  void ListOrderMoves(const Mapping& mapping, int level, std::vector<Move>* moves) const;
  const int num_levels_;
  const FactorSpace& space_;
  const OrderSpace& orders_;
  std::array<std::vector<FactorPlace>, kNumDims> listed_;  // places, in the order in which moves are listed
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_MOVES_H_
