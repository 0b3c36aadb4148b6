#include "common/model/bound/unrolling_costs.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "common/mapping/factor_space.h"
#include "common/model/bound/input_moves.h"
#include "common/model/exact/link_hops.h"

namespace oneloop {

// (B8)
UnrollingPricer::FanOuts UnrollingPricer::FanOutsOf(const Unrolling& unrolling) const {
  FanOuts fan_outs;
  for (int level = 0; level <= layer_.outermost; ++level) {
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
      if (layer_.structure.sharing(level, tensor).empty()) continue;
      fan_out.shared[ToIndex(tensor)] =
          fan_out.unused[ToIndex(tensor)] * (tensor == Tensor::kI ? fan_out.coinciding : 1);
    }
  }
  return fan_outs;
}

double UnrollingPricer::Copies(const FanOuts& fan_outs, int first, int last) {
  double product = 1;
  for (int level = first; level <= last; ++level) product *= fan_outs[ToIndex(level)].copies;
  return product;
}

double UnrollingPricer::Unused(const FanOuts& fan_outs, Tensor tensor, int first, int last) {
  double product = 1;
  for (int level = first; level <= last; ++level) product *= fan_outs[ToIndex(level)].unused[ToIndex(tensor)];
  return product;
}

double UnrollingPricer::Multicast(const FanOuts& fan_outs, Tensor tensor, int first, int last) {
  double product = 1;
  for (int level = first; level <= last; ++level) product *= fan_outs[ToIndex(level)].shared[ToIndex(tensor)];
  return product;
}

// (B34), in the fan-outs of levels first..last.
bool UnrollingPricer::TakesOffTwice(const Unrolling& unrolling, const UnrollingCosts& spread, int first,
                                    int last) const {
  const auto loops = [&spread](Dim dim) { return Of(spread.loops, dim) > 1 && Of(spread.loops, PartnerOf(dim)) > 1; };
  if (std::none_of(kSlidingDims.begin(), kSlidingDims.end(), loops)) return false;
  for (int level = first; level <= last; ++level) {
    DimSet copies;
    for (const Dim dim : kAllDims) {
      if (unrolling[ToIndex(level)][ToIndex(dim)] > 1) copies.Add(dim);
    }
    if (oneloop::TakesOffTwice(layer_.hardware_template, layer_.structure, level, copies)) return true;
  }
  return false;
}

// (B10): copies along a direction in which the tiles move on, in both of its dimensions.
bool UnrollingPricer::MayHandOver(const Unrolling& unrolling, const UnrollingCosts& spread, int keeper) const {
  const auto& factors = unrolling[ToIndex(keeper + 1)];
  bool slides = false;
  bool meets = false;
  for (const Dim dim : kSlidingDims) {
    const auto outside = [&](Dim of) {
      return layer_.shape.bound(of) / spread.inside[ToIndex(keeper)][ToIndex(of)] > 1;
    };
    slides = slides || factors[ToIndex(dim)] > 1;
    meets = meets || (outside(dim) && outside(PartnerOf(dim)));
  }
  return slides && meets;
}

// (B5) of `words`, which are yet to be shared in the fan-outs of levels first..last.
double UnrollingPricer::LinkEnergy(const FanOuts& fan_outs, Tensor tensor, int first, int last, double words) const {
  double energy_pj = 0;
  for (int level = first; level <= last; ++level) {
    const FanOut& fan_out = fan_outs[ToIndex(level)];
    const double before = words;
    words /= fan_out.shared[ToIndex(tensor)];
    const std::optional<LinkSpec>& link = layer_.hardware_template.level(level).link;
    if (!link.has_value()) continue;
    double hops = LeastHops(layer_.hardware_template, level) * before;
    if (!link->mesh) {
      // (B7): copies along K share each request for the input, whatever windows coincide.
      const bool shares = !layer_.structure.sharing(level, tensor).empty();
      const double same = shares ? fan_out.unused[ToIndex(tensor)] : 1;
      hops = std::max(hops, words * SpreadHops(fan_out.copies, same));
    }
    energy_pj += hops * costs_.hop_pj[ToIndex(level)] + (words + hops) * costs_.router_pj[ToIndex(level)];
  }
  return energy_pj;
}

UnrollingPricer::CopiesOutside UnrollingPricer::CopiesOf(const Unrolling& unrolling, Dim dim, int level) const {
  CopiesOutside copies;
  for (int outer = level + 1; outer <= layer_.outermost; ++outer) {
    const std::int64_t factor = unrolling[ToIndex(outer)][ToIndex(dim)];
    if (factor == 1) continue;
    copies.all *= factor;
    // Of several axes the last may have the least part.
    std::int64_t least = factor;
    const Structure::Axes axes = layer_.structure.axes(outer);
    int along = 0;
    for (int axis = axes.first; axis < axes.first + axes.count; ++axis) {
      along += layer_.hardware_template.axes()[ToIndex(axis)].dims.Has(dim) ? 1 : 0;
    }
    if (along > 1) {
      for (least = 2; factor % least != 0;) ++least;
    }
    copies.outermost = least;
  }
  return copies;
}

// (B43): of a level's instances along a dimension, those in use.
double UnrollingPricer::LeastTiles(const Unrolling& unrolling, Dim dim, int level) const {
  const CopiesOutside copies = CopiesOf(unrolling, dim, level);
  if (!layer_.uneven.Has(dim) || copies.all == copies.outermost) return static_cast<double>(copies.all);
  const std::int64_t bound = layer_.shape.bound(dim);
  const std::int64_t most_inside =
      std::max<std::int64_t>(1, (bound - 1) / ((copies.outermost - 1) * (copies.all / copies.outermost)));
  return static_cast<double>(std::min(copies.all, LeftOutside(bound, most_inside)));
}

// Copies of a keeper's tiles, at least.
double UnrollingPricer::LeastUnused(const Unrolling& unrolling, const FanOuts& fan_outs, Tensor tensor,
                                    int keeper) const {
  if (!layer_.IsUneven()) return Unused(fan_outs, tensor, keeper + 1, layer_.outermost);
  double copies = 1;
  for (const Dim dim : ListOfUnusedDims(tensor)) copies *= LeastTiles(unrolling, dim, keeper);
  return copies;
}

// (B48): of a tile that stays while all loops run, which holds its part unless copies idle.
std::uint8_t UnrollingPricer::MostInTile(Dim dim, int level, const UnrollingCosts& spread, bool counts_idle) const {
  const LoopSteps& steps = *spread.steps[ToIndex(dim)];
  const auto last = static_cast<std::uint8_t>(steps.size() - 1);
  const std::int64_t inside = Of(spread.inside[ToIndex(level)], dim);
  const std::int64_t outside = Of(spread.inside[ToIndex(layer_.outermost)], dim) / inside;
  if (outside == 1 || !layer_.uneven.Has(dim)) return last;
  // With a price of time idle copies are counted as the last ones are.
  const std::int64_t parts = counts_idle ? outside + 1 : 2 * outside - 1;
  const std::int64_t loops = LeftOutside(layer_.shape.bound(dim), inside * parts);
  const auto after = std::upper_bound(steps.begin(), steps.end(), loops,
                                      [](std::int64_t of, const LoopStep& step) { return of < step.loops; });
  return std::min(last, static_cast<std::uint8_t>(after - steps.begin() - 1));
}

// Loops over a dimension in the tile of a level, most that it has room for.
double UnrollingPricer::RoomInTile(Tensor tensor, int level, Dim dim, const UnrollingCosts& spread) const {
  const Extents& copies = spread.inside[ToIndex(level)];
  double most = static_cast<double>(Of(spread.loops, dim));
  const std::vector<Resource>& resources = layer_.hardware_template.resources();
  for (std::size_t r = 0; r < resources.size(); ++r) {
    const Resource& resource = resources[r];
    if (resource.is_axis() || resource.level != level || !resource.Holds(tensor)) continue;
    const double least = HeldWords(layer_.shape, TileOf(copies), tensor) * resource.per_word[ToIndex(tensor)];
    // Windows grow by less than the other tiles do.
    if (tensor == Tensor::kI && IsSliding(dim)) continue;
    most = std::min(most, std::floor(costs_.limit[r] * (1 + kBoundSlack) / least));
  }
  return std::max(1.0, most);
}

// (B48): copies with one tile of two, less than (B48) takes for granted.
double UnrollingPricer::MostIdle(Dim dim, const UnrollingCosts& spread) const {
  const std::int64_t bound = layer_.shape.bound(dim);
  double most = 0;
  for (const Tensor tensor : kAllTensors) {
    if (!IsRelevant(tensor, dim)) continue;
    for (std::size_t j = 0; j < layer_.NumPairs(tensor); ++j) {
      const int level = layer_.Keepers(tensor)[j];
      const std::int64_t inside = Of(spread.inside[ToIndex(level)], dim);
      const std::int64_t outside = Of(spread.inside[ToIndex(layer_.outermost)], dim) / inside;
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
double UnrollingPricer::MostLast(const Unrolling& unrolling, const UnrollingCosts& spread, bool counts_idle) const {
  double part = 0;
  for (const Dim dim : kAllDims) {
    if (!layer_.uneven.Has(dim)) continue;
    const std::int64_t all_copies = Of(spread.inside[ToIndex(layer_.outermost)], dim);
    if (all_copies == 1) continue;
    double of_dim = counts_idle ? MostIdle(dim, spread) : 0;
    for (int level = 1; level < layer_.outermost; ++level) {
      const CopiesOutside copies = CopiesOf(unrolling, dim, level);
      if (copies.all == 1 || !layer_.hardware_template.level(level).temporal.Has(dim)) continue;
      const std::int64_t whole = (copies.outermost - 1) * (copies.all / copies.outermost);
      const double most = 1 / (2 * static_cast<double>(whole) + 1);
      const std::int64_t inside = all_copies / copies.all;
      for (const Tensor tensor : kAllTensors) {
        if (!IsRelevant(tensor, dim)) continue;
        for (std::size_t j = 0; j < layer_.NumPairs(tensor) && layer_.Keepers(tensor)[j] < level; ++j) {
          const double tile = RoomInTile(tensor, layer_.Keepers(tensor)[j], dim, spread) * static_cast<double>(inside) /
                              static_cast<double>(layer_.shape.bound(dim));
          of_dim = std::max(of_dim, std::min(tile, most));
        }
      }
    }
    part += of_dim;
  }
  return std::min(1.0, part);
}

UnrollingCosts UnrollingPricer::CostsOf(const Unrolling& unrolling) const {
  const int outermost = layer_.outermost;
  UnrollingCosts spread;
  for (const Dim dim : kAllDims) {
    std::int64_t spatial = 1;
    for (int level = 0; level <= outermost; ++level) {
      spatial *= unrolling[ToIndex(level)][ToIndex(dim)];
      spread.inside[ToIndex(level)][ToIndex(dim)] = spatial;
    }
    spread.loops[ToIndex(dim)] = LeftOutside(layer_.shape.bound(dim), spatial);
    spread.steps[ToIndex(dim)] = &layer_.StepsOf(dim, spatial);
  }
  for (auto& by_level : spread.most_in_tile) {
    for (Loops& most : by_level) most.fill(std::numeric_limits<std::uint8_t>::max());
  }
  if (layer_.IsUneven()) {
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
  const WordPrices prices = costs_.PricesAt(layer_.structure, instances);
  // By level, tensor and kind, of all instances, each tile visited once.
  Words words{};
  double energy_pj = layer_.macs * costs_.mac_energy_pj;
  for (const Tensor tensor : kAllTensors) {
    const std::vector<int>& keepers = layer_.Keepers(tensor);
    const double size = layer_.size[ToIndex(tensor)];
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
      flow(level, FlowKind::kRead) = layer_.IsUneven() ? requests - first : std::max(0.0, requests - first);
      energy_pj -= first * price(level, FlowKind::kRead);
      return requests * (price(level, FlowKind::kUpdate) + price(level, FlowKind::kRead));
    };
    const int innermost = keepers.front();
    const auto takes_off_twice = [&](int first, int last) {
      return tensor == Tensor::kI && TakesOffTwice(unrolling, spread, first, last);
    };
    if (!takes_off_twice(0, innermost)) {
      energy_pj += serve(innermost, layer_.macs / Multicast(fan_outs, tensor, 0, innermost));
      energy_pj += LinkEnergy(fan_outs, tensor, 0, innermost, layer_.macs);
    }
    for (std::size_t j = 0; j + 1 < keepers.size(); ++j) {
      const int keeper = keepers[j];
      const int source = keepers[j + 1];
      double loads = size * LeastUnused(unrolling, fan_outs, tensor, keeper);
      if (layer_.IsUneven() && tensor == Tensor::kI) {
        loads = std::min(1.0, layer_.least_input_share * layer_.macs / size /
                                  static_cast<double>(layer_.shape.bound(Dim::kK))) *
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
        for (int level = keeper + (layer_.IsUneven() ? 1 : 2); level <= source; ++level)
          requests /= fan_outs[ToIndex(level)].coinciding;
        in_links = requests;
        if (instances[ToIndex(keeper + 1)] > 1) fills = std::max(0.0, requests - instances[ToIndex(keeper)]);
      }
      double pair_pj = fills * price(keeper, FlowKind::kFill) + serve(source, requests);
      if (spread.handed_over[j] && tensor == Tensor::kI) {
        pair_pj += in_links * LinkPrice(layer_.hardware_template, costs_, keeper + 1, source);
      } else {
        pair_pj += LinkEnergy(fan_outs, tensor, keeper + 1, source, in_links);
      }
      spread.price[ToIndex(tensor)][j] = pair_pj;
      spread.words[ToIndex(tensor)][j] = {fills, requests};
      flow(keeper, FlowKind::kFill) = fills;
      if (outputs && !layer_.structure.first_sums_are_loaded()) {
        flow(keeper, FlowKind::kFill) = 0;
        energy_pj -= loads * price(keeper, FlowKind::kFill);
      }
      energy_pj += pair_pj;
    }
  }
  spread.base = energy_pj;
  for (int level = 0; level <= outermost; ++level) {
    double in_use = instances[ToIndex(level)];
    if (layer_.IsUneven()) {
      in_use = 1;
      for (const Dim dim : kAllDims) in_use *= LeastTiles(unrolling, dim, level);
    }
    spread.leak_pj += costs_.leak_pj[ToIndex(level)] * in_use;
  }
  spread.least_cycles = layer_.macs / Copies(fan_outs, 0, outermost) / costs_.macs_per_cycle;
  if (layer_.IsUneven()) {  // (B36)
    spread.unit_cycles = spread.least_cycles;
    double steps = 1;
    for (const std::int64_t loops : spread.loops) steps *= static_cast<double>(loops);
    spread.least_cycles = steps / costs_.macs_per_cycle;
  }
  AddLoads(words, instances, &spread);
  return spread;
}

// (B30)
void UnrollingPricer::AddLoads(const Words& words, const std::array<double, kMaxLevels>& instances,
                               UnrollingCosts* spread) const {
  const std::vector<PortRow>& ports = layer_.structure.ports();
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
      const std::vector<int>& keepers = layer_.Keepers(tensor);
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

}  // namespace oneloop
