#ifndef ONELOOP_COMMON_MODEL_BOUND_SPATIAL_REACH_H_
#define ONELOOP_COMMON_MODEL_BOUND_SPATIAL_REACH_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "common/hardware/template.h"
#include "common/model/structure/structure.h"
#include "common/workload/dims.h"
#include "common/workload/workload.h"

namespace oneloop {

// Upper bounds on what one layer can gain from a template's spatial axes: the products of spatial factors over several
// levels, given the most copies along each axis. Every axis takes the best divisors of the layer's bounds on its own,
// or any numbers where they need not divide, so that no mapping does better. Immutable; thread-safe.
class SpatialReach {
 public:
  // Most copies along each axis, by Template::axes().
  using Limits = std::array<double, kMaxAxes>;
  static constexpr std::size_t kMaxSteps = 4096;

  // What may be spread: factors of a dimension have a product of at most inside.bound(dim); those that are not in
  // `uneven` divide it. `shape`: the layer, whose loops they are.
  struct Spread {
    const LayerShape& shape;
    const LayerShape& inside;
    DimSet uneven;
  };

  // No larger limits will be asked for than `most`. Of each axis at most `max_steps` numbers of copies are told apart.
  // Once `stop` returns true, the rest is left out, and this must not be asked.
  SpatialReach(const Template& hardware_template, const Structure& structure, const Spread& spread, const Limits& most,
               std::size_t max_steps = kMaxSteps, const std::function<bool()>& stop = {});

  // What is kept, in steps of 16 bytes.
  std::int64_t num_steps() const { return num_steps_; }

  // Copies of any kind, in the fan-outs of levels first..last.
  double Copies(int first, int last, const Limits& limits) const { return Product(kAny, first, last, limits, false); }
  // By which they divide the work of the busiest one: fewer where the last of several runs leaves some idle (B36).
  double Speedup(int first, int last, const Limits& limits) const { return Product(kAny, first, last, limits, true); }
  // Copies that hold different parts of X.
  double Parts(Tensor tensor, int first, int last, const Limits& limits) const {
    return Product(kPart + static_cast<std::size_t>(tensor), first, last, limits, false);
  }
  // By which they divide the part of X that the busiest one sees (B36).
  double Split(Tensor tensor, int first, int last, const Limits& limits) const {
    return Product(kPart + static_cast<std::size_t>(tensor), first, last, limits, true);
  }
  // By which multicast, or reduction of outputs, divides the multiply-accumulates' requests for X (B36).
  double Multicast(Tensor tensor, int first, int last, const Limits& limits) const {
    return Product(kMulticast + static_cast<std::size_t>(tensor), first, last, limits, true);
  }
  // Copies that work on the same part of the outputs, whether they reduce on the way or not.
  double Reducing(int first, int last, const Limits& limits) const {
    return Product(kReducing, first, last, limits, false);
  }
  // The part of the input's multicast that comes from windows that coincide.
  double Coinciding(int first, int last, const Limits& limits) const {
    return Product(kCoinciding, first, last, limits, false);
  }

 private:
  // Gains are products of factors to the power of a weight, 0 to 1, for each of these purposes.
  static constexpr std::size_t kAny = 0;
  static constexpr std::size_t kPart = 1;
  static constexpr std::size_t kMulticast = kPart + kNumTensors;
  static constexpr std::size_t kReducing = kMulticast + kNumTensors;
  static constexpr std::size_t kCoinciding = kReducing + 1;
  static constexpr std::size_t kNumPurposes = kCoinciding + 1;
  using Weights = std::array<double, kNumDims>;

  struct Step {
    double copies;
    double gain;
  };
  // The best gain for at most so many copies, ascending in both. Empty when there are too many steps: the gain is then
  // at most the number of copies.
  using Stairs = std::vector<Step>;

  static Weights WeightsOf(const Template& hardware_template, const Structure& structure, const LayerShape& shape,
                           std::size_t purpose, int level);
  static Stairs StairsOf(const DimSet& dims, const LayerShape& shape, const Weights& weights, double most,
                         std::size_t max_steps, const std::function<bool()>& stop);
  // Of any numbers that need not divide: as many copies as there are, first of dimensions that count in full.
  struct Smooth {
    double most_full = 1;  // product of the bounds with weight 1
    double most_half = 1;  // with weight 1/2
  };
  static Smooth SmoothOf(const DimSet& dims, const LayerShape& inside, const Weights& weights);
  static Stairs RunsOf(std::int64_t bound, double most, std::size_t max_steps);
  static double Gain(const Stairs& stairs, double limit);
  static double Gain(const Smooth& smooth, double limit);
  double Product(std::size_t purpose, int first, int last, const Limits& limits, bool of_busiest) const;

  struct Axis {
    int level = 0;
    std::array<Stairs, kNumPurposes> stairs;
    std::array<std::optional<Smooth>, kNumPurposes> smooth;  // instead, where factors need not divide
    Stairs runs;  // by which copies divide the runs of the one dimension that uneven factors lie along; or nothing
    std::array<bool, kNumPurposes> counts_runs{};  // it counts in full
  };
  std::vector<Axis> axes_;
  std::int64_t num_steps_ = 0;
  std::array<double, kNumPurposes> most_;  // what the layer's bounds allow
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_BOUND_SPATIAL_REACH_H_
