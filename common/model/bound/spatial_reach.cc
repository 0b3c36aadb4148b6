#include "common/model/bound/spatial_reach.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>

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

SpatialReach::SpatialReach(const Template& hardware_template, const Structure& structure, const LayerShape& shape,
                           const Limits& most, std::size_t max_steps, const std::function<bool()>& stop) {
  most_.fill(1);
  for (std::size_t purpose = 0; purpose < kNumPurposes; ++purpose) {
    Weights largest{};
    for (std::size_t a = 0; a < hardware_template.axes().size(); ++a) {
      const Template::Axis& axis = hardware_template.axes()[a];
      if (purpose == 0) axes_.push_back({axis.level, {}});
      const Weights weights = WeightsOf(hardware_template, structure, shape, purpose, axis.level);
      axes_[a].stairs[purpose] = StairsOf(axis.dims, shape, weights, most[a], max_steps, stop);
      num_steps_ += static_cast<std::int64_t>(axes_[a].stairs[purpose].size());
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

double SpatialReach::Gain(const Stairs& stairs, double limit) {
  if (stairs.empty()) return limit;
  const auto after = std::upper_bound(stairs.begin(), stairs.end(), limit * kSlack,
                                      [](double most, const Step& step) { return most < step.copies; });
  return after == stairs.begin() ? 1 : (after - 1)->gain;
}

// (B2): each axis on its own, and no more than the bounds allow.
double SpatialReach::Product(std::size_t purpose, int first, int last, const Limits& limits) const {
  double product = 1;
  for (std::size_t a = 0; a < axes_.size(); ++a) {
    if (axes_[a].level >= first && axes_[a].level <= last) product *= Gain(axes_[a].stairs[purpose], limits[a]);
  }
  return std::min(product, most_[purpose]);
}

}  // namespace oneloop
