#include "server/search/neighbourhood.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "common/base/random.h"

namespace oneloop {
namespace {

// Promises in log2 of the layer's cost. A move that promises to cost more than this is not looked at.
constexpr double kWorst = 0.02;
// A pair has to promise at least this much.
constexpr double kPairGain = -1e-3;
// The gradient knows only the present order. Another one ranks behind moves that promise more than this; a loop that is
// new at its level goes innermost before it goes where it stands.
constexpr double kOrderPromise = -0.03;
constexpr double kNewLoopPromise = -0.02;
// Moves of each kind that pairs are made of, and pairs that are looked at and kept: the most promising.
constexpr std::size_t kMostMoves = 24;
constexpr int kMostPairsTried = 160;
constexpr std::size_t kMostPairs = 24;

// Of factors, most of which are small.
double Log2Of(std::int64_t factor) {
  static const std::array<double, 1024> small = [] {
    std::array<double, 1024> logs{};
    for (std::size_t n = 1; n < logs.size(); ++n) logs[n] = std::log2(static_cast<double>(n));
    return logs;
  }();
  const auto index = static_cast<std::size_t>(factor);
  return index < small.size() ? small[index] : std::log2(static_cast<double>(factor));
}

bool HasLoops(const Mapping& mapping, int level) {
  return std::any_of(kAllDims.begin(), kAllDims.end(), [&](Dim dim) { return mapping.t(level, dim) > 1; });
}

// Equals stay in their order.
void SortByPromise(std::vector<Neighbour>* neighbours) {
  std::stable_sort(neighbours->begin(), neighbours->end(),
                   [](const Neighbour& a, const Neighbour& b) { return a.promise < b.promise; });
}

void KeepMostPromising(const std::vector<Neighbourhood::RankedMove>& ranked, std::vector<int>* indices) {
  const auto better = [&ranked](int a, int b) {
    const double promise_a = ranked[static_cast<std::size_t>(a)].promise;
    const double promise_b = ranked[static_cast<std::size_t>(b)].promise;
    return promise_a < promise_b || (promise_a == promise_b && a < b);
  };
  if (indices->size() > kMostMoves) {
    std::nth_element(indices->begin(), indices->begin() + kMostMoves, indices->end(), better);
    indices->resize(kMostMoves);
  }
  std::sort(indices->begin(), indices->end(), better);
}

}  // namespace

Neighbourhood::Neighbourhood(const CostModel& model, const SmoothModel& smooth, const MoveSet& moves)
    : model_(model),
      move_set_(moves),
      temporal_slots_(std::size_t{kMaxLevels} * kNumDims, -1),
      spatial_slots_(std::size_t{kMaxAxes} * kNumDims, -1) {
  for (int choice = 0; choice < model.num_choices(); ++choice) gradients_.emplace_back(smooth.of_choice(choice));
  for (int s = 0; s < smooth.num_slots(); ++s) {
    const FactorSlot& slot = smooth.slots()[static_cast<std::size_t>(s)];
    std::vector<int>& slots = slot.place.is_spatial ? spatial_slots_ : temporal_slots_;
    slots[static_cast<std::size_t>(slot.place.index) * kNumDims + static_cast<std::size_t>(slot.dim)] = s;
  }
}

double Neighbourhood::SlopeOf(const FactorPlace& place, Dim dim, std::span<const double> gradient) const {
  const std::vector<int>& slots = place.is_spatial ? spatial_slots_ : temporal_slots_;
  const int slot = slots[static_cast<std::size_t>(place.index) * kNumDims + static_cast<std::size_t>(dim)];
  return slot < 0 ? gradient_->OutermostSlope(dim) : gradient[static_cast<std::size_t>(slot)];
}

bool Neighbourhood::Fits(const LayerShape& shape, const Mapping& mapping, const ComponentCosts& costs) const {
  return model_.Takes(model_.Needs(shape, mapping), costs);
}

// Makes the move; `before`: the factors of its dimension.
double Neighbourhood::MakeAndPromise(const Move& move, const LayerShape& shape, const MoveSet::Column& before,
                                     std::span<const double> gradient, Mapping* mapping) const {
  move_set_.ApplyTo(move, shape, mapping);
  if (move.kind == Move::Kind::kTransfer) {
    const double slope = SlopeOf(move.to, move.dim, gradient) - SlopeOf(move.from, move.dim, gradient);
    return slope * std::log2(static_cast<double>(move.factor));
  }
  double promise = 0;
  std::size_t next = 0;
  for (const FactorPlace& place : move_set_.space().places(move.dim)) {
    const std::int64_t now = FactorAt(*mapping, place, move.dim);
    const std::int64_t was = before[next++];
    if (now != was) promise += SlopeOf(place, move.dim, gradient) * (Log2Of(now) - Log2Of(was));
  }
  return promise;
}

void Neighbourhood::RankMoves(int layer, const LayerShape& shape, const Mapping& mapping, const ComponentCosts& costs,
                              const ObjectiveWeights& weights) {
  LayerGradient& of_choice = gradients_[mapping.choice];
  gradient_ = &of_choice;
  const std::span<const double> gradient = of_choice.Evaluate(layer, mapping, costs, weights);
  const std::size_t num_resources = model_.hardware_template().resources().size();
  const std::vector<UtilizationRule>& rules = model_.hardware_template().utilization_rules();
  const ResourceNeeds now = model_.Needs(shape, mapping);
  move_set_.List(shape, mapping, &list_);
  ranked_.clear();
  std::array<MoveSet::Column, kNumDims> columns;
  for (const Dim dim : kAllDims) columns[ToIndex(dim)] = move_set_.ColumnOf(mapping, dim);
  Mapping moved = mapping;
  for (const Move& move : list_) {
    if (move.kind == Move::Kind::kOrder) continue;
    const MoveSet::Column& column = columns[ToIndex(move.dim)];
    RankedMove ranked{move, MakeAndPromise(move, shape, column, gradient, &moved), false, false};
    // What comes out of the outermost level frees nothing, but may bring copies into use.
    if (ranked.promise <= kWorst || !rules.empty() || !move_set_.IsOutermost(move.from)) {
      const ResourceNeeds need = model_.Needs(shape, moved);
      ranked.fits = model_.Takes(need, costs);
      for (std::size_t r = 0; r < num_resources; ++r) ranked.frees = ranked.frees || need[r] < now[r];
      for (const UtilizationRule& rule : rules) ranked.frees = ranked.frees || rule.Used(need) > rule.Used(now);
    }
    move_set_.PutBack(column, move.dim, &moved);
    ranked_.push_back(ranked);
  }
}

std::span<const Neighbour> Neighbourhood::List(int layer, const LayerShape& shape, const Mapping& mapping,
                                               const ComponentCosts& costs, const ObjectiveWeights& weights) {
  RankMoves(layer, shape, mapping, costs, weights);
  neighbours_.clear();
  for (std::size_t i = 0; i < ranked_.size(); ++i) {
    if (!ranked_[i].fits || ranked_[i].promise > kWorst) continue;
    neighbours_.push_back({.moves = {static_cast<int>(i)}, .num_moves = 1, .promise = ranked_[i].promise});
  }
  AddPairs(shape, mapping, costs);
  AddOrders(mapping);
  AddChoices(shape, mapping, costs);
  SortByPromise(&neighbours_);
  return neighbours_;
}

void Neighbourhood::AddPairs(const LayerShape& shape, const Mapping& mapping, const ComponentCosts& costs) {
  misfits_.clear();
  freeing_.clear();
  paying_.clear();
  for (std::size_t i = 0; i < ranked_.size(); ++i) {
    if (ranked_[i].promise < kPairGain) paying_.push_back(static_cast<int>(i));
    if (!ranked_[i].fits && ranked_[i].promise < kPairGain) misfits_.push_back(static_cast<int>(i));
    if (ranked_[i].frees) freeing_.push_back(static_cast<int>(i));
  }
  KeepMostPromising(ranked_, &misfits_);
  KeepMostPromising(ranked_, &freeing_);
  KeepMostPromising(ranked_, &paying_);
  pairs_.clear();
  for (const int first : misfits_) {
    const RankedMove& grow = ranked_[static_cast<std::size_t>(first)];
    for (const int second : freeing_) {
      const RankedMove& shrink = ranked_[static_cast<std::size_t>(second)];
      const double promise = grow.promise + shrink.promise;
      if (promise > kPairGain) break;
      // Two moves out of one place may ask for more than it has.
      if (!move_set_.AreApart(grow.move, shrink.move)) continue;
      pairs_.push_back({.moves = {first, second}, .num_moves = 2, .promise = promise});
    }
  }
  SortByPromise(&pairs_);
  std::size_t kept = 0;
  int tried = 0;
  Mapping moved = mapping;
  for (const Neighbour& pair : pairs_) {
    if (kept == kMostPairs || tried++ == kMostPairsTried) break;
    const Move& grow = ranked_[static_cast<std::size_t>(pair.moves[0])].move;
    const Move& shrink = ranked_[static_cast<std::size_t>(pair.moves[1])].move;
    const MoveSet::Column of_grow = move_set_.ColumnOf(moved, grow.dim);
    move_set_.ApplyTo(grow, shape, &moved);
    const MoveSet::Column of_shrink = move_set_.ColumnOf(moved, shrink.dim);
    move_set_.ApplyTo(shrink, shape, &moved);
    const bool fits = Fits(shape, moved, costs);
    move_set_.PutBack(of_shrink, shrink.dim, &moved);
    move_set_.PutBack(of_grow, grow.dim, &moved);
    if (!fits) continue;
    neighbours_.push_back(pair);
    ++kept;
  }
}

// Loops that are new at a level, innermost there; and other loops innermost without any move.
void Neighbourhood::AddOrders(const Mapping& mapping) {
  const int num_levels = model_.structure().num_levels();
  const std::size_t moved = neighbours_.size();
  for (std::size_t i = 0; i < moved; ++i) {
    for (int m = 0; m < neighbours_[i].num_moves; ++m) {
      const Move& move = ranked_[static_cast<std::size_t>(neighbours_[i].moves[static_cast<std::size_t>(m)])].move;
      if (move.to.is_spatial || move.to.index == 0 || mapping.t(move.to.index, move.dim) > 1) continue;
      if (!HasLoops(mapping, move.to.index)) continue;
      Neighbour innermost = neighbours_[i];
      innermost.order_level = move.to.index;
      innermost.innermost = move.dim;
      innermost.promise += kNewLoopPromise;
      neighbours_.push_back(innermost);
    }
  }
  for (int level = 1; level < num_levels; ++level) {
    int inside = 0;
    const LoopOrder& order = mapping.order[static_cast<std::size_t>(level)];
    for (std::size_t i = order.size(); i-- > 0;) {
      if (mapping.t(level, order[i]) == 1 || inside++ == 0) continue;
      neighbours_.push_back({.moves = {}, .order_level = level, .innermost = order[i], .promise = kOrderPromise});
    }
  }
}

// The gradient knows only what is kept now.
void Neighbourhood::AddChoices(const LayerShape& shape, const Mapping& mapping, const ComponentCosts& costs) {
  for (int bit = 1; bit < model_.num_choices(); bit *= 2) {
    Mapping other = mapping;
    other.choice = static_cast<std::uint8_t>(mapping.choice ^ bit);
    if (Fits(shape, other, costs))
      neighbours_.push_back({.moves = {}, .choice = other.choice, .promise = kOrderPromise});
  }
}

double Neighbourhood::Overflow(const ResourceNeeds& need, const ComponentCosts& costs) const {
  double overflow = 0;
  for (std::size_t r = 0; r < model_.hardware_template().resources().size(); ++r) {
    if (need[r] > costs.limit[r]) overflow += std::log2(need[r] / costs.limit[r]);
  }
  for (const UtilizationRule& rule : model_.hardware_template().utilization_rules()) {
    overflow += std::log2(rule.Idle(need, costs.limit));
  }
  return overflow;
}

std::optional<Neighbour> Neighbourhood::ChainFrom(int first, const LayerShape& shape, const Mapping& mapping,
                                                  const ComponentCosts& costs) const {
  Neighbour chain{.moves = {first}, .num_moves = 1, .promise = ranked_[static_cast<std::size_t>(first)].promise};
  Mapping moved = move_set_.Apply(shape, mapping, ranked_[static_cast<std::size_t>(first)].move);
  double overflow = Overflow(model_.Needs(shape, moved), costs);
  const auto add = [&](int index) {
    const RankedMove& ranked = ranked_[static_cast<std::size_t>(index)];
    move_set_.ApplyTo(ranked.move, shape, &moved);
    chain.moves[static_cast<std::size_t>(chain.num_moves++)] = index;
    chain.promise += ranked.promise;
  };
  // Room at the least price for what it frees.
  while (overflow > 0) {
    if (chain.num_moves == Neighbour::kMostMoves) return std::nullopt;
    int best = Neighbour::kNone;
    double best_price = std::numeric_limits<double>::infinity();
    double best_overflow = overflow;
    for (const int index : freeing_) {
      const RankedMove& ranked = ranked_[static_cast<std::size_t>(index)];
      if (!move_set_.CanApply(ranked.move, moved) || chain.promise + ranked.promise > kWorst) continue;
      const MoveSet::Column column = move_set_.ColumnOf(moved, ranked.move.dim);
      move_set_.ApplyTo(ranked.move, shape, &moved);
      const double left = Overflow(model_.Needs(shape, moved), costs);
      move_set_.PutBack(column, ranked.move.dim, &moved);
      if (left >= overflow) continue;
      const double price = ranked.promise / (overflow - left);
      if (price >= best_price) continue;
      best = index;
      best_price = price;
      best_overflow = left;
    }
    if (best == Neighbour::kNone) return std::nullopt;
    add(best);
    overflow = best_overflow;
  }
  // What more room the last of them made.
  for (const int index : paying_) {
    if (chain.num_moves == Neighbour::kMostMoves) break;
    const RankedMove& ranked = ranked_[static_cast<std::size_t>(index)];
    if (!move_set_.CanApply(ranked.move, moved)) continue;
    const MoveSet::Column column = move_set_.ColumnOf(moved, ranked.move.dim);
    move_set_.ApplyTo(ranked.move, shape, &moved);
    const bool fits = Fits(shape, moved, costs);
    move_set_.PutBack(column, ranked.move.dim, &moved);
    if (fits) add(index);
  }
  return chain;
}

std::span<const Neighbour> Neighbourhood::ListChains(const LayerShape& shape, const Mapping& mapping,
                                                     const ComponentCosts& costs) {
  neighbours_.clear();
  for (const int first : misfits_) {
    const std::optional<Neighbour> chain = ChainFrom(first, shape, mapping, costs);
    if (chain.has_value() && chain->num_moves > 2) neighbours_.push_back(*chain);
  }
  SortByPromise(&neighbours_);
  return neighbours_;
}

Mapping Neighbourhood::Apply(const LayerShape& shape, const Mapping& mapping, const Neighbour& neighbour) const {
  Mapping result = mapping;
  for (int m = 0; m < neighbour.num_moves; ++m) {
    const int index = neighbour.moves[static_cast<std::size_t>(m)];
    move_set_.ApplyTo(ranked_[static_cast<std::size_t>(index)].move, shape, &result);
  }
  if (neighbour.order_level != Neighbour::kNone) {
    result.order[static_cast<std::size_t>(neighbour.order_level)] =
        move_set_.orders().Around(neighbour.order_level, neighbour.innermost);
  }
  if (neighbour.choice != Neighbour::kNone) result.choice = static_cast<std::uint8_t>(neighbour.choice);
  return result;
}

std::uint64_t Neighbourhood::KindOf(const Neighbour& neighbour) const {
  const auto place = [](const FactorPlace& at) {
    return static_cast<std::uint64_t>(at.index) * 2 + (at.is_spatial ? 1 : 0);
  };
  std::uint64_t kind = static_cast<std::uint64_t>(neighbour.order_level + 1) * kNumDims +
                       static_cast<std::uint64_t>(neighbour.innermost);
  if (neighbour.choice != Neighbour::kNone) kind = MixSeed(kind, static_cast<std::uint64_t>(neighbour.choice));
  for (int m = 0; m < neighbour.num_moves; ++m) {
    const Move& move = ranked_[static_cast<std::size_t>(neighbour.moves[static_cast<std::size_t>(m)])].move;
    kind = MixSeed(kind, static_cast<std::uint64_t>(move.factor));
    kind = MixSeed(
        kind, (place(move.from) * 2 * kMaxLevels + place(move.to)) * kNumDims + static_cast<std::uint64_t>(move.dim));
  }
  return kind;
}

}  // namespace oneloop
