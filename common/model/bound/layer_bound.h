#ifndef ONELOOP_COMMON_MODEL_BOUND_LAYER_BOUND_H_
#define ONELOOP_COMMON_MODEL_BOUND_LAYER_BOUND_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/model/bound/box_costs.h"
#include "common/model/bound/inner_traffic.h"
#include "common/model/bound/outer_traffic.h"
#include "common/model/bound/refill_traffic.h"
#include "common/model/bound/spatial_reach.h"
#include "common/model/exact/cost_model.h"
#include "common/workload/workload.h"

namespace oneloop {

// Lower bounds on energy and latency of one occurrence of a layer, over all mappings that fit some hardware point of a
// box. The inequalities and why they hold for the exact model: docs/MODEL.md, section "Lower bound". Immutable;
// thread-safe.
class LayerBound {
 public:
  // What axes of given lengths make of one group of tiles: the least work, at the best unrolling.
  struct Gain {
    // Of RefillTraffic's levels.
    struct Refill {
      double multicast = 1;         // copies of the keeper that one read of the source serves
      double keeper_instances = 1;  // most
      double source_instances = 1;
      double keeper_part = 0;  // of the weights, that `load` counts as filled, of one instance
      double source_part = 0;  // and as read
      double reducing = 1;     // copies that reduce to one output, most
    };
    std::array<double, kNumTensors> requests{};  // of the multiply-accumulates to each tensor's innermost keeper
    double compute = 0;                          // multiply-accumulates of one unit
    double reducing = 1;                         // copies of the outputs' innermost keeper that reduce, most
    std::array<double, kMaxLevels> instances{};  // most
    std::array<double, kMaxLevels> work{};       // multiply-accumulates, by the copies inside one instance
    std::array<double, kMaxPorts> load{};        // of one instance; at the outermost level without OuterTraffic's
    std::array<double, OuterTraffic::kMaxNeeds> parts{};  // copies that can hold different parts of a tile
    // Of fan-outs inside the innermost keepers: words of the multiply-accumulates before they are shared there, and
    // after.
    struct Crossing {
      double before = 0;
      double after = 0;
    };
    std::array<Crossing, kMaxLevels> crossing{};  // of all tensors; without links, nothing
    Refill refill;
  };
  using Gains = std::vector<Gain>;  // by group

  // `most`: the costs of the box that holds all boxes to be asked for. `model` must outlive the bound. `small_buffers`:
  // looks at what they cost in refills, too. Takes what it keeps off `budget`; once that is stopped, the bound must not
  // be asked.
  LayerBound(const CostModel& model, const LayerShape& shape, const BoxCosts& most, bool small_buffers,
             ProofBudget* budget);

  std::size_t num_groups() const { return reach_.size(); }
  Gains GainsAt(const SpatialReach::Limits& limits) const;

  // Infinite figures when no mapping fits. Energy and latency are bounded apart: no mapping need reach both. `gains`:
  // at the axis limits of `costs`.
  LayerFigures Evaluate(const BoxCosts& costs, const Gains& gains) const;

 private:
  // What a word across the outermost boundary costs there and, by what follows from it, further in.
  struct Prices {
    WordPrices words;
    std::array<double, kNumTensors> moved_pj{};  // of all
    double first_pj = 0;                         // of an output's first load across the boundary, which is not made
    double least_pj = 0;                         // of the boundary alone, of any word
  };
  // The part of a port of the outermost level in the words that cross the boundary.
  struct OuterPort {
    std::size_t port;
    std::array<double, kNumTensors> weight{};
    double first = 0;  // words that are not loaded
    bool all = false;  // of every tensor and flow, alike
  };
  // Figures without units' conversion: pJ and cycles.
  struct Least {
    double energy_pj;
    double cycles;
  };

  Gain GainOf(const SpatialReach& reach, const SpatialReach::Limits& limits) const;
  // Words of one instance by flow, without what OuterTraffic counts.
  using Words = std::array<double, kNumFlowKinds>;
  Words LeastWords(Tensor tensor, int level, const Gain& gain, const SpatialReach& reach,
                   const SpatialReach::Limits& limits) const;
  void AddLoads(const SpatialReach& reach, const SpatialReach::Limits& limits, Gain* gain) const;
  std::vector<OuterPort> OuterPorts() const;
  double CyclesAcross(const OuterTraffic::Candidate& candidate, const Gain& gain, const BoxCosts& costs) const;
  bool IsInner(Tensor tensor, std::size_t keeper) const;
  // Whether nothing is known of how often a tensor's words come back to keepers inside its outermost one (B41).
  bool ComesOnceInside(Tensor tensor) const { return tensor == Tensor::kI || !uneven_.empty(); }
  // Innermost fan-out whose copies along the window may save the source of a keeper's inputs a word.
  int FirstCoinciding(int keeper) const { return uneven_.empty() ? keeper + 2 : keeper + 1; }
  bool MayHandOver(int keeper) const;
  LayerFigures EvaluateAt(const BoxCosts& costs, const Gains& gains) const;
  double FixedEnergy(const BoxCosts& costs, const WordPrices& words, const SpatialReach::Limits& limits) const;
  Prices PricesOf(const BoxCosts& costs, const WordPrices& words) const;
  double EnergyInside(const Gain& gain, const BoxCosts& costs, const WordPrices& words, double cycles) const;
  void EvaluateGroup(const OuterTraffic::Group& group, const Gain& gain, const BoxCosts& costs, const Prices& prices,
                     double fixed_pj, Least* least) const;
  double EnergyOf(const OuterTraffic::Candidate& candidate, const Prices& prices, double base_pj) const;
  Gain::Refill RefillOf(const SpatialReach& reach, const SpatialReach::Limits& limits) const;
  // The cycles of a level's ports with so many words more of one flow of the weights than `gain` counts.
  double CyclesWith(int level, FlowKind kind, double more, const Gain& gain, const BoxCosts& costs) const;
  // The least of two cases: outputs stay in their buffer and weights come back, or outputs leave it.
  Least WithRefills(const OuterTraffic::Candidate& candidate, const Gain& gain, const BoxCosts& costs,
                    const Prices& prices, const Least& base) const;
  const std::vector<int>& Keepers(Tensor tensor) const;

  const CostModel& model_;
  DimSet uneven_;  // whose factors need not divide
  int outermost_;
  double macs_;
  bool first_loads_;  // an output's first load is a fill
  bool counts_inputs_;
  bool has_links_ = false;
  OuterTraffic traffic_;
  std::vector<OuterPort> outer_ports_;  // that may limit
  std::vector<SpatialReach> reach_;     // by group
  SpatialReach whole_reach_;
  std::vector<InnerTraffic> inner_;
  std::optional<RefillTraffic> refills_;
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_BOUND_LAYER_BOUND_H_
