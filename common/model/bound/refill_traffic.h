#ifndef ONELOOP_COMMON_MODEL_BOUND_REFILL_TRAFFIC_H_
#define ONELOOP_COMMON_MODEL_BOUND_REFILL_TRAFFIC_H_

#include <optional>
#include <vector>

#include "common/hardware/template.h"
#include "common/model/bound/box_costs.h"
#include "common/model/bound/tile_shape.h"
#include "common/model/structure/structure.h"
#include "common/workload/workload.h"

namespace oneloop {

// What small output buffers cost a layer in weights. A keeper of weights uses each fill for no more outputs than the
// outputs' outermost buffer, which lies between it and its source, can hold; or else the outputs leave that buffer for
// each step of the reduction. Inequalities: docs/MODEL.md, section "Lower bound". Immutable; thread-safe.
class RefillTraffic {
 public:
  // Nothing when the hierarchy has no such levels, or they cost the layer nothing. The template must outlive this.
  // Takes what it keeps off `budget`.
  static std::optional<RefillTraffic> Create(const Template& hardware_template, const Structure& structure,
                                             const LayerShape& shape, ProofBudget* budget);

  int keeper() const { return keeper_; }  // of weights
  int source() const { return source_; }  // that fills it

  // Fills of the keeper, all instances, if outputs may stay in their buffer; at least.
  double Fills(const BoxCosts& costs) const;
  // How often each output leaves its buffer otherwise, at least, given the most copies that reduce to one output.
  double OutputVisits(const BoxCosts& costs, double reductions) const;

 private:
  explicit RefillTraffic(const Template& hardware_template) : template_(&hardware_template) {}

  double CapacityWords(int level, Tensor tensor, const BoxCosts& costs) const;

  const Template* template_;
  int keeper_ = 0;
  int source_ = 0;
  int buffer_ = 0;                // of outputs
  bool keeps_reduction_ = false;  // the keeper's tile may have more than one step of the reduction in it
  double macs_ = 0;
  double reduction_ = 0;       // steps of it
  double outputs_ = 0;         // that use one weight
  std::vector<double> reuse_;  // what divides them, ascending; empty when it is too many
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_BOUND_REFILL_TRAFFIC_H_
