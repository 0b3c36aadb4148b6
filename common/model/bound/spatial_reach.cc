#include "common/model/bound/spatial_reach.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>

#include "common/mapping/factor_space.h"
#include "common/mapping/factorize.h"

namespace oneloop {
namespace {

// Limits are results of formulas: an axis of 16 may come out as 15.999999999999998.
constexpr double kSlack = 1 + 1e-9;

bool CanSpread(const Template& hardware_template, const LayerShape& shape, int level, Dim dim) {
  return shape.bound(dim) > 1 &&
         std::any_of(hardware_template.axes().begin(), hardware_template.axes().end(),
                     [&](const Template::Axis& axis) { return axis.level == level && axis.dims.Has(dim); });
}

}  // namespace

// The exponent with which a spatial factor counts for a purpose. (B8): copies along an output and its filter dimension,
// o and f of them, have at least max(o, f) different windows, so that min(o, f) <= sqrt(o f) coincide.
SpatialReach::Weights SpatialReach::WeightsOf(const Template& hardware_template, const Structure& structure,
                                              const LayerShape& shape, std::size_t purpose, int level) {
  Weights weights{};
  for (const Dim dim : kAllDims) {
    double& weight = weights[static_cast<std::size_t>(dim)];
    const bool may_coincide = IsSliding(dim) && CanSpread(hardware_template, shape, level, PartnerOf(dim));
    if (purpose == kAny) {
      weight = 1;
    } else if (purpose < kMulticast) {
      weight = IsRelevant(static_cast<Tensor>(purpose - kPart), dim) ? 1 : 0;
    } else if (purpose < kReducing) {
      const auto tensor = static_cast<Tensor>(purpose - kMulticast);
      weight = structure.sharing(level, tensor).Has(dim) ? 1 : 0;  // (B13)
      if (tensor == Tensor::kI && may_coincide && structure.MayCoincide(level)) weight = 0.5;
    } else if (purpose == kReducing) {
      weight = IsRelevant(Tensor::kO, dim) ? 0 : 1;
    } else {
      weight = may_coincide && structure.MayCoincide(level) ? 0.5 : 0;  // (B10)
    }
  }
  return weights;
}

SpatialReach::SpatialReach(const Template& hardware_template, const Structure& structure, const Spread& spread,
                           const Limits& most, std::size_t max_steps, const std::function<bool()>& stop) {
  const LayerShape& shape = spread.inside;
  // Axes on which a dimension can have copies.
  const auto axes_along = [&](Dim dim) {
    return std::count_if(hardware_template.axes().begin(), hardware_template.axes().end(),
                         [dim](const Template::Axis& axis) { return axis.dims.Has(dim); });
  };
  most_.fill(1);
  for (std::size_t purpose = 0; purpose < kNumPurposes; ++purpose) {
    Weights largest{};
    for (std::size_t a = 0; a < hardware_template.axes().size(); ++a) {
      const Template::Axis& axis = hardware_template.axes()[a];
      if (purpose == 0) axes_.emplace_back().level = axis.level;
      const Weights weights = WeightsOf(hardware_template, structure, shape, purpose, axis.level);
      DimSet counted;
      DimSet copied;
      bool is_uneven = false;
      for (const Dim dim : kAllDims) {
        if (!axis.dims.Has(dim) || shape.bound(dim) == 1) continue;
        copied.Add(dim);
        if (weights[ToIndex(dim)] == 0) continue;
        counted.Add(dim);
        is_uneven = is_uneven || spread.uneven.Has(dim);
      }
      if (is_uneven) {
        axes_[a].smooth[purpose] = SmoothOf(counted, shape, weights);
        for (const Dim dim : kAllDims) {
          if (!(copied == DimSet{dim}) || axes_along(dim) > 1) continue;
          if (axes_[a].runs.empty()) {
            axes_[a].runs = RunsOf(spread.shape.bound(dim),
                                   std::min(most[a] * kSlack, static_cast<double>(shape.bound(dim))), max_steps);
            num_steps_ += static_cast<std::int64_t>(axes_[a].runs.size());
          }
          axes_[a].counts_runs[purpose] = weights[ToIndex(dim)] == 1;
        }
      } else {
        axes_[a].stairs[purpose] = StairsOf(axis.dims, shape, weights, most[a], max_steps, stop);
        num_steps_ += static_cast<std::int64_t>(axes_[a].stairs[purpose].size());
      }
      for (std::size_t d = 0; d < weights.size(); ++d) largest[d] = std::max(largest[d], weights[d]);
    }
    for (const Dim dim : kAllDims) {
      most_[purpose] *= std::pow(static_cast<double>(shape.bound(dim)), largest[static_cast<std::size_t>(dim)]);
    }
  }
}

// (B1): the divisors of the bounds with the best product on one axis.
SpatialReach::Stairs SpatialReach::StairsOf(const DimSet& dims, const LayerShape& shape, const Weights& weights,
                                            double most, std::size_t max_steps, const std::function<bool()>& stop) {
  std::map<double, double> gains = {{1, 1}};
  for (const Dim dim : kAllDims) {
    const double weight = weights[static_cast<std::size_t>(dim)];
    if (!dims.Has(dim) || weight == 0 || shape.bound(dim) == 1) continue;
    const std::map<double, double> before = gains;
    for (const std::int64_t divisor : Divisors(shape.bound(dim))) {
      if (stop && stop()) return {};
      const auto factor = static_cast<double>(divisor);
      for (const auto& [copies, gain] : before) {
        if (copies * factor > most * kSlack) break;
        double& best = gains[copies * factor];
        best = std::max(best, gain * std::pow(factor, weight));
      }
      if (gains.size() > max_steps) return {};
    }
  }
  Stairs stairs;
  for (const auto& [copies, gain] : gains) {
    if (stairs.empty() || gain > stairs.back().gain) stairs.push_back({copies, gain});
  }
  return stairs;
}

SpatialReach::Smooth SpatialReach::SmoothOf(const DimSet& dims, const LayerShape& inside, const Weights& weights) {
  Smooth smooth;
  for (const Dim dim : kAllDims) {
    if (!dims.Has(dim)) continue;
    (weights[ToIndex(dim)] == 1 ? smooth.most_full : smooth.most_half) *= static_cast<double>(inside.bound(dim));
  }
  return smooth;
}

// (B36): the least factors of each number of runs that are left.
SpatialReach::Stairs SpatialReach::RunsOf(std::int64_t bound, double most, std::size_t max_steps) {
  Stairs stairs;
  for (std::int64_t factor = 1; static_cast<double>(factor) <= most;) {
    if (stairs.size() == max_steps) return {};
    const std::int64_t runs = LeftOutside(bound, factor);
    stairs.push_back({static_cast<double>(factor), static_cast<double>(bound) / static_cast<double>(runs)});
    if (runs == 1) break;
    factor = LeftOutside(bound, runs - 1);
  }
  return stairs;
}

// (B35): no product a·√b with a·b at most the limit is larger.
double SpatialReach::Gain(const Smooth& smooth, double limit) {
  const double full = std::clamp(limit, 1.0, smooth.most_full);
  return full * std::sqrt(std::clamp(limit / full, 1.0, smooth.most_half));
}

double SpatialReach::Gain(const Stairs& stairs, double limit) {
  if (stairs.empty()) return limit;
  const auto after = std::upper_bound(stairs.begin(), stairs.end(), limit * kSlack,
                                      [](double most, const Step& step) { return most < step.copies; });
  return after == stairs.begin() ? 1 : (after - 1)->gain;
}

// (B2): each axis on its own, and no more than the bounds allow.
double SpatialReach::Product(std::size_t purpose, int first, int last, const Limits& limits, bool of_busiest) const {
  double product = 1;
  for (std::size_t a = 0; a < axes_.size(); ++a) {
    const Axis& axis = axes_[a];
    if (axis.level < first || axis.level > last) continue;
    if (of_busiest && axis.counts_runs[purpose] && !axis.runs.empty()) {
      product *= Gain(axis.runs, limits[a]);
    } else if (axis.smooth[purpose].has_value()) {
      product *= Gain(*axis.smooth[purpose], limits[a]);
    } else {
      product *= Gain(axis.stairs[purpose], limits[a]);
    }
  }
  return std::min(product, most_[purpose]);
}

}  // namespace oneloop
