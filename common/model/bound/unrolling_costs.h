#ifndef ONELOOP_COMMON_MODEL_BOUND_UNROLLING_COSTS_H_
#define ONELOOP_COMMON_MODEL_BOUND_UNROLLING_COSTS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "common/model/bound/box_costs.h"
#include "common/model/bound/reuse_layer.h"

namespace oneloop {

// Temporal loops by dimension, as indices of steps.
using Loops = std::array<std::uint8_t, kNumDims>;

// What of a cost's cycles counts: those of a port, or of the units, in which idle copies are told by the time they
// take or by the room of what they keep (B48).
inline constexpr std::int8_t kUnits = -1;
inline constexpr std::int8_t kUnitsIdle = -2;
inline constexpr std::size_t kMaxLoads = 6;  // of ports that limit; the rest counts as if tiles came once
using PortLoads = std::array<double, kMaxLoads>;

// Words of a pair for each visit, of all instances.
struct LoadsOfPair {
  double fills = 0;
  double requests = 0;
};

// What one unrolling makes of the layer: energy = base + Σ price · (visits − 1) over the tiles, and the cycles of the
// ports likewise.
struct UnrollingStart {
  std::int32_t unrolling = 0;
  std::int8_t cycles_of = kUnits;  // or a port
  double floor = 0;                // of the cost, known otherwise
  double base = 0;
  double leak_pj = 0;       // of a cycle
  double least_cycles = 0;  // of the units, and of ports were each tile visited once
  double unit_cycles = 0;   // were no unit ever idle
  // The part of the multiply-accumulates, at most, whose copies are the last or, in the second, idle: nothing more is
  // known of their visits, but that they take as much more of the units' time (B47), (B48).
  std::array<double, 2> most_last{};
  PortLoads load{};
};
struct UnrollingCosts : UnrollingStart {
  std::array<std::array<double, kMaxLevels>, kNumTensors> price{};
  std::array<std::array<PortLoads, kMaxLevels>, kNumTensors> slope{};
  std::array<bool, kMaxLevels> handed_over{};  // input words that neighbours may hand over: no more is known of visits
  std::array<std::array<LoadsOfPair, kMaxLevels>, kNumTensors> words{};
  Extents loops{};                           // temporal factors of all levels
  std::array<Extents, kMaxLevels> inside{};  // spatial factors up to a level
  std::array<const LoopSteps*, kNumDims> steps{};
  // By level: steps that a tile is known to have in it if it stays while so many loops or more run; likewise twice.
  std::array<std::array<Loops, kMaxLevels>, 2> most_in_tile{};
  std::array<std::array<double, kNumDims>, kMaxLevels> tiles{};  // instances in use by dimension, at least
};

// Makes them for one layer at the costs of one box. Immutable; thread-safe. All that it is made of must outlive it.
class UnrollingPricer {
 public:
  UnrollingPricer(const ReuseLayer& layer, const BoxCosts& costs) : layer_(layer), costs_(costs) {}

  UnrollingCosts CostsOf(const Unrolling& unrolling) const;

 private:
  // By level, tensor and kind.
  using Words = std::array<std::array<std::array<double, kNumFlowKinds>, kNumTensors>, kMaxLevels>;
  // Spatial factors of one level, multiplied.
  struct FanOut {
    double copies = 1;
    std::array<double, kNumTensors> unused = {1, 1, 1};  // over dimensions that the tensor does not use
    std::array<double, kNumTensors> shared = {1, 1, 1};  // copies that share a request, at most
    double coinciding = 1;
  };
  using FanOuts = std::array<FanOut, kMaxLevels>;

  FanOuts FanOutsOf(const Unrolling& unrolling) const;
  // Over levels first..last.
  static double Copies(const FanOuts& fan_outs, int first, int last);
  static double Unused(const FanOuts& fan_outs, Tensor tensor, int first, int last);
  static double Multicast(const FanOuts& fan_outs, Tensor tensor, int first, int last);
  bool TakesOffTwice(const Unrolling& unrolling, const UnrollingCosts& spread, int first, int last) const;
  bool MayHandOver(const Unrolling& unrolling, const UnrollingCosts& spread, int keeper) const;
  double LinkEnergy(const FanOuts& fan_outs, Tensor tensor, int first, int last, double words) const;
  // Copies of a dimension outside a level, and the outermost fan-out that has some.
  struct CopiesOutside {
    std::int64_t all = 1;
    std::int64_t outermost = 1;
  };
  CopiesOutside CopiesOf(const Unrolling& unrolling, Dim dim, int level) const;
  double LeastTiles(const Unrolling& unrolling, Dim dim, int level) const;
  double LeastUnused(const Unrolling& unrolling, const FanOuts& fan_outs, Tensor tensor, int keeper) const;
  double MostIdle(Dim dim, const UnrollingCosts& spread) const;
  double RoomInTile(Tensor tensor, int level, Dim dim, const UnrollingCosts& spread) const;
  double MostLast(const Unrolling& unrolling, const UnrollingCosts& spread, bool counts_idle) const;
  void AddLoads(const Words& words, const std::array<double, kMaxLevels>& instances, UnrollingCosts* spread) const;
  std::uint8_t MostInTile(Dim dim, int level, const UnrollingCosts& spread, bool counts_idle) const;

  const ReuseLayer& layer_;
  const BoxCosts& costs_;
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_BOUND_UNROLLING_COSTS_H_
