#ifndef ONELOOP_COMMON_MODEL_STRUCTURE_STRUCTURE_H_
#define ONELOOP_COMMON_MODEL_STRUCTURE_STRUCTURE_H_

#include <array>
#include <span>
#include <vector>

#include "common/hardware/template.h"
#include "common/workload/dims.h"

namespace oneloop {

// The counting rules of docs/MODEL.md ("Counts"), declared once for a template: which words flow where, what they
// count, who shares them and what they pay. The exact counter, the vector kernel, the lower bounds and the latency
// features read these rows; none has a rule of its own. What depends on a layer's shape and factors is not here.

inline constexpr int kMaxFlows = 7 * kMaxLevels;  // reads and fills of W, I, O, updates of O
inline constexpr int kMaxResources = kMaxAxes + kMaxPartitions;

// One stream of words at a level, over all its instances.
struct Flow {
  using Kind = FlowKind;
  // Words that come from inside, shared ones once (C3), or words of tiles that come from outside (C1, C2).
  enum class Counts { kRequests, kLoads };

  int level;
  Tensor tensor;
  Kind kind;
  Counts counts;
  bool leaves_out_first;  // less the first of each element in each copy of its tile (C4)
};

// A level that keeps a tensor, and its flows.
struct Keeper {
  int level;
  int inner;                                           // the next keeper inwards, -1 for the multiply-accumulates
  bool is_outermost;                                   // of the hierarchy: nothing loads it
  std::array<int, kNumFlowKinds> flow = {-1, -1, -1};  // by kind, index into flows(); -1 where there is none
};

// A port with the flows that pay at it.
struct PortRow {
  int level;
  PortSpec spec;
  std::vector<int> flows;  // indices into flows(), ascending
};

// A fan-out whose words pay for their way.
struct LinkRow {
  int level;  // whose instances are at its root
  LinkSpec spec;
  // By tensor, the keeper (index into keepers()) whose requests cross it.
  std::array<int, kNumTensors> keeper;
};

// Immutable; thread-safe.
class Structure {
 public:
  struct Axes {
    int first = 0;  // index into Template::axes()
    int count = 0;
  };

  explicit Structure(const Template& hardware_template);

  int num_levels() const { return num_levels_; }
  int outermost() const { return num_levels_ - 1; }

  // Level by level from the innermost, of each W, I, O; of each reads, fills, updates.
  const std::vector<Flow>& flows() const { return flows_; }
  // Innermost first.
  std::span<const Keeper> keepers(Tensor tensor) const { return keepers_[ToIndex(tensor)]; }
  // Their levels.
  const std::vector<int>& keeper_levels(Tensor tensor) const { return keeper_levels_[ToIndex(tensor)]; }
  // In the order of Template::ports().
  const std::vector<PortRow>& ports() const { return ports_; }
  const std::vector<LinkRow>& links() const { return links_; }
  // Levels whose instances leak.
  const std::vector<int>& leaking_levels() const { return leaking_levels_; }
  Axes axes(int level) const { return axes_[ToIndex(level)]; }

  // Dimensions along which the copies of a level's fan-out share what they ask for of a tensor: multicast, or reduction
  // of outputs. Of inputs also copies along both P and R, or Q and S, share where their windows coincide, if
  // `MayCoincide`.
  DimSet sharing(int level, Tensor tensor) const { return sharing_[ToIndex(level)][ToIndex(tensor)]; }
  bool MayCoincide(int level) const { return !sharing(level, Tensor::kI).empty(); }
  bool HandsOver(int fan_out) const { return hands_over_[ToIndex(fan_out)]; }

  // Whether an output's first load in each copy is a fill, though it holds nothing yet (C4).
  bool first_sums_are_loaded() const { return first_sums_are_loaded_; }
  // Whether steps that leave the input's tile in place end the overlap of tiles (C2).
  bool rests_end_overlap() const { return rests_end_overlap_; }

 private:
  void AddLevel(const Template& hardware_template, int level);
  void AddPorts(const Template& hardware_template);
  void AddLinks(const Template& hardware_template);

  int num_levels_;
  bool first_sums_are_loaded_;
  bool rests_end_overlap_;
  std::vector<Flow> flows_;
  std::array<std::vector<Keeper>, kNumTensors> keepers_;
  std::array<std::vector<int>, kNumTensors> keeper_levels_;
  std::vector<PortRow> ports_;
  std::vector<LinkRow> links_;
  std::vector<int> leaking_levels_;
  std::array<Axes, kMaxLevels> axes_;
  std::array<std::array<DimSet, kNumTensors>, kMaxLevels> sharing_;
  std::array<bool, kMaxLevels> hands_over_{};
};

// Dimensions that a tensor does not use.
constexpr DimSet UnusedDims(Tensor tensor) {
  DimSet unused;
  for (const Dim dim : kAllDims) {
    if (!IsRelevant(tensor, dim)) unused.Add(dim);
  }
  return unused;
}

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_STRUCTURE_STRUCTURE_H_
