#include "common/model/smooth/layer_gradient.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

#include "common/model/kernel/batch_kernel.h"

namespace oneloop {

LayerGradient::LayerGradient(const SmoothModel& model)
    : model_(model),
      no_slopes_(model.program().needs.size(), nullptr),
      gradient_(static_cast<std::size_t>(model.num_slots())) {
  const KernelProgram& program = model.program();
  constants_.Resize(static_cast<std::size_t>(program.num_blocks()) * static_cast<std::size_t>(program.num_constants));
  std::copy(program.constants.begin(), program.constants.end(), constants_.row(0));
  masks_.Resize(program.masks.size());
  x_.Resize(program.slots.size());
  rests_.Resize(program.rests.size());
  rest_rows_.Resize(program.rests.size());
  weight_.Resize(1);
  values_.Resize(static_cast<std::size_t>(program.num_rows));
  saved_.Resize(static_cast<std::size_t>(program.num_saved));
  figures_.Resize(NumFigureRows(program));
  adjoints_.Resize(static_cast<std::size_t>(program.num_rows));
  rows_.Resize(program.slots.size());
  if (model.latency() == nullptr) return;
  latency_scratch_.Resize(static_cast<std::size_t>(model.latency()->num_scratch_rows()));
  latency_slopes_.Resize(model.latency()->rows.size());
}

std::span<const double> LayerGradient::Evaluate(int layer, const Mapping& mapping, const ComponentCosts& costs,
                                                const ObjectiveWeights& weights) {
  const KernelProgram& program = model_.program();
  const int lane = program.lane_of(layer);
  SetLaneOrder(program, mapping.order, lane, kBlockLanes, masks_.row(0));
  // The block's other layers are computed along, wholly in the outermost level, and count nothing.
  std::fill_n(weight_.row(0), kBlockLanes, 0.0);
  weight_.row(0)[lane] = 1;
  std::fill_n(x_.row(0), program.slots.size() * kBlockLanes, 0.0);
  for (std::size_t s = 0; s < program.slots.size(); ++s) {
    x_.row(s)[lane] = std::log2(static_cast<double>(FactorAt(mapping, program.slots[s])));
  }
  const double* constants = constants_.row(static_cast<std::size_t>(program.block_of(layer)) *
                                           static_cast<std::size_t>(program.num_constants));
  for (std::size_t r = 0; r < program.rests.size(); ++r) {
    const KernelProgram::Rest& rest = program.rests[r];
    std::copy_n(constants + ToIndex(rest.constant) * kBlockLanes, kBlockLanes, rests_.row(r));
    rests_.row(r)[lane] = std::log2(static_cast<double>(mapping.t(model_.outermost_level(), rest.dim)));
  }
  const KernelBlock block{&program,      kBlockLanes,    constants,      masks_.row(0), x_.row(0),
                          rests_.row(0), weight_.row(0), values_.row(0), saved_.row(0), figures_.row(0)};
  const KernelCosts kernel_costs = KernelCostsOf(program, costs);
  KernelSums sums;
  ForwardBlocks({&block, 1});
  ScoreBlock(block, kernel_costs, &sums);
  if (model_.latency() != nullptr) {
    sums.latency_cycles = CorrectBlock(block, *model_.latency(), program.block_of(layer), latency_scratch_.row(0),
                                       latency_slopes_.row(0));
  }
  const double cost = weights.energy * sums.energy_uj + weights.latency * sums.latency_cycles;
  const double scale = std::numbers::ln2 * cost;
  const BlockSlopes of_block{weights.energy / scale, weights.latency / scale};
  KernelSlopes slopes{&of_block, no_slopes_.data()};
  if (model_.latency() != nullptr) {
    slopes.latency_rows = model_.latency()->rows;
    slopes.latency_slopes = latency_slopes_.row(0);
  }
  BackwardBlocks({&block, 1}, kernel_costs, slopes, adjoints_.row(0), false, rows_.row(0), rest_rows_.row(0));
  for (std::size_t s = 0; s < gradient_.size(); ++s) gradient_[s] = rows_.row(s)[lane];
  for (std::size_t r = 0; r < program.rests.size(); ++r) {
    const KernelProgram::Rest& rest = program.rests[r];
    const bool is_free =
        rest.over != KernelProgram::kNoRow && constants[ToIndex(rest.constant) * kBlockLanes + ToIndex(lane)] > 0;
    outermost_slopes_[ToIndex(rest.dim)] = is_free ? rest_rows_.row(r)[lane] : 0;
  }
  return gradient_;
}

}  // namespace oneloop
