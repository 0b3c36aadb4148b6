#include "common/mapping/factor_space.h"

#include <algorithm>

#include "common/mapping/factorize.h"

namespace oneloop {

FactorSpace::FactorSpace(const Template& hardware_template) {
  const std::vector<Template::Axis>& axes = hardware_template.axes();
  for (int level = 0; level < hardware_template.num_levels(); ++level) {
    perfect_at_level_.push_back(hardware_template.perfect_dims(level));
    for (const Dim dim : kAllDims) {
      for (std::size_t a = 0; a < axes.size(); ++a) {
        if (axes[a].level == level && axes[a].dims.Has(dim)) {
          places_[ToIndex(dim)].push_back({true, static_cast<int>(a)});
        }
      }
      if (hardware_template.level(level).temporal.Has(dim)) places_[ToIndex(dim)].push_back({false, level});
    }
  }
  for (const Template::Axis& axis : axes) perfect_along_axis_.push_back(axis.perfect_dims);
  for (const Dim dim : kAllDims) {
    const std::span<const FactorPlace> inner = places(dim).first(places(dim).size() - 1);
    // What is left always divides itself, so that the outermost loop needs no rule.
    if (std::all_of(inner.begin(), inner.end(), [&](const FactorPlace& place) { return MustDivide(place, dim); })) {
      perfect_.Add(dim);
    }
  }
}

bool FactorSpace::MustDivide(const FactorPlace& place, Dim dim) const {
  return (place.is_spatial ? perfect_along_axis_ : perfect_at_level_)[ToIndex(place.index)].Has(dim);
}

std::int64_t FactorSpace::LargestWithin(const FactorPlace& place, Dim dim, std::int64_t left, double most) const {
  if (most >= static_cast<double>(left)) return left;
  const auto whole = std::max<std::int64_t>(1, static_cast<std::int64_t>(most));
  return MustDivide(place, dim) ? LargestDivisorWithin(left, whole) : whole;
}

std::vector<std::int64_t> FactorSpace::Factors(const FactorPlace& place, Dim dim, std::int64_t left,
                                               double most) const {
  std::vector<std::int64_t> factors;
  if (MustDivide(place, dim)) {
    factors = Divisors(left);
    std::erase_if(factors, [most](std::int64_t factor) { return static_cast<double>(factor) > most; });
    return factors;
  }
  // ⌈left / (factor - 1)⌉ is the next number of runs below, and its least factor the next one.
  for (std::int64_t factor = 1; static_cast<double>(factor) <= most;) {
    factors.push_back(factor);
    const std::int64_t runs = LeftOutside(left, factor);
    if (runs == 1) break;
    factor = LeftOutside(left, runs - 1);
  }
  return factors;
}

void FactorSpace::Complete(Dim dim, std::int64_t bound, Mapping* mapping) const {
  std::int64_t left = bound;
  std::int64_t inside = 1;
  for (const FactorPlace& place : places(dim)) {
    std::int64_t& factor = FactorAt(*mapping, place, dim);
    if (&place == &places(dim).back()) {
      factor = left;
    } else if (!MayStand(factor, left, MustDivide(place, dim))) {
      factor = LargestWithin(place, dim, left, static_cast<double>(factor));
    }
    inside *= factor;
    left = LeftOutside(bound, inside);
  }
}

bool FactorSpace::Grow(const FactorPlace& place, Dim dim, std::int64_t times, std::int64_t bound,
                       Mapping* mapping) const {
  const FactorPlace& outermost = places(dim).back();
  const std::int64_t rest = FactorAt(*mapping, outermost, dim);
  if (rest == 1 || place == outermost) return false;
  // Inside out: only what now stands at the place may have changed what is left further out.
  FactorAt(*mapping, place, dim) *= times;
  std::int64_t left = bound;
  std::int64_t inside = 1;
  for (const FactorPlace& at : places(dim).first(places(dim).size() - 1)) {
    const std::int64_t factor = FactorAt(*mapping, at, dim);
    if (!MayStand(factor, left, MustDivide(at, dim))) {
      FactorAt(*mapping, place, dim) /= times;
      return false;
    }
    inside *= factor;
    left = LeftOutside(bound, inside);
  }
  FactorAt(*mapping, outermost, dim) = left;
  return true;
}

}  // namespace oneloop
