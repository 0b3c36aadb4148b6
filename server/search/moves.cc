#include "server/search/moves.h"

#include <cstddef>
#include <utility>

#include "common/mapping/factorize.h"
#include "common/mapping/orders.h"

namespace oneloop {
namespace {

std::int64_t FactorAt(const Mapping& mapping, const Move::Place& place, Dim dim) {
  return place.is_spatial ? mapping.s(place.index, dim) : mapping.t(place.index, dim);
}

std::int64_t& FactorAt(Mapping& mapping, const Move::Place& place, Dim dim) {
  return place.is_spatial ? mapping.s(place.index, dim) : mapping.t(place.index, dim);
}

}  // namespace

MoveSet::MoveSet(const Template& hardware_template) : num_levels_(hardware_template.num_levels()), places_(kNumDims) {
  for (const Dim dim : kAllDims) {
    std::vector<Move::Place>& places = places_[static_cast<std::size_t>(dim)];
    for (int level = 0; level < num_levels_; ++level) {
      if (hardware_template.level(level).temporal.Has(dim)) places.push_back({false, level});
    }
    for (std::size_t axis = 0; axis < hardware_template.axes().size(); ++axis) {
      if (hardware_template.axes()[axis].dims.Has(dim)) places.push_back({true, static_cast<int>(axis)});
    }
  }
}

void MoveSet::List(const Mapping& mapping, std::vector<Move>* moves) const {
  moves->clear();
  for (const Dim dim : kAllDims) ListFactorMoves(mapping, dim, moves);
  // The innermost level's order changes nothing: no tile lies inside its loops.
  for (int level = 1; level < num_levels_; ++level) ListOrderMoves(mapping, level, moves);
}

void MoveSet::ListFactorMoves(const Mapping& mapping, Dim dim, std::vector<Move>* moves) const {
  const std::vector<Move::Place>& places = places_[static_cast<std::size_t>(dim)];
  for (const Move::Place& from : places) {
    const std::int64_t whole = FactorAt(mapping, from, dim);
    if (whole == 1) continue;
    for (const std::int64_t factor : Divisors(whole)) {
      if (factor == 1) continue;
      for (const Move::Place& to : places) {
        if (to == from) continue;
        moves->push_back({Move::Kind::kFactor, dim, factor, from, to, 0});
      }
    }
  }
}

void MoveSet::ListOrderMoves(const Mapping& mapping, int level, std::vector<Move>* moves) const {
  std::vector<Dim> loops;
  for (const Dim dim : mapping.order[static_cast<std::size_t>(level)]) {
    if (mapping.t(level, dim) > 1) loops.push_back(dim);
  }
  for (std::size_t i = 0; i + 1 < loops.size(); ++i) {
    moves->push_back({Move::Kind::kOrder, loops[i], 1, {}, {}, level});
  }
}

bool MoveSet::CanApply(const Move& move, const Mapping& mapping) {
  return FactorAt(mapping, move.from, move.dim) % move.factor == 0;
}

void MoveSet::ApplyTo(const Move& move, Mapping* mapping) {
  if (move.kind == Move::Kind::kOrder) {
    mapping->order[static_cast<std::size_t>(move.level)] = OrderAround(move.dim);
  } else {
    FactorAt(*mapping, move.from, move.dim) /= move.factor;
    FactorAt(*mapping, move.to, move.dim) *= move.factor;
  }
}

void MoveSet::UndoIn(const Move& move, Mapping* mapping) {
  FactorAt(*mapping, move.to, move.dim) /= move.factor;
  FactorAt(*mapping, move.from, move.dim) *= move.factor;
}

Mapping MoveSet::Apply(const Mapping& mapping, const Move& move) {
  Mapping result = mapping;
  ApplyTo(move, &result);
  return result;
}

}  // namespace oneloop
