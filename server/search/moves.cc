#include "server/search/moves.h"

#include <algorithm>
#include <cstddef>

#include "common/mapping/factorize.h"
#include "common/mapping/orders.h"

namespace oneloop {
namespace {

// Other numbers below a factor are listed down to this one after the other, and further up by steps of a share of it.
constexpr std::int64_t kDense = 8;
constexpr std::int64_t kStepShare = 6;

// What a factor may shrink to, descending; the factor itself first.
std::vector<std::int64_t> Smaller(std::int64_t factor) {
  std::vector<std::int64_t> smaller = Divisors(factor);
  for (std::int64_t next = factor; next > 1;) {
    next -= std::max<std::int64_t>(1, next > kDense ? next / kStepShare : 1);
    smaller.push_back(next);
  }
  std::sort(smaller.begin(), smaller.end(), std::greater<>());
  smaller.erase(std::unique(smaller.begin(), smaller.end()), smaller.end());
  return smaller;
}

}  // namespace

MoveSet::MoveSet(const CostModel& model)
    : num_levels_(model.structure().num_levels()), space_(model.factor_space()), orders_(model.order_space()) {
  for (const Dim dim : kAllDims) {
    for (const bool is_spatial : {false, true}) {
      for (const FactorPlace& place : space_.places(dim)) {
        if (place.is_spatial == is_spatial) listed_[ToIndex(dim)].push_back(place);
      }
    }
  }
}

void MoveSet::List(const LayerShape& shape, const Mapping& mapping, std::vector<Move>* moves) const {
  moves->clear();
  for (const Dim dim : kAllDims) {
    if (shape.bound(dim) == 1) continue;
    if (space_.IsPerfect(dim)) {
      ListTransfers(mapping, dim, moves);
    } else {
      ListResizings(shape.bound(dim), mapping, dim, moves);
    }
  }
  // The innermost level's order changes nothing: no tile lies inside its loops.
  for (int level = 1; level < num_levels_; ++level) ListOrderMoves(mapping, level, moves);
}

void MoveSet::ListTransfers(const Mapping& mapping, Dim dim, std::vector<Move>* moves) const {
  const std::vector<FactorPlace>& places = listed_[ToIndex(dim)];
  for (const FactorPlace& from : places) {
    const std::int64_t whole = FactorAt(mapping, from, dim);
    if (whole == 1) continue;
    for (const std::int64_t factor : Divisors(whole)) {
      if (factor == 1) continue;
      if (whole / factor < space_.range(from, dim).least) continue;
      for (const FactorPlace& to : places) {
        if (to == from || FactorAt(mapping, to, dim) * factor > space_.range(to, dim).most) continue;
        moves->push_back({.kind = Move::Kind::kTransfer, .dim = dim, .factor = factor, .from = from, .to = to});
      }
    }
  }
}

void MoveSet::ListResizings(std::int64_t bound, const Mapping& mapping, Dim dim, std::vector<Move>* moves) const {
  const std::vector<FactorPlace>& places = listed_[ToIndex(dim)];
  std::int64_t product = 1;
  for (const FactorPlace& place : places) product *= FactorAt(mapping, place, dim);
  for (const FactorPlace& from : places) {
    const std::int64_t from_before = FactorAt(mapping, from, dim);
    if (from_before == 1) continue;
    const std::vector<std::int64_t> smaller = Smaller(from_before);
    for (const FactorPlace& to : places) {
      if (to == from) continue;
      const std::int64_t to_before = FactorAt(mapping, to, dim);
      // What the two have to cover together (R1).
      const std::int64_t both = LeftOutside(bound, product / (from_before * to_before));
      std::int64_t last = 0;
      for (const std::int64_t wanted : smaller) {
        const std::int64_t to_after = LeftOutside(both, wanted);
        if (to_after == last || to_after < to_before) continue;
        last = to_after;
        const std::int64_t from_after = LeftOutside(both, to_after);
        // Where the taker keeps what it has, the giver only padded: that is one move, whoever takes.
        if (to_after == to_before && (from_after == from_before || !IsLast(to, dim))) continue;
        if (!space_.range(from, dim).Has(from_after) || !space_.range(to, dim).Has(to_after)) continue;
        moves->push_back({.kind = Move::Kind::kResize,
                          .dim = dim,
                          .from = from,
                          .to = to,
                          .from_before = from_before,
                          .from_after = from_after,
                          .to_before = to_before,
                          .to_after = to_after});
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
    moves->push_back({.kind = Move::Kind::kOrder, .dim = loops[i], .from = {}, .to = {}, .level = level});
  }
}

bool MoveSet::CanApply(const Move& move, const Mapping& mapping) const {
  if (move.kind == Move::Kind::kTransfer) {
    const std::int64_t from = FactorAt(mapping, move.from, move.dim);
    return from % move.factor == 0 && from / move.factor >= space_.range(move.from, move.dim).least &&
           FactorAt(mapping, move.to, move.dim) * move.factor <= space_.range(move.to, move.dim).most;
  }
  // What the last place has follows from the others.
  const auto stands = [&](const FactorPlace& place, std::int64_t before) {
    return IsLast(place, move.dim) || FactorAt(mapping, place, move.dim) == before;
  };
  return stands(move.from, move.from_before) && stands(move.to, move.to_before);
}

void MoveSet::ApplyTo(const Move& move, const LayerShape& shape, Mapping* mapping) const {
  switch (move.kind) {
    case Move::Kind::kTransfer:
      FactorAt(*mapping, move.from, move.dim) /= move.factor;
      FactorAt(*mapping, move.to, move.dim) *= move.factor;
      return;
    case Move::Kind::kResize:
      FactorAt(*mapping, move.from, move.dim) = move.from_after;
      FactorAt(*mapping, move.to, move.dim) = move.to_after;
      space_.Complete(move.dim, shape.bound(move.dim), mapping);
      return;
    case Move::Kind::kOrder:
      mapping->order[static_cast<std::size_t>(move.level)] = orders_.Around(move.level, move.dim);
      return;
  }
}

Mapping MoveSet::Apply(const LayerShape& shape, const Mapping& mapping, const Move& move) const {
  Mapping result = mapping;
  ApplyTo(move, shape, &result);
  return result;
}

bool MoveSet::AreApart(const Move& a, const Move& b) const {
  if (a.dim != b.dim) return true;
  if (a.from == b.from) return false;
  // Two that give to one place may give it more than it may have.
  if (a.kind == Move::Kind::kTransfer) return a.to != b.to || space_.IsFree(a.dim);
  const auto meet = [&](const FactorPlace& x, const FactorPlace& y) { return x == y && !IsLast(x, a.dim); };
  return !meet(a.to, b.to) && !meet(a.to, b.from) && !meet(a.from, b.to);
}

MoveSet::Column MoveSet::ColumnOf(const Mapping& mapping, Dim dim) const {
  Column column{};
  std::size_t next = 0;
  for (const FactorPlace& place : space_.places(dim)) column[next++] = FactorAt(mapping, place, dim);
  return column;
}

void MoveSet::PutBack(const Column& column, Dim dim, Mapping* mapping) const {
  std::size_t next = 0;
  for (const FactorPlace& place : space_.places(dim)) FactorAt(*mapping, place, dim) = column[next++];
}

}  // namespace oneloop
