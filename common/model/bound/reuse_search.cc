#include "common/model/bound/reuse_search.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <queue>
#include <unordered_map>
#include <utility>

#include "common/mapping/factorize.h"
#include "common/model/bound/input_moves.h"
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
      complete_(UnevenDims(hardware_template, shape).empty()) {
  for (const Dim dim : kAllDims) {
    divisors_[ToIndex(dim)] = Divisors(shape.bound(dim));
    complete_ = complete_ && divisors_[ToIndex(dim)].size() <= kMaxDivisors;
  }
  for (const Tensor tensor : kAllTensors) size_[ToIndex(tensor)] = DistinctWords(shape, whole_, tensor);
  if (!complete_) return;
  const SpatialReach::Limits limits = AxisLimits(hardware_template, most);
  Unrolling unrolling;
  for (auto& level : unrolling) level.fill(1);
  Extents left = shape.bounds;
  AddUnrollings(0, 0, limits[0], limits, &left, &unrolling);
  std::sort(unrollings_.begin(), unrollings_.end());
  unrollings_.erase(std::unique(unrollings_.begin(), unrollings_.end()), unrollings_.end());
}

// All factors of one axis and dimension after another. `left`: what remains of each bound.
void ReuseSearch::AddUnrollings(std::size_t axis, std::size_t dim, double room, const SpatialReach::Limits& limits,
                                Extents* left, Unrolling* unrolling) {
  const std::vector<Template::Axis>& axes = template_.axes();
  if (unrollings_.size() >= max_unrollings_) {
    complete_ = false;
    return;
  }
  if (axis == axes.size()) {
    unrollings_.push_back(*unrolling);
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
  for (const std::int64_t divisor : divisors_[dim]) {
    if (divisor > 1 && (!axes[axis].dims.Has(kAllDims[dim]) || static_cast<double>(divisor) > room)) break;
    if (before % divisor != 0) continue;
    rest = before / divisor;
    factor = static_cast<std::int32_t>(factor_before * divisor);
    AddUnrollings(axis, dim + 1, room / static_cast<double>(divisor) * (1 + kBoundSlack), limits, left, unrolling);
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
  // Temporal loops by dimension, as indices of divisors.
  using Loops = std::array<std::uint8_t, kNumDims>;

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
    double base = 0;
    double leak_pj = 0;       // of a cycle
    double least_cycles = 0;  // of the units, and of ports were each tile visited once
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
  };
  struct Node {
    double cost = 0;
    double energy_pj = 0;
    Loads load{};  // cycles of the ports
    std::int32_t unrolling = 0;
    std::array<std::uint8_t, kNumTensors> done{};  // pairs of each tensor, from its innermost keeper outwards
    Loops inside{};                                // of what comes next
    // In the tile of each pair that is done, of the dimensions that its tensor uses; at least.
    std::array<Loops, kMaxPairs> tile{};
  };
  struct Dearer {
    bool operator()(const Node& a, const Node& b) const { return a.cost > b.cost; }
  };
  struct Key {
    std::int32_t unrolling;
    std::array<std::uint8_t, kNumTensors> done;
    Loops inside;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const {
      std::uint64_t hash = static_cast<std::uint64_t>(key.unrolling) * 0x9e3779b97f4a7c15u;
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
  Spread SpreadOf(const Unrolling& unrolling) const;
  void AddLoads(const Words& words, const std::array<double, kMaxLevels>& instances, Spread* spread) const;
  double CostOf(const Start& start, double energy_pj, const Loads& load) const {
    double cycles = start.least_cycles;
    for (const double of_port : load) cycles = std::max(cycles, of_port);
    return energy_pj + (cycle_pj_ + start.leak_pj) * cycles;
  }

  // Among all pairs; kMaxPairs or more when it is not told apart.
  std::size_t PairIndex(Tensor tensor, std::size_t pair) const;
  // Of the tile of a level: such loops with the copies up to there.
  Extents ExtentsOf(const Loops& loops, int level) const;
  // Makes the tiles that are chosen hold what the tensor's next one, further in than they, has in it.
  void Nest(Tensor tensor, Node* node) const;
  bool Fits(const Node& node, int level) const;
  bool MayGoOn(const Node& node) const;
  double InputVisits(const Extents& tile, double revisits) const;
  void Expand(const Node& node);
  void Grow(Node node, Tensor tensor, const std::vector<Dim>& dims, std::size_t next);
  void Push(Node node);
  bool HasRoom(const Unrolling& unrolling) const;
  void ChooseSpread(std::int32_t unrolling);
  bool Stopped();

  const ReuseSearch& search_;
  const Template& template_;
  const BoxCosts& costs_;
  std::vector<Start> starts_;  // unrollings that fit
  double cycle_pj_ = 0;
  std::int64_t nodes_left_ = 0;
  std::priority_queue<Node, std::vector<Node>, Dearer> open_;
  std::unordered_map<Key, std::vector<Node>, Hash> seen_;
  double best_ = kInfinity;  // of what is complete
  bool stopped_ = false;
  std::int64_t asked_ = 0;
  std::int32_t of_spread_ = -1;
  Spread spread_;
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

ReuseSearchRun::Spread ReuseSearchRun::SpreadOf(const Unrolling& unrolling) const {
  const int outermost = search_.outermost_;
  Spread spread;
  for (const Dim dim : kAllDims) {
    std::int64_t spatial = 1;
    for (int level = 0; level <= outermost; ++level) {
      spatial *= unrolling[ToIndex(level)][ToIndex(dim)];
      spread.inside[ToIndex(level)][ToIndex(dim)] = spatial;
    }
    spread.loops[ToIndex(dim)] = search_.shape_.bound(dim) / spatial;
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
      flow(level, FlowKind::kRead) = std::max(0.0, requests - first);
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
      const double loads = size * Unused(fan_outs, tensor, keeper + 1, outermost);
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
        for (int level = keeper + 2; level <= source; ++level) requests /= fan_outs[ToIndex(level)].coinciding;
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
    spread.leak_pj += costs_.leak_pj[ToIndex(level)] * instances[ToIndex(level)];
  }
  spread.least_cycles = search_.macs_ / Copies(fan_outs, 0, outermost) / costs_.macs_per_cycle;
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
  for (std::size_t d = 0; d < extents.size(); ++d) extents[d] *= search_.divisors_[d][loops[d]];
  return extents;
}

// (B27)
void ReuseSearchRun::Nest(Tensor tensor, Node* node) const {
  const std::size_t next = node->done[ToIndex(tensor)];
  if (next >= NumPairs(tensor)) return;
  const int keeper = Keepers(tensor)[next];
  for (const Tensor other : kAllTensors) {
    for (std::size_t pair = 0; pair < node->done[ToIndex(other)]; ++pair) {
      const std::size_t index = PairIndex(other, pair);
      if (Keepers(other)[pair] < keeper || index >= kMaxPairs) continue;
      for (const Dim dim : kAllDims) {
        if (!IsRelevant(tensor, dim) || !IsRelevant(other, dim)) continue;
        std::uint8_t& loops = node->tile[index][ToIndex(dim)];
        loops = std::max(loops, node->inside[ToIndex(dim)]);
      }
    }
  }
}

// (B26): tiles that are chosen, and the next ones, which are at least what the loops inside make them.
bool ReuseSearchRun::Fits(const Node& node, int level) const {
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
      const bool done = pair < node.done[ToIndex(tensor)];
      if (done && index >= kMaxPairs) continue;
      need += HeldWords(search_.shape_, TileOf(ExtentsOf(done ? node.tile[index] : node.inside, level)), tensor) *
              resource.per_word[ToIndex(tensor)];
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

bool ReuseSearchRun::Stopped() {
  if (!stopped_ && search_.stop_ && ++asked_ % 64 == 0) stopped_ = search_.stop_();
  return stopped_;
}

void ReuseSearchRun::Push(Node node) {
  --nodes_left_;
  if (node.cost >= best_) return;
  // Nothing is known of how often such tiles come back, so that they ask for nothing.
  const auto input = ToIndex(Tensor::kI);
  while (node.done[input] < NumPairs(Tensor::kI) && spread_.handed_over[node.done[input]]) ++node.done[input];
  bool complete = true;
  for (const Tensor tensor : kAllTensors) complete = complete && node.done[ToIndex(tensor)] == NumPairs(tensor);
  if (!MayGoOn(node)) return;
  if (complete) {
    best_ = node.cost;
    return;
  }
  std::vector<Node>& same = seen_[{node.unrolling, node.done, node.inside}];
  const bool bettered = std::any_of(same.begin(), same.end(), [&](const Node& other) {
    if (other.energy_pj > node.energy_pj) return false;
    for (std::size_t p = 0; cycle_pj_ + spread_.leak_pj > 0 && p < kMaxLoads; ++p) {
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
void ReuseSearchRun::Grow(Node node, Tensor tensor, const std::vector<Dim>& dims, std::size_t next) {
  const std::size_t pair = node.done[ToIndex(tensor)];
  if (Stopped()) return;
  if (next == dims.size()) {
    double visits = 1;
    for (const Dim dim : ListOfUnusedDims(tensor)) {
      const std::int64_t outside = Of(spread_.loops, dim) / search_.divisors_[ToIndex(dim)][node.inside[ToIndex(dim)]];
      visits *= static_cast<double>(outside);
    }
    if (tensor == Tensor::kI) visits = InputVisits(ExtentsOf(node.inside, Keepers(tensor)[pair]), visits);
    node.energy_pj += spread_.price[ToIndex(tensor)][pair] * (visits - 1);
    for (std::size_t p = 0; p < kMaxLoads; ++p) node.load[p] += spread_.slope[ToIndex(tensor)][pair][p] * (visits - 1);
    node.cost = CostOf(spread_, node.energy_pj, node.load);
    Nest(tensor, &node);
    const std::size_t index = PairIndex(tensor, pair);
    for (const Dim dim : kAllDims) {
      if (index < kMaxPairs && IsRelevant(tensor, dim)) node.tile[index][ToIndex(dim)] = node.inside[ToIndex(dim)];
    }
    ++node.done[ToIndex(tensor)];
    Push(node);
    return;
  }
  const std::size_t dim = ToIndex(dims[next]);
  const std::vector<std::int64_t>& divisors = search_.divisors_[dim];
  const std::int64_t inside = divisors[node.inside[dim]];
  const bool in_tile = IsRelevant(tensor, dims[next]);
  for (std::size_t i = node.inside[dim]; i < divisors.size(); ++i) {
    if (spread_.loops[dim] % divisors[i] != 0 || divisors[i] % inside != 0) continue;
    node.inside[dim] = static_cast<std::uint8_t>(i);
    if (in_tile && !Fits(node, Keepers(tensor)[pair])) break;
    Grow(node, tensor, dims, next + 1);
  }
}

void ReuseSearchRun::Expand(const Node& node) {
  static const auto* const kInputDims = new std::vector<Dim>{Dim::kP, Dim::kR, Dim::kQ, Dim::kS, Dim::kK};
  for (const Tensor tensor : kAllTensors) {
    if (node.done[ToIndex(tensor)] == NumPairs(tensor)) continue;
    const std::size_t pair = node.done[ToIndex(tensor)];
    // Larger tiles of the input overlap less.
    const bool overlaps = tensor == Tensor::kI && InputVisits(ExtentsOf(node.inside, Keepers(tensor)[pair]), 1) > 1;
    Grow(node, tensor, overlaps ? *kInputDims : ListOfUnusedDims(tensor), 0);
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

void ReuseSearchRun::ChooseSpread(std::int32_t unrolling) {
  if (of_spread_ == unrolling) return;
  spread_ = SpreadOf(search_.unrollings_[ToIndex(unrolling)]);
  of_spread_ = unrolling;
}

double ReuseSearchRun::Run(double cycle_pj, std::int64_t max_nodes) {
  cycle_pj_ = cycle_pj;
  nodes_left_ = max_nodes;
  best_ = kInfinity;
  open_ = {};
  seen_.clear();
  std::vector<std::pair<double, std::size_t>> order;
  order.reserve(starts_.size());
  for (std::size_t i = 0; i < starts_.size(); ++i) {
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
    Node node;
    if (of_start <= of_open) {
      const Start& start = starts_[order[next++].second];
      node.cost = of_start;
      node.energy_pj = start.base;
      node.load = start.load;
      node.unrolling = start.unrolling;
      ChooseSpread(node.unrolling);
      Push(node);
    } else {
      node = open_.top();
      open_.pop();
      ChooseSpread(node.unrolling);
      Expand(node);
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
