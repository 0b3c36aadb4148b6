#include "common/model/bound/reuse_search.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <queue>
#include <unordered_map>
#include <utility>

#include "common/mapping/factor_space.h"
#include "common/mapping/factorize.h"
#include "common/model/bound/input_share.h"
#include "common/model/bound/unrolling_costs.h"

namespace oneloop {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Nodes hold places of divisors in a byte each.
constexpr std::size_t kMaxDivisors = 256;

}  // namespace

ReuseSearch::ReuseSearch(const Template& hardware_template, const Structure& structure, const LayerShape& shape,
                         const BoxCosts& most, std::size_t max_unrollings, std::function<bool()> stop)
    : layer_(hardware_template, structure, shape),
      max_unrollings_(max_unrollings),
      stop_(std::move(stop)),
      complete_(true) {
  for (const Dim dim : kAllDims) {
    if (layer_.uneven.Has(dim)) continue;
    divisors_[ToIndex(dim)] = Divisors(shape.bound(dim));
    complete_ = complete_ && divisors_[ToIndex(dim)].size() <= kMaxDivisors;
  }
  if (!complete_) return;
  const SpatialReach::Limits limits = AxisLimits(hardware_template, most);
  Unrolling unrolling;
  for (auto& level : unrolling) level.fill(1);
  Extents left = shape.bounds;
  AddUnrollings(0, 0, limits[0], limits, &left, &unrolling);
  if (!complete_) return;
  std::sort(unrollings_.begin(), unrollings_.end());
  unrollings_.erase(std::unique(unrollings_.begin(), unrollings_.end()), unrollings_.end());
  for (const Unrolling& of : unrollings_) {
    for (const Dim dim : kAllDims) {
      std::int64_t copies = 1;
      for (const auto& level : of) copies *= level[ToIndex(dim)];
      LoopSteps& steps = layer_.steps[ToIndex(dim)][copies];
      if (!steps.empty()) continue;
      steps = layer_.uneven.Has(dim) ? UnevenSteps(shape.bound(dim), copies) : PerfectSteps(shape.bound(dim) / copies);
    }
  }
}

// All factors of one axis and dimension after another. `left`: what remains of each bound.
void ReuseSearch::AddUnrollings(std::size_t axis, std::size_t dim, double room, const SpatialReach::Limits& limits,
                                Extents* left, Unrolling* unrolling) {
  const std::vector<Template::Axis>& axes = layer_.hardware_template.axes();
  if (!complete_ || unrollings_.size() >= max_unrollings_) {
    complete_ = false;
    return;
  }
  if (axis == axes.size()) {
    unrollings_.push_back(*unrolling);
    complete_ = unrollings_.size() % 1024 != 0 || !stop_ || !stop_();
    return;
  }
  if (dim == kNumDims) {
    const double next = axis + 1 < axes.size() ? limits[axis + 1] : 1;
    return AddUnrollings(axis + 1, 0, next, limits, left, unrolling);
  }
  std::int64_t& rest = (*left)[dim];
  std::int32_t& factor = (*unrolling)[ToIndex(axes[axis].level)][dim];
  const std::int64_t before = rest;
  const std::int32_t factor_before = factor;
  const auto may_be = [&](std::int64_t copies) {
    return copies == 1 || (axes[axis].dims.Has(kAllDims[dim]) && static_cast<double>(copies) <= room);
  };
  const auto add = [&](std::int64_t copies) {
    rest = LeftOutside(before, copies);
    factor = static_cast<std::int32_t>(factor_before * copies);
    AddUnrollings(axis, dim + 1, room / static_cast<double>(copies) * (1 + kBoundSlack), limits, left, unrolling);
  };
  if (layer_.uneven.Has(kAllDims[dim])) {
    for (std::int64_t copies = 1; copies <= before && may_be(copies) && complete_; ++copies) add(copies);
  } else {
    for (const std::int64_t divisor : divisors_[dim]) {
      if (!may_be(divisor)) break;
      if (before % divisor == 0) add(divisor);
    }
  }
  rest = before;
  factor = factor_before;
}

// Searches at the same costs: a node is a spatial unrolling, and the order in which the first so many tiles stay in
// place.
class ReuseSearchRun {
 public:
  ReuseSearchRun(const ReuseSearch& search, const BoxCosts& costs);

  double Run(double cycle_pj, std::int64_t max_nodes);

 private:
  static constexpr std::size_t kMaxPairs = 8;  // of all tensors, of which more is known than their order
  struct Node {
    double cost = 0;
    double energy_pj = 0;
    PortLoads load{};  // cycles of the ports
    std::int32_t unrolling = 0;
    std::int8_t cycles_of = kUnits;
    bool complete = false;
    std::array<std::uint8_t, kNumTensors> done{};  // pairs of each tensor, as bits from its innermost keeper outwards
    Loops inside{};                                // of what comes next
    // In the tile of each pair that is done, of the dimensions that its tensor uses; at least.
    std::array<Loops, kMaxPairs> tile{};
  };
  struct Dearer {
    bool operator()(const Node& a, const Node& b) const { return a.cost > b.cost; }
  };
  struct Key {
    std::int32_t unrolling;
    std::int8_t cycles_of;
    std::array<std::uint8_t, kNumTensors> done;
    Loops inside;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const {
      std::uint64_t hash = static_cast<std::uint64_t>(key.unrolling) * 0x9e3779b97f4a7c15u;
      hash ^= static_cast<std::uint64_t>(key.cycles_of + 2) << 40;
      for (const auto done : key.done) hash = (hash ^ done) * 0x100000001b3u;
      for (const auto extent : key.inside) hash = (hash ^ extent) * 0x9e3779b97f4a7c15u;
      return static_cast<std::size_t>(hash ^ (hash >> 29));
    }
  };

  // (B47), (B51)
  double UnevenCostOf(const UnrollingStart& start, double energy_pj, const PortLoads& load) const {
    const double cycle_pj = cycle_pj_ + start.leak_pj;
    const double most_last = start.most_last[start.cycles_of == kUnitsIdle];
    const bool of_port = start.cycles_of >= 0;
    const double cycles = of_port ? load[ToIndex(start.cycles_of)] : start.least_cycles;
    const double base_cycles = of_port ? start.load[ToIndex(start.cycles_of)] : start.least_cycles;
    const auto with = [&](double last) {
      const double more = of_port ? 0 : std::max(0.0, start.unit_cycles * (1 + last) - start.least_cycles);
      return (1 - last) * (energy_pj + cycle_pj * cycles) + last * (start.base + cycle_pj * base_cycles) +
             cycle_pj * more;
    };
    // Until their idleness takes time, they cost the less the more they are.
    const double free = of_port ? most_last : start.least_cycles / start.unit_cycles - 1;
    return std::max(start.floor, std::min(with(std::min(free, most_last)), with(most_last)));
  }
  double CostOf(const UnrollingStart& start, double energy_pj, const PortLoads& load) const {
    double cycles = start.least_cycles;
    if (layer_.IsUneven()) return UnevenCostOf(start, energy_pj, load);
    for (const double of_port : load) cycles = std::max(cycles, of_port);
    return energy_pj + (cycle_pj_ + start.leak_pj) * cycles;
  }

  static bool IsDone(const Node& node, Tensor tensor, std::size_t pair) {
    return ((node.done[ToIndex(tensor)] >> pair) & 1u) != 0;
  }
  static void SetDone(Tensor tensor, std::size_t pair, Node* node) {
    std::uint8_t& done = node->done[ToIndex(tensor)];
    done = static_cast<std::uint8_t>(done | (1u << pair));
  }
  // The innermost that is not done; beyond the last if all are.
  static std::size_t NextPair(const Node& node, Tensor tensor) {
    return static_cast<std::size_t>(std::countr_one(node.done[ToIndex(tensor)]));
  }
  // Among all pairs; kMaxPairs or more when it is not told apart.
  std::size_t PairIndex(Tensor tensor, std::size_t pair) const;
  // Of the tile of a level: such loops with the copies up to there.
  Extents ExtentsOf(const Loops& loops, int level) const;
  // Of loops that run while a level's tile stays, those that it has in it, at least.
  std::uint8_t InTile(Dim dim, std::uint8_t loops, int level) const {
    return std::min(loops, spread_.most_in_tile[spread_.cycles_of == kUnitsIdle][ToIndex(level)][ToIndex(dim)]);
  }
  Loops InTiles(Loops loops, int level) const {
    for (const Dim dim : kAllDims) loops[ToIndex(dim)] = InTile(dim, loops[ToIndex(dim)], level);
    return loops;
  }
  // Makes the tiles that are chosen hold what the tensor's next one, further in than they, has in it.
  void Nest(Tensor tensor, Node* node) const;
  bool HasPlaces(const Node& node, int level) const;
  bool Fits(const Node& node, int level) const;
  bool MayGoOn(const Node& node) const;
  double InputVisits(const Extents& tile, double revisits) const;
  // The same where factors need not divide, in the least words; of loops from `inside` up to `most`.
  double UnevenInputVisits(const Loops& inside, const Loops& most, int level, double revisits) const;
  bool SlidesOver(Dim dim) const {
    return IsSliding(dim) && layer_.shape.bound(dim) > 1 && layer_.shape.bound(PartnerOf(dim)) > 1;
  }
  bool MayOvertake(Tensor tensor, std::size_t inner, std::size_t outer) const;
  void Expand(const Node& node);
  struct Window {
    Loops inside;
    Loops most;
    double visits;
  };
  void AddWindows(Node node, std::size_t pair, std::size_t next, Loops most, std::vector<Window>* windows);
  void Grow(Node node, Tensor tensor, std::size_t pair, const std::vector<Dim>& dims, std::size_t next, Loops most);
  void Push(Node node);
  bool HasRoom(const Unrolling& unrolling) const;
  void Choose(std::int32_t unrolling, const UnrollingStart& start);
  bool BeginAgain(const Node& node);
  void Begin(const UnrollingStart& start);
  std::int8_t SlowestPort(const Node& node) const;
  bool Stopped();
  double Room(Tensor tensor, int level) const;
  void MeasureTiles();
  double LeastAhead(const Node& node) const;

  const ReuseSearch& search_;
  const ReuseLayer& layer_;
  const BoxCosts& costs_;
  const UnrollingPricer pricer_;
  std::vector<UnrollingStart> starts_;  // unrollings that fit
  double cycle_pj_ = 0;
  std::int64_t nodes_left_ = 0;
  std::priority_queue<Node, std::vector<Node>, Dearer> open_;
  std::unordered_map<Key, std::vector<Node>, Hash> seen_;
  double best_ = kInfinity;                                 // of what is complete
  std::unordered_map<std::int32_t, UnrollingStart> begun_;  // by unrolling, as it was last begun
  bool stopped_ = false;
  std::int64_t asked_ = 0;
  std::int32_t of_spread_ = -1;
  UnrollingCosts spread_;
  // Of the chosen unrolling, by level and dimension: how much less a tile may grow than loops outside it fall.
  std::array<std::array<double, kNumDims>, kMaxLevels> slack_{};
  std::array<double, kNumTensors> last_room_{};  // words of each tensor's outermost tile below the outermost level
};

ReuseSearchRun::ReuseSearchRun(const ReuseSearch& search, const BoxCosts& costs)
    : search_(search), layer_(search.layer_), costs_(costs), pricer_(search.layer_, costs) {
  for (std::size_t u = 0; u < search_.unrollings_.size(); ++u) {
    if (Stopped()) return;
    if (!HasRoom(search_.unrollings_[u])) continue;
    starts_.push_back(pricer_.CostsOf(search_.unrollings_[u]));
    starts_.back().unrolling = static_cast<std::int32_t>(u);
  }
}

std::size_t ReuseSearchRun::PairIndex(Tensor tensor, std::size_t pair) const {
  for (const Tensor before : kAllTensors) {
    if (before == tensor) break;
    pair += layer_.NumPairs(before);
  }
  return pair;
}

Extents ReuseSearchRun::ExtentsOf(const Loops& loops, int level) const {
  Extents extents = spread_.inside[ToIndex(level)];
  for (std::size_t d = 0; d < extents.size(); ++d) {
    extents[d] = std::min(extents[d] * (*spread_.steps[d])[loops[d]].loops, layer_.shape.bounds[d]);
  }
  return extents;
}

// (B27)
void ReuseSearchRun::Nest(Tensor tensor, Node* node) const {
  const std::size_t next = NextPair(*node, tensor);
  if (next >= layer_.NumPairs(tensor)) return;
  const int keeper = layer_.Keepers(tensor)[next];
  for (const Tensor other : kAllTensors) {
    for (std::size_t pair = 0; pair < layer_.NumPairs(other); ++pair) {
      if (!IsDone(*node, other, pair)) continue;
      const std::size_t index = PairIndex(other, pair);
      if (layer_.Keepers(other)[pair] < keeper || index >= kMaxPairs) continue;
      for (const Dim dim : kAllDims) {
        if (!IsRelevant(tensor, dim) || !IsRelevant(other, dim)) continue;
        std::uint8_t& loops = node->tile[index][ToIndex(dim)];
        loops = std::max(loops, InTile(dim, node->inside[ToIndex(dim)], keeper));
      }
    }
  }
}

// (B50): what a level's tile has in it, loops at that level or further in run over.
bool ReuseSearchRun::HasPlaces(const Node& node, int level) const {
  const DimSet without = layer_.no_loops_inside[ToIndex(level)];
  if (without.empty()) return true;
  for (const Tensor tensor : kAllTensors) {
    const std::vector<int>& keepers = layer_.Keepers(tensor);
    const auto pair = static_cast<std::size_t>(std::find(keepers.begin(), keepers.end(), level) - keepers.begin());
    const std::size_t index = PairIndex(tensor, pair);
    if (pair >= layer_.NumPairs(tensor)) continue;
    const bool done = IsDone(node, tensor, pair);
    if (done && index >= kMaxPairs) continue;
    for (const Dim dim : kAllDims) {
      if (!without.Has(dim) || !IsRelevant(tensor, dim)) continue;
      const std::uint8_t loops = done ? node.tile[index][ToIndex(dim)] : InTile(dim, node.inside[ToIndex(dim)], level);
      if ((*spread_.steps[ToIndex(dim)])[loops].loops > 1) return false;
    }
  }
  return true;
}

// (B26): tiles that are chosen, and the next ones, which are at least what the loops inside make them.
bool ReuseSearchRun::Fits(const Node& node, int level) const {
  if (layer_.IsUneven() && !HasPlaces(node, level)) return false;
  const std::vector<Resource>& resources = layer_.hardware_template.resources();
  for (std::size_t r = 0; r < resources.size(); ++r) {
    const Resource& resource = resources[r];
    if (resource.is_axis() || resource.level != level) continue;
    double need = 0;
    for (const Tensor tensor : kAllTensors) {
      if (!resource.Holds(tensor)) continue;
      const std::vector<int>& keepers = layer_.Keepers(tensor);
      const auto pair = static_cast<std::size_t>(std::find(keepers.begin(), keepers.end(), level) - keepers.begin());
      const std::size_t index = PairIndex(tensor, pair);
      const bool done = IsDone(node, tensor, pair);
      if (done && index >= kMaxPairs) continue;
      const Loops loops = done ? node.tile[index] : InTiles(node.inside, level);
      need += HeldWords(layer_.shape, TileOf(ExtentsOf(loops, level)), tensor) * resource.per_word[ToIndex(tensor)];
    }
    if (need > costs_.limit[r] * (1 + kBoundSlack)) return false;
  }
  return true;
}

bool ReuseSearchRun::MayGoOn(const Node& node) const {
  Node nested = node;
  for (const Tensor tensor : kAllTensors) Nest(tensor, &nested);
  for (int level = 0; level < layer_.outermost; ++level) {
    if (!Fits(nested, level)) return false;
  }
  return true;
}

// (B28), (B29): fills of the input, in its distinct words of each copy. `revisits`: loops over K outside.
double ReuseSearchRun::InputVisits(const Extents& extents, double revisits) const {
  const LayerShape& shape = layer_.shape;
  const TileExtents tile = TileOf(extents);
  double whole = HeldWords(shape, tile, Tensor::kI);
  for (const Dim dim : kAllDims) {
    if (IsRelevant(Tensor::kI, dim)) whole *= LoopsOutside(shape, tile, dim);
  }
  const double least = LeastFreshPart(shape, tile, layer_.whole, kSlidingDimSet);
  return revisits * std::max(1.0, whole * least / layer_.size[ToIndex(Tensor::kI)]);
}

// (B46)
double ReuseSearchRun::UnevenInputVisits(const Loops& inside, const Loops& most, int level, double revisits) const {
  const auto& tiles = spread_.tiles[ToIndex(level)];
  const auto side_of = [&](Dim dim) {
    const LoopSteps& steps = *spread_.steps[ToIndex(dim)];
    const auto bound = static_cast<double>(layer_.shape.bound(dim));
    const std::size_t step = inside[ToIndex(dim)];
    if (step + 1 == steps.size()) {
      return TileSide{.tiles = tiles[ToIndex(dim)] / bound,
                      .moves = false,
                      .least_extent = tiles[ToIndex(dim)] == 1 ? layer_.shape.bound(dim) : 1};
    }
    const std::int64_t extent = steps[most[ToIndex(dim)]].most * Of(spread_.inside[ToIndex(level)], dim);
    return TileSide{.tiles = 1 / static_cast<double>(extent), .moves = true, .least_extent = steps[step].loops};
  };
  TileSides sides;
  for (std::size_t i = 0; i < sides.size(); ++i) sides[i] = side_of(kSlidingDims[i]);
  return revisits * InputShare(layer_.shape, sides) / layer_.least_input_share;
}

bool ReuseSearchRun::Stopped() {
  if (!stopped_ && search_.stop_ && ++asked_ % 64 == 0) stopped_ = search_.stop_();
  return stopped_;
}

double ReuseSearchRun::Room(Tensor tensor, int level) const {
  double words = kInfinity;
  const std::vector<Resource>& resources = layer_.hardware_template.resources();
  for (std::size_t r = 0; r < resources.size(); ++r) {
    const Resource& resource = resources[r];
    if (resource.is_axis() || resource.level != level || !resource.Holds(tensor)) continue;
    words = std::min(words, costs_.limit[r] * (1 + kBoundSlack) / resource.per_word[ToIndex(tensor)]);
  }
  return words;
}

void ReuseSearchRun::MeasureTiles() {
  for (const Tensor tensor : kAllTensors) {
    if (layer_.NumPairs(tensor) > 0)
      last_room_[ToIndex(tensor)] = Room(tensor, layer_.Keepers(tensor)[layer_.NumPairs(tensor) - 1]);
  }
  for (int level = 0; level < layer_.outermost; ++level) {
    for (const Dim dim : kAllDims) {
      const LoopSteps& steps = *spread_.steps[ToIndex(dim)];
      double merged = 1;
      double most = 0;
      for (const LoopStep& step : steps) {
        const double product = step.outside * static_cast<double>(step.loops);
        most = std::max(most, product);
        merged = std::max(merged, most / product);
      }
      const auto copies = static_cast<double>(Of(spread_.inside[ToIndex(level)], dim));
      const std::uint8_t in_tile = InTile(dim, static_cast<std::uint8_t>(steps.size() - 1), level);
      const double held =
          std::min(copies * static_cast<double>(steps[in_tile].loops), static_cast<double>(layer_.shape.bound(dim)));
      slack_[ToIndex(level)][ToIndex(dim)] = merged * static_cast<double>(steps.back().loops) * copies / held;
    }
  }
}

// (B49): the outermost tiles that do not stay yet will in some order. What stays while a tensor's unused loops run has
// them in the tiles that are yet to come, whose room they share.
double ReuseSearchRun::LeastAhead(const Node& node) const {
  std::array<Tensor, kNumTensors> pending;
  std::size_t count = 0;
  for (const Tensor tensor : kAllTensors) {
    const std::size_t pairs = layer_.NumPairs(tensor);
    if (pairs > 0 && !IsDone(node, tensor, pairs - 1)) pending[count++] = tensor;
  }
  if (count < 2) return 0;
  // Visits of a tensor's tiles, were none of its loops in another's tile and that as large as it has room for; and that
  // room, in tiles of now.
  std::array<std::array<double, kNumTensors>, kNumTensors> outside{};
  std::array<std::array<double, kNumTensors>, kNumTensors> room{};
  for (std::size_t o = 0; o < count; ++o) {
    const Tensor other = pending[o];
    const int level = layer_.Keepers(other)[layer_.NumPairs(other) - 1];
    const Extents tile = ExtentsOf(InTiles(node.inside, level), level);
    double words = HeldWords(layer_.shape, TileOf(tile), other);
    if (other == Tensor::kI) {
      // Windows are at least as wide as they have outputs.
      words = 1;
      for (const Dim dim : {Dim::kN, Dim::kC, Dim::kG, Dim::kP, Dim::kQ}) words *= static_cast<double>(Of(tile, dim));
    }
    for (std::size_t t = 0; t < count; ++t) {
      if (t == o) continue;
      double loops = 1;
      for (const Dim dim : ListOfUnusedDims(pending[t])) {
        if (other == Tensor::kI && (dim == Dim::kR || dim == Dim::kS)) continue;
        const double of_dim = (*spread_.steps[ToIndex(dim)])[node.inside[ToIndex(dim)]].outside;
        if (of_dim > 1) loops *= of_dim / slack_[ToIndex(level)][ToIndex(dim)];
      }
      outside[t][o] = loops;
      room[t][o] = last_room_[ToIndex(other)] / words;
    }
  }
  std::array<double, kNumTensors> price{};
  for (std::size_t t = 0; t < count; ++t)
    price[t] = spread_.price[ToIndex(pending[t])][layer_.NumPairs(pending[t]) - 1];
  double least = kInfinity;
  for (std::size_t first = 0; first < count; ++first) {
    for (std::size_t second = 0; second < count; ++second) {
      if (second == first) continue;
      const double of_first = std::max(1.0, outside[first][second] / room[first][second]);
      if (count == 2) {
        least = std::min(least, price[first] * (of_first - 1));
        continue;
      }
      const std::size_t third = 3 - first - second;
      // With `inside` loops of the first in the third's tile.
      const double most = outside[first][third] / of_first;
      const double free = room[first][third] / outside[second][third];
      double inside = std::max(1.0, most);
      if (most > free) {
        const double balanced = std::sqrt(price[first] * outside[first][third] * room[first][third] /
                                          std::max(1e-300, price[second] * outside[second][third]));
        inside = std::max(1.0, std::clamp(balanced, free, most));
      }
      const double first_visits = std::max(of_first, outside[first][third] / inside);
      const double second_visits = std::max(1.0, outside[second][third] * inside / room[first][third]);
      least = std::min(least, price[first] * (first_visits - 1) + price[second] * (second_visits - 1));
    }
  }
  return least * (1 - kBoundSlack);
}

void ReuseSearchRun::Push(Node node) {
  --nodes_left_;
  if (node.cost >= best_) return;
  // Nothing is known of how often such tiles come back, so that they ask for nothing.
  for (std::size_t pair = NextPair(node, Tensor::kI); pair < layer_.NumPairs(Tensor::kI) && spread_.handed_over[pair];
       pair = NextPair(node, Tensor::kI)) {
    SetDone(Tensor::kI, pair, &node);
  }
  bool complete = true;
  for (const Tensor tensor : kAllTensors) complete = complete && NextPair(node, tensor) >= layer_.NumPairs(tensor);
  if (!MayGoOn(node)) return;
  if (layer_.IsUneven() && !complete) node.cost = CostOf(spread_, node.energy_pj + LeastAhead(node), node.load);
  if (complete && !layer_.IsUneven()) {
    best_ = node.cost;
    return;
  }
  if (complete) {
    node.complete = true;
    open_.push(node);
    return;
  }
  std::vector<Node>& same = seen_[{node.unrolling, node.cycles_of, node.done, node.inside}];
  const bool bettered = std::any_of(same.begin(), same.end(), [&](const Node& other) {
    if (other.energy_pj > node.energy_pj) return false;
    const bool loads_count = cycle_pj_ + spread_.leak_pj > 0 && (!layer_.IsUneven() || node.cycles_of >= 0);
    for (std::size_t p = 0; loads_count && p < kMaxLoads; ++p) {
      if (other.load[p] > node.load[p]) return false;
    }
    for (std::size_t p = 0; p < kMaxPairs; ++p) {
      for (std::size_t d = 0; d < kNumDims; ++d) {
        if (other.tile[p][d] > node.tile[p][d]) return false;
      }
    }
    return true;
  });
  if (bettered) return;
  same.push_back(node);
  open_.push(node);
}

// Lets loops over `dims`, from `next` on, be the next inside, in which the tensor's tile stays.
void ReuseSearchRun::Grow(Node node, Tensor tensor, std::size_t pair, const std::vector<Dim>& dims, std::size_t next,
                          Loops most) {
  if (Stopped()) return;
  if (next == dims.size()) {
    double visits = 1;
    for (const Dim dim : ListOfUnusedDims(tensor)) {
      visits *= (*spread_.steps[ToIndex(dim)])[node.inside[ToIndex(dim)]].outside;
    }
    if (tensor == Tensor::kI && layer_.IsUneven()) {
      visits = UnevenInputVisits(node.inside, most, layer_.Keepers(tensor)[pair], visits);
    } else if (tensor == Tensor::kI) {
      visits = InputVisits(ExtentsOf(node.inside, layer_.Keepers(tensor)[pair]), visits);
    }
    node.energy_pj += spread_.price[ToIndex(tensor)][pair] * (visits - 1);
    for (std::size_t p = 0; p < kMaxLoads; ++p) node.load[p] += spread_.slope[ToIndex(tensor)][pair][p] * (visits - 1);
    node.cost = CostOf(spread_, node.energy_pj, node.load);
    Nest(tensor, &node);
    const std::size_t index = PairIndex(tensor, pair);
    for (const Dim dim : kAllDims) {
      if (index < kMaxPairs && IsRelevant(tensor, dim)) {
        node.tile[index][ToIndex(dim)] = InTile(dim, node.inside[ToIndex(dim)], layer_.Keepers(tensor)[pair]);
      }
    }
    SetDone(tensor, pair, &node);
    Push(node);
    return;
  }
  const std::size_t dim = ToIndex(dims[next]);
  const LoopSteps& steps = *spread_.steps[dim];
  const std::int64_t inside = steps[node.inside[dim]].loops;
  const bool in_tile = IsRelevant(tensor, dims[next]);
  const bool is_uneven = layer_.uneven.Has(dims[next]);
  for (std::size_t i = node.inside[dim]; i < steps.size(); ++i) {
    if (!is_uneven && steps[i].loops % inside != 0) continue;
    node.inside[dim] = static_cast<std::uint8_t>(i);
    if (in_tile && !Fits(node, layer_.Keepers(tensor)[pair])) break;
    if (is_uneven && !MayGoOn(node)) break;
    Grow(node, tensor, pair, dims, next + 1, most);
  }
}

// Loops over P, R, Q and S, from the `next` of them on, that may be the next inside: those that let tiles of the next
// keeper of the input overlap the less the larger they are, from half as many to so many at a time.
void ReuseSearchRun::AddWindows(Node node, std::size_t pair, std::size_t next, Loops most,
                                std::vector<Window>* windows) {
  if (Stopped()) return;
  const int level = layer_.Keepers(Tensor::kI)[pair];
  if (next == kSlidingDims.size()) {
    const double visits = UnevenInputVisits(node.inside, most, level, 1);
    const auto is_better = [&](const Window& other) {
      const auto is_inside = [&](Dim dim) {
        const LoopSteps& steps = *spread_.steps[ToIndex(dim)];
        const std::int64_t loops = steps[node.inside[ToIndex(dim)]].loops;
        const std::int64_t of_other = steps[other.inside[ToIndex(dim)]].loops;
        return layer_.uneven.Has(dim) ? of_other <= loops : loops % of_other == 0;
      };
      return other.visits <= visits && std::all_of(kSlidingDims.begin(), kSlidingDims.end(), is_inside);
    };
    if (std::none_of(windows->begin(), windows->end(), is_better)) windows->push_back({node.inside, most, visits});
    return;
  }
  const Dim dim = kSlidingDims[next];
  if (!SlidesOver(dim)) return AddWindows(node, pair, next + 1, most, windows);
  const LoopSteps& steps = *spread_.steps[ToIndex(dim)];
  const std::int64_t inside = steps[node.inside[ToIndex(dim)]].loops;
  for (std::size_t i = node.inside[ToIndex(dim)]; i < steps.size(); ++i) {
    if (!layer_.uneven.Has(dim) && steps[i].loops % inside != 0) continue;
    node.inside[ToIndex(dim)] = static_cast<std::uint8_t>(i);
    if (!Fits(node, level)) break;
    const std::int64_t least = steps[i].loops;
    while (layer_.uneven.Has(dim) && i + 2 < steps.size() && steps[i + 1].loops < 2 * least) ++i;
    most[ToIndex(dim)] = static_cast<std::uint8_t>(i);
    AddWindows(node, pair, next + 1, most, windows);
  }
}

// (B41): an instance may be idle, and keep its tile, where the one outside it is not. Such tiles stay for longer than
// the larger ones, if copies along what the tensor uses lie between.
bool ReuseSearchRun::MayOvertake(Tensor tensor, std::size_t inner, std::size_t outer) const {
  if (!layer_.IsUneven()) return false;
  const Extents& copies_inside = spread_.inside[ToIndex(layer_.Keepers(tensor)[inner])];
  const Extents& copies_outside = spread_.inside[ToIndex(layer_.Keepers(tensor)[outer])];
  return std::any_of(kAllDims.begin(), kAllDims.end(), [&](Dim dim) {
    return layer_.uneven.Has(dim) && IsRelevant(tensor, dim) && Of(copies_outside, dim) > Of(copies_inside, dim);
  });
}

void ReuseSearchRun::Expand(const Node& node) {
  static const auto* const kInputDims = new std::vector<Dim>{Dim::kP, Dim::kR, Dim::kQ, Dim::kS, Dim::kK};
  for (const Tensor tensor : kAllTensors) {
    const std::size_t next = NextPair(node, tensor);
    for (std::size_t pair = next; pair < layer_.NumPairs(tensor); ++pair) {
      if (pair > next && (IsDone(node, tensor, pair) || !MayOvertake(tensor, next, pair))) continue;
      if (layer_.IsUneven() && tensor == Tensor::kI) {
        std::vector<Window> windows;
        AddWindows(node, pair, 0, node.inside, &windows);
        for (const Window& window : windows) {
          Node with_window = node;
          with_window.inside = window.inside;
          Grow(with_window, tensor, pair, ListOfUnusedDims(tensor), 0, window.most);
        }
        continue;
      }
      // Larger tiles of the input overlap less.
      const bool overlaps =
          tensor == Tensor::kI && InputVisits(ExtentsOf(node.inside, layer_.Keepers(tensor)[pair]), 1) > 1;
      Grow(node, tensor, pair, overlaps ? *kInputDims : ListOfUnusedDims(tensor), 0, node.inside);
    }
  }
}

// Whether the copies fit on the axes of each level, whichever of them has which factor.
bool ReuseSearchRun::HasRoom(const Unrolling& unrolling) const {
  std::array<double, kMaxLevels> room;
  room.fill(1);
  const std::vector<Resource>& resources = layer_.hardware_template.resources();
  for (std::size_t r = 0; r < resources.size(); ++r) {
    if (resources[r].is_axis()) room[ToIndex(resources[r].level)] *= costs_.limit[r] * (1 + kBoundSlack);
  }
  for (int level = 0; level <= layer_.outermost; ++level) {
    double copies = 1;
    for (const std::int32_t factor : unrolling[ToIndex(level)]) copies *= factor;
    if (copies > room[ToIndex(level)] * (1 + kBoundSlack)) return false;
  }
  return true;
}

void ReuseSearchRun::Choose(std::int32_t unrolling, const UnrollingStart& start) {
  const bool is_other = of_spread_ != unrolling;
  if (is_other) {
    spread_ = pricer_.CostsOf(search_.unrollings_[ToIndex(unrolling)]);
    of_spread_ = unrolling;
  }
  if (!layer_.IsUneven()) return;
  const bool tells_idle = spread_.cycles_of == kUnitsIdle;
  spread_.cycles_of = start.cycles_of;
  spread_.floor = start.floor;
  if (is_other || tells_idle != (start.cycles_of == kUnitsIdle)) MeasureTiles();
}

void ReuseSearchRun::Begin(const UnrollingStart& start) {
  Choose(start.unrolling, start);
  Node node;
  node.energy_pj = start.base;
  node.load = start.load;
  node.unrolling = start.unrolling;
  node.cycles_of = start.cycles_of;
  node.cost = CostOf(spread_, node.energy_pj, node.load);
  Push(node);
}

// The same unrolling with other cycles, if those may cost more.
bool ReuseSearchRun::BeginAgain(const Node& node) {
  UnrollingStart again = spread_;
  again.unrolling = node.unrolling;
  again.floor = node.cost;
  const double whole = node.energy_pj + (cycle_pj_ + spread_.leak_pj) * spread_.least_cycles;
  const std::int8_t port = SlowestPort(node);
  if (node.cycles_of == kUnitsIdle && node.cost < whole * (1 - kBoundSlack)) {
    again.cycles_of = kUnits;
  } else if (node.cycles_of < 0 && port >= 0) {
    again.cycles_of = port;
  } else {
    return false;
  }
  begun_[node.unrolling] = again;
  Begin(again);
  return true;
}

// With more cycles than the units, if any.
std::int8_t ReuseSearchRun::SlowestPort(const Node& node) const {
  double most = spread_.least_cycles * (1 + kBoundSlack);
  std::int8_t slowest = kUnits;
  for (std::size_t p = 0; p < kMaxLoads; ++p) {
    if (node.load[p] <= most) continue;
    most = node.load[p];
    slowest = static_cast<std::int8_t>(p);
  }
  return slowest;
}

double ReuseSearchRun::Run(double cycle_pj, std::int64_t max_nodes) {
  cycle_pj_ = cycle_pj;
  nodes_left_ = max_nodes;
  best_ = kInfinity;
  open_ = {};
  seen_.clear();
  begun_.clear();
  of_spread_ = -1;
  std::vector<std::pair<double, std::size_t>> order;
  order.reserve(starts_.size());
  for (std::size_t i = 0; i < starts_.size(); ++i) {
    starts_[i].cycles_of = cycle_pj_ > 0 ? kUnitsIdle : kUnits;
    order.emplace_back(CostOf(starts_[i], starts_[i].base, starts_[i].load), i);
  }
  std::sort(order.begin(), order.end());
  std::size_t next = 0;  // of the starts, which are nodes once they are looked at
  for (;;) {
    const double of_start = next < order.size() ? order[next].first : kInfinity;
    const double of_open = open_.empty() ? kInfinity : open_.top().cost;
    const double cost = std::min(of_start, of_open);
    if (Stopped()) return 0;
    if (cost >= best_) return best_;
    if (nodes_left_ <= 0) return cost;
    if (of_start <= of_open) {
      const UnrollingStart& start = starts_[order[next++].second];
      if (layer_.IsUneven()) begun_[start.unrolling] = start;
      Begin(start);
    } else {
      const Node node = open_.top();
      open_.pop();
      UnrollingStart start;
      start.cycles_of = node.cycles_of;
      if (layer_.IsUneven()) {
        const UnrollingStart& begun = begun_.find(node.unrolling)->second;
        if (begun.cycles_of != node.cycles_of) continue;
        start.floor = begun.floor;
      }
      Choose(node.unrolling, start);
      if (!node.complete) {
        Expand(node);
      } else if (!BeginAgain(node)) {
        return node.cost;
      }
    }
    if (stopped_) return 0;  // what is left out may be better
  }
}

std::vector<double> ReuseSearch::LeastUj(const BoxCosts& costs, std::span<const double> cycle_uj,
                                         std::int64_t max_nodes) const {
  constexpr double kPicoPerMicro = 1e6;
  std::vector<double> least(cycle_uj.size(), 0);
  if (!complete_) return least;
  ReuseSearchRun run(*this, costs);
  for (std::size_t i = 0; i < least.size(); ++i) {
    least[i] = run.Run(cycle_uj[i] * kPicoPerMicro, max_nodes) * (1 - kBoundSlack) / kPicoPerMicro;
  }
  return least;
}

}  // namespace oneloop
