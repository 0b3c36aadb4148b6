#include "common/model/bound/contraction.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "common/hardware/formula.h"
#include "common/model/bound/box_costs.h"

namespace oneloop {
namespace {

// Parameters that hold each other back can go on for as long as there are steps; what is left then is true as well.
constexpr int kMostRounds = 8;

class Contraction {
 public:
  Contraction(const Template& hardware_template, double most_area_mm2, std::vector<ParameterRange>* ranges)
      : template_(hardware_template),
        terms_(hardware_template.spec().area_mm2->terms()),
        most_area_mm2_(most_area_mm2 * (1 + kBoundSlack)),
        ranges_(*ranges) {}

  bool Run() {
    bool changed = true;
    for (int round = 0; changed && round < kMostRounds; ++round) {
      changed = false;
      for (std::size_t p = 0; p < ranges_.size(); ++p) {
        for (const bool upper : {true, false}) {
          if (!Shorten(p, upper, &changed)) return false;
        }
      }
    }
    return true;
  }

 private:
  // The least area with parameter p at `value` or beyond it: towards its maximum, with `upper`, where terms that grow
  // with p count with `value`, and the others with the maximum. It never falls as `value` goes there.
  struct Slice {
    double rest = 0;
    std::vector<std::pair<double, double>> growing;  // value at `from`, exponent
    double from;

    double At(double value) const {
      double area = rest;
      for (const auto& [least, exponent] : growing) area += least * Power(value / from, exponent);
      return area;
    }
  };

  Slice SliceOf(std::size_t p, bool upper) const {
    Slice slice;
    slice.from = upper ? ranges_[p].min : ranges_[p].max;
    for (const Formula::Term& term : terms_) {
      double least = term.coefficient;
      for (std::size_t j = 0; j < ranges_.size(); ++j) {
        least *= Power(term.exponents[j] >= 0 ? ranges_[j].min : ranges_[j].max, term.exponents[j]);
      }
      if (upper ? term.exponents[p] > 0 : term.exponents[p] < 0) {
        slice.growing.emplace_back(least, term.exponents[p]);
      } else {
        slice.rest += least;
      }
    }
    return slice;
  }

  // False when no point of the box is within.
  bool Shorten(std::size_t p, bool upper, bool* changed) {
    const Slice slice = SliceOf(p, upper);
    if (slice.At(slice.from) > most_area_mm2_) return false;
    ParameterRange& range = ranges_[p];
    double& end = upper ? range.max : range.min;
    if (range.min >= range.max || slice.At(end) <= most_area_mm2_) return true;
    // By steps: `near` may be within, `far` is not.
    const double step = template_.parameter(static_cast<int>(p)).step;
    double near = upper ? std::floor(range.min / step) : std::ceil(range.max / step);
    double far = upper ? std::ceil(range.max / step) : std::floor(range.min / step);
    while (std::abs(far - near) > 1) {
      const double middle = std::floor((near + far) / 2);
      (slice.At(middle * step) <= most_area_mm2_ ? near : far) = middle;
    }
    end = std::clamp(near * step, range.min, range.max);
    *changed = true;
    return true;
  }

  const Template& template_;
  const std::vector<Formula::Term>& terms_;
  const double most_area_mm2_;
  std::vector<ParameterRange>& ranges_;
};

}  // namespace

bool ContractToArea(const Template& hardware_template, double most_area_mm2, std::vector<ParameterRange>* ranges) {
  if (!hardware_template.spec().area_mm2.has_value()) return true;
  return Contraction(hardware_template, most_area_mm2, ranges).Run();
}

}  // namespace oneloop
