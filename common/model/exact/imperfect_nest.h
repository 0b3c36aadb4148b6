#ifndef ONELOOP_COMMON_MODEL_EXACT_IMPERFECT_NEST_H_
#define ONELOOP_COMMON_MODEL_EXACT_IMPERFECT_NEST_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "common/hardware/template.h"
#include "common/mapping/mapping.h"
#include "common/model/structure/structure.h"
#include "common/workload/dims.h"
#include "common/workload/workload.h"

namespace oneloop {

// Counts of a mapping of which some factors do not divide what they split: the last run of such a loop is shorter than
// the others (docs/MODEL.md, "Imperfect factors"). Closed forms over the loops of one dimension at a time; numbers are
// doubles, exact below 2^53. Immutable; allocates nothing. A view: the arguments must outlive it.
class ImperfectNest {
 public:
  // Precondition: ValidateMapping is OK.
  ImperfectNest(const Template& hardware_template, const Structure& structure, const LayerShape& shape,
                const Mapping& mapping);

  // Whose words are counted.
  enum class Of {
    kAll,      // instances, together
    kBusiest,  // the one that is first along all axes: no other has more to do
  };

  // Time steps of the nest, one multiply-accumulate of each unit in use (R3).
  double steps() const { return steps_; }
  // Multiply-accumulate units in use at any time.
  double lanes() const { return lanes_; }
  // Of a level, in use at any time (R4).
  double instances(int level) const { return instances_[ToIndex(level)]; }

  // Extent of the largest tile of one instance, at most the bound (R1).
  double Extent(int level, Dim dim) const { return extent_[ToIndex(level)][ToIndex(dim)]; }

  // Words of a tensor's tiles that come to a level's instances from outside (R6); of inputs (R7).
  double Loads(Tensor tensor, int level, Of of) const;
  // Words that the keeper of a tensor at `level` is asked for by what is inside, where `inner` is the next keeper
  // inwards, -1 for the multiply-accumulates (R8).
  double Requests(Tensor tensor, int inner, int level, Of of) const;
  // Whether copies share what they ask for between the two; where they do not, Requests of all are Loads of the inner.
  bool Shares(Tensor tensor, int inner, int level) const;
  // Elements of outputs that the instances of a level write first, each once for each copy of its tile (R9).
  double FirstWrites(int level, Of of) const;

 private:
  // Levels whose spatial loops over a dimension stand at their first iteration, as bits by level.
  using ZeroLevels = std::array<std::uint32_t, kNumDims>;
  // Tiles of one dimension; one of them as long as nothing else is said.
  struct Tiles {
    double full = 0;
    double rest = 1;  // 1 when there is the last one, which may be smaller
    double count() const { return full + rest; }
  };
  // Non-unit loops over one dimension, innermost first: within a level spatial before temporal ones.
  struct Loops {
    int count = 0;
    std::uint32_t spatial_levels = 0;  // that have one of them, as bits
    bool perfect = true;               // no last iteration is shorter
    std::array<double, kMaxLevels + kMaxAxes> factor;
    std::array<double, kMaxLevels + kMaxAxes> last;    // runs of the last iteration
    std::array<double, kMaxLevels + kMaxAxes> inside;  // product of the factors inside
    std::array<std::uint8_t, kMaxLevels + kMaxAxes> level;
    std::array<std::uint8_t, kMaxLevels + kMaxAxes> place;  // in the nest
    std::array<bool, kMaxLevels + kMaxAxes> is_spatial;
    std::array<std::uint8_t, kMaxLevels + 1> begin;  // the first outside level l - 1
  };
  // Places of the nest, innermost first: temporal loops are odd, spatial ones even, below those of their level.
  static constexpr int kNothingInside = 0;
  static constexpr int kNothingOutside = 255;
  struct Place {
    Dim dim;
    std::uint8_t level;
    std::uint8_t loop;  // among those of its dimension
  };

  void AddTemporal(int level, const Mapping& mapping);
  void AddLoop(Dim dim, int level, std::int64_t factor, bool is_spatial);
  void AddRuns(Dim dim);

  // Dimensions that have a loop and that a tensor uses or does not, as bits.
  std::uint32_t Used(Tensor tensor) const { return active_ & kRelevantDims[ToIndex(tensor)].bits(); }
  std::uint32_t Unused(Tensor tensor) const { return active_ & ~std::uint32_t{kRelevantDims[ToIndex(tensor)].bits()}; }

  ZeroLevels ZerosOf(Tensor tensor, int inner, int level, Of of) const;
  std::uint32_t SpatialOutside(Dim dim, int level) const {
    return loops_[ToIndex(dim)].spatial_levels >> (level + 1) << (level + 1);
  }
  // Different tiles of one dimension at a level; -1: multiply-accumulates.
  double Tilings(Dim dim, int level) const {
    return level < 0 ? static_cast<double>(shape_.bound(dim)) : tilings_[ToIndex(level)][ToIndex(dim)];
  }
  double Count(Dim dim, int level, std::uint32_t zero, int place) const {
    const std::uint32_t spatial = SpatialOutside(dim, level);
    if (place == kNothingInside && (zero & spatial) == 0) return Tilings(dim, level);
    if (place == kNothingOutside && spatial == 0) return 1;
    return WalkPlaces(dim, level, zero, place);
  }
  double WalkPlaces(Dim dim, int level, std::uint32_t zero, int place) const;
  Tiles Alone(Dim dim, int level, std::uint32_t zero, int place) const {
    if (place == kNothingInside && (zero & SpatialOutside(dim, level)) == 0) return {Tilings(dim, level) - 1, 1};
    return WalkTiles(dim, level, zero, place);
  }
  Tiles WalkTiles(Dim dim, int level, std::uint32_t zero, int place) const;
  double ExtentOf(Dim dim, int level, const Tiles& tiles) const {
    if (level < 0) return tiles.count();
    return tiles.full * extent_[ToIndex(level)][ToIndex(dim)] + tiles.rest * tail_[ToIndex(level)][ToIndex(dim)];
  }
  double DirectionWords(bool width, const std::array<Tiles, kNumDims>& tiles, int level) const;
  double Volume(Tensor tensor, int level, const ZeroLevels& zeros, int place) const;
  // Of the loops outside a level, the innermost temporal one.
  int FirstPlace(int level) const { return first_place_[ToIndex(level + 1)]; }
  // Places, the end excluded.
  struct Span {
    int begin;
    int end;
  };
  Span MayBeAlone(Tensor tensor, int level) const;
  double LoadsOf(Tensor tensor, int level, const ZeroLevels& zeros) const;
  double Halo(int level, const ZeroLevels& zeros) const;
  double HaloOf(const Place& move, int place, int level, const ZeroLevels& zeros) const;
  double DistinctWindows(int inner, int level) const;

  const Structure& structure_;
  const LayerShape& shape_;
  std::array<Loops, kNumDims> loops_;
  std::uint32_t active_ = 0;                                                   // dimensions that have a loop, as bits
  std::array<Place, static_cast<std::size_t>(kMaxLevels) * kNumDims> places_;  // temporal loops, innermost first
  int num_places_ = 0;
  std::array<int, kMaxLevels + 1> first_place_;  // that lies outside level l - 1
  std::array<std::array<double, kNumDims>, kMaxLevels> extent_;
  std::array<std::array<double, kNumDims>, kMaxLevels> tail_;  // extent of the last tile
  std::array<std::array<double, kNumDims>, kMaxLevels> tilings_;
  std::uint32_t twice_unrolled_ = 0;  // levels whose copies lie along both dimensions of a direction, as bits
  std::array<double, kMaxLevels> instances_;
  double steps_ = 1;
  double lanes_ = 1;
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_EXACT_IMPERFECT_NEST_H_
