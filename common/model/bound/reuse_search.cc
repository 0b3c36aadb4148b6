#include "common/model/bound/reuse_search.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <limits>
#include <queue>
#include <unordered_map>
#include <utility>

#include "common/mapping/factor_space.h"
#include "common/mapping/factorize.h"
#include "common/model/bound/input_moves.h"
#include "common/model/bound/input_share.h"
#include "common/model/bound/loop_steps.h"
#include "common/model/bound/tile_shape.h"
#include "common/model/exact/link_hops.h"
#include "common/workload/dims.h"

namespace oneloop {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Nodes hold places of divisors in a byte each.
constexpr std::size_t kMaxDivisors = 256;

using Extents = std::array<std::int64_t, kNumDims>;

std::int64_t Of(const Extents& extents, Dim dim) { return extents[ToIndex(dim)]; }

TileExtents TileOf(const Extents& extents) {
  TileExtents tile;
  for (std::size_t d = 0; d < extents.size(); ++d) {
    const auto extent = static_cast<double>(extents[d]);
    tile[d] = {extent, extent};
  }
  return tile;
}

// As a list: loops over them leave the tensor's tile in place. No two tensors have one in common.
const std::vector<Dim>& ListOfUnusedDims(Tensor tensor) {
  static const auto* const lists = [] {
    auto* const all = new std::array<std::vector<Dim>, kNumTensors>;
    for (const Tensor of : kAllTensors) {
      const auto unused = [of](Dim dim) { return UnusedDims(of).Has(dim); };
      std::copy_if(kAllDims.begin(), kAllDims.end(), std::back_inserter((*all)[ToIndex(of)]), unused);
    }
    return all;
  }();
  return (*lists)[ToIndex(tensor)];
}

}  // namespace

ReuseSearch::ReuseSearch(const Template& hardware_template, const Structure& structure, const LayerShape& shape,
                         const BoxCosts& most, std::size_t max_unrollings, std::function<bool()> stop)
    : template_(hardware_template),
      structure_(structure),
      shape_(shape),
      outermost_(structure.num_levels() - 1),
      macs_(static_cast<double>(Macs(shape))),
      whole_(WholeExtents(shape)),
      max_unrollings_(max_unrollings),
      stop_(std::move(stop)),
      uneven_(UnevenDims(hardware_template, shape)),
      complete_(true) {
  for (const Dim dim : kAllDims) {
    if (uneven_.Has(dim)) continue;
    divisors_[ToIndex(dim)] = Divisors(shape.bound(dim));
    complete_ = complete_ && divisors_[ToIndex(dim)].size() <= kMaxDivisors;
  }
  for (const Tensor tensor : kAllTensors) size_[ToIndex(tensor)] = DistinctWords(shape, whole_, tensor);
  least_input_share_ = LeastInputShare(shape);
  DimSet without = kEveryDim;
  for (int level = 0; level <= outermost_; ++level) {
    DimSet left;
    for (const Dim dim : kAllDims) {
      if (without.Has(dim) && !hardware_template.level(level).temporal.Has(dim)) left.Add(dim);
    }
    no_loops_inside_[ToIndex(level)] = without = left;
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
      LoopSteps& steps = steps_[ToIndex(dim)][copies];
      if (!steps.empty()) continue;
      steps = uneven_.Has(dim) ? UnevenSteps(shape.bound(dim), copies) : PerfectSteps(shape.bound(dim) / copies);
    }
  }
}

// All factors of one axis and dimension after another. `left`: what remains of each bound.
void ReuseSearch::AddUnrollings(std::size_t axis, std::size_t dim, double room, const SpatialReach::Limits& limits,
                                Extents* left, Unrolling* unrolling) {
  const std::vector<Template::Axis>& axes = template_.axes();
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
  if (uneven_.Has(kAllDims[dim])) {
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
  using Unrolling = ReuseSearch::Unrolling;
  static constexpr std::size_t kMaxPairs = 8;  // of all tensors, of which more is known than their order
  // Temporal loops by dimension, as indices of steps.
  using Loops = std::array<std::uint8_t, kNumDims>;

  // What of a cost's cycles counts: those of a port, or of the units, in which idle copies are told by the time they
  // take or by the room of what they keep (B48).
  static constexpr std::int8_t kUnits = -1;
  static constexpr std::int8_t kUnitsIdle = -2;
  static constexpr std::size_t kMaxLoads = 6;  // of ports that limit; the rest counts as if tiles came once
  using Loads = std::array<double, kMaxLoads>;
  // Words of a pair for each visit, of all instances.
  struct LoadsOfPair {
    double fills = 0;
    double requests = 0;
  };
  // By level, tensor and kind.
  using Words = std::array<std::array<std::array<double, kNumFlowKinds>, kNumTensors>, kMaxLevels>;
  // What one unrolling makes of the layer: energy = base + Σ price · (visits − 1) over the tiles, and the cycles of the
  // ports likewise.
  struct Start {
    std::int32_t unrolling = 0;
    std::int8_t cycles_of = kUnits;  // or a port
    double floor = 0;                // of the cost, known otherwise
    double base = 0;
    double leak_pj = 0;       // of a cycle
    double least_cycles = 0;  // of the units, and of ports were each tile visited once
    double unit_cycles = 0;   // were no unit ever idle
    // The part of the multiply-accumulates, at most, whose copies are the last or, in the second, idle: nothing more is
    // known of their visits, but that they take as much more of the units' time (B47), (B48).
    std::array<double, 2> most_last{};
    Loads load{};
  };
  struct Spread : Start {
    std::array<std::array<double, kMaxLevels>, kNumTensors> price{};
    std::array<std::array<Loads, kMaxLevels>, kNumTensors> slope{};
    std::array<bool, kMaxLevels>
        handed_over{};  // input words that neighbours may hand over: no more is known of visits
    std::array<std::array<LoadsOfPair, kMaxLevels>, kNumTensors> words{};
    Extents loops{};                           // temporal factors of all levels
    std::array<Extents, kMaxLevels> inside{};  // spatial factors up to a level
    std::array<const LoopSteps*, kNumDims> steps{};
    // By level: steps that a tile is known to have in it if it stays while so many loops or more run; likewise twice.
    std::array<std::array<Loops, kMaxLevels>, 2> most_in_tile{};
    std::array<std::array<double, kNumDims>, kMaxLevels> tiles{};  // instances in use by dimension, at least
  };
  struct Node {
    double cost = 0;
    double energy_pj = 0;
    Loads load{};  // cycles of the ports
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

  const std::vector<int>& Keepers(Tensor tensor) const { return search_.structure_.keeper_levels(tensor); }
  std::size_t NumPairs(Tensor tensor) const { return Keepers(tensor).size() - 1; }

  // Spatial factors of one level, multiplied.
  struct FanOut {
    double copies = 1;
    std::array<double, kNumTensors> unused = {1, 1, 1};  // over dimensions that the tensor does not use
    std::array<double, kNumTensors> shared = {1, 1, 1};  // copies that share a request, at most
    double coinciding = 1;
  };
  using FanOuts = std::array<FanOut, kMaxLevels>;

  FanOuts FanOutsOf(const Unrolling& unrolling) const;
  // Over levels first..last.
  static double Copies(const FanOuts& fan_outs, int first, int last);
  static double Unused(const FanOuts& fan_outs, Tensor tensor, int first, int last);
  static double Multicast(const FanOuts& fan_outs, Tensor tensor, int first, int last);
  bool TakesOffTwice(const Unrolling& unrolling, const Spread& spread, int first, int last) const;
  bool MayHandOver(const Unrolling& unrolling, const Spread& spread, int keeper) const;
  double LinkEnergy(const FanOuts& fan_outs, Tensor tensor, int first, int last, double words) const;
  // Copies of a dimension outside a level, and the outermost fan-out that has some.
  struct CopiesOutside {
    std::int64_t all = 1;
    std::int64_t outermost = 1;
  };
  CopiesOutside CopiesOf(const Unrolling& unrolling, Dim dim, int level) const;
  double LeastTiles(const Unrolling& unrolling, Dim dim, int level) const;
  double LeastUnused(const Unrolling& unrolling, const FanOuts& fan_outs, Tensor tensor, int keeper) const;
  double MostIdle(Dim dim, const Spread& spread) const;
  double RoomInTile(Tensor tensor, int level, Dim dim, const Spread& spread) const;
  double MostLast(const Unrolling& unrolling, const Spread& spread, bool counts_idle) const;
  Spread SpreadOf(const Unrolling& unrolling) const;
  void AddLoads(const Words& words, const std::array<double, kMaxLevels>& instances, Spread* spread) const;
  bool IsUneven() const { return !search_.uneven_.empty(); }
  // (B47), (B51)
  double UnevenCostOf(const Start& start, double energy_pj, const Loads& load) const {
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
  double CostOf(const Start& start, double energy_pj, const Loads& load) const {
    double cycles = start.least_cycles;
    if (IsUneven()) return UnevenCostOf(start, energy_pj, load);
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
  std::uint8_t MostInTile(Dim dim, int level, const Spread& spread, bool counts_idle) const;
  // Makes the tiles that are chosen hold what the tensor's next one, further in than they, has in it.
  void Nest(Tensor tensor, Node* node) const;
  bool HasPlaces(const Node& node, int level) const;
  bool Fits(const Node& node, int level) const;
  bool MayGoOn(const Node& node) const;
  double InputVisits(const Extents& tile, double revisits) const;
  // The same where factors need not divide, in the least words; of loops from `inside` up to `most`.
  double UnevenInputVisits(const Loops& inside, const Loops& most, int level, double revisits) const;
  bool SlidesOver(Dim dim) const {
    return IsSliding(dim) && search_.shape_.bound(dim) > 1 && search_.shape_.bound(PartnerOf(dim)) > 1;
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
  void Choose(std::int32_t unrolling, const Start& start);
  bool BeginAgain(const Node& node);
  void Begin(const Start& start);
  std::int8_t SlowestPort(const Node& node) const;
  bool Stopped();
  double Room(Tensor tensor, int level) const;
  void MeasureTiles();
  double LeastAhead(const Node& node) const;

  const ReuseSearch& search_;
  const Template& template_;
  const BoxCosts& costs_;
  std::vector<Start> starts_;  // unrollings that fit
  double cycle_pj_ = 0;
  std::int64_t nodes_left_ = 0;
  std::priority_queue<Node, std::vector<Node>, Dearer> open_;
  std::unordered_map<Key, std::vector<Node>, Hash> seen_;
  double best_ = kInfinity;                        // of what is complete
  std::unordered_map<std::int32_t, Start> begun_;  // by unrolling, as it was last begun
  bool stopped_ = false;
  std::int64_t asked_ = 0;
  std::int32_t of_spread_ = -1;
  Spread spread_;
  // Of the chosen unrolling, by level and dimension: how much less a tile may grow than loops outside it fall.
  std::array<std::array<double, kNumDims>, kMaxLevels> slack_{};
  std::array<double, kNumTensors> last_room_{};  // words of each tensor's outermost tile below the outermost level
};

ReuseSearchRun::ReuseSearchRun(const ReuseSearch& search, const BoxCosts& costs)
    : search_(search), template_(search.template_), costs_(costs) {
  for (std::size_t u = 0; u < search_.unrollings_.size(); ++u) {
    if (Stopped()) return;
    if (!HasRoom(search_.unrollings_[u])) continue;
    starts_.push_back(SpreadOf(search_.unrollings_[u]));
    starts_.back().unrolling = static_cast<std::int32_t>(u);
  }
}

// (B8)
ReuseSearchRun::FanOuts ReuseSearchRun::FanOutsOf(const Unrolling& unrolling) const {
  FanOuts fan_outs;
  for (int level = 0; level <= search_.outermost_; ++level) {
    FanOut& fan_out = fan_outs[ToIndex(level)];
    const auto& factors = unrolling[ToIndex(level)];
    for (const Dim dim : kAllDims) {
      const auto factor = static_cast<double>(factors[ToIndex(dim)]);
      fan_out.copies *= factor;
      for (const Tensor tensor : kAllTensors) {
        if (!IsRelevant(tensor, dim)) fan_out.unused[ToIndex(tensor)] *= factor;
      }
    }
    fan_out.coinciding = std::min(factors[ToIndex(Dim::kP)], factors[ToIndex(Dim::kR)]) *
                         std::min(factors[ToIndex(Dim::kQ)], factors[ToIndex(Dim::kS)]);
    for (const Tensor tensor : kAllTensors) {
      if (search_.structure_.sharing(level, tensor).empty()) continue;
      fan_out.shared[ToIndex(tensor)] =
          fan_out.unused[ToIndex(tensor)] * (tensor == Tensor::kI ? fan_out.coinciding : 1);
    }
  }
  return fan_outs;
}

double ReuseSearchRun::Copies(const FanOuts& fan_outs, int first, int last) {
  double product = 1;
  for (int level = first; level <= last; ++level) product *= fan_outs[ToIndex(level)].copies;
  return product;
}

double ReuseSearchRun::Unused(const FanOuts& fan_outs, Tensor tensor, int first, int last) {
  double product = 1;
  for (int level = first; level <= last; ++level) product *= fan_outs[ToIndex(level)].unused[ToIndex(tensor)];
  return product;
}

double ReuseSearchRun::Multicast(const FanOuts& fan_outs, Tensor tensor, int first, int last) {
  double product = 1;
  for (int level = first; level <= last; ++level) product *= fan_outs[ToIndex(level)].shared[ToIndex(tensor)];
  return product;
}

// (B34), in the fan-outs of levels first..last.
bool ReuseSearchRun::TakesOffTwice(const Unrolling& unrolling, const Spread& spread, int first, int last) const {
  const auto loops = [&spread](Dim dim) { return Of(spread.loops, dim) > 1 && Of(spread.loops, PartnerOf(dim)) > 1; };
  if (std::none_of(kSlidingDims.begin(), kSlidingDims.end(), loops)) return false;
  for (int level = first; level <= last; ++level) {
    DimSet copies;
    for (const Dim dim : kAllDims) {
      if (unrolling[ToIndex(level)][ToIndex(dim)] > 1) copies.Add(dim);
    }
    if (oneloop::TakesOffTwice(template_, search_.structure_, level, copies)) return true;
  }
  return false;
}

// (B10): copies along a direction in which the tiles move on, in both of its dimensions.
bool ReuseSearchRun::MayHandOver(const Unrolling& unrolling, const Spread& spread, int keeper) const {
  const auto& factors = unrolling[ToIndex(keeper + 1)];
  bool slides = false;
  bool meets = false;
  for (const Dim dim : kSlidingDims) {
    const auto outside = [&](Dim of) {
      return search_.shape_.bound(of) / spread.inside[ToIndex(keeper)][ToIndex(of)] > 1;
    };
    slides = slides || factors[ToIndex(dim)] > 1;
    meets = meets || (outside(dim) && outside(PartnerOf(dim)));
  }
  return slides && meets;
}

// (B5) of `words`, which are yet to be shared in the fan-outs of levels first..last.
double ReuseSearchRun::LinkEnergy(const FanOuts& fan_outs, Tensor tensor, int first, int last, double words) const {
  double energy_pj = 0;
  for (int level = first; level <= last; ++level) {
    const FanOut& fan_out = fan_outs[ToIndex(level)];
    const double before = words;
    words /= fan_out.shared[ToIndex(tensor)];
    const std::optional<LinkSpec>& link = template_.level(level).link;
    if (!link.has_value()) continue;
    double hops = LeastHops(template_, level) * before;
    if (!link->mesh) {
      // (B7): copies along K share each request for the input, whatever windows coincide.
      const bool shares = !search_.structure_.sharing(level, tensor).empty();
      const double same = shares ? fan_out.unused[ToIndex(tensor)] : 1;
      hops = std::max(hops, words * SpreadHops(fan_out.copies, same));
    }
    energy_pj += hops * costs_.hop_pj[ToIndex(level)] + (words + hops) * costs_.router_pj[ToIndex(level)];
  }
  return energy_pj;
}

ReuseSearchRun::CopiesOutside ReuseSearchRun::CopiesOf(const Unrolling& unrolling, Dim dim, int level) const {
  CopiesOutside copies;
  for (int outer = level + 1; outer <= search_.outermost_; ++outer) {
    const std::int64_t factor = unrolling[ToIndex(outer)][ToIndex(dim)];
    if (factor == 1) continue;
    copies.all *= factor;
    // Of several axes the last may have the least part.
    std::int64_t least = factor;
    const Structure::Axes axes = search_.structure_.axes(outer);
    int along = 0;
    for (int axis = axes.first; axis < axes.first + axes.count; ++axis) {
      along += template_.axes()[ToIndex(axis)].dims.Has(dim) ? 1 : 0;
    }
    if (along > 1) {
      for (least = 2; factor % least != 0;) ++least;
    }
    copies.outermost = least;
  }
  return copies;
}

// (B43): of a level's instances along a dimension, those in use.
double ReuseSearchRun::LeastTiles(const Unrolling& unrolling, Dim dim, int level) const {
  const CopiesOutside copies = CopiesOf(unrolling, dim, level);
  if (!search_.uneven_.Has(dim) || copies.all == copies.outermost) return static_cast<double>(copies.all);
  const std::int64_t bound = search_.shape_.bound(dim);
  const std::int64_t most_inside =
      std::max<std::int64_t>(1, (bound - 1) / ((copies.outermost - 1) * (copies.all / copies.outermost)));
  return static_cast<double>(std::min(copies.all, LeftOutside(bound, most_inside)));
}

// Copies of a keeper's tiles, at least.
double ReuseSearchRun::LeastUnused(const Unrolling& unrolling, const FanOuts& fan_outs, Tensor tensor,
                                   int keeper) const {
  if (!IsUneven()) return Unused(fan_outs, tensor, keeper + 1, search_.outermost_);
  double copies = 1;
  for (const Dim dim : ListOfUnusedDims(tensor)) copies *= LeastTiles(unrolling, dim, keeper);
  return copies;
}

// (B48): of a tile that stays while all loops run, which holds its part unless copies idle.
std::uint8_t ReuseSearchRun::MostInTile(Dim dim, int level, const Spread& spread, bool counts_idle) const {
  const LoopSteps& steps = *spread.steps[ToIndex(dim)];
  const auto last = static_cast<std::uint8_t>(steps.size() - 1);
  const std::int64_t inside = Of(spread.inside[ToIndex(level)], dim);
  const std::int64_t outside = Of(spread.inside[ToIndex(search_.outermost_)], dim) / inside;
  if (outside == 1 || !search_.uneven_.Has(dim)) return last;
  // With a price of time idle copies are counted as the last ones are.
  const std::int64_t parts = counts_idle ? outside + 1 : 2 * outside - 1;
  const std::int64_t loops = LeftOutside(search_.shape_.bound(dim), inside * parts);
  const auto after = std::upper_bound(steps.begin(), steps.end(), loops,
                                      [](std::int64_t of, const LoopStep& step) { return of < step.loops; });
  return std::min(last, static_cast<std::uint8_t>(after - steps.begin() - 1));
}

// Loops over a dimension in the tile of a level, most that it has room for.
double ReuseSearchRun::RoomInTile(Tensor tensor, int level, Dim dim, const Spread& spread) const {
  const Extents& copies = spread.inside[ToIndex(level)];
  double most = static_cast<double>(Of(spread.loops, dim));
  const std::vector<Resource>& resources = template_.resources();
  for (std::size_t r = 0; r < resources.size(); ++r) {
    const Resource& resource = resources[r];
    if (resource.is_axis() || resource.level != level || !resource.Holds(tensor)) continue;
    const double least = HeldWords(search_.shape_, TileOf(copies), tensor) * resource.per_word[ToIndex(tensor)];
    // Windows grow by less than the other tiles do.
    if (tensor == Tensor::kI && IsSliding(dim)) continue;
    most = std::min(most, std::floor(costs_.limit[r] * (1 + kBoundSlack) / least));
  }
  return std::max(1.0, most);
}

// (B48): copies with one tile of two, less than (B48) takes for granted.
double ReuseSearchRun::MostIdle(Dim dim, const Spread& spread) const {
  const std::int64_t bound = search_.shape_.bound(dim);
  double most = 0;
  for (const Tensor tensor : kAllTensors) {
    if (!IsRelevant(tensor, dim)) continue;
    for (std::size_t j = 0; j < NumPairs(tensor); ++j) {
      const int level = Keepers(tensor)[j];
      const std::int64_t inside = Of(spread.inside[ToIndex(level)], dim);
      const std::int64_t outside = Of(spread.inside[ToIndex(search_.outermost_)], dim) / inside;
      if (outside < 3) continue;
      const double room = RoomInTile(tensor, level, dim, spread) * static_cast<double>(inside);
      const std::int64_t least = LeftOutside(bound, 2 * outside - 1);
      if (room < static_cast<double>(least)) continue;
      const double parts = std::min(room * static_cast<double>(outside) / static_cast<double>(bound),
                                    static_cast<double>(outside) / static_cast<double>(outside + 1));
      most = std::max(most, std::max(0.0, 2 * parts - 1));
    }
  }
  return most;
}

// (B47): copies that are the last outside a dimension's outermost temporal loop, and see but one tile in it.
double ReuseSearchRun::MostLast(const Unrolling& unrolling, const Spread& spread, bool counts_idle) const {
  double part = 0;
  for (const Dim dim : kAllDims) {
    if (!search_.uneven_.Has(dim)) continue;
    const std::int64_t all_copies = Of(spread.inside[ToIndex(search_.outermost_)], dim);
    if (all_copies == 1) continue;
    double of_dim = counts_idle ? MostIdle(dim, spread) : 0;
    for (int level = 1; level < search_.outermost_; ++level) {
      const CopiesOutside copies = CopiesOf(unrolling, dim, level);
      if (copies.all == 1 || !template_.level(level).temporal.Has(dim)) continue;
      const std::int64_t whole = (copies.outermost - 1) * (copies.all / copies.outermost);
      const double most = 1 / (2 * static_cast<double>(whole) + 1);
      const std::int64_t inside = all_copies / copies.all;
      for (const Tensor tensor : kAllTensors) {
        if (!IsRelevant(tensor, dim)) continue;
        for (std::size_t j = 0; j < NumPairs(tensor) && Keepers(tensor)[j] < level; ++j) {
          const double tile = RoomInTile(tensor, Keepers(tensor)[j], dim, spread) * static_cast<double>(inside) /
                              static_cast<double>(search_.shape_.bound(dim));
          of_dim = std::max(of_dim, std::min(tile, most));
        }
      }
    }
    part += of_dim;
  }
  return std::min(1.0, part);
}

ReuseSearchRun::Spread ReuseSearchRun::SpreadOf(const Unrolling& unrolling) const {
  const int outermost = search_.outermost_;
  Spread spread;
  for (const Dim dim : kAllDims) {
    std::int64_t spatial = 1;
    for (int level = 0; level <= outermost; ++level) {
      spatial *= unrolling[ToIndex(level)][ToIndex(dim)];
      spread.inside[ToIndex(level)][ToIndex(dim)] = spatial;
    }
    spread.loops[ToIndex(dim)] = LeftOutside(search_.shape_.bound(dim), spatial);
    spread.steps[ToIndex(dim)] = &search_.StepsOf(dim, spatial);
  }
  for (auto& by_level : spread.most_in_tile) {
    for (Loops& most : by_level) most.fill(std::numeric_limits<std::uint8_t>::max());
  }
  if (IsUneven()) {
    spread.most_last = {MostLast(unrolling, spread, false), MostLast(unrolling, spread, true)};
    for (int level = 0; level <= outermost; ++level) {
      for (const Dim dim : kAllDims) {
        spread.tiles[ToIndex(level)][ToIndex(dim)] = LeastTiles(unrolling, dim, level);
        for (const bool counts_idle : {false, true}) {
          spread.most_in_tile[counts_idle ? 1 : 0][ToIndex(level)][ToIndex(dim)] =
              MostInTile(dim, level, spread, counts_idle);
        }
      }
    }
  }
  const FanOuts fan_outs = FanOutsOf(unrolling);
  std::array<double, kMaxLevels> instances{};
  for (int level = 0; level <= outermost; ++level) {
    instances[ToIndex(level)] = Copies(fan_outs, level + 1, outermost);
  }
  const WordPrices prices = costs_.PricesAt(search_.structure_, instances);
  // By level, tensor and kind, of all instances, each tile visited once.
  Words words{};
  double energy_pj = search_.macs_ * costs_.mac_energy_pj;
  for (const Tensor tensor : kAllTensors) {
    const std::vector<int>& keepers = Keepers(tensor);
    const double size = search_.size_[ToIndex(tensor)];
    const bool outputs = tensor == Tensor::kO;
    const auto flow = [&](int level, FlowKind kind) -> double& {
      return words[ToIndex(level)][ToIndex(tensor)][ToIndex(Index(kind))];
    };
    const auto price = [&](int level, FlowKind kind) { return prices.Of(level, tensor, kind); };
    // (B13), (B14): what a keeper serves to the inside, without links.
    const auto serve = [&](int level, double requests) {
      flow(level, outputs ? FlowKind::kUpdate : FlowKind::kRead) = requests;
      if (!outputs) return requests * price(level, FlowKind::kRead);
      const double first = size * Unused(fan_outs, tensor, level + 1, outermost);
      flow(level, FlowKind::kRead) = IsUneven() ? requests - first : std::max(0.0, requests - first);
      energy_pj -= first * price(level, FlowKind::kRead);
      return requests * (price(level, FlowKind::kUpdate) + price(level, FlowKind::kRead));
    };
    const int innermost = keepers.front();
    const auto takes_off_twice = [&](int first, int last) {
      return tensor == Tensor::kI && TakesOffTwice(unrolling, spread, first, last);
    };
    if (!takes_off_twice(0, innermost)) {
      energy_pj += serve(innermost, search_.macs_ / Multicast(fan_outs, tensor, 0, innermost));
      energy_pj += LinkEnergy(fan_outs, tensor, 0, innermost, search_.macs_);
    }
    for (std::size_t j = 0; j + 1 < keepers.size(); ++j) {
      const int keeper = keepers[j];
      const int source = keepers[j + 1];
      double loads = size * LeastUnused(unrolling, fan_outs, tensor, keeper);
      if (IsUneven() && tensor == Tensor::kI) {
        loads = std::min(1.0, search_.least_input_share_ * search_.macs_ / size /
                                  static_cast<double>(search_.shape_.bound(Dim::kK))) *
                loads;
      }
      double fills = loads;
      double requests = loads / Multicast(fan_outs, tensor, keeper + 1, source);
      double in_links = loads;
      if (takes_off_twice(keeper + 1, source)) {
        spread.handed_over[j] = true;
        requests = in_links = 0;
        if (instances[ToIndex(keeper + 1)] > 1) fills = 0;
      } else if (tensor == Tensor::kI && MayHandOver(unrolling, spread, keeper)) {
        spread.handed_over[j] = true;
        requests = size;
        for (int level = keeper + (IsUneven() ? 1 : 2); level <= source; ++level)
          requests /= fan_outs[ToIndex(level)].coinciding;
        in_links = requests;
        if (instances[ToIndex(keeper + 1)] > 1) fills = std::max(0.0, requests - instances[ToIndex(keeper)]);
      }
      double pair_pj = fills * price(keeper, FlowKind::kFill) + serve(source, requests);
      if (spread.handed_over[j] && tensor == Tensor::kI) {
        pair_pj += in_links * LinkPrice(template_, costs_, keeper + 1, source);
      } else {
        pair_pj += LinkEnergy(fan_outs, tensor, keeper + 1, source, in_links);
      }
      spread.price[ToIndex(tensor)][j] = pair_pj;
      spread.words[ToIndex(tensor)][j] = {fills, requests};
      flow(keeper, FlowKind::kFill) = fills;
      if (outputs && !search_.structure_.first_sums_are_loaded()) {
        flow(keeper, FlowKind::kFill) = 0;
        energy_pj -= loads * price(keeper, FlowKind::kFill);
      }
      energy_pj += pair_pj;
    }
  }
  spread.base = energy_pj;
  for (int level = 0; level <= outermost; ++level) {
    double in_use = instances[ToIndex(level)];
    if (IsUneven()) {
      in_use = 1;
      for (const Dim dim : kAllDims) in_use *= LeastTiles(unrolling, dim, level);
    }
    spread.leak_pj += costs_.leak_pj[ToIndex(level)] * in_use;
  }
  spread.least_cycles = search_.macs_ / Copies(fan_outs, 0, outermost) / costs_.macs_per_cycle;
  if (IsUneven()) {  // (B36)
    spread.unit_cycles = spread.least_cycles;
    double steps = 1;
    for (const std::int64_t loops : spread.loops) steps *= static_cast<double>(loops);
    spread.least_cycles = steps / costs_.macs_per_cycle;
  }
  AddLoads(words, instances, &spread);
  return spread;
}

// (B30)
void ReuseSearchRun::AddLoads(const Words& words, const std::array<double, kMaxLevels>& instances,
                              Spread* spread) const {
  const std::vector<PortRow>& ports = search_.structure_.ports();
  std::size_t next = 0;
  for (std::size_t p = 0; p < ports.size(); ++p) {
    const int level = ports[p].level;
    const PortSpec& spec = ports[p].spec;
    if (!spec.words_per_cycle.has_value()) continue;
    const double word_cycles = spec.weight / instances[ToIndex(level)] / costs_.words_per_cycle[p];
    double cycles = 0;
    for (const Tensor tensor : kAllTensors) {
      if (!spec.tensors.Has(tensor)) continue;
      const auto& flows = words[ToIndex(level)][ToIndex(tensor)];
      for (const FlowKind kind : {FlowKind::kRead, FlowKind::kFill, FlowKind::kUpdate}) {
        if (spec.flows.Has(kind)) cycles += flows[ToIndex(Index(kind))] * word_cycles;
      }
    }
    spread->least_cycles = std::max(spread->least_cycles, cycles);
    if (next == kMaxLoads) continue;
    spread->load[next] = cycles;
    for (const Tensor tensor : kAllTensors) {
      const std::vector<int>& keepers = Keepers(tensor);
      for (std::size_t j = 0; j + 1 < keepers.size() && spec.tensors.Has(tensor); ++j) {
        const LoadsOfPair& loads = spread->words[ToIndex(tensor)][j];
        double more = 0;
        if (keepers[j] == level && spec.flows.Has(FlowKind::kFill)) more += loads.fills;
        if (keepers[j + 1] == level && spec.flows.Has(FlowKind::kRead)) more += loads.requests;
        if (keepers[j + 1] == level && spec.flows.Has(FlowKind::kUpdate) && tensor == Tensor::kO)
          more += loads.requests;
        spread->slope[ToIndex(tensor)][j][next] = more * word_cycles;
      }
    }
    ++next;
  }
}

std::size_t ReuseSearchRun::PairIndex(Tensor tensor, std::size_t pair) const {
  for (const Tensor before : kAllTensors) {
    if (before == tensor) break;
    pair += NumPairs(before);
  }
  return pair;
}

Extents ReuseSearchRun::ExtentsOf(const Loops& loops, int level) const {
  Extents extents = spread_.inside[ToIndex(level)];
  for (std::size_t d = 0; d < extents.size(); ++d) {
    extents[d] = std::min(extents[d] * (*spread_.steps[d])[loops[d]].loops, search_.shape_.bounds[d]);
  }
  return extents;
}

// (B27)
void ReuseSearchRun::Nest(Tensor tensor, Node* node) const {
  const std::size_t next = NextPair(*node, tensor);
  if (next >= NumPairs(tensor)) return;
  const int keeper = Keepers(tensor)[next];
  for (const Tensor other : kAllTensors) {
    for (std::size_t pair = 0; pair < NumPairs(other); ++pair) {
      if (!IsDone(*node, other, pair)) continue;
      const std::size_t index = PairIndex(other, pair);
      if (Keepers(other)[pair] < keeper || index >= kMaxPairs) continue;
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
  const DimSet without = search_.no_loops_inside_[ToIndex(level)];
  if (without.empty()) return true;
  for (const Tensor tensor : kAllTensors) {
    const std::vector<int>& keepers = Keepers(tensor);
    const auto pair = static_cast<std::size_t>(std::find(keepers.begin(), keepers.end(), level) - keepers.begin());
    const std::size_t index = PairIndex(tensor, pair);
    if (pair >= NumPairs(tensor)) continue;
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
  if (IsUneven() && !HasPlaces(node, level)) return false;
  const std::vector<Resource>& resources = template_.resources();
  for (std::size_t r = 0; r < resources.size(); ++r) {
    const Resource& resource = resources[r];
    if (resource.is_axis() || resource.level != level) continue;
    double need = 0;
    for (const Tensor tensor : kAllTensors) {
      if (!resource.Holds(tensor)) continue;
      const std::vector<int>& keepers = Keepers(tensor);
      const auto pair = static_cast<std::size_t>(std::find(keepers.begin(), keepers.end(), level) - keepers.begin());
      const std::size_t index = PairIndex(tensor, pair);
      const bool done = IsDone(node, tensor, pair);
      if (done && index >= kMaxPairs) continue;
      const Loops loops = done ? node.tile[index] : InTiles(node.inside, level);
      need += HeldWords(search_.shape_, TileOf(ExtentsOf(loops, level)), tensor) * resource.per_word[ToIndex(tensor)];
    }
    if (need > costs_.limit[r] * (1 + kBoundSlack)) return false;
  }
  return true;
}

bool ReuseSearchRun::MayGoOn(const Node& node) const {
  Node nested = node;
  for (const Tensor tensor : kAllTensors) Nest(tensor, &nested);
  for (int level = 0; level < search_.outermost_; ++level) {
    if (!Fits(nested, level)) return false;
  }
  return true;
}

// (B28), (B29): fills of the input, in its distinct words of each copy. `revisits`: loops over K outside.
double ReuseSearchRun::InputVisits(const Extents& extents, double revisits) const {
  const LayerShape& shape = search_.shape_;
  const TileExtents tile = TileOf(extents);
  double whole = HeldWords(shape, tile, Tensor::kI);
  for (const Dim dim : kAllDims) {
    if (IsRelevant(Tensor::kI, dim)) whole *= LoopsOutside(shape, tile, dim);
  }
  const double least = LeastFreshPart(shape, tile, search_.whole_, kSlidingDimSet);
  return revisits * std::max(1.0, whole * least / search_.size_[ToIndex(Tensor::kI)]);
}

// (B46)
double ReuseSearchRun::UnevenInputVisits(const Loops& inside, const Loops& most, int level, double revisits) const {
  const auto& tiles = spread_.tiles[ToIndex(level)];
  const auto side_of = [&](Dim dim) {
    const LoopSteps& steps = *spread_.steps[ToIndex(dim)];
    const auto bound = static_cast<double>(search_.shape_.bound(dim));
    const std::size_t step = inside[ToIndex(dim)];
    if (step + 1 == steps.size()) {
      return TileSide{.tiles = tiles[ToIndex(dim)] / bound,
                      .moves = false,
                      .least_extent = tiles[ToIndex(dim)] == 1 ? search_.shape_.bound(dim) : 1};
    }
    const std::int64_t extent = steps[most[ToIndex(dim)]].most * Of(spread_.inside[ToIndex(level)], dim);
    return TileSide{.tiles = 1 / static_cast<double>(extent), .moves = true, .least_extent = steps[step].loops};
  };
  TileSides sides;
  for (std::size_t i = 0; i < sides.size(); ++i) sides[i] = side_of(kSlidingDims[i]);
  return revisits * InputShare(search_.shape_, sides) / search_.least_input_share_;
}

bool ReuseSearchRun::Stopped() {
  if (!stopped_ && search_.stop_ && ++asked_ % 64 == 0) stopped_ = search_.stop_();
  return stopped_;
}

double ReuseSearchRun::Room(Tensor tensor, int level) const {
  double words = kInfinity;
  const std::vector<Resource>& resources = template_.resources();
  for (std::size_t r = 0; r < resources.size(); ++r) {
    const Resource& resource = resources[r];
    if (resource.is_axis() || resource.level != level || !resource.Holds(tensor)) continue;
    words = std::min(words, costs_.limit[r] * (1 + kBoundSlack) / resource.per_word[ToIndex(tensor)]);
  }
  return words;
}

void ReuseSearchRun::MeasureTiles() {
  for (const Tensor tensor : kAllTensors) {
    if (NumPairs(tensor) > 0) last_room_[ToIndex(tensor)] = Room(tensor, Keepers(tensor)[NumPairs(tensor) - 1]);
  }
  for (int level = 0; level < search_.outermost_; ++level) {
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
          std::min(copies * static_cast<double>(steps[in_tile].loops), static_cast<double>(search_.shape_.bound(dim)));
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
    const std::size_t pairs = NumPairs(tensor);
    if (pairs > 0 && !IsDone(node, tensor, pairs - 1)) pending[count++] = tensor;
  }
  if (count < 2) return 0;
  // Visits of a tensor's tiles, were none of its loops in another's tile and that as large as it has room for; and that
  // room, in tiles of now.
  std::array<std::array<double, kNumTensors>, kNumTensors> outside{};
  std::array<std::array<double, kNumTensors>, kNumTensors> room{};
  for (std::size_t o = 0; o < count; ++o) {
    const Tensor other = pending[o];
    const int level = Keepers(other)[NumPairs(other) - 1];
    const Extents tile = ExtentsOf(InTiles(node.inside, level), level);
    double words = HeldWords(search_.shape_, TileOf(tile), other);
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
  for (std::size_t t = 0; t < count; ++t) price[t] = spread_.price[ToIndex(pending[t])][NumPairs(pending[t]) - 1];
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
  for (std::size_t pair = NextPair(node, Tensor::kI); pair < NumPairs(Tensor::kI) && spread_.handed_over[pair];
       pair = NextPair(node, Tensor::kI)) {
    SetDone(Tensor::kI, pair, &node);
  }
  bool complete = true;
  for (const Tensor tensor : kAllTensors) complete = complete && NextPair(node, tensor) >= NumPairs(tensor);
  if (!MayGoOn(node)) return;
  if (IsUneven() && !complete) node.cost = CostOf(spread_, node.energy_pj + LeastAhead(node), node.load);
  if (complete && !IsUneven()) {
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
    const bool loads_count = cycle_pj_ + spread_.leak_pj > 0 && (!IsUneven() || node.cycles_of >= 0);
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
    if (tensor == Tensor::kI && IsUneven()) {
      visits = UnevenInputVisits(node.inside, most, Keepers(tensor)[pair], visits);
    } else if (tensor == Tensor::kI) {
      visits = InputVisits(ExtentsOf(node.inside, Keepers(tensor)[pair]), visits);
    }
    node.energy_pj += spread_.price[ToIndex(tensor)][pair] * (visits - 1);
    for (std::size_t p = 0; p < kMaxLoads; ++p) node.load[p] += spread_.slope[ToIndex(tensor)][pair][p] * (visits - 1);
    node.cost = CostOf(spread_, node.energy_pj, node.load);
    Nest(tensor, &node);
    const std::size_t index = PairIndex(tensor, pair);
    for (const Dim dim : kAllDims) {
      if (index < kMaxPairs && IsRelevant(tensor, dim)) {
        node.tile[index][ToIndex(dim)] = InTile(dim, node.inside[ToIndex(dim)], Keepers(tensor)[pair]);
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
  const bool is_uneven = search_.uneven_.Has(dims[next]);
  for (std::size_t i = node.inside[dim]; i < steps.size(); ++i) {
    if (!is_uneven && steps[i].loops % inside != 0) continue;
    node.inside[dim] = static_cast<std::uint8_t>(i);
    if (in_tile && !Fits(node, Keepers(tensor)[pair])) break;
    if (is_uneven && !MayGoOn(node)) break;
    Grow(node, tensor, pair, dims, next + 1, most);
  }
}

// Loops over P, R, Q and S, from the `next` of them on, that may be the next inside: those that let tiles of the next
// keeper of the input overlap the less the larger they are, from half as many to so many at a time.
void ReuseSearchRun::AddWindows(Node node, std::size_t pair, std::size_t next, Loops most,
                                std::vector<Window>* windows) {
  if (Stopped()) return;
  const int level = Keepers(Tensor::kI)[pair];
  if (next == kSlidingDims.size()) {
    const double visits = UnevenInputVisits(node.inside, most, level, 1);
    const auto is_better = [&](const Window& other) {
      const auto is_inside = [&](Dim dim) {
        const LoopSteps& steps = *spread_.steps[ToIndex(dim)];
        const std::int64_t loops = steps[node.inside[ToIndex(dim)]].loops;
        const std::int64_t of_other = steps[other.inside[ToIndex(dim)]].loops;
        return search_.uneven_.Has(dim) ? of_other <= loops : loops % of_other == 0;
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
    if (!search_.uneven_.Has(dim) && steps[i].loops % inside != 0) continue;
    node.inside[ToIndex(dim)] = static_cast<std::uint8_t>(i);
    if (!Fits(node, level)) break;
    const std::int64_t least = steps[i].loops;
    while (search_.uneven_.Has(dim) && i + 2 < steps.size() && steps[i + 1].loops < 2 * least) ++i;
    most[ToIndex(dim)] = static_cast<std::uint8_t>(i);
    AddWindows(node, pair, next + 1, most, windows);
  }
}

// (B41): an instance may be idle, and keep its tile, where the one outside it is not. Such tiles stay for longer than
// the larger ones, if copies along what the tensor uses lie between.
bool ReuseSearchRun::MayOvertake(Tensor tensor, std::size_t inner, std::size_t outer) const {
  if (!IsUneven()) return false;
  const Extents& copies_inside = spread_.inside[ToIndex(Keepers(tensor)[inner])];
  const Extents& copies_outside = spread_.inside[ToIndex(Keepers(tensor)[outer])];
  return std::any_of(kAllDims.begin(), kAllDims.end(), [&](Dim dim) {
    return search_.uneven_.Has(dim) && IsRelevant(tensor, dim) && Of(copies_outside, dim) > Of(copies_inside, dim);
  });
}

void ReuseSearchRun::Expand(const Node& node) {
  static const auto* const kInputDims = new std::vector<Dim>{Dim::kP, Dim::kR, Dim::kQ, Dim::kS, Dim::kK};
  for (const Tensor tensor : kAllTensors) {
    const std::size_t next = NextPair(node, tensor);
    for (std::size_t pair = next; pair < NumPairs(tensor); ++pair) {
      if (pair > next && (IsDone(node, tensor, pair) || !MayOvertake(tensor, next, pair))) continue;
      if (IsUneven() && tensor == Tensor::kI) {
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
      const bool overlaps = tensor == Tensor::kI && InputVisits(ExtentsOf(node.inside, Keepers(tensor)[pair]), 1) > 1;
      Grow(node, tensor, pair, overlaps ? *kInputDims : ListOfUnusedDims(tensor), 0, node.inside);
    }
  }
}

// Whether the copies fit on the axes of each level, whichever of them has which factor.
bool ReuseSearchRun::HasRoom(const Unrolling& unrolling) const {
  std::array<double, kMaxLevels> room;
  room.fill(1);
  const std::vector<Resource>& resources = template_.resources();
  for (std::size_t r = 0; r < resources.size(); ++r) {
    if (resources[r].is_axis()) room[ToIndex(resources[r].level)] *= costs_.limit[r] * (1 + kBoundSlack);
  }
  for (int level = 0; level <= search_.outermost_; ++level) {
    double copies = 1;
    for (const std::int32_t factor : unrolling[ToIndex(level)]) copies *= factor;
    if (copies > room[ToIndex(level)] * (1 + kBoundSlack)) return false;
  }
  return true;
}

void ReuseSearchRun::Choose(std::int32_t unrolling, const Start& start) {
  const bool is_other = of_spread_ != unrolling;
  if (is_other) {
    spread_ = SpreadOf(search_.unrollings_[ToIndex(unrolling)]);
    of_spread_ = unrolling;
  }
  if (!IsUneven()) return;
  const bool tells_idle = spread_.cycles_of == kUnitsIdle;
  spread_.cycles_of = start.cycles_of;
  spread_.floor = start.floor;
  if (is_other || tells_idle != (start.cycles_of == kUnitsIdle)) MeasureTiles();
}

void ReuseSearchRun::Begin(const Start& start) {
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
  Start again = spread_;
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
      const Start& start = starts_[order[next++].second];
      if (IsUneven()) begun_[start.unrolling] = start;
      Begin(start);
    } else {
      const Node node = open_.top();
      open_.pop();
      Start start;
      start.cycles_of = node.cycles_of;
      if (IsUneven()) {
        const Start& begun = begun_.find(node.unrolling)->second;
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
