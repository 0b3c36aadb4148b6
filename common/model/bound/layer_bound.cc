#include "common/model/bound/layer_bound.h"
#include "common/workload/dims.h"

#include <algorithm>
#include <cmath>
#include <limits>

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
      outermost_(model.hierarchy().num_levels - 1),
      macs_(static_cast<double>(Macs(shape))),
      traffic_(model.hardware_template(), model.hierarchy(), shape, most, budget),
      whole_reach_(model.hardware_template(), shape, AxisLimits(model.hardware_template(), most), budget->steps(),
                   budget->stop) {
  const SpatialReach::Limits limits = AxisLimits(model.hardware_template(), most);
  for (const OuterTraffic::Group& group : traffic_.groups()) {
    if (budget->Stopped()) return;
    reach_.emplace_back(model.hardware_template(), group.inside, limits, budget->steps(), budget->stop);
    budget->steps_left -= reach_.back().num_steps();
  }
  for (int level = 0; level < outermost_; ++level) {
    bool is_inner = false;
    for (const Tensor tensor : kAllTensors) {
      for (std::size_t k = 0; k < Keepers(tensor).size(); ++k) {
        is_inner = is_inner || (Keepers(tensor)[k] == level && IsInner(tensor, k));
      }
    }
    if (is_inner) inner_.emplace_back(model.hardware_template(), model.hierarchy(), shape, level, most, budget);
  }
  if (small_buffers) refills_ = RefillTraffic::Create(model.hardware_template(), model.hierarchy(), shape, budget);
}

// Whether the fills of a keeper are InnerTraffic's.
bool LayerBound::IsInner(Tensor tensor, std::size_t keeper) const {
  return InnerTraffic::Counts(model_.hardware_template(), Keepers(tensor), keeper);
}

const std::vector<int>& LayerBound::Keepers(Tensor tensor) const { return model_.hierarchy().keepers[ToIndex(tensor)]; }

LayerBound::Gains LayerBound::GainsAt(const SpatialReach::Limits& limits) const {
  Gains gains;
  gains.reserve(reach_.size());
  for (const SpatialReach& reach : reach_) gains.push_back(GainOf(reach, limits));
  return gains;
}

LayerBound::Gain LayerBound::GainOf(const SpatialReach& reach, const SpatialReach::Limits& limits) const {
  Gain gain;
  gain.compute = macs_ / reach.Copies(0, outermost_, limits);
  for (const Tensor tensor : kAllTensors) {
    for (const int level : Keepers(tensor)) {
      const bool innermost = level == Keepers(tensor).front();
      double& words = gain.words[ToIndex(level)];
      const double part = traffic_.size(tensor) / reach.Parts(tensor, level + 1, outermost_, limits);
      if (innermost) {
        const double requests = macs_ / reach.Shares(tensor, 0, level, limits);
        gain.requests[ToIndex(tensor)] = requests;
        const double work = requests / reach.Copies(level + 1, outermost_, limits);
        words += tensor == Tensor::kO ? 2 * work : work;
        if (level == outermost_ && tensor == Tensor::kO) words -= part;
        if (level < outermost_ && tensor != Tensor::kO) words += part;
      } else if (level < outermost_) {
        words += 2 * part;
      }
    }
  }
  const std::vector<Resource>& resources = model_.hardware_template().resources();
  for (std::size_t r = 0; r < resources.size(); ++r) {
    if (resources[r].is_axis()) continue;
    const int level = resources[r].level;
    gain.copies[r] = 1;
    for (const Tensor tensor : kAllTensors) {
      if (!model_.hardware_template().level(level).keeps.Has(tensor)) continue;
      gain.copies[r] = std::max(gain.copies[r], reach.Parts(tensor, level + 1, outermost_, limits));
    }
  }
  if (refills_.has_value()) gain.refill = RefillOf(reach, limits);
  return gain;
}

LayerBound::Gain::Refill LayerBound::RefillOf(const SpatialReach& reach, const SpatialReach::Limits& limits) const {
  const int keeper = refills_->keeper();
  const int source = refills_->source();
  const double size = traffic_.size(Tensor::kW);
  return {.shares = reach.Shares(Tensor::kW, keeper + 1, source, limits),
          .keeper_instances = reach.Copies(keeper + 1, outermost_, limits),
          .source_instances = reach.Copies(source + 1, outermost_, limits),
          .keeper_part = size / reach.Parts(Tensor::kW, keeper + 1, outermost_, limits),
          .source_part = size / reach.Parts(Tensor::kW, source + 1, outermost_, limits),
          .reductions = reach.Shares(Tensor::kO, 0, outermost_, limits)};
}

// Energy that does not depend on the outermost loops.
double LayerBound::FixedEnergy(const BoxCosts& costs, const SpatialReach::Limits& limits) const {
  double energy_pj = macs_ * costs.mac_energy_pj;
  for (const InnerTraffic& inner : inner_) energy_pj += inner.Evaluate(costs, whole_reach_, limits);
  for (const Tensor tensor : kAllTensors) {
    const std::vector<int>& keepers = Keepers(tensor);
    const double size = traffic_.size(tensor);
    for (std::size_t k = 0; k < keepers.size(); ++k) {
      const double access_pj = costs.energy_pj[ToIndex(keepers[k])];
      const bool outermost = k > 0 && k + 1 == keepers.size();  // OuterTraffic's
      if (outermost) continue;
      const bool serves_inner = k > 0 && IsInner(tensor, k - 1);
      if (tensor == Tensor::kO) {
        // The first update of an element reads nothing.
        if (k == 0 ? !IsInner(tensor, 0) : !serves_inner) energy_pj -= size * access_pj;
      } else if (tensor == Tensor::kI) {
        if (k + 2 < keepers.size() && !IsInner(tensor, k)) energy_pj += size * access_pj;  // filled
        if (k > 0 && !serves_inner) energy_pj += size * access_pj;                         // read
      }
    }
  }
  return energy_pj;
}

// Words that cross the outermost boundary pass through every keeper inside.
LayerBound::Prices LayerBound::PricesOf(const BoxCosts& costs) const {
  Prices prices;
  prices.outermost_pj = costs.energy_pj[ToIndex(outermost_)];
  for (const Tensor tensor : kAllTensors) {
    const std::vector<int>& keepers = Keepers(tensor);
    double& inside_pj = prices.inside_pj[ToIndex(tensor)];
    for (std::size_t k = 0; k + 1 < keepers.size(); ++k) {
      const double access_pj = costs.energy_pj[ToIndex(keepers[k])];
      const bool last = k + 2 == keepers.size();
      if (tensor == Tensor::kI) {
        if (last) inside_pj += access_pj;
        continue;
      }
      if (!IsInner(tensor, k)) inside_pj += access_pj;  // filled
      if (k > 0 && !IsInner(tensor, k - 1)) inside_pj += (tensor == Tensor::kO ? 2 : 1) * access_pj;
    }
  }
  return prices;
}

void LayerBound::EvaluateGroup(const OuterTraffic::Group& group, const Gain& gain, const BoxCosts& costs,
                               const Prices& prices, double fixed_pj, Least* least) const {
  double base_pj = fixed_pj;
  for (const Tensor tensor : kAllTensors) {
    base_pj += gain.requests[ToIndex(tensor)] * costs.energy_pj[ToIndex(Keepers(tensor).front())] *
               (tensor == Tensor::kO ? 2 : 1);
  }
  double base_cycles = gain.compute / costs.macs_per_cycle;
  for (int level = 0; level < outermost_; ++level) {
    base_cycles = std::max(base_cycles, gain.words[ToIndex(level)] / costs.words_per_cycle[ToIndex(level)]);
  }
  std::array<double, OuterTraffic::kMaxNeeds> room;
  const std::vector<int>& resources = traffic_.resources();
  for (std::size_t i = 0; i < resources.size(); ++i) {
    room[i] = costs.limit[ToIndex(resources[i])] * gain.copies[ToIndex(resources[i])] * (1 + kBoundSlack);
  }
  const double bandwidth = costs.words_per_cycle[ToIndex(outermost_)];
  for (const OuterTraffic::Candidate& candidate : group.candidates) {
    const double outer_pj = base_pj + candidate.words * prices.outermost_pj;
    const double cycles = std::max(base_cycles, (gain.words[ToIndex(outermost_)] + candidate.words) / bandwidth);
    if (outer_pj >= least->energy_pj && cycles >= least->cycles) return;
    bool fits = true;
    for (std::size_t i = 0; i < resources.size(); ++i) fits = fits && candidate.need[i] <= room[i];
    if (!fits) continue;
    const Least here = refills_.has_value() ? WithRefills(candidate, gain, costs, prices, {base_pj, base_cycles})
                                            : Least{EnergyOf(candidate, prices, base_pj), cycles};
    least->energy_pj = std::min(least->energy_pj, here.energy_pj);
    least->cycles = std::min(least->cycles, here.cycles);
  }
}

double LayerBound::EnergyOf(const OuterTraffic::Candidate& candidate, const Prices& prices, double base_pj) {
  double energy_pj = base_pj + candidate.words * prices.outermost_pj;
  for (std::size_t x = 0; x < kNumTensors; ++x) energy_pj += candidate.moved[x] * prices.inside_pj[x];
  return energy_pj;
}

LayerBound::Least LayerBound::WithRefills(const OuterTraffic::Candidate& candidate, const Gain& gain,
                                          const BoxCosts& costs, const Prices& prices, const Least& base) const {
  const std::size_t keeper = ToIndex(refills_->keeper());
  const std::size_t source = ToIndex(refills_->source());
  const auto cycles_of = [&](const OuterTraffic::Candidate& moving) {
    return (gain.words[ToIndex(outermost_)] + moving.words) / costs.words_per_cycle[ToIndex(outermost_)];
  };

  OuterTraffic::Candidate outputs_leave = candidate;
  MoveAtLeast(Tensor::kO, traffic_.size(Tensor::kO) * refills_->OutputVisits(costs, gain.refill.reductions),
              &outputs_leave);

  OuterTraffic::Candidate outputs_stay = candidate;
  const double fills = refills_->Fills(costs);
  const double reads = fills / gain.refill.shares;
  const bool from_outermost = refills_->source() == outermost_;
  if (from_outermost) MoveAtLeast(Tensor::kW, reads, &outputs_stay);
  const double moved = outputs_stay.moved[ToIndex(Tensor::kW)];
  double stay_pj = base.energy_pj + std::max(0.0, fills - moved) * costs.energy_pj[keeper];
  double stay_cycles =
      gain.words[keeper] + std::max(0.0, fills / gain.refill.keeper_instances - gain.refill.keeper_part);
  stay_cycles = std::max(base.cycles, stay_cycles / costs.words_per_cycle[keeper]);
  if (!from_outermost) {
    stay_pj += std::max(0.0, reads - moved) * costs.energy_pj[source];
    const double words =
        gain.words[source] + std::max(0.0, reads / gain.refill.source_instances - gain.refill.source_part);
    stay_cycles = std::max(stay_cycles, words / costs.words_per_cycle[source]);
  }
  return {std::min(EnergyOf(outputs_stay, prices, stay_pj), EnergyOf(outputs_leave, prices, base.energy_pj)),
          std::min(std::max(stay_cycles, cycles_of(outputs_stay)), std::max(base.cycles, cycles_of(outputs_leave)))};
}

LayerFigures LayerBound::Evaluate(const BoxCosts& costs, const Gains& gains) const {
  Least least = {kInfinity, kInfinity};
  const std::vector<Resource>& resources = model_.hardware_template().resources();
  for (std::size_t r = 0; r < resources.size(); ++r) {
    const bool missing = resources[r].is_axis() && costs.limit[r] * (1 + kBoundSlack) < 1;
    if (missing) return {kInfinity, kInfinity};
  }
  const double fixed_pj = FixedEnergy(costs, AxisLimits(model_.hardware_template(), costs));
  if (fixed_pj == kInfinity) return {kInfinity, kInfinity};
  const Prices prices = PricesOf(costs);
  for (std::size_t g = 0; g < gains.size(); ++g) {
    EvaluateGroup(traffic_.groups()[g], gains[g], costs, prices, fixed_pj, &least);
  }
  return {least.energy_pj * (1 - kBoundSlack) / kPicoPerMicro, std::ceil(least.cycles * (1 - kBoundSlack))};
}

}  // namespace oneloop
