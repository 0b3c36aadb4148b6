#ifndef ONELOOP_TESTS_COMMON_MODEL_REFERENCE_LATENCY_BASE_H_
#define ONELOOP_TESTS_COMMON_MODEL_REFERENCE_LATENCY_BASE_H_

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "common/model/latency/latency_features.h"
#include "common/model/structure/structure.h"
#include "common/workload/dims.h"
#include "tests/common/model/reference/count.h"
#include "tests/common/model/reference/factor.h"

namespace oneloop {

// The base of LatencyFeatures by the smooth rules, S = double or Var: what the vector kernel's is tested against.

template <class S>
S SmoothExtent(const LatencyFeatures& features, std::span<S> base, int level, Dim dim) {
  S extent(0.0);
  for (int inner = 0; inner <= level; ++inner) extent = extent + base[ToIndex(features.base().Temporal(inner, dim))];
  const auto& axes = features.model().hardware_template().axes();
  for (std::size_t a = 0; a < axes.size(); ++a) {
    if (axes[a].level <= level) extent = extent + base[ToIndex(features.base().Spatial(static_cast<int>(a), dim))];
  }
  return extent;
}

template <class S>
void CompleteSmoothBase(const LatencyFeatures& features, const LayerShape& shape, std::span<S> base) {
  const Template& hardware_template = features.model().hardware_template();
  for (std::size_t a = 0; a < hardware_template.axes().size(); ++a) {
    const int axis = static_cast<int>(a);
    S copies(0.0);
    for (const Dim dim : kAllDims) copies = copies + base[ToIndex(features.base().Spatial(axis, dim))];
    base[ToIndex(features.base().Copies(axis))] = Min(copies, S(features.log2_axis_size(axis)));
  }
  const auto window = [&](int level, Dim outputs, Dim filters, std::int64_t stride, std::int64_t dilation) {
    return Log2((Exp2(SmoothExtent(features, base, level, outputs)) - S(1.0)) * S(static_cast<double>(stride)) +
                (Exp2(SmoothExtent(features, base, level, filters)) - S(1.0)) * S(static_cast<double>(dilation)) +
                S(1.0));
  };
  for (int level = 0; level + 1 < hardware_template.num_levels(); ++level) {
    if (!hardware_template.level(level).keeps.Has(Tensor::kI)) continue;
    base[ToIndex(features.base().Width(level))] = window(level, Dim::kP, Dim::kR, shape.w_stride, shape.w_dilation);
    base[ToIndex(features.base().Height(level))] = window(level, Dim::kQ, Dim::kS, shape.h_stride, shape.h_dilation);
  }
}

// `factors` as they were counted; spatial: log2 by axis and dimension.
template <class S>
void SetSmoothBase(const LatencyFeatures& features, const LayerShape& shape, const NestFactors<LogFactor<S>>& factors,
                   const std::array<std::array<S, kNumDims>, kMaxAxes>& spatial, const NestCounts<LogFactor<S>>& counts,
                   std::span<S> base) {
  const Template& hardware_template = features.model().hardware_template();
  for (S& number : base) number = S(0.0);
  for (const Dim dim : kAllDims) {
    base[ToIndex(features.base().Bound(dim))] = S(std::log2(static_cast<double>(shape.bound(dim))));
    if (shape.bound(dim) == 1) continue;
    for (int level = 0; level + 1 < hardware_template.num_levels(); ++level) {
      base[ToIndex(features.base().Temporal(level, dim))] = factors.temporal[ToIndex(level)][ToIndex(Index(dim))].log2;
    }
    for (std::size_t a = 0; a < hardware_template.axes().size(); ++a) {
      base[ToIndex(features.base().Spatial(static_cast<int>(a), dim))] = spatial[a][ToIndex(Index(dim))];
    }
  }
  CompleteSmoothBase(features, shape, base);
  const Structure& structure = features.model().structure();
  const auto count_of = [&counts](const Flow& flow) {
    const TensorCounts<S>& count = counts.tensors[ToIndex(flow.level)][ToIndex(flow.tensor)];
    return flow.kind == FlowKind::kRead ? count.reads : flow.kind == FlowKind::kFill ? count.fills : count.updates;
  };
  for (const Flow& flow : structure.flows()) {
    if (flow.kind == FlowKind::kFill)
      base[ToIndex(features.base().Fills(flow.level, flow.tensor))] = Log2(count_of(flow));
  }
  for (std::size_t p = 0; p < structure.ports().size(); ++p) {
    if (!features.HasAccesses(static_cast<int>(p))) continue;
    S accesses(0.0);
    for (const int flow : structure.ports()[p].flows) accesses = accesses + count_of(structure.flows()[ToIndex(flow)]);
    base[ToIndex(features.base().Accesses(static_cast<int>(p)))] = Log2(accesses + S(1.0) - Min(accesses, S(1.0)));
  }
}

}  // namespace oneloop

#endif  // ONELOOP_TESTS_COMMON_MODEL_REFERENCE_LATENCY_BASE_H_
