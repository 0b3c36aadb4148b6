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
      double shares = 1;            // copies of the keeper that share a read of the source
      double keeper_instances = 1;  // most
      double source_instances = 1;
      double keeper_part = 0;  // of the weights, that `words` counts as filled, of one instance
      double source_part = 0;  // and as read
      double reductions = 1;   // copies that reduce to one output, most
    };
    std::array<double, kNumTensors> requests{};  // of the multiply-accumulates to each tensor's innermost keeper
    double compute = 0;                          // multiply-accumulates of one unit
    std::array<double, kMaxLevels> words{};      // of one instance; of the outermost level, without OuterTraffic's
    std::array<double, kMaxResources> copies{};  // of a level, that can hold different parts of a tile
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
  // pJ per word by tensor for words across the outermost boundary, and for what follows from each further in.
  struct Prices {
    double outermost_pj = 0;
    std::array<double, kNumTensors> inside_pj{};
  };
  // Figures without units' conversion: pJ and cycles.
  struct Least {
    double energy_pj;
    double cycles;
  };

  Gain GainOf(const SpatialReach& reach, const SpatialReach::Limits& limits) const;
  bool IsInner(Tensor tensor, std::size_t keeper) const;
  double FixedEnergy(const BoxCosts& costs, const SpatialReach::Limits& limits) const;
  Prices PricesOf(const BoxCosts& costs) const;
  void EvaluateGroup(const OuterTraffic::Group& group, const Gain& gain, const BoxCosts& costs, const Prices& prices,
                     double fixed_pj, Least* least) const;
  static double EnergyOf(const OuterTraffic::Candidate& candidate, const Prices& prices, double base_pj);
  Gain::Refill RefillOf(const SpatialReach& reach, const SpatialReach::Limits& limits) const;
  // The least of two cases: outputs stay in their buffer and weights come back, or outputs leave it.
  Least WithRefills(const OuterTraffic::Candidate& candidate, const Gain& gain, const BoxCosts& costs,
                    const Prices& prices, const Least& base) const;
  const std::vector<int>& Keepers(Tensor tensor) const;

  const CostModel& model_;
  int outermost_;
  double macs_;
  OuterTraffic traffic_;
  std::vector<SpatialReach> reach_;  // by group
  SpatialReach whole_reach_;
  std::vector<InnerTraffic> inner_;
  std::optional<RefillTraffic> refills_;
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_BOUND_LAYER_BOUND_H_
