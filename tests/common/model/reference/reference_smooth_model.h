#ifndef ONELOOP_TESTS_COMMON_MODEL_REFERENCE_REFERENCE_SMOOTH_MODEL_H_
#define ONELOOP_TESTS_COMMON_MODEL_REFERENCE_REFERENCE_SMOOTH_MODEL_H_

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "common/mapping/factor_space.h"
#include "common/model/exact/cost_model.h"
#include "common/model/smooth/smooth_model.h"
#include "common/workload/workload.h"

namespace oneloop {

// SmoothModel by the templated rules of count.h on a tape, one layer after the other: slow, and without any structure
// of its own. What the fast kernel is tested against. x and gradients are [layer][slot], with every slot that the
// template allows.
class ReferenceSmoothModel {
 public:
  using Orders = SmoothModel::Orders;
  using Result = SmoothModel::Result;

  class Workspace;
  // A unique_ptr whose deleter is known where the class is.
  struct WorkspaceDeleter {
    void operator()(Workspace* workspace) const;
  };
  using WorkspacePtr = std::unique_ptr<Workspace, WorkspaceDeleter>;

  // Both must outlive the model. `ranges` by parameter index.
  ReferenceSmoothModel(const CostModel& model, const Workload& workload, std::vector<ParameterRange> ranges, Goal goal);

  const std::vector<FactorSlot>& slots() const { return slots_; }
  int num_layers() const { return static_cast<int>(layers_.size()); }
  int num_slots() const { return static_cast<int>(slots_.size()); }
  int outermost_level() const { return model_.structure().num_levels() - 1; }
  // Whether a layer has more than one value for a slot: its dimension's bound is above 1.
  bool IsActive(int layer, int slot) const;

  WorkspacePtr MakeWorkspace() const;

  // x[layer * num_slots() + slot] = log2 of the factor, ≥ 0; of dimensions whose factors must divide the sum is at most
  // log2 of the bound. Fills gradient (same shape) with ∂value/∂x; entries of inactive slots are 0.
  void Evaluate(std::span<const double> x, std::span<const Orders> orders, Workspace& workspace,
                std::span<double> gradient, Result* result) const;

 private:
  struct LayerInfo {
    LayerShape shape;
    double count;
    std::array<double, kNumDims> log2_bounds;
  };

  void CountLayer(int layer, std::span<const double> x, const Orders& orders, Workspace& workspace) const;
  void SizeHardware(Workspace& workspace, Result* result) const;
  void ScoreLayers(std::span<const Orders> orders, Workspace& workspace, Result* result) const;
  void AddObjective(Workspace& workspace, Result* result) const;
  void BackpropagateScores(std::span<const Orders> orders, Workspace& workspace) const;
  void BackpropagateHardware(Workspace& workspace) const;
  void CollectGradient(std::span<double> gradient, Workspace& workspace) const;

  const CostModel& model_;
  const FactorSpace space_;
  std::vector<LayerInfo> layers_;
  std::vector<ParameterRange> ranges_;
  Goal goal_;
  std::vector<FactorSlot> slots_;
};

}  // namespace oneloop

#endif  // ONELOOP_TESTS_COMMON_MODEL_REFERENCE_REFERENCE_SMOOTH_MODEL_H_
