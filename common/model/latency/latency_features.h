#ifndef ONELOOP_COMMON_MODEL_LATENCY_LATENCY_FEATURES_H_
#define ONELOOP_COMMON_MODEL_LATENCY_LATENCY_FEATURES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/hardware/template.h"
#include "common/mapping/mapping.h"
#include "common/model/exact/autodiff.h"
#include "common/model/exact/cost_model.h"
#include "common/model/exact/count.h"
#include "common/model/exact/factor.h"
#include "common/model/exact/layer_use.h"
#include "common/workload/dims.h"
#include "common/workload/workload.h"

namespace oneloop {

inline constexpr int kMaxLatencyInputs = 64;
inline constexpr int kMaxLatencyBase = kNumDims * kMaxLevels + kMaxAxes * (kNumDims + 1) + kMaxLevels * 6;

// What a latency predictor knows of one layer's mapping: log2 of quantities that every hierarchy has (docs/MODEL.md,
// "Learned latency"). They come in two steps. The *base* holds log2 of bounds, factors, copies, fills, windows and
// accesses, from whole numbers, from the smooth rules, or from the vector kernel's rows. The *inputs* are sums of them,
// so that the three forms share all that follows. No level, layer or template is known by name.
//
// A timing belongs to one hardware point: sizes of axes and bandwidths are constants here. Copies beyond the size of an
// axis take turns. Immutable; thread-safe.
class LatencyFeatures {
 public:
  // Places in the base.
  class Base {
   public:
    Base(int num_levels, int num_axes) : num_levels_(num_levels), num_axes_(num_axes) {}
    int size() const { return LevelBegin(num_levels_); }

    int Bound(Dim dim) const { return Index(dim); }
    // Of all levels but the outermost, whose factors follow from the bounds.
    int Temporal(int level, Dim dim) const { return kNumDims * (1 + level) + Index(dim); }
    int Spatial(int axis, Dim dim) const { return AxisBegin(axis) + Index(dim); }
    // Copies along an axis, at most its size. Kinked there.
    int Copies(int axis) const { return AxisBegin(axis) + kNumDims; }
    // Of levels that keep the tensor, but the outermost: words that fill all instances.
    int Fills(int level, Tensor tensor) const { return LevelBegin(level) + Index(tensor); }
    // Of levels that keep inputs, but the outermost: extents of the tile's window.
    int Width(int level) const { return LevelBegin(level) + kNumTensors; }
    int Height(int level) const { return LevelBegin(level) + kNumTensors + 1; }
    // Of levels that keep something, but the outermost: words of all flows and instances.
    int Accesses(int level) const { return LevelBegin(level) + kNumTensors + 2; }

   private:
    int AxisBegin(int axis) const { return kNumDims * num_levels_ + axis * (kNumDims + 1); }
    int LevelBegin(int level) const { return AxisBegin(num_axes_) + level * (kNumTensors + 3); }

    int num_levels_;
    int num_axes_;
  };

  // constant + Σ coefficient · base.
  struct Input {
    struct Part {
      int base;
      double coefficient;
    };
    std::string name;  // "tile K", "loads O at level 1"
    bool of_factors;   // known from the mapping's factors, without counting
    double constant = 0;
    std::vector<Part> parts;
  };

  // Cycles of the physical part: coefficient · scale · 2^(plus − minus), by inputs; kNoInput is 0.
  static constexpr int kNoInput = -1;
  struct Term {
    int parameter;
    double scale;
    int plus;
    int minus;
  };
  // A coefficient of the physical part: its value without measurements, and the standard deviation of its natural
  // logarithm, how far measurements may move it.
  struct Parameter {
    std::string name;
    double prior;  // cycles
    double log_sigma;
  };

  // `hardware`: where latencies are measured. `model` must outlive the features.
  LatencyFeatures(const CostModel& model, const HardwarePoint& hardware);

  const CostModel& model() const { return model_; }
  const Base& base() const { return base_; }
  const std::vector<Input>& inputs() const { return inputs_; }
  int num_inputs() const { return static_cast<int>(inputs_.size()); }
  // A learner uses the first so many inputs; the others serve the physical part only.
  int num_learner_inputs() const { return num_learner_inputs_; }
  // The input that holds the cycles with every multiply-accumulate unit at work throughout.
  int peak_input() const { return peak_input_; }
  const std::vector<Parameter>& parameters() const { return parameters_; }
  // Components that run side by side, and terms that nothing hides.
  const std::vector<std::vector<Term>>& overlapping() const { return overlapping_; }
  const std::vector<Term>& serial() const { return serial_; }
  double log2_axis_size(int axis) const { return log2_axis_sizes_[static_cast<std::size_t>(axis)]; }

  // The base of a whole-number mapping; `use` is CostModel::Use of it. Allocates nothing.
  void SetBase(const LayerShape& shape, const Mapping& mapping, const LayerUse& use, std::span<double> base) const;

  // The base by the smooth rules, S = double or Var. `factors` as they were counted; spatial: log2 by axis and
  // dimension.
  template <class S>
  void SetSmoothBase(const LayerShape& shape, const NestFactors<LogFactor<S>>& factors,
                     const std::array<std::array<S, kNumDims>, kMaxAxes>& spatial,
                     const NestCounts<LogFactor<S>>& counts, std::span<S> base) const;

  template <class S>
  void SetInputs(std::span<const S> base, std::span<S> inputs) const {
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      S sum(inputs_[i].constant);
      for (const Input::Part& part : inputs_[i].parts) {
        sum = sum + base[static_cast<std::size_t>(part.base)] * S(part.coefficient);
      }
      inputs[i] = sum;
    }
  }

 private:
  class Builder;

  // Copies and windows, from bounds and factors.
  template <class S>
  void CompleteBase(const LayerShape& shape, std::span<S> base) const;
  template <class S>
  S Extent(std::span<S> base, int level, Dim dim) const;

  const CostModel& model_;
  Base base_;
  std::vector<double> log2_axis_sizes_;
  std::vector<Input> inputs_;
  int num_learner_inputs_ = 0;
  int peak_input_ = 0;
  std::vector<Parameter> parameters_;
  std::vector<std::vector<Term>> overlapping_;
  std::vector<Term> serial_;
};

template <class S>
S LatencyFeatures::Extent(std::span<S> base, int level, Dim dim) const {
  S extent(0.0);
  for (int inner = 0; inner <= level; ++inner) extent = extent + base[ToIndex(base_.Temporal(inner, dim))];
  const auto& axes = model_.hardware_template().axes();
  for (std::size_t a = 0; a < axes.size(); ++a) {
    if (axes[a].level <= level) extent = extent + base[ToIndex(base_.Spatial(static_cast<int>(a), dim))];
  }
  return extent;
}

template <class S>
void LatencyFeatures::CompleteBase(const LayerShape& shape, std::span<S> base) const {
  const Template& hardware_template = model_.hardware_template();
  for (std::size_t a = 0; a < hardware_template.axes().size(); ++a) {
    const int axis = static_cast<int>(a);
    S copies(0.0);
    for (const Dim dim : kAllDims) copies = copies + base[ToIndex(base_.Spatial(axis, dim))];
    base[ToIndex(base_.Copies(axis))] = Min(copies, S(log2_axis_sizes_[a]));
  }
  const auto window = [&](int level, Dim outputs, Dim filters, std::int64_t stride, std::int64_t dilation) {
    return Log2((Exp2(Extent(base, level, outputs)) - S(1.0)) * S(static_cast<double>(stride)) +
                (Exp2(Extent(base, level, filters)) - S(1.0)) * S(static_cast<double>(dilation)) + S(1.0));
  };
  for (int level = 0; level + 1 < hardware_template.num_levels(); ++level) {
    if (!hardware_template.level(level).keeps.Has(Tensor::kI)) continue;
    base[ToIndex(base_.Width(level))] = window(level, Dim::kP, Dim::kR, shape.w_stride, shape.w_dilation);
    base[ToIndex(base_.Height(level))] = window(level, Dim::kQ, Dim::kS, shape.h_stride, shape.h_dilation);
  }
}

template <class S>
void LatencyFeatures::SetSmoothBase(const LayerShape& shape, const NestFactors<LogFactor<S>>& factors,
                                    const std::array<std::array<S, kNumDims>, kMaxAxes>& spatial,
                                    const NestCounts<LogFactor<S>>& counts, std::span<S> base) const {
  const Template& hardware_template = model_.hardware_template();
  for (S& number : base) number = S(0.0);
  for (const Dim dim : kAllDims) {
    base[ToIndex(base_.Bound(dim))] = S(std::log2(static_cast<double>(shape.bound(dim))));
    if (shape.bound(dim) == 1) continue;
    for (int level = 0; level + 1 < hardware_template.num_levels(); ++level) {
      base[ToIndex(base_.Temporal(level, dim))] = factors.temporal[ToIndex(level)][ToIndex(Index(dim))].log2;
    }
    for (std::size_t a = 0; a < hardware_template.axes().size(); ++a) {
      base[ToIndex(base_.Spatial(static_cast<int>(a), dim))] = spatial[a][ToIndex(Index(dim))];
    }
  }
  CompleteBase(shape, base);
  for (int level = 0; level + 1 < hardware_template.num_levels(); ++level) {
    if (hardware_template.level(level).keeps.empty()) continue;
    S accesses(0.0);
    for (const Tensor tensor : kAllTensors) {
      if (!hardware_template.level(level).keeps.Has(tensor)) continue;
      const TensorCounts<S>& count = counts.tensors[ToIndex(level)][ToIndex(Index(tensor))];
      base[ToIndex(base_.Fills(level, tensor))] = Log2(count.fills);
      accesses = accesses + count.reads + count.fills + count.updates;
    }
    base[ToIndex(base_.Accesses(level))] = Log2(accesses);
  }
}

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_LATENCY_LATENCY_FEATURES_H_
