#include "common/mapping/factor_space.h"

#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status.h"
#include "common/mapping/factorize.h"

namespace oneloop {
namespace {

// The next factor above which leaves fewer runs outside; nothing when that leaves a single one.
std::optional<std::int64_t> NextAbove(std::int64_t factor, std::int64_t left) {
  const std::int64_t runs = LeftOutside(left, factor);
  if (runs == 1) return std::nullopt;
  return LeftOutside(left, runs - 1);
}

// The largest factor that leaves more runs outside; nothing when none does.
std::optional<std::int64_t> NextBelow(std::int64_t factor, std::int64_t left) {
  const std::int64_t below = (left - 1) / LeftOutside(left, factor);
  if (below == 0) return std::nullopt;
  return below;
}

bool IsIn(std::int64_t number, const auto& intervals) {
  const auto after = std::upper_bound(intervals.begin(), intervals.end(), number,
                                      [](std::int64_t n, const auto& interval) { return n < interval.first; });
  return after != intervals.begin() && number <= (after - 1)->last;
}

std::string RangeText(Dim dim, const FactorRange& range) {
  const std::string name(1, Name(dim));
  if (range.least == range.most) return absl::StrCat(name, "=", range.least);
  std::string text;
  if (range.least > 1) absl::StrAppend(&text, name, ">=", range.least);
  if (range.most < kMaxBound) absl::StrAppend(&text, text.empty() ? "" : ", ", name, "<=", range.most);
  return text;
}

}  // namespace

FactorSpace::FactorSpace(const Template& hardware_template) {
  const std::vector<Template::Axis>& axes = hardware_template.axes();
  for (int level = 0; level < hardware_template.num_levels(); ++level) {
    perfect_at_level_.push_back(hardware_template.perfect_dims(level));
    at_level_.push_back(hardware_template.level(level).factors);
    for (const Dim dim : kAllDims) {
      for (std::size_t a = 0; a < axes.size(); ++a) {
        if (axes[a].level == level && axes[a].dims.Has(dim)) {
          places_[ToIndex(dim)].push_back({true, static_cast<int>(a)});
        }
      }
      if (hardware_template.level(level).temporal.Has(dim)) places_[ToIndex(dim)].push_back({false, level});
    }
  }
  for (const Template::Axis& axis : axes) {
    perfect_along_axis_.push_back(axis.perfect_dims);
    along_axis_.push_back(axis.factors);
  }
  for (const Dim dim : kAllDims) {
    const std::span<const FactorPlace> inner = places(dim).first(places(dim).size() - 1);
    // What is left always divides itself, so that the last place needs no rule.
    if (std::all_of(inner.begin(), inner.end(), [&](const FactorPlace& place) { return MustDivide(place, dim); })) {
      perfect_.Add(dim);
    }
    const auto is_free = [&](const FactorPlace& place) {
      return range(place, dim).least == 1 && range(place, dim).most == kMaxBound;
    };
    const FactorPlace outermost{false, hardware_template.num_levels() - 1};
    if (last(dim) == outermost && std::all_of(places(dim).begin(), places(dim).end(), is_free)) {
      free_.Add(dim);
    } else {
      FindHolds(dim);
    }
  }
}

FactorSpace::Intervals FactorSpace::LeftAt(const FactorRange& range, const Intervals& outside) {
  Intervals all;
  for (const auto& [first, last] : outside) {
    // With a factor f, what is left is above (first - 1) f and at most last f, and at least f.
    for (std::int64_t factor = range.least; factor <= range.most; ++factor) {
      const std::int64_t from = std::max(factor, (first - 1) * factor + 1);
      if (from > kMaxBound) break;
      // From here on each begins where the one before has not ended.
      if (last * factor >= (first - 1) * (factor + 1)) {
        const bool is_beyond = range.most > kMaxBound / last;
        all.push_back({from, is_beyond ? kMaxBound : last * range.most});
        break;
      }
      all.push_back({from, std::min(kMaxBound, last * factor)});
    }
  }
  std::sort(all.begin(), all.end(), [](const Interval& a, const Interval& b) { return a.first < b.first; });
  Intervals joined;
  for (const Interval& interval : all) {
    if (!joined.empty() && interval.first <= joined.back().last + 1) {
      joined.back().last = std::max(joined.back().last, interval.last);
    } else {
      joined.push_back(interval);
    }
  }
  return joined;
}

void FactorSpace::FindHolds(Dim dim) {
  const std::span<const FactorPlace> all = places(dim);
  std::vector<std::optional<Intervals>>& holds = holds_[ToIndex(dim)];
  holds.resize(all.size());
  const FactorRange& of_last = range(all.back(), dim);
  holds.back() = Intervals{{of_last.least, of_last.most}};
  for (std::size_t place = all.size() - 1; place-- > 0;) {
    if (MustDivide(all[place], dim)) return;
    holds[place] = LeftAt(range(all[place], dim), *holds[place + 1]);
  }
}

bool FactorSpace::MustDivide(const FactorPlace& place, Dim dim) const {
  return (place.is_spatial ? perfect_along_axis_ : perfect_at_level_)[ToIndex(place.index)].Has(dim);
}

std::size_t FactorSpace::PlaceOf(const FactorPlace& place, Dim dim) const {
  const std::vector<FactorPlace>& all = places_[ToIndex(dim)];
  return static_cast<std::size_t>(std::find(all.begin(), all.end(), place) - all.begin());
}

bool FactorSpace::CanHold(std::size_t place, Dim dim, std::int64_t left) const {
  if (free_.Has(dim)) return true;
  if (const auto& holds = holds_[ToIndex(dim)][place]; holds.has_value()) return IsIn(left, *holds);
  std::map<std::pair<std::size_t, std::int64_t>, bool> known;
  return CanHoldByTrying(place, dim, left, &known);
}

bool FactorSpace::CanHoldByTrying(std::size_t place, Dim dim, std::int64_t left,
                                  std::map<std::pair<std::size_t, std::int64_t>, bool>* known) const {
  if (const auto& holds = holds_[ToIndex(dim)][place]; holds.has_value()) return IsIn(left, *holds);
  if (const auto found = known->find({place, left}); found != known->end()) return found->second;
  const FactorPlace& at = places(dim)[place];
  const FactorRange& of = range(at, dim);
  bool can = false;
  if (MustDivide(at, dim)) {
    for (const std::int64_t factor : Divisors(left)) {
      can = can || (of.Has(factor) && CanHoldByTrying(place + 1, dim, left / factor, known));
    }
  } else {
    for (std::optional<std::int64_t> factor = of.least;
         !can && factor.has_value() && *factor <= std::min(left, of.most); factor = NextAbove(*factor, left)) {
      can = CanHoldByTrying(place + 1, dim, LeftOutside(left, *factor), known);
    }
  }
  known->emplace(std::pair{place, left}, can);
  return can;
}

std::int64_t FactorSpace::LargestWithin(const FactorPlace& place, Dim dim, std::int64_t left, double most) const {
  if (IsFree(dim)) {
    if (most >= static_cast<double>(left)) return left;
    const auto whole = std::max<std::int64_t>(1, static_cast<std::int64_t>(most));
    return MustDivide(place, dim) ? LargestDivisorWithin(left, whole) : whole;
  }
  const std::size_t at = PlaceOf(place, dim);
  if (at + 1 == places(dim).size()) return left;
  const FactorRange& of = range(place, dim);
  const auto whole = static_cast<std::int64_t>(std::clamp(most, 1.0, static_cast<double>(std::min(left, of.most))));
  if (MustDivide(place, dim)) {
    std::int64_t best = 0;
    for (const std::int64_t factor : Divisors(left)) {
      if (!of.Has(factor) || (best > 0 && factor > whole) || !CanHold(at + 1, dim, left / factor)) continue;
      best = factor;
    }
    return std::max<std::int64_t>(1, best);
  }
  for (std::optional<std::int64_t> factor = whole; factor.has_value() && *factor >= of.least;
       factor = NextBelow(*factor, left)) {
    if (CanHold(at + 1, dim, LeftOutside(left, *factor))) return *factor;
  }
  for (std::optional<std::int64_t> factor = std::max(whole, of.least);
       factor.has_value() && *factor <= std::min(left, of.most); factor = NextAbove(*factor, left)) {
    if (CanHold(at + 1, dim, LeftOutside(left, *factor))) return *factor;
  }
  return 1;
}

std::vector<std::int64_t> FactorSpace::Factors(const FactorPlace& place, Dim dim, std::int64_t left,
                                               double most) const {
  const FactorRange& of = range(place, dim);
  const std::size_t at = IsFree(dim) ? 0 : PlaceOf(place, dim);
  const auto may_leave = [&](std::int64_t outside) {
    if (IsFree(dim)) return true;
    return at + 1 == places(dim).size() ? outside == 1 : CanHold(at + 1, dim, outside);
  };
  std::vector<std::int64_t> factors;
  if (MustDivide(place, dim)) {
    factors = Divisors(left);
    std::erase_if(factors, [&](std::int64_t factor) {
      return static_cast<double>(factor) > most || !of.Has(factor) || !may_leave(left / factor);
    });
    return factors;
  }
  const std::int64_t largest = std::min(left, of.most);
  for (std::optional<std::int64_t> factor = of.least;
       factor.has_value() && *factor <= largest && static_cast<double>(*factor) <= most;
       factor = NextAbove(*factor, left)) {
    if (may_leave(LeftOutside(left, *factor))) factors.push_back(*factor);
  }
  return factors;
}

void FactorSpace::Complete(Dim dim, std::int64_t bound, Mapping* mapping) const {
  std::int64_t left = bound;
  std::int64_t inside = 1;
  const std::span<const FactorPlace> all = places(dim);
  for (std::size_t p = 0; p < all.size(); ++p) {
    std::int64_t& factor = FactorAt(*mapping, all[p], dim);
    if (p + 1 == all.size()) {
      factor = left;
    } else if (!MayStand(factor, left, MustDivide(all[p], dim)) ||
               (!IsFree(dim) && (!range(all[p], dim).Has(factor) || !CanHold(p + 1, dim, LeftOutside(left, factor))))) {
      factor = LargestWithin(all[p], dim, left, static_cast<double>(factor));
    }
    inside *= factor;
    left = LeftOutside(bound, inside);
  }
}

void FactorSpace::CompleteLeast(const LayerShape& shape, Mapping* mapping) const {
  for (const Dim dim : kAllDims) Complete(dim, shape.bound(dim), mapping);
}

bool FactorSpace::Grow(const FactorPlace& place, Dim dim, std::int64_t times, std::int64_t bound,
                       Mapping* mapping) const {
  const FactorPlace& taker = last(dim);
  const std::int64_t rest = FactorAt(*mapping, taker, dim);
  if (rest == 1 || place == taker) return false;
  // Inside out: only what now stands at the place may have changed what is left further out.
  FactorAt(*mapping, place, dim) *= times;
  std::int64_t left = bound;
  std::int64_t inside = 1;
  const auto may_stand = [&](const FactorPlace& at, std::int64_t factor) {
    return MayStand(factor, left, MustDivide(at, dim)) && (IsFree(dim) || range(at, dim).Has(factor));
  };
  bool may = true;
  for (const FactorPlace& at : places(dim).first(places(dim).size() - 1)) {
    const std::int64_t factor = FactorAt(*mapping, at, dim);
    may = may && may_stand(at, factor);
    if (!may) break;
    inside *= factor;
    left = LeftOutside(bound, inside);
  }
  if (!may || !may_stand(taker, left)) {
    FactorAt(*mapping, place, dim) /= times;
    return false;
  }
  FactorAt(*mapping, taker, dim) = left;
  return true;
}

absl::Status FactorSpace::CheckShape(const Template& hardware_template, const LayerShape& shape) const {
  for (const Dim dim : kAllDims) {
    if (CanSplit(dim, shape.bound(dim))) continue;
    std::vector<std::string> asked;
    for (const FactorPlace& place : places(dim)) {
      const FactorRange& of = range(place, dim);
      if (of.least == 1 && of.most == kMaxBound) continue;
      const int level = place.is_spatial ? hardware_template.axes()[ToIndex(place.index)].level : place.index;
      asked.push_back(absl::StrCat(
          RangeText(dim, of), place.is_spatial ? " along " : " at level ",
          place.is_spatial ? absl::StrCat(hardware_template.axes()[ToIndex(place.index)].name, " of ") : std::string(),
          hardware_template.level(level).name));
    }
    return FieldError("", absl::StrCat("has ", std::string(1, Name(dim)), " = ", shape.bound(dim),
                                       ", which no factors split as is asked for: ", absl::StrJoin(asked, ", "),
                                       places(dim).size() == asked.size() ? ", and no loop elsewhere" : ""));
  }
  return absl::OkStatus();
}

}  // namespace oneloop
