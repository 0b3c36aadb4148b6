#ifndef ONELOOP_COMMON_MODEL_SMOOTH_SMOOTH_MODEL_H_
#define ONELOOP_COMMON_MODEL_SMOOTH_SMOOTH_MODEL_H_

#include <array>
#include <cmath>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "common/hardware/template.h"
#include "common/mapping/mapping.h"
#include "common/model/exact/cost_model.h"
#include "common/model/goal/goal.h"
#include "common/model/kernel/kernel_program.h"
#include "common/model/kernel/kernel_workspace.h"
#include "common/model/latency/latency_kernel.h"
#include "common/model/latency/latency_predictor.h"
#include "common/workload/workload.h"

namespace oneloop {

// The differentiable form of the cost model, for descent: factors are real and given by their log2, loop orders are
// fixed, blocks and corners of the input are left out, and the hardware is the smallest real-valued one that fits.
// At whole factors its counts equal the exact ones (corners aside). Value, symbols and kinks: docs/MODEL.md; it runs on
// the vectors of batch_kernel.h. Immutable; each thread uses a Workspace of its own. The same arguments give the same
// bits, whatever ran in the workspace before.
class SmoothModel {
 public:
  // One layer's candidate loop orders, mixed with the given weights (≥ 0, sum 1); usually a single one.
  struct Orders {
    std::vector<LoopOrders> candidates;
    std::vector<double> weights;
  };

  class Workspace;
  // A unique_ptr whose deleter is known where the class is.
  struct WorkspaceDeleter {
    void operator()(Workspace* workspace) const;
  };
  using WorkspacePtr = std::unique_ptr<Workspace, WorkspaceDeleter>;

  struct Result {
    double value = 0;  // log2 of the objective plus penalties: what the gradient is of
    WorkloadMetrics metrics;
    HardwarePoint hardware;  // real-valued
    double penalty = 0;      // for resources and limits; without multipliers 0 when all are met
    // Weighted log2 objective of each layer under each of its candidate orders, in order, for softmax weights; empty
    // for a layer with a single one.
    std::vector<std::vector<double>> candidate_costs;
  };

  // Of the first choice of what is kept. `model`, `workload` and `latency` must outlive the model. `ranges` by
  // parameter index. With `latency`, of the same cost model, its prediction stands in the place of the analytical
  // latency; it does not depend on the hardware.
  SmoothModel(const CostModel& model, const Workload& workload, std::vector<ParameterRange> ranges, Goal goal,
              const LatencyPredictor* latency = nullptr);

  // Factors that some layer has more than one value for.
  const std::vector<FactorSlot>& slots() const { return program_.slots; }
  const KernelProgram& program() const { return program_; }
  // Null when the analytical latency counts.
  const LatencyProgram* latency() const { return latency_.has_value() ? &*latency_ : nullptr; }
  // The model of mappings that keep what a choice says (Template::choice); slots and their places are the same.
  const SmoothModel& of_choice(int choice) const {
    return choice == 0 || choices_.empty() ? *this : *choices_[ToIndex(choice - 1)];
  }
  int num_layers() const { return program_.num_layers; }
  // Blocks of layers, each of one network.
  int num_blocks() const { return program_.num_blocks(); }
  int num_slots() const { return static_cast<int>(program_.slots.size()); }
  const FactorSpace& factor_space() const { return model_.factor_space(); }
  int outermost_level() const { return model_.structure().num_levels() - 1; }
  // Whether a layer has more than one value for a slot: its dimension's bound is above 1.
  bool IsActive(int layer, int slot) const { return log2_bound(layer, slot) > 0; }
  // log2 of the bound of a slot's dimension.
  double log2_bound(int layer, int slot) const;

  // Factors, gradients and whatever goes with them are vectors of size() numbers, [block of layers][slot][layer in the
  // block]; places without a layer stay 0. Where the number of one layer and slot stands:
  std::size_t size() const { return size_; }
  std::size_t index(int layer, int slot) const {
    const int row = program_.block_of(layer) * num_slots() + slot;
    return static_cast<std::size_t>(row) * kBlockLanes + static_cast<std::size_t>(program_.lane_of(layer));
  }
  // log2 of the factors of whole mappings, one a layer.
  std::vector<double> FactorsOf(std::span<const Mapping> mappings) const;
  // One layer's part of x, by slot.
  std::vector<double> LayerFactors(std::span<const double> x, int layer) const;

  WorkspacePtr MakeWorkspace() const;

  // x: log2 of the factors, ≥ 0; of dimensions whose factors must divide the sum is at most log2 of the bound. Fills
  // gradient with ∂value/∂x; entries of inactive slots are 0. The value is not finite when x is not, or when `stop`,
  // asked every few dozens of layers, returned true. `multipliers` by limit of the goal; none for zeros.
  void Evaluate(std::span<const double> x, std::span<const Orders> orders, Workspace& workspace,
                std::span<double> gradient, Result* result, const std::function<bool()>& stop = {},
                std::span<const double> multipliers = {}) const;

 private:
  // A resource's limit in log2: log2_coefficient + Σ exponents · log2 of the parameters.
  struct LogLimit {
    double log2_coefficient;
    std::vector<double> exponents;
  };

  void SetOrders(std::span<const Orders> orders, Workspace& workspace) const;
  void SetWeights(std::span<const Orders> orders, Workspace& workspace) const;
  void FindGreatestNeeds(Workspace& workspace) const;
  double Log2Limit(std::size_t resource, const Workspace& workspace) const;
  void SizeHardware(Workspace& workspace, Result* result) const;
  void AddPenalties(Workspace& workspace, Result* result) const;
  void Score(std::span<const Orders> orders, Workspace& workspace, Result* result) const;
  void SumNetworks(const Workspace& workspace, WorkloadMetrics* metrics) const;
  void AddObjective(std::span<const double> multipliers, Workspace& workspace, Result* result) const;
  void BackpropagateCosts(Workspace& workspace) const;
  void BackpropagatePort(std::size_t index, const KernelSums& sums, const ObjectiveWeights& slopes,
                         Workspace& workspace) const;
  void BackpropagateSizes(Workspace& workspace) const;

  const CostModel& model_;
  const KernelProgram program_;
  const std::optional<LatencyProgram> latency_;
  const std::size_t size_;
  std::vector<double> counts_;   // by layer
  std::vector<double> weights_;  // by network; empty when there is but one
  std::vector<double> macs_;     // by network, of one run
  std::vector<ParameterRange> ranges_;
  std::vector<ParameterRange> log2_ranges_;
  std::vector<LogLimit> log_limits_;  // by resource
  Goal goal_;
  std::vector<std::unique_ptr<const SmoothModel>> choices_;  // but the first
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_SMOOTH_SMOOTH_MODEL_H_
