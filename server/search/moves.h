#ifndef ONELOOP_SERVER_SEARCH_MOVES_H_
#define ONELOOP_SERVER_SEARCH_MOVES_H_

#include <cstdint>
#include <vector>

#include "common/hardware/template.h"
#include "common/mapping/mapping.h"

namespace oneloop {

// A small change of one layer's mapping: a factor of one dimension from one place to another, or another loop innermost
// at one level.
struct Move {
  enum class Kind { kFactor, kOrder };
  // Where a factor stands: temporal at a level, or spatial along an axis.
  struct Place {
    bool is_spatial;
    int index;
    bool operator==(const Place&) const = default;
  };
  Kind kind;
  Dim dim;              // whose factor moves, or which becomes innermost
  std::int64_t factor;  // of a factor move, > 1: what is taken from one place and given to the other
  Place from;
  Place to;
  int level;  // of an order move
};

// The moves that one template allows. Immutable; thread-safe.
class MoveSet {
 public:
  explicit MoveSet(const Template& hardware_template);

  // Replaces `moves` by every move that changes the mapping, in a fixed order.
  void List(const Mapping& mapping, std::vector<Move>* moves) const;

  // Whether a factor move's place still has the factor; always so in the mapping that List was given.
  static bool CanApply(const Move& move, const Mapping& mapping);
  static void ApplyTo(const Move& move, Mapping* mapping);
  // Takes a factor move back.
  static void UndoIn(const Move& move, Mapping* mapping);
  static Mapping Apply(const Mapping& mapping, const Move& move);

 private:
  void ListFactorMoves(const Mapping& mapping, Dim dim, std::vector<Move>* moves) const;
  void ListOrderMoves(const Mapping& mapping, int level, std::vector<Move>* moves) const;

  const int num_levels_;
  std::vector<std::vector<Move::Place>> places_;  // by dimension
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_MOVES_H_
