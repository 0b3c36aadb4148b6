#ifndef ONELOOP_COMMON_MODEL_SMOOTH_LAYER_GRADIENT_H_
#define ONELOOP_COMMON_MODEL_SMOOTH_LAYER_GRADIENT_H_

#include <array>
#include <span>
#include <vector>

#include "common/mapping/mapping.h"
#include "common/model/exact/cost_model.h"
#include "common/model/kernel/kernel_workspace.h"
#include "common/model/smooth/smooth_model.h"

namespace oneloop {

// What a small change of each factor does to the cost of one layer on given hardware: the smooth form's derivatives at
// a whole mapping. Where all factors of a dimension divide, what one place loses the outermost level gains; elsewhere
// each factor is free, the outermost level's too, and what they reach beyond the bound only pads. Capacities and limits
// do not enter. Kinks as in SmoothModel. Used by one thread.
class LayerGradient {
 public:
  // `model` must outlive this.
  explicit LayerGradient(const SmoothModel& model);

  // ∂log2(cost)/∂log2(factor) by SmoothModel::slots(), where cost = weights.energy · µJ + weights.latency · cycles of
  // one occurrence; 0 for factors of dimensions with bound 1. Valid until the next call.
  std::span<const double> Evaluate(int layer, const Mapping& mapping, const ComponentCosts& costs,
                                   const ObjectiveWeights& weights);
  // Of the last Evaluate: the derivative by the outermost level's factor; 0 where all factors divide.
  double OutermostSlope(Dim dim) const { return outermost_slopes_[ToIndex(dim)]; }

 private:
  const SmoothModel& model_;
  RowBuffer constants_;  // of all blocks
  RowBuffer masks_;
  RowBuffer x_;
  RowBuffer rests_;
  RowBuffer weight_;
  RowBuffer values_;
  RowBuffer saved_;
  RowBuffer figures_;
  RowBuffer adjoints_;
  RowBuffer rows_;       // the gradient, all lanes
  RowBuffer rest_rows_;  // and by rests
  RowBuffer latency_scratch_;
  RowBuffer latency_slopes_;
  std::vector<const double*> no_slopes_;
  std::vector<double> gradient_;
  std::array<double, kNumDims> outermost_slopes_{};
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_SMOOTH_LAYER_GRADIENT_H_
