#include "common/model/bound/outer_traffic.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>
#include <utility>

#include "common/mapping/factorize.h"
#include "common/model/bound/input_moves.h"
#include "common/model/bound/tile_shape.h"
#include "common/workload/dims.h"

namespace oneloop {
namespace {

// More groups cost more time than they gain.
constexpr std::size_t kMaxGroups = 128;
// Of numbers of copies along all dimensions together.
constexpr double kMaxClasses = 16;

bool HasAxis(const Template& hardware_template, int level, const DimSet& dims) {
  return std::any_of(hardware_template.axes().begin(), hardware_template.axes().end(), [&](const Template::Axis& axis) {
    return axis.level == level &&
           std::any_of(kAllDims.begin(), kAllDims.end(), [&](Dim dim) { return axis.dims.Has(dim) && dims.Has(dim); });
  });
}

}  // namespace

class OuterTrafficBuilder {
 public:
  OuterTrafficBuilder(const Template& hardware_template, const Structure& structure, const LayerShape& shape,
                      const BoxCosts& most, const std::function<bool()>& stop, OuterTraffic* result);

  void Build(ProofBudget* budget);

 private:
  using Candidate = OuterTraffic::Candidate;
  // How one tensor stands to the outermost loops. `last` is its outermost keeper inside, -1 when there is none.
  struct Holding {
    int last = -1;
    bool may_pass = false;  // levels between may have loops over its dimensions, so that no tile need be held whole
  };

  void AskWhoHolds(const Structure& structure);
  void AskForRoom(const BoxCosts& most, const std::function<bool()>& stop);
  std::vector<std::int64_t> GroupByUse(Dim dim, const std::vector<ExtentRange>& extents,
                                       std::vector<std::size_t>* groups) const;
  void AddEvenTiles(ProofBudget* budget);
  void AddUnevenTiles(ProofBudget* budget);
  void KeepBest(ProofBudget* budget);
  void AddTile(const TileExtents& tile, std::size_t group);
  void AddOrder(const TileExtents& tile, std::size_t group, int stationary, bool held);
  // The part of a tensor, at most, that stays in its keeper's instances while loops that it does not use go on (B37),
  // (B38).
  double MostKept(const TileExtents& tile, Tensor tensor, int stationary, bool held) const;
  double MostKeptAlong(const TileExtents& tile, Tensor tensor, Dim dim, bool is_innermost) const;
  void AddMoved(const TileExtents& tile, int stationary, bool held, const std::array<double, kNumTensors>& kept,
                Candidate candidate, std::size_t group);
  bool HasRoom(const Candidate& candidate) const;
  void AddNeed(const TileExtents& tile, Tensor tensor, Candidate* candidate) const;
  void AddWords(double words, Tensor tensor, Candidate* candidate) const;
  double InputWords(const TileExtents& tile, int stationary, double revisits) const;
  double EvenInputWords(const TileExtents& tile, int stationary, double revisits, double distinct) const;
  double CoincidingMoves(const TileExtents& tile) const;
  std::vector<Candidate> BestOf(std::vector<Candidate> raw, const ProofBudget& budget) const;

  const Template& template_;
  const Structure& structure_;
  const LayerShape& shape_;
  DimSet uneven_;
  OuterTraffic& result_;
  int outermost_;
  TileExtents whole_;
  bool input_tile_is_whole_ = false;  // the input is kept just inside plain outermost loops: its window is the tile's
  bool input_is_revisited_ = false;   // neighbours cannot save the source a revisit
  double input_coincides_ = 1;        // (B10): copies whose windows may coincide beyond the keeper's own fan-out
  std::array<Holding, kNumTensors> holding_;
  SpatialReach::Limits most_;
  std::array<double, OuterTraffic::kMaxNeeds> room_{};  // the most in any box
  std::vector<OuterTraffic::Group> groups_;
  std::vector<std::vector<Candidate>> raw_;  // by group
};

OuterTrafficBuilder::OuterTrafficBuilder(const Template& hardware_template, const Structure& structure,
                                         const LayerShape& shape, const BoxCosts& most,
                                         const std::function<bool()>& stop, OuterTraffic* result)
    : template_(hardware_template),
      structure_(structure),
      shape_(shape),
      uneven_(UnevenDims(hardware_template, shape)),
      result_(*result),
      outermost_(structure.num_levels() - 1),
      whole_(WholeExtents(shape)),
      most_(AxisLimits(hardware_template, most)) {
  AskWhoHolds(structure);
  AskForRoom(most, stop);
  const int input_keeper = holding_[ToIndex(Tensor::kI)].last;
  input_tile_is_whole_ = input_keeper == outermost_ - 1 && !HasAxis(template_, outermost_, kEveryDim);
  input_is_revisited_ = input_keeper >= 0 && !HasAxis(template_, input_keeper + 1, kSlidingDimSet);
  for (int level = input_keeper + 2; !uneven_.empty() && level <= outermost_; ++level) {
    input_is_revisited_ = input_is_revisited_ && !HasAxis(template_, level, kSlidingDimSet);
  }
  for (const Tensor tensor : kAllTensors) result_.size_[ToIndex(tensor)] = DistinctWords(shape_, whole_, tensor);
}

void OuterTrafficBuilder::AskWhoHolds(const Structure& structure) {
  for (const Tensor tensor : kAllTensors) {
    const std::vector<int>& keepers = structure.keeper_levels(tensor);
    if (keepers.size() < 2) continue;
    Holding& holding = holding_[ToIndex(tensor)];
    holding.last = keepers[keepers.size() - 2];
    for (int level = holding.last + 1; level < outermost_; ++level) {
      for (const Dim dim : kAllDims) {
        holding.may_pass = holding.may_pass || (shape_.bound(dim) > 1 && IsRelevant(tensor, dim) &&
                                                template_.level(level).temporal.Has(dim));
      }
    }
  }
  const std::vector<Resource>& resources = template_.resources();
  for (std::size_t r = 0; r < resources.size(); ++r) {
    if (resources[r].is_axis() || result_.resources_.size() == OuterTraffic::kMaxNeeds) continue;
    const bool holds = std::any_of(kAllTensors.begin(), kAllTensors.end(), [&](Tensor tensor) {
      return resources[r].Holds(tensor) && holding_[ToIndex(tensor)].last == resources[r].level;
    });
    if (holds) result_.resources_.push_back(static_cast<int>(r));
  }
}

void OuterTrafficBuilder::AskForRoom(const BoxCosts& most, const std::function<bool()>& stop) {
  const SpatialReach reach(template_, structure_, {shape_, shape_, uneven_}, most_, SpatialReach::kMaxSteps, stop);
  for (std::size_t i = 0; i < result_.resources_.size(); ++i) {
    const Resource& resource = template_.resources()[ToIndex(result_.resources_[i])];
    double copies = 1;
    for (const Tensor tensor : kAllTensors) {
      if (!resource.Holds(tensor)) continue;
      copies = std::max(copies, reach.Parts(tensor, resource.level + 1, outermost_, most_));
    }
    room_[i] = most.limit[ToIndex(result_.resources_[i])] * copies * (1 + kBoundSlack);
  }
  const int input_keeper = holding_[ToIndex(Tensor::kI)].last;
  const int first = input_keeper + (uneven_.empty() ? 2 : 1);
  if (input_keeper >= 0) input_coincides_ = reach.Coinciding(first, outermost_, most_);
}

// Sorts a dimension's extents by which divisors fit on an axis; returns one extent of each kind, which has them all.
std::vector<std::int64_t> OuterTrafficBuilder::GroupByUse(Dim dim, const std::vector<ExtentRange>& extents,
                                                          std::vector<std::size_t>* groups) const {
  double most = 0;
  for (std::size_t a = 0; a < template_.axes().size(); ++a) {
    if (template_.axes()[a].dims.Has(dim)) most = std::max(most, most_[a]);
  }
  groups->assign(extents.size(), 0);
  const bool merged =
      std::any_of(extents.begin(), extents.end(), [](const ExtentRange& range) { return range.least != range.most; });
  if (most == 0 || merged) return {shape_.bound(dim)};
  std::vector<std::int64_t> largest;
  std::vector<std::vector<std::int64_t>> uses;
  for (std::size_t i = 0; i < extents.size(); ++i) {
    const auto extent = static_cast<std::int64_t>(extents[i].most);
    std::vector<std::int64_t> divisors = Divisors(extent);
    std::erase_if(divisors, [most](std::int64_t divisor) { return static_cast<double>(divisor) > most; });
    const auto use = static_cast<std::size_t>(std::find(uses.begin(), uses.end(), divisors) - uses.begin());
    if (use == uses.size()) {
      uses.push_back(divisors);
      largest.push_back(extent);
    }
    largest[use] = std::max(largest[use], extent);
    (*groups)[i] = use;
  }
  return largest;
}

// (B35): by classes of numbers of copies along each dimension, each with as many tiles.
void OuterTrafficBuilder::AddUnevenTiles(ProofBudget* budget) {
  std::array<std::vector<CopyRange>, kNumDims> classes;
  double dims = 0;
  std::array<std::int64_t, kNumDims> most_copies;
  for (const Dim dim : kAllDims) {
    double copies = 1;
    for (std::size_t a = 0; a < template_.axes().size(); ++a) {
      if (uneven_.Has(dim) && template_.axes()[a].dims.Has(dim)) copies *= std::max(1.0, most_[a]);
    }
    most_copies[ToIndex(dim)] = static_cast<std::int64_t>(std::min(copies, static_cast<double>(shape_.bound(dim))));
    dims += copies > 1 ? 1 : 0;
  }
  const auto max_classes = static_cast<std::size_t>(std::pow(kMaxClasses, 1 / std::max(1.0, dims)));
  auto max_tiles = static_cast<double>(std::min(budget->tiles(), OuterTraffic::kMostUnevenTiles));
  for (const Dim dim : kAllDims) {
    classes[ToIndex(dim)] = CopyClasses(shape_.bound(dim), most_copies[ToIndex(dim)], max_classes);
    max_tiles /= static_cast<double>(classes[ToIndex(dim)].size());
  }
  max_tiles = std::clamp(max_tiles, 1.0, static_cast<double>(OuterTraffic::kMostUnevenTilesAtOnce));
  std::array<std::size_t, kNumDims> of{};
  for (;;) {
    UnevenSpread spread{uneven_, {}};
    for (std::size_t d = 0; d < kNumDims; ++d) spread.copies[d] = classes[d][of[d]];
    const Boundary boundary = {kEveryDim, template_.level(outermost_).temporal};
    std::map<std::array<std::int64_t, kNumDims>, std::size_t> groups;  // by the most copies of their tiles
    ForEachTile(ExtentsAt(shape_, boundary, spread, static_cast<std::int64_t>(max_tiles)),
                [&](const TileExtents& tile, const auto&) {
                  LayerShape inside = shape_;
                  for (std::size_t d = 0; d < kNumDims; ++d) {
                    if (tile[d].is_uneven) inside.bounds[d] = static_cast<std::int64_t>(tile[d].most_copies);
                  }
                  const auto [group, is_new] = groups.try_emplace(inside.bounds, groups.size());
                  if (is_new) {
                    raw_.emplace_back();
                    groups_.push_back({inside, {}});
                  }
                  AddTile(tile, group->second);
                  return !budget->Stopped();
                });
    KeepBest(budget);
    std::size_t d = 0;
    while (d < kNumDims && ++of[d] == classes[d].size()) of[d++] = 0;
    if (d == kNumDims || budget->Stopped()) return;
  }
}

void OuterTrafficBuilder::Build(ProofBudget* budget) {
  if (uneven_.empty()) {
    AddEvenTiles(budget);
  } else {
    AddUnevenTiles(budget);
  }
}

void OuterTrafficBuilder::KeepBest(ProofBudget* budget) {
  for (std::size_t g = groups_.size(); g-- > 0;) {
    groups_[g].candidates = BestOf(std::move(raw_[g]), *budget);
    budget->candidates_left -= std::ssize(groups_[g].candidates);
    if (!groups_[g].candidates.empty()) result_.groups_.push_back(std::move(groups_[g]));
  }
  groups_.clear();
  raw_.clear();
}

void OuterTrafficBuilder::AddEvenTiles(ProofBudget* budget) {
  const ExtentRanges extents =
      ExtentsAt(shape_, {kEveryDim, template_.level(outermost_).temporal}, {}, budget->tiles());
  groups_ = {{shape_, {}}};
  std::array<std::size_t, kNumDims> stride{};
  std::array<std::vector<std::size_t>, kNumDims> use;
  for (const Dim dim : kAllDims) {
    const std::vector<std::int64_t> largest = GroupByUse(dim, extents[ToIndex(dim)], &use[ToIndex(dim)]);
    if (budget->Stopped()) return;
    if (largest.size() == 1 || groups_.size() * largest.size() > kMaxGroups) continue;
    stride[ToIndex(dim)] = groups_.size();
    const std::vector<OuterTraffic::Group> before = std::exchange(groups_, {});
    for (const std::int64_t extent : largest) {
      for (OuterTraffic::Group group : before) {
        group.inside.bounds[ToIndex(dim)] = extent;
        groups_.push_back(group);
      }
    }
  }
  raw_.resize(groups_.size());
  ForEachTile(extents, [&](const TileExtents& tile, const std::array<std::size_t, kNumDims>& index) {
    std::size_t group = 0;
    for (std::size_t d = 0; d < index.size(); ++d) group += stride[d] * use[d][index[d]];
    AddTile(tile, group);
    return !budget->Stopped();
  });
  KeepBest(budget);
}

// (B17): the orders that matter are those that keep one tensor in place while the loops that it does not use run
// innermost.
void OuterTrafficBuilder::AddTile(const TileExtents& tile, std::size_t group) {
  bool moves = false;
  for (const Tensor tensor : kAllTensors) {
    if (LoopsNotUsing(shape_, tile, tensor) == 1) continue;
    moves = true;
    AddOrder(tile, group, Index(tensor), true);
    if (holding_[ToIndex(tensor)].may_pass) AddOrder(tile, group, Index(tensor), false);
  }
  if (!moves) AddOrder(tile, group, -1, true);
}

// `stationary`: the tensor whose unused dimensions have the innermost loops, -1 when there are no such loops; `held`:
// its tile stays in its keeper meanwhile.
void OuterTrafficBuilder::AddOrder(const TileExtents& tile, std::size_t group, int stationary, bool held) {
  Candidate candidate;
  // (B18)
  for (const Tensor tensor : kAllTensors) {
    const Holding& holding = holding_[ToIndex(tensor)];
    const bool stays = Index(tensor) == stationary && held;
    if (holding.last >= 0 && (stays || !holding.may_pass)) AddNeed(tile, tensor, &candidate);
  }
  if (!HasRoom(candidate)) return;
  std::array<double, kNumTensors> kept{};
  int may_keep = -1;
  for (const Tensor tensor : kAllTensors) {
    kept[ToIndex(tensor)] = MostKept(tile, tensor, stationary, held);
    // What is known of inputs that come back is all or nothing.
    if (kept[ToIndex(tensor)] > 0 && tensor != Tensor::kI && may_keep < 0) may_keep = Index(tensor);
  }
  if (may_keep < 0) return AddMoved(tile, stationary, held, kept, candidate, group);
  // What stays needs room.
  const double most = kept[ToIndex(may_keep)];
  constexpr std::array<double, OuterTraffic::kKeptParts + 1> kParts = {0, 0.125, 0.25, 0.5, 0.75, 1};
  for (std::size_t part = 1; part < kParts.size(); ++part) {
    kept[ToIndex(may_keep)] = most * kParts[part];
    Candidate keeping = candidate;
    const auto tensor = static_cast<Tensor>(may_keep);
    AddWords(most * kParts[part - 1] * result_.size(tensor), tensor, &keeping);
    if (HasRoom(keeping)) AddMoved(tile, stationary, held, kept, keeping, group);
  }
}

bool OuterTrafficBuilder::HasRoom(const Candidate& candidate) const {
  for (std::size_t i = 0; i < result_.resources_.size(); ++i) {
    if (candidate.need[i] > room_[i]) return false;
  }
  return true;
}

void OuterTrafficBuilder::AddMoved(const TileExtents& tile, int stationary, bool held,
                                   const std::array<double, kNumTensors>& kept, Candidate candidate,
                                   std::size_t group) {
  for (const Tensor tensor : kAllTensors) {
    if (holding_[ToIndex(tensor)].last < 0) continue;
    const bool stays = Index(tensor) == stationary && held;
    double revisits = stays ? 1 : LoopsNotUsing(shape_, tile, tensor);
    const double of_tensor = kept[ToIndex(tensor)];
    if (of_tensor > 0) revisits = tensor == Tensor::kI ? 1 : 1 + (revisits - 1) * (1 - of_tensor);
    candidate.moved[ToIndex(tensor)] =
        tensor == Tensor::kI ? InputWords(tile, stationary, revisits) : result_.size(tensor) * revisits;
  }
  const auto moved = [&candidate](Tensor tensor) { return candidate.moved[ToIndex(tensor)]; };
  candidate.words = moved(Tensor::kW) + moved(Tensor::kI) + 2 * moved(Tensor::kO);
  // (B17): the first of each output is not re-loaded.
  if (moved(Tensor::kO) > 0) candidate.words -= result_.size(Tensor::kO);
  raw_[group].push_back(candidate);
}

double OuterTrafficBuilder::MostKept(const TileExtents& tile, Tensor tensor, int stationary, bool held) const {
  if (uneven_.empty() || stationary < 0 || holding_[ToIndex(tensor)].last < 0) return 0;
  const bool is_stationary = Index(tensor) == stationary;
  if (is_stationary && held) return 0;
  if (MayMoveUnseen(shape_, tile)) return 1;
  double most = 0;
  for (const Dim dim : kAllDims) {
    if (!IsRelevant(tensor, dim) || !uneven_.Has(dim)) continue;
    const bool is_candidate =
        is_stationary || (!IsRelevant(static_cast<Tensor>(stationary), dim) && LoopsOutside(shape_, tile, dim) > 1);
    if (is_candidate) most = std::max(most, MostKeptAlong(tile, tensor, dim, !is_stationary));
  }
  return most;
}

// `is_innermost`: of the outermost loops the one over `dim` is innermost; else levels between have one over it.
double OuterTrafficBuilder::MostKeptAlong(const TileExtents& tile, Tensor tensor, Dim dim, bool is_innermost) const {
  const int keeper = holding_[ToIndex(tensor)].last;
  bool has_axis = false;
  bool has_loop = false;
  for (int level = keeper + 1; level <= outermost_; ++level) {
    has_axis = has_axis || HasAxis(template_, level, {dim});
    has_loop = has_loop || (level < outermost_ && template_.level(level).temporal.Has(dim));
  }
  const auto bound = static_cast<double>(shape_.bound(dim));
  const double extent = tile[ToIndex(dim)].most;
  const double loops = LoopsOutside(shape_, tile, dim);
  if (is_innermost) return has_axis && loops == 2 ? std::max(0.0, 2 * extent - bound) / bound : 0;  // (B37)
  if (!has_loop) return 0;
  if (loops > 1) return extent / (2 * bound);  // (B38)
  return has_axis ? std::max(0.5, (2 * tile[ToIndex(dim)].most_below - bound) / bound) : 0;
}

void OuterTrafficBuilder::AddNeed(const TileExtents& tile, Tensor tensor, Candidate* candidate) const {
  const bool whole = tensor != Tensor::kI || input_tile_is_whole_;
  AddWords(whole ? HeldWords(shape_, tile, tensor) : DistinctWords(shape_, tile, tensor), tensor, candidate);
}

// In the instances of a tensor's outermost keeper inside, all of them.
void OuterTrafficBuilder::AddWords(double words, Tensor tensor, Candidate* candidate) const {
  for (std::size_t i = 0; i < result_.resources_.size(); ++i) {
    const Resource& resource = template_.resources()[ToIndex(result_.resources_[i])];
    if (resource.level != holding_[ToIndex(tensor)].last) continue;
    candidate->need[i] += words * resource.per_word[ToIndex(tensor)];
  }
}

// (B19), (B39), and at least (B28), (B29): input words across the boundary when the loops of `stationary`'s kind are
// innermost.
double OuterTrafficBuilder::InputWords(const TileExtents& tile, int stationary, double revisits) const {
  const double distinct = result_.size(Tensor::kI) * (input_is_revisited_ ? revisits : 1) / input_coincides_;
  if (uneven_.empty()) return EvenInputWords(tile, stationary, revisits, distinct);
  if (!input_tile_is_whole_ || MayMoveUnseen(shape_, tile)) return distinct;
  const double least = std::max(distinct, revisits * LeastTileWords(shape_, tile, FirstMovers(structure_, stationary)));
  // (I1) may cancel moves of mappings all of whose factors divide, where both dimensions of a direction move.
  const auto meet = [&](Dim dim) {
    return MostLoopsOutside(shape_, tile, dim) > 1 && MostLoopsOutside(shape_, tile, PartnerOf(dim)) > 1;
  };
  if (!meet(Dim::kP) && !meet(Dim::kQ)) return least;
  TileExtents even;
  for (const Dim dim : kAllDims) {
    const ExtentRange& range = tile[ToIndex(dim)];
    even[ToIndex(dim)] = {range.least, range.least};
    if (MostLoopsOutside(shape_, tile, dim) != LoopsOutside(shape_, tile, dim)) return distinct;
    if (range.least * LoopsOutside(shape_, tile, dim) != static_cast<double>(shape_.bound(dim))) return least;
  }
  return std::min(least, EvenInputWords(even, stationary, revisits, distinct));
}

double OuterTrafficBuilder::EvenInputWords(const TileExtents& tile, int stationary, double revisits,
                                           double distinct) const {
  if (!input_tile_is_whole_ || !IsExact(tile)) return distinct;
  double whole = HeldWords(shape_, tile, Tensor::kI) * revisits;
  for (const Dim dim : kAllDims) {
    if (IsRelevant(Tensor::kI, dim)) whole *= LoopsOutside(shape_, tile, dim);
  }
  if (!structure_.rests_end_overlap()) {
    return std::max(distinct, whole * LeastFreshPart(shape_, tile, whole_, FirstMovers(structure_, stationary)));
  }
  double least = whole;
  for (const Dim dim : kAllDims) {
    const double factor = LoopsOutside(shape_, tile, dim);
    const bool innermost = stationary >= 0 && !IsRelevant(static_cast<Tensor>(stationary), dim);
    if (factor == 1 || !innermost || !IsSliding(dim)) continue;
    const double side = WindowSide(shape_, tile, MovesWidth(dim));
    const double fresh = (factor - 1) * std::min(WindowShift(shape_, tile, dim), side);
    least = std::min(least, whole / factor * (side + fresh) / side);
  }
  return std::max(distinct, std::min(least, CoincidingMoves(tile)));
}

// (B19), (I1): the least words when, by coincidence of two shifts along one direction, a later loop repeats the first
// one's move.
double OuterTrafficBuilder::CoincidingMoves(const TileExtents& tile) const {
  double least = std::numeric_limits<double>::infinity();
  const double words = HeldWords(shape_, tile, Tensor::kI);
  const double revisits = LoopsNotUsing(shape_, tile, Tensor::kI);
  double all = 1;
  for (const Dim dim : kAllDims) {
    if (IsRelevant(Tensor::kI, dim)) all *= LoopsOutside(shape_, tile, dim);
  }
  for (const auto& [x, y] : {std::pair{Dim::kP, Dim::kR}, std::pair{Dim::kR, Dim::kP}, std::pair{Dim::kQ, Dim::kS},
                             std::pair{Dim::kS, Dim::kQ}}) {
    const double inner = LoopsOutside(shape_, tile, x);
    const double outer = LoopsOutside(shape_, tile, y);
    if (inner == 1 || outer == 1) continue;
    const double rest = all / (inner * outer);
    const double side = WindowSide(shape_, tile, MovesWidth(x));
    const double first = words / side * std::min(WindowShift(shape_, tile, x), side);
    if (WindowShift(shape_, tile, y) == 2 * WindowShift(shape_, tile, x)) {
      const double pair = outer * (words + (inner - 1) * first) - (outer - 1) * (words - first);
      least = std::min(least, revisits * rest * pair);
    }
    if (revisits > 1 && WindowShift(shape_, tile, y) == WindowShift(shape_, tile, x)) {
      least = std::min(least, rest * words * (outer * inner - (outer - 1)));
    }
  }
  return least;
}

// Drops every candidate that another one equals or betters in all respects.
std::vector<OuterTraffic::Candidate> OuterTrafficBuilder::BestOf(std::vector<Candidate> raw,
                                                                 const ProofBudget& budget) const {
  std::sort(raw.begin(), raw.end(), [](const Candidate& a, const Candidate& b) { return a.words < b.words; });
  std::vector<Candidate> best;
  std::vector<std::size_t> order;  // indices into best; those that drop others move to the front
  for (const Candidate& candidate : raw) {
    if (budget.Stopped()) return {};
    const auto betters = [&](std::size_t index) {
      const Candidate& other = best[index];
      for (std::size_t i = 0; i < result_.resources_.size(); ++i) {
        if (other.need[i] > candidate.need[i]) return false;
      }
      for (std::size_t x = 0; x < other.moved.size(); ++x) {
        if (other.moved[x] > candidate.moved[x]) return false;
      }
      return true;
    };
    const auto found = std::find_if(order.begin(), order.end(), betters);
    if (found == order.end()) {
      order.push_back(best.size());
      best.push_back(candidate);
    } else {
      std::iter_swap(found, order.begin() + (found - order.begin()) / 2);
    }
  }
  return best;
}

OuterTraffic::OuterTraffic(const Template& hardware_template, const Structure& structure, const LayerShape& shape,
                           const BoxCosts& most, ProofBudget* budget) {
  OuterTrafficBuilder(hardware_template, structure, shape, most, budget->stop, this).Build(budget);
}

}  // namespace oneloop
