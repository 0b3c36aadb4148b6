#ifndef ONELOOP_COMMON_MAPPING_FACTOR_SPACE_H_
#define ONELOOP_COMMON_MAPPING_FACTOR_SPACE_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/hardware/template.h"
#include "common/mapping/mapping.h"
#include "common/workload/dims.h"
#include "common/workload/workload.h"

namespace oneloop {

// Which factors may stand where in a mapping: the one place that knows of divisibility and of the ranges that a
// template asks for. Numbers as in docs/MODEL.md, "Imperfect factors": what is `left` at a place is ⌈bound / product of
// the factors inside⌉, and a factor may stand there if it is at most that; where the template asks for perfect factors,
// it must divide it, too (R1); and it must be in its range and leave what the places further out can take.

// Where a factor of a dimension may stand: temporal at a level, or spatial along an axis.
struct FactorPlace {
  bool is_spatial;
  int index;  // level of a temporal factor, axis of a spatial one
  bool operator==(const FactorPlace&) const = default;
};

inline std::int64_t FactorAt(const Mapping& mapping, const FactorPlace& place, Dim dim) {
  return place.is_spatial ? mapping.s(place.index, dim) : mapping.t(place.index, dim);
}
inline std::int64_t& FactorAt(Mapping& mapping, const FactorPlace& place, Dim dim) {
  return place.is_spatial ? mapping.s(place.index, dim) : mapping.t(place.index, dim);
}

// What is left outside loops of which `inside` iterations are in a bound: ⌈bound / inside⌉, both >= 1 (R1).
constexpr std::int64_t LeftOutside(std::int64_t bound, std::int64_t inside) { return (bound - 1) / inside + 1; }

// Iterations of the last run of a loop outside which so much is left: 1 to `factor` (R2). Precondition: 1 <= factor <=
// left.
constexpr std::int64_t LastRunOf(std::int64_t factor, std::int64_t left) { return (left - 1) % factor + 1; }

// Of one template. Immutable; thread-safe.
class FactorSpace {
 public:
  explicit FactorSpace(const Template& hardware_template);

  // Places that take loops over a dimension, innermost first: level by level, its axes before its temporal loop. There
  // is at least one. The last takes what is left: the outermost level's temporal loop, unless the template has none
  // over the dimension.
  std::span<const FactorPlace> places(Dim dim) const { return places_[ToIndex(dim)]; }
  const FactorPlace& last(Dim dim) const { return places_[ToIndex(dim)].back(); }
  bool HasPlace(const FactorPlace& place, Dim dim) const { return PlaceOf(place, dim) < places(dim).size(); }
  bool MustDivide(const FactorPlace& place, Dim dim) const;
  const FactorRange& range(const FactorPlace& place, Dim dim) const {
    return (place.is_spatial ? along_axis_ : at_level_)[ToIndex(place.index)][ToIndex(dim)];
  }
  // Whether all factors of the dimension must divide: then they multiply to its bound.
  bool IsPerfect(Dim dim) const { return perfect_.Has(dim); }
  DimSet perfect() const { return perfect_; }
  // Whether no range limits the dimension's factors and the outermost level loops over it: then each place may have 1,
  // and that level what is left.
  bool IsFree(Dim dim) const { return free_.Has(dim); }

  static bool MayStand(std::int64_t factor, std::int64_t left, bool must_divide) {
    return factor >= 1 && factor <= left && (!must_divide || left % factor == 0);
  }
  // Whether the dimension's places can share out a bound among them.
  bool CanSplit(Dim dim, std::int64_t bound) const { return CanHold(0, dim, bound); }

  // The largest factor that may stand at a place where so much is left, and is at most `most`; if there is none, the
  // least that may stand. Precondition: what is left can be shared out from this place on.
  std::int64_t LargestWithin(const FactorPlace& place, Dim dim, std::int64_t left, double most) const;
  // Factors to tell apart at a place, ascending, from the least to `left` or `most`, if that is less: its divisors
  // where the factor must divide; else the least factors of each ⌈left / factor⌉, since a larger one with as many runs
  // outside only pads more. About 2 √left of them; none where none may stand. Precondition: 1 <= left <= kMaxBound.
  std::vector<std::int64_t> Factors(const FactorPlace& place, Dim dim, std::int64_t left,
                                    double most = static_cast<double>(kMaxBound)) const;
  // The least factor that may stand and has as many runs outside. Precondition: `factor` may stand.
  std::int64_t LeastAlike(const FactorPlace& place, Dim dim, std::int64_t factor, std::int64_t left) const {
    return std::max(range(place, dim).least, LeastAlike(factor, left));
  }
  // The least factor with as many runs outside: ⌈left / ⌈left / factor⌉⌉. Precondition: 1 <= factor <= left.
  static constexpr std::int64_t LeastAlike(std::int64_t factor, std::int64_t left) {
    return LeftOutside(left, LeftOutside(left, factor));
  }

  // Makes a dimension's factors valid for a bound: innermost first, each becomes the largest that may stand and is at
  // most as large as it was, or the least that may stand; the last takes what is left. Valid factors stay as they are.
  // Precondition: CanSplit(dim, bound).
  void Complete(Dim dim, std::int64_t bound, Mapping* mapping) const;
  // As little as may be inside, for all dimensions. Precondition: CanSplit of each bound; the mapping's factors are 1.
  void CompleteLeast(const LayerShape& shape, Mapping* mapping) const;
  // Multiplies the factor at a place, at the last place's cost alone. False, and nothing is done, when that has nothing
  // left to give, or the factor may not stand there, or others would have to give way. Precondition: the dimension's
  // factors are valid.
  bool Grow(const FactorPlace& place, Dim dim, std::int64_t times, std::int64_t bound, Mapping* mapping) const;

  // INVALID_ARGUMENT, naming the dimension and where its ranges stand, when a layer's bounds cannot be split.
  absl::Status CheckShape(const Template& hardware_template, const LayerShape& shape) const;

 private:
  // Numbers from `first` to `last`.
  struct Interval {
    std::int64_t first;
    std::int64_t last;
  };
  using Intervals = std::vector<Interval>;

  // Whether the dimension's places from that one on can share out what is left.
  bool CanHold(std::size_t place, Dim dim, std::int64_t left) const;
  bool CanHoldByTrying(std::size_t place, Dim dim, std::int64_t left,
                       std::map<std::pair<std::size_t, std::int64_t>, bool>* known) const;
  std::size_t PlaceOf(const FactorPlace& place, Dim dim) const;
  // Of a range of factors, what may be left at a place so that what is left outside is in `outside`.
  static Intervals LeftAt(const FactorRange& range, const Intervals& outside);
  void FindHolds(Dim dim);

  std::array<std::vector<FactorPlace>, kNumDims> places_;
  std::vector<DimSet> perfect_at_level_;
  std::vector<DimSet> perfect_along_axis_;
  std::vector<FactorRanges> at_level_;
  std::vector<FactorRanges> along_axis_;
  DimSet perfect_;
  DimSet free_;
  // By dimension and place: what that one and those further out can share out, ascending; not known where a factor
  // further out has to divide, and for free dimensions.
  std::array<std::vector<std::optional<Intervals>>, kNumDims> holds_;
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MAPPING_FACTOR_SPACE_H_
