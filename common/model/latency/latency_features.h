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
#include "common/model/exact/cost_model.h"
#include "common/model/exact/layer_use.h"
#include "common/workload/dims.h"
#include "common/workload/workload.h"

namespace oneloop {

inline constexpr int kMaxLatencyInputs = 96;
inline constexpr int kMaxLatencyBase =
    kNumDims * kMaxLevels + kMaxAxes * (kNumDims + 1) + kMaxLevels * (kNumTensors + 2) + kMaxPorts;

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
    Base(int num_levels, int num_axes, int num_ports)
        : num_levels_(num_levels), num_axes_(num_axes), num_ports_(num_ports) {}
    int size() const { return Accesses(num_ports_); }

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
    // Of ports that HasAccesses: words of all their flows and of all instances, at least
    // one. Kinked there.
    int Accesses(int port) const { return LevelBegin(num_levels_) + port; }

   private:
    int AxisBegin(int axis) const { return kNumDims * num_levels_ + axis * (kNumDims + 1); }
    int LevelBegin(int level) const { return AxisBegin(num_axes_) + level * (kNumTensors + 2); }

    int num_levels_;
    int num_axes_;
    int num_ports_;
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
  // Whether a port, by Structure::ports(), limits a level inside the outermost.
  bool HasAccesses(int port) const;
  double log2_axis_size(int axis) const { return log2_axis_sizes_[static_cast<std::size_t>(axis)]; }

  // The base of a whole-number mapping; `use` is CostModel::Use of it. Allocates nothing.
  void SetBase(const LayerShape& shape, const Mapping& mapping, const LayerUse& use, std::span<double> base) const;

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
  void CompleteBase(const LayerShape& shape, std::span<double> base) const;
  double Extent(std::span<double> base, int level, Dim dim) const;

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

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_LATENCY_LATENCY_FEATURES_H_
