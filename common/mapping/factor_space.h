#ifndef ONELOOP_COMMON_MAPPING_FACTOR_SPACE_H_
#define ONELOOP_COMMON_MAPPING_FACTOR_SPACE_H_

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "common/hardware/template.h"
#include "common/mapping/mapping.h"
#include "common/workload/dims.h"
#include "common/workload/workload.h"

namespace oneloop {

// Which factors may stand where in a mapping: the one place that knows of divisibility. Numbers as in docs/MODEL.md,
// "Imperfect factors": what is `left` at a place is ⌈bound / product of the factors inside⌉, and a factor may stand
// there if it is at most that; where the template asks for perfect factors, it must divide it, too (R1).

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

  // Places that take loops over a dimension, innermost first: level by level, its axes before its temporal loop. The
  // last is the outermost level's temporal loop, which is there for each dimension and takes what is left.
  std::span<const FactorPlace> places(Dim dim) const { return places_[ToIndex(dim)]; }
  bool MustDivide(const FactorPlace& place, Dim dim) const;
  // Whether all factors of the dimension must divide: then they multiply to its bound.
  bool IsPerfect(Dim dim) const { return perfect_.Has(dim); }
  DimSet perfect() const { return perfect_; }

  static bool MayStand(std::int64_t factor, std::int64_t left, bool must_divide) {
    return factor >= 1 && factor <= left && (!must_divide || left % factor == 0);
  }
  // The largest factor that may stand at a place where so much is left, and is at most `most`; 1 if none is.
  std::int64_t LargestWithin(const FactorPlace& place, Dim dim, std::int64_t left, double most) const;
  // Factors to tell apart at a place, ascending, from 1 to `left` or `most`, if that is less: its divisors where the
  // factor must divide; else the least factors of each ⌈left / factor⌉, since a larger one with as many runs outside
  // only pads more. About 2 √left of them. Precondition: 1 <= left <= kMaxBound.
  std::vector<std::int64_t> Factors(const FactorPlace& place, Dim dim, std::int64_t left,
                                    double most = static_cast<double>(kMaxBound)) const;
  // The least factor with as many runs outside: ⌈left / ⌈left / factor⌉⌉. Precondition: 1 <= factor <= left.
  static constexpr std::int64_t LeastAlike(std::int64_t factor, std::int64_t left) {
    return LeftOutside(left, LeftOutside(left, factor));
  }

  // Makes a dimension's factors valid for a bound: innermost first, each becomes the largest that may stand and is at
  // most as large as it was; the outermost loop takes what is left. Valid factors stay as they are.
  void Complete(Dim dim, std::int64_t bound, Mapping* mapping) const;
  // Multiplies the factor at a place, at the outermost level's cost alone. False, and nothing is done, when that has
  // nothing left to give, or the factor may not stand there, or others would have to give way. Precondition: the
  // dimension's factors are valid.
  bool Grow(const FactorPlace& place, Dim dim, std::int64_t times, std::int64_t bound, Mapping* mapping) const;

 private:
  std::array<std::vector<FactorPlace>, kNumDims> places_;
  std::vector<DimSet> perfect_at_level_;
  std::vector<DimSet> perfect_along_axis_;
  DimSet perfect_;
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MAPPING_FACTOR_SPACE_H_
