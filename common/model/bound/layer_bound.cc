#include "common/model/bound/layer_bound.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "common/model/bound/input_moves.h"
#include "common/workload/dims.h"

namespace oneloop {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kPicoPerMicro = 1e6;

// What is filled and read is at least what crosses the outermost boundary.
void MoveAtLeast(Tensor tensor, double words, OuterTraffic::Candidate* candidate) {
  const double more = std::max(0.0, words - candidate->moved[ToIndex(tensor)]);
  candidate->moved[ToIndex(tensor)] += more;
  candidate->words += (tensor == Tensor::kO ? 2 : 1) * more;
}

}  // namespace

LayerBound::LayerBound(const CostModel& model, const LayerShape& shape, const BoxCosts& most, bool small_buffers,
                       ProofBudget* budget)
    : model_(model),
      uneven_(UnevenDims(model.hardware_template(), shape)),
      outermost_(model.structure().num_levels() - 1),
      macs_(static_cast<double>(Macs(shape))),
      first_loads_(model.structure().first_sums_are_loaded()),
      counts_inputs_(CountsInputs(model.hardware_template(), model.structure(), shape)),
      traffic_(model.hardware_template(), model.structure(), shape, most, budget),
      whole_reach_(model.hardware_template(), model.structure(), {shape, shape, uneven_},
                   AxisLimits(model.hardware_template(), most), budget->steps(), budget->stop) {
  outer_ports_ = OuterPorts();
  has_links_ = !model.structure().links().empty();
  const SpatialReach::Limits limits = AxisLimits(model.hardware_template(), most);
  for (const OuterTraffic::Group& group : traffic_.groups()) {
    if (budget->Stopped()) return;
    reach_.emplace_back(model.hardware_template(), model.structure(),
                        SpatialReach::Spread{shape, group.inside, uneven_}, limits, budget->steps(), budget->stop);
    budget->steps_left -= reach_.back().num_steps();
  }
  if (!uneven_.empty()) return;  // (B41)
  for (int level = 0; level < outermost_; ++level) {
    bool is_inner = false;
    for (const Tensor tensor : kAllTensors) {
      for (std::size_t k = 0; k < Keepers(tensor).size(); ++k) {
        is_inner = is_inner || (Keepers(tensor)[k] == level && IsInner(tensor, k));
      }
    }
    if (is_inner) inner_.emplace_back(model.hardware_template(), model.structure(), shape, level, most, budget);
  }
  if (small_buffers) refills_ = RefillTraffic::Create(model.hardware_template(), model.structure(), shape, budget);
}

// Whether the fills of a keeper are InnerTraffic's.
bool LayerBound::IsInner(Tensor tensor, std::size_t keeper) const {
  return uneven_.empty() && InnerTraffic::Counts(model_.hardware_template(), Keepers(tensor), keeper);
}

const std::vector<int>& LayerBound::Keepers(Tensor tensor) const { return model_.structure().keeper_levels(tensor); }

LayerBound::Gains LayerBound::GainsAt(const SpatialReach::Limits& limits) const {
  Gains gains;
  gains.reserve(reach_.size());
  for (const SpatialReach& reach : reach_) gains.push_back(GainOf(reach, limits));
  return gains;
}

// Whether neighbours outside a keeper may hand over words of the input, in one of several fan-outs (B10).
bool LayerBound::MayHandOver(int keeper) const {
  const Template& hardware_template = model_.hardware_template();
  if (keeper >= outermost_ || !model_.structure().HandsOver(keeper + 1)) return false;
  bool slides = false;
  bool several = false;
  for (const Template::Axis& axis : hardware_template.axes()) {
    for (const Dim dim : kSlidingDims) slides = slides || (axis.level == keeper + 1 && axis.dims.Has(dim));
    several = several || axis.level > keeper + 1;
  }
  return slides && several;
}

LayerBound::Gain LayerBound::GainOf(const SpatialReach& reach, const SpatialReach::Limits& limits) const {
  Gain gain;
  gain.compute = macs_ / reach.Speedup(0, outermost_, limits);
  for (int level = 0; level <= outermost_; ++level) {
    gain.instances[ToIndex(level)] = reach.Copies(level + 1, outermost_, limits);
    gain.work[ToIndex(level)] = macs_ / reach.Speedup(0, level, limits);
  }
  for (const Tensor tensor : kAllTensors) {
    const int innermost = Keepers(tensor).front();
    gain.requests[ToIndex(tensor)] = macs_ / reach.Multicast(tensor, 0, innermost, limits);
    for (int level = 0; has_links_ && level <= innermost; ++level) {
      gain.crossing[ToIndex(level)].before += macs_ / reach.Multicast(tensor, 0, level - 1, limits);
      gain.crossing[ToIndex(level)].after += macs_ / reach.Multicast(tensor, 0, level, limits);
    }
  }
  gain.reducing = reach.Reducing(Keepers(Tensor::kO).front() + 1, outermost_, limits);
  AddLoads(reach, limits, &gain);
  for (std::size_t i = 0; i < traffic_.resources().size(); ++i) {
    const Resource& resource = model_.hardware_template().resources()[ToIndex(traffic_.resources()[i])];
    gain.parts[i] = 1;
    for (const Tensor tensor : kAllTensors) {
      if (!resource.Holds(tensor)) continue;
      gain.parts[i] = std::max(gain.parts[i], reach.Parts(tensor, resource.level + 1, outermost_, limits));
    }
  }
  if (refills_.has_value()) gain.refill = RefillOf(reach, limits);
  return gain;
}

LayerBound::Words LayerBound::LeastWords(Tensor tensor, int level, const Gain& gain, const SpatialReach& reach,
                                         const SpatialReach::Limits& limits) const {
  Words words{};
  double& reads = words[ToIndex(Index(FlowKind::kRead))];
  double& fills = words[ToIndex(Index(FlowKind::kFill))];
  double& updates = words[ToIndex(Index(FlowKind::kUpdate))];
  const bool innermost = level == Keepers(tensor).front();
  if (level == outermost_ && !innermost) return words;
  const double part = traffic_.size(tensor) / reach.Split(tensor, level + 1, outermost_, limits);
  const double work = gain.requests[ToIndex(tensor)] / gain.instances[ToIndex(level)];
  if (tensor != Tensor::kO) {
    // (B11): each distinct word comes in once, (B13): and is read for each multiply-accumulate, or once.
    const double coinciding = tensor == Tensor::kI ? reach.Coinciding(0, outermost_, limits) : 1;
    if (level < outermost_) fills = part;
    if (tensor == Tensor::kI && MayHandOver(level)) fills = std::max(0.0, part / coinciding - 1);
    reads = innermost ? work : part / coinciding;
    return words;
  }
  updates = innermost ? work : part;
  if (level == outermost_) {
    reads = work - part;
  } else if (innermost) {
    // (B14)
    reads = std::max(0.0, gain.requests[ToIndex(tensor)] - traffic_.size(tensor) * gain.reducing) /
            gain.instances[ToIndex(level)];
  }
  if (level < outermost_ && first_loads_) fills = part;
  return words;
}

// (B30) of each port, without what crosses the outermost boundary.
void LayerBound::AddLoads(const SpatialReach& reach, const SpatialReach::Limits& limits, Gain* gain) const {
  const std::vector<PortRow>& ports = model_.structure().ports();
  for (std::size_t p = 0; p < ports.size(); ++p) {
    const int level = ports[p].level;
    const PortSpec& spec = ports[p].spec;
    if (!spec.words_per_cycle.has_value()) continue;
    for (const Tensor tensor : kAllTensors) {
      if (!spec.tensors.Has(tensor) || (tensor == Tensor::kI && !counts_inputs_)) continue;
      const Words words = LeastWords(tensor, level, *gain, reach, limits);
      double sum = 0;
      for (const FlowKind kind : {FlowKind::kRead, FlowKind::kFill, FlowKind::kUpdate}) {
        if (spec.flows.Has(kind)) sum += words[ToIndex(Index(kind))];
      }
      // (B14): the first updates read nothing, and the innermost keeper is filled as often.
      const bool both = spec.flows.Has(FlowKind::kRead) && spec.flows.Has(FlowKind::kFill) && first_loads_;
      if (tensor == Tensor::kO && both && level == Keepers(tensor).front() && level < outermost_) {
        const double work = gain->requests[ToIndex(tensor)] / gain->instances[ToIndex(level)];
        sum = spec.flows.Has(FlowKind::kUpdate) ? 2 * work : work;
      }
      gain->load[p] += spec.weight * sum;
    }
  }
}

std::vector<LayerBound::OuterPort> LayerBound::OuterPorts() const {
  std::vector<OuterPort> result;
  const std::vector<PortRow>& ports = model_.structure().ports();
  for (std::size_t p = 0; p < ports.size(); ++p) {
    const int level = ports[p].level;
    const PortSpec& spec = ports[p].spec;
    if (level != outermost_ || !spec.words_per_cycle.has_value()) continue;
    OuterPort port{p};
    const bool reads = spec.flows.Has(FlowKind::kRead);
    const bool updates = spec.flows.Has(FlowKind::kUpdate);
    for (const Tensor tensor : kAllTensors) {
      if (!spec.tensors.Has(tensor) || (tensor == Tensor::kI && !counts_inputs_)) continue;
      const double flows = (reads ? 1 : 0) + (updates && tensor == Tensor::kO ? 1 : 0);
      port.weight[ToIndex(tensor)] = spec.weight * flows;
      const bool moves = Keepers(tensor).size() > 1;
      if (tensor == Tensor::kO && reads && moves) port.first = spec.weight * traffic_.size(tensor);
    }
    port.all = reads && updates && spec.tensors == kEveryTensor && counts_inputs_;
    result.push_back(port);
  }
  return result;
}

LayerBound::Gain::Refill LayerBound::RefillOf(const SpatialReach& reach, const SpatialReach::Limits& limits) const {
  const int keeper = refills_->keeper();
  const int source = refills_->source();
  const double size = traffic_.size(Tensor::kW);
  return {.multicast = reach.Multicast(Tensor::kW, keeper + 1, source, limits),
          .keeper_instances = reach.Copies(keeper + 1, outermost_, limits),
          .source_instances = reach.Copies(source + 1, outermost_, limits),
          .keeper_part = size / reach.Parts(Tensor::kW, keeper + 1, outermost_, limits),
          .source_part = size / reach.Parts(Tensor::kW, source + 1, outermost_, limits),
          .reducing = reach.Reducing(0, outermost_, limits)};
}

// Energy that does not depend on the outermost loops or on the group.
double LayerBound::FixedEnergy(const BoxCosts& costs, const WordPrices& words,
                               const SpatialReach::Limits& limits) const {
  const Template& hardware_template = model_.hardware_template();
  double energy_pj = macs_ * costs.mac_energy_pj;
  for (const InnerTraffic& inner : inner_) energy_pj += inner.Evaluate(costs, words, whole_reach_, limits);
  for (const Tensor tensor : kAllTensors) {
    const std::vector<int>& keepers = Keepers(tensor);
    const double size = traffic_.size(tensor);
    for (std::size_t k = 0; k < keepers.size(); ++k) {
      const double read_pj = words.Of(keepers[k], tensor, FlowKind::kRead);
      const double fill_pj = words.Of(keepers[k], tensor, FlowKind::kFill);
      const bool outermost = k > 0 && k + 1 == keepers.size();  // OuterTraffic's
      if (outermost) continue;
      const bool serves_inner = k > 0 && IsInner(tensor, k - 1);
      if (tensor != Tensor::kI && ComesOnceInside(tensor)) {  // (B41)
        if (k + 2 < keepers.size()) energy_pj += size * fill_pj;
        if (k > 0) {
          energy_pj += size * (read_pj + words.Of(keepers[k], tensor, FlowKind::kUpdate) +
                               LinkPrice(hardware_template, costs, keepers[k - 1] + 1, keepers[k]));
        }
      }
      if (tensor == Tensor::kO) {
        // (B14), (B15): the first update of an element reads nothing, and loads nothing in some dialects.
        if (k == 0 && keepers.size() > 1) {
          const double unpaid_pj = first_loads_ ? read_pj : read_pj + fill_pj;
          if (!IsInner(tensor, 0)) energy_pj -= size * std::min(unpaid_pj, fill_pj);
        } else {
          if (!serves_inner) energy_pj -= size * read_pj;
          if (!first_loads_ && k > 0 && !IsInner(tensor, k)) energy_pj -= size * fill_pj;
        }
      } else if (tensor == Tensor::kI) {
        const double coinciding = whole_reach_.Coinciding(FirstCoinciding(keepers[k]), outermost_, limits);
        const double spread = MayHandOver(keepers[k]) ? whole_reach_.Copies(keepers[k] + 1, outermost_, limits) : 0;
        if (k + 2 < keepers.size() && !IsInner(tensor, k)) {  // filled
          energy_pj += (spread > 0 ? std::max(0.0, size / coinciding - spread) : size) * fill_pj;
        } else if (k + 2 == keepers.size()) {
          energy_pj -= spread * fill_pj;
        }
        if (k > 0 && !serves_inner) {  // read
          const double link_pj = LinkPrice(hardware_template, costs, keepers[k - 1] + 1, keepers[k]);
          const int first = FirstCoinciding(keepers[k - 1]);
          energy_pj += size / whole_reach_.Coinciding(first, keepers[k], limits) * (read_pj + link_pj);
        }
      }
    }
  }
  return energy_pj;
}

// (B16): words that cross the outermost boundary pass through every keeper inside.
LayerBound::Prices LayerBound::PricesOf(const BoxCosts& costs, const WordPrices& words) const {
  Prices prices{words};
  prices.least_pj = words.LeastAt(outermost_);
  for (const Tensor tensor : kAllTensors) {
    const std::vector<int>& keepers = Keepers(tensor);
    if (keepers.size() == 1) continue;
    double& moved_pj = prices.moved_pj[ToIndex(tensor)];
    for (std::size_t k = 0; k < keepers.size(); ++k) {
      const bool outermost = k + 1 == keepers.size();
      const bool last = k + 2 == keepers.size();
      if (!outermost && (ComesOnceInside(tensor) ? last : !IsInner(tensor, k))) {
        moved_pj += words.Of(keepers[k], tensor, FlowKind::kFill);
      }
      if (k == 0 || (ComesOnceInside(tensor) ? !outermost : IsInner(tensor, k - 1))) continue;
      moved_pj += words.Of(keepers[k], tensor, FlowKind::kRead) + words.Of(keepers[k], tensor, FlowKind::kUpdate) +
                  LinkPrice(model_.hardware_template(), costs, keepers[k - 1] + 1, keepers[k]);
    }
  }
  if (Keepers(Tensor::kO).size() > 1) {
    prices.first_pj = traffic_.size(Tensor::kO) * words.Of(outermost_, Tensor::kO, FlowKind::kRead);
  }
  return prices;
}

// What the multiply-accumulates ask of the innermost keepers, their way there, and leakage.
double LayerBound::EnergyInside(const Gain& gain, const BoxCosts& costs, const WordPrices& words, double cycles) const {
  double energy_pj = 0;
  for (const Tensor tensor : kAllTensors) {
    const int level = Keepers(tensor).front();
    const double requests = gain.requests[ToIndex(tensor)];
    const double read_pj = words.Of(level, tensor, FlowKind::kRead);
    energy_pj += requests * (tensor == Tensor::kO ? read_pj + words.Of(level, tensor, FlowKind::kUpdate) : read_pj);
    if (tensor != Tensor::kO || level == outermost_ || IsInner(tensor, 0)) continue;
    const double fill_pj = words.Of(level, tensor, FlowKind::kFill);  // (B15)
    const double excess_pj = std::max(0.0, read_pj - (first_loads_ ? fill_pj : 0));
    energy_pj -= std::min(requests, traffic_.size(tensor) * gain.reducing) * excess_pj;
  }
  for (int level = 0; level <= outermost_; ++level) {
    const Gain::Crossing& crossing = gain.crossing[ToIndex(level)];
    const double hops = LeastHops(model_.hardware_template(), level) * crossing.before;  // (B5)
    energy_pj += hops * costs.hop_pj[ToIndex(level)] + (crossing.after + hops) * costs.router_pj[ToIndex(level)];
    // (B6)
    energy_pj += costs.leak_pj[ToIndex(level)] * std::max(cycles, gain.work[ToIndex(level)] / costs.macs_per_cycle);
  }
  return energy_pj;
}

double LayerBound::CyclesAcross(const OuterTraffic::Candidate& candidate, const Gain& gain,
                                const BoxCosts& costs) const {
  double cycles = 0;
  for (const OuterPort& port : outer_ports_) {
    double words = -port.first;
    for (std::size_t x = 0; x < kNumTensors; ++x) words += port.weight[x] * candidate.moved[x];
    cycles = std::max(cycles, (gain.load[port.port] + words) / costs.words_per_cycle[port.port]);
  }
  return cycles;
}

void LayerBound::EvaluateGroup(const OuterTraffic::Group& group, const Gain& gain, const BoxCosts& costs,
                               const Prices& prices, double fixed_pj, Least* least) const {
  double base_cycles = gain.compute / costs.macs_per_cycle;
  const std::vector<PortRow>& ports = model_.structure().ports();
  for (std::size_t p = 0; p < ports.size(); ++p) {
    if (ports[p].level < outermost_) base_cycles = std::max(base_cycles, gain.load[p] / costs.words_per_cycle[p]);
  }
  const double base_pj = fixed_pj + EnergyInside(gain, costs, prices.words, base_cycles);
  std::array<double, OuterTraffic::kMaxNeeds> room;
  const std::vector<int>& resources = traffic_.resources();
  for (std::size_t i = 0; i < resources.size(); ++i) {
    room[i] = costs.limit[ToIndex(resources[i])] * gain.parts[i] * (1 + kBoundSlack);
  }
  // No candidate further on takes less than its words at the least price, and at the ports of all of them.
  const double first_pj = std::max(0.0, prices.first_pj - traffic_.size(Tensor::kO) * prices.least_pj);
  for (const OuterTraffic::Candidate& candidate : group.candidates) {
    const double outer_pj = base_pj + candidate.words * prices.least_pj - first_pj;
    double outer_cycles = base_cycles;
    for (const OuterPort& port : outer_ports_) {
      if (!port.all) continue;
      const double words = gain.load[port.port] + port.weight[ToIndex(Tensor::kW)] * candidate.words;
      outer_cycles = std::max(outer_cycles, words / costs.words_per_cycle[port.port]);
    }
    if (outer_pj >= least->energy_pj && outer_cycles >= least->cycles) return;
    bool fits = true;
    for (std::size_t i = 0; i < resources.size(); ++i) fits = fits && candidate.need[i] <= room[i];
    if (!fits) continue;
    const Least here = refills_.has_value() ? WithRefills(candidate, gain, costs, prices, {base_pj, base_cycles})
                                            : Least{EnergyOf(candidate, prices, base_pj),
                                                    std::max(base_cycles, CyclesAcross(candidate, gain, costs))};
    least->energy_pj = std::min(least->energy_pj, here.energy_pj);
    least->cycles = std::min(least->cycles, here.cycles);
  }
}

double LayerBound::EnergyOf(const OuterTraffic::Candidate& candidate, const Prices& prices, double base_pj) const {
  double energy_pj = base_pj - prices.first_pj;
  for (std::size_t x = 0; x < kNumTensors; ++x) energy_pj += candidate.moved[x] * prices.moved_pj[x];
  return energy_pj;
}

double LayerBound::CyclesWith(int level, FlowKind kind, double more, const Gain& gain, const BoxCosts& costs) const {
  const std::vector<PortRow>& ports = model_.structure().ports();
  double cycles = 0;
  for (std::size_t p = 0; p < ports.size(); ++p) {
    const PortSpec& spec = ports[p].spec;
    if (ports[p].level != level || !spec.flows.Has(kind) || !spec.tensors.Has(Tensor::kW)) continue;
    cycles = std::max(cycles, (gain.load[p] + spec.weight * std::max(0.0, more)) / costs.words_per_cycle[p]);
  }
  return cycles;
}

LayerBound::Least LayerBound::WithRefills(const OuterTraffic::Candidate& candidate, const Gain& gain,
                                          const BoxCosts& costs, const Prices& prices, const Least& base) const {
  const int keeper = refills_->keeper();
  const int source = refills_->source();

  OuterTraffic::Candidate outputs_leave = candidate;
  MoveAtLeast(Tensor::kO, traffic_.size(Tensor::kO) * refills_->OutputVisits(costs, gain.refill.reducing),
              &outputs_leave);

  OuterTraffic::Candidate outputs_stay = candidate;
  const double fills = refills_->Fills(costs);
  const double reads = fills / gain.refill.multicast;
  const bool from_outermost = source == outermost_;
  if (from_outermost) MoveAtLeast(Tensor::kW, reads, &outputs_stay);
  const double moved = outputs_stay.moved[ToIndex(Tensor::kW)];
  double stay_pj = base.energy_pj + std::max(0.0, fills - moved) * prices.words.Of(keeper, Tensor::kW, FlowKind::kFill);
  const double more_fills = fills / gain.refill.keeper_instances - gain.refill.keeper_part;
  double stay_cycles = std::max(base.cycles, CyclesWith(keeper, FlowKind::kFill, more_fills, gain, costs));
  if (!from_outermost) {
    const double read_pj = prices.words.Of(source, Tensor::kW, FlowKind::kRead) +
                           LinkPrice(model_.hardware_template(), costs, keeper + 1, source);
    stay_pj += std::max(0.0, reads - moved) * read_pj;
    const double more_reads = reads / gain.refill.source_instances - gain.refill.source_part;
    stay_cycles = std::max(stay_cycles, CyclesWith(source, FlowKind::kRead, more_reads, gain, costs));
  }
  return {std::min(EnergyOf(outputs_stay, prices, stay_pj), EnergyOf(outputs_leave, prices, base.energy_pj)),
          std::min(std::max(stay_cycles, CyclesAcross(outputs_stay, gain, costs)),
                   std::max(base.cycles, CyclesAcross(outputs_leave, gain, costs)))};
}

LayerFigures LayerBound::Evaluate(const BoxCosts& costs, const Gains& gains) const {
  return EvaluateAt(counts_inputs_ ? costs : costs.WithoutInputs(), gains);
}

LayerFigures LayerBound::EvaluateAt(const BoxCosts& costs, const Gains& gains) const {
  Least least = {kInfinity, kInfinity};
  const std::vector<Resource>& resources = model_.hardware_template().resources();
  for (std::size_t r = 0; r < resources.size(); ++r) {
    const bool missing = resources[r].is_axis() && costs.limit[r] * (1 + kBoundSlack) < 1;
    if (missing) return {kInfinity, kInfinity};
  }
  const SpatialReach::Limits limits = AxisLimits(model_.hardware_template(), costs);
  double fixed_pj = FixedEnergy(costs, costs.word_pj, limits);
  if (fixed_pj == kInfinity) return {kInfinity, kInfinity};
  Prices prices = PricesOf(costs, costs.word_pj);
  for (std::size_t g = 0; g < gains.size(); ++g) {
    if (!costs.clustered.empty()) {
      const WordPrices words = costs.PricesAt(model_.structure(), gains[g].instances);
      fixed_pj = FixedEnergy(costs, words, limits);
      prices = PricesOf(costs, words);
    }
    EvaluateGroup(traffic_.groups()[g], gains[g], costs, prices, fixed_pj, &least);
  }
  return {least.energy_pj * (1 - kBoundSlack) / kPicoPerMicro, std::ceil(least.cycles * (1 - kBoundSlack))};
}

}  // namespace oneloop
