#ifndef ONELOOP_COMMON_MODEL_BOUND_INNER_TRAFFIC_H_
#define ONELOOP_COMMON_MODEL_BOUND_INNER_TRAFFIC_H_

#include <array>
#include <cstdint>
#include <vector>

#include "common/hardware/template.h"
#include "common/model/bound/box_costs.h"
#include "common/model/bound/spatial_reach.h"
#include "common/model/bound/tile_shape.h"
#include "common/model/structure/structure.h"
#include "common/workload/workload.h"

namespace oneloop {

// The least energy that one level which keeps several tensors costs a layer by being filled from a level that is not
// the outermost one: small tiles come back often, large ones need a large and dear memory. Inequalities: docs/MODEL.md,
// section "Lower bound". Of layers all of whose factors divide. Immutable; thread-safe.
class InnerTraffic {
 public:
  // Whether fills of the level that `keepers` names at `index` are counted here: its next keeper is not the outermost
  // level, and it has a capacity that tensors share.
  static bool Counts(const Template& hardware_template, const std::vector<int>& keepers, std::size_t index);

  // `most`: the costs of the box that holds all boxes to be asked for. Template and structure must outlive this. Takes
  // what it keeps off `budget`. Of more than kMaxNeeds partitions of the level the rest is taken to have room.
  InnerTraffic(const Template& hardware_template, const Structure& structure, const LayerShape& shape, int level,
               const BoxCosts& most, ProofBudget* budget);

  // pJ of all fills that are counted here, of what they read and, for outputs, drain further out. For an innermost
  // keeper of outputs less what its first updates do not read. Infinite when no tile fits.
  double Evaluate(const BoxCosts& costs, const WordPrices& prices, const SpatialReach& reach,
                  const SpatialReach::Limits& limits) const;

 private:
  static constexpr std::size_t kMaxNeeds = 4;
  struct Candidate {
    std::array<double, kNumTensors> fills{};  // of all instances
    double input_requests = 0;  // input words that the source must serve, multicast not yet divided; 0 where
                                // neighbours may hand words over
    std::array<double, kMaxNeeds> need{};
  };
  // A tensor whose fills are counted.
  struct Filled {
    Tensor tensor;
    int source;
    bool innermost;
    double size;  // distinct words
  };

  // What spatial axes of given lengths make of one tensor's requests, at most.
  struct Sharing {
    double multicast;   // of the source
    double reducing;    // copies of the source
    double all;         // copies of the keeper that reduce
    double instances;   // of the keeper
    double fan_outs;    // just outside the keeper
    double coinciding;  // windows further out than the next fan-out
  };

  Sharing SharingOf(const Filled& filled, const SpatialReach& reach, const SpatialReach::Limits& limits) const;
  double EnergyOf(const Candidate& candidate, const Filled& filled, const Sharing& sharing, const WordPrices& prices,
                  double link_pj) const;
  void AddTile(const LayerShape& shape, const TileExtents& tile, const BoxCosts& most);
  void AddOrder(const LayerShape& shape, const TileExtents& tile, int stationary, Candidate candidate);
  void KeepBest(const ProofBudget& budget);

  int level_;
  const Template& template_;
  const Structure& structure_;
  TileExtents all_;
  bool slides_beside_;  // copies just outside stand along the window's directions
  std::vector<Filled> filled_;
  std::vector<int> resources_;
  std::vector<Candidate> candidates_;
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_BOUND_INNER_TRAFFIC_H_
