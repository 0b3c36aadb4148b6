#ifndef ONELOOP_COMMON_MODEL_BOUND_OUTER_TRAFFIC_H_
#define ONELOOP_COMMON_MODEL_BOUND_OUTER_TRAFFIC_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/hardware/template.h"
#include "common/model/bound/box_costs.h"
#include "common/model/bound/tile_shape.h"
#include "common/model/structure/structure.h"
#include "common/workload/dims.h"
#include "common/workload/workload.h"

namespace oneloop {

// The words that one layer moves across the outermost memory's boundary, at least, given how much the levels inside it
// can hold. Built once per layer: every tile inside the outermost loops, each with the loop orders that matter, as
// lists from which what is worse in every respect has been dropped. Spatial factors lie in the tile, so that the tiles
// come in groups of like use to the spatial axes. Inequalities: docs/MODEL.md, section "Lower bound". Immutable;
// thread-safe.
class OuterTraffic {
 public:
  static constexpr std::size_t kMaxNeeds = std::size_t{2} * kNumTensors;
  // Of a layer with uneven factors; and what of a tensor stays in place is told apart in so many parts, so that a tile
  // has so many times the candidates.
  static constexpr std::int64_t kMostUnevenTiles = 60'000;
  static constexpr std::int64_t kMostUnevenTilesAtOnce = 40'000;
  static constexpr int kKeptParts = 5;
  struct Candidate {
    double words = 0;                         // across the boundary
    std::array<double, kNumTensors> moved{};  // W and I read, O drained
    std::array<double, kMaxNeeds> need{};     // room, by resources(); 0 beyond
  };

  struct Group {
    LayerShape inside;                  // spatial factors divide these bounds, or are at most as large
    std::vector<Candidate> candidates;  // ascending in words
  };

  // `most`: the costs of the box that holds all boxes to be asked for. Takes what it keeps off `budget`.
  OuterTraffic(const Template& hardware_template, const Structure& structure, const LayerShape& shape,
               const BoxCosts& most, ProofBudget* budget);

  // Those with the most room for spatial factors first.
  const std::vector<Group>& groups() const { return groups_; }
  // Indices into Template::resources() of the capacities whose room the tiles need, over all instances that can hold
  // different parts; at most kMaxNeeds, beyond which there is taken to be room.
  const std::vector<int>& resources() const { return resources_; }
  // Distinct words of a tensor that the layer uses.
  double size(Tensor tensor) const { return size_[static_cast<std::size_t>(tensor)]; }

 private:
  friend class OuterTrafficBuilder;

  std::array<double, kNumTensors> size_{};
  std::vector<int> resources_;
  std::vector<Group> groups_;
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_BOUND_OUTER_TRAFFIC_H_
