#include "server/search/mapping_features.h"

#include <bit>
#include <cmath>
#include <cstddef>

namespace oneloop {
namespace {

// Dimensions by the tensors that their loops leave in place: outputs (R S C), inputs (K), weights (P Q N), none (G).
constexpr int kNumKinds = 4;
int Kind(Dim dim) {
  if (!IsRelevant(Tensor::kO, dim)) return 0;
  if (!IsRelevant(Tensor::kI, dim)) return 1;
  if (!IsRelevant(Tensor::kW, dim)) return 2;
  return 3;
}

}  // namespace

MappingFeatures::MappingFeatures(const Template& hardware_template, const LayerShape& shape)
    : num_levels_(hardware_template.num_levels()) {
  for (const Dim dim : kAllDims) {
    if (shape.bound(dim) == 1) continue;
    for (int level = 0; level + 1 < num_levels_; ++level) {
      if (hardware_template.level(level).temporal.Has(dim)) places_.push_back({false, level, dim});
    }
    for (std::size_t axis = 0; axis < hardware_template.axes().size(); ++axis) {
      if (hardware_template.axes()[axis].dims.Has(dim)) places_.push_back({true, static_cast<int>(axis), dim});
    }
  }
  num_may_keep_ = std::countr_zero(static_cast<unsigned>(hardware_template.num_choices()));
  size_ = static_cast<Eigen::Index>(places_.size()) + Eigen::Index{kNumKinds} * (num_levels_ - 1) + num_may_keep_;
}

Eigen::RowVectorXd MappingFeatures::Of(const Mapping& mapping) const {
  Eigen::RowVectorXd features = Eigen::RowVectorXd::Zero(size_);
  Eigen::Index next = 0;
  for (const Place& place : places_) {
    const auto factor = place.is_spatial ? mapping.s(place.index, place.dim) : mapping.t(place.index, place.dim);
    features[next++] = std::log2(static_cast<double>(factor));
  }
  for (int level = 1; level < num_levels_; ++level, next += kNumKinds) {
    const LoopOrder& order = mapping.order[static_cast<std::size_t>(level)];
    for (auto dim = order.rbegin(); dim != order.rend(); ++dim) {
      if (mapping.t(level, *dim) == 1) continue;
      features[next + Kind(*dim)] = 1;
      break;
    }
  }
  for (int bit = 0; bit < num_may_keep_; ++bit) features[next++] = mapping.choice >> bit & 1;
  return features;
}

}  // namespace oneloop
