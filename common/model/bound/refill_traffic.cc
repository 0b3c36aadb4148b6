#include "common/model/bound/refill_traffic.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>

#include "common/mapping/factorize.h"
#include "common/model/bound/inner_traffic.h"
#include "common/workload/dims.h"

namespace oneloop {
namespace {

double BoundsNotUsing(const LayerShape& shape, Tensor tensor) {
  double product = 1;
  for (const Dim dim : kAllDims) {
    if (!IsRelevant(tensor, dim)) product *= static_cast<double>(shape.bound(dim));
  }
  return product;
}

// Every product of divisors of the bounds that the tensor does not use, ascending; nothing when that is more than
// `most`.
std::vector<double> DivisorsNotUsing(const LayerShape& shape, Tensor tensor, std::size_t most) {
  std::vector<double> products = {1};
  for (const Dim dim : kAllDims) {
    if (IsRelevant(tensor, dim)) continue;
    const std::vector<std::int64_t> divisors = Divisors(shape.bound(dim));
    if (products.size() * divisors.size() > most) return {};
    std::vector<double> longer;
    for (const double product : products) {
      for (const std::int64_t divisor : divisors) longer.push_back(product * static_cast<double>(divisor));
    }
    std::sort(longer.begin(), longer.end());
    longer.erase(std::unique(longer.begin(), longer.end()), longer.end());
    products = std::move(longer);
  }
  return products;
}

}  // namespace

std::optional<RefillTraffic> RefillTraffic::Create(const Template& hardware_template, const Structure& structure,
                                                   const LayerShape& shape, ProofBudget* budget) {
  RefillTraffic traffic(hardware_template);
  const std::vector<int>& of_outputs = structure.keeper_levels(Tensor::kO);
  if (of_outputs.size() < 2) return std::nullopt;
  traffic.buffer_ = of_outputs[of_outputs.size() - 2];
  const std::vector<int>& of_weights = structure.keeper_levels(Tensor::kW);
  const auto source = std::upper_bound(of_weights.begin(), of_weights.end(), traffic.buffer_);
  if (source == of_weights.begin() || source == of_weights.end()) return std::nullopt;
  traffic.source_ = *source;
  traffic.keeper_ = *(source - 1);
  if (InnerTraffic::Counts(hardware_template, of_weights, ToIndex(static_cast<int>(source - of_weights.begin()) - 1))) {
    return std::nullopt;
  }
  for (int level = 0; level <= traffic.keeper_; ++level) {
    for (const Dim dim : kAllDims) {
      const bool reduced = !IsRelevant(Tensor::kO, dim) && shape.bound(dim) > 1;
      traffic.keeps_reduction_ =
          traffic.keeps_reduction_ || (reduced && hardware_template.level(level).temporal.Has(dim));
    }
  }
  traffic.macs_ = static_cast<double>(Macs(shape));
  traffic.reduction_ = BoundsNotUsing(shape, Tensor::kO);
  traffic.outputs_ = BoundsNotUsing(shape, Tensor::kW);
  if (traffic.reduction_ == 1 || traffic.outputs_ == 1) return std::nullopt;
  traffic.reuse_ = DivisorsNotUsing(shape, Tensor::kW, budget->steps());
  budget->steps_left -= std::ssize(traffic.reuse_);
  return traffic;
}

double RefillTraffic::CapacityWords(int level, Tensor tensor, const BoxCosts& costs) const {
  double words = std::numeric_limits<double>::infinity();
  for (std::size_t r = 0; r < template_->resources().size(); ++r) {
    const Resource& resource = template_->resources()[r];
    if (resource.level != level || !resource.Holds(tensor)) continue;
    words = std::min(words, costs.limit[r] / resource.per_word[ToIndex(tensor)] * (1 + kBoundSlack));
  }
  return words;
}

double RefillTraffic::Fills(const BoxCosts& costs) const {
  double reuse = std::min(outputs_, CapacityWords(buffer_, Tensor::kO, costs));
  const auto beyond = std::upper_bound(reuse_.begin(), reuse_.end(), reuse);
  if (beyond != reuse_.begin()) reuse = *(beyond - 1);
  return macs_ / reuse;
}

double RefillTraffic::OutputVisits(const BoxCosts& costs, double reductions) const {
  return reduction_ / (reductions * (keeps_reduction_ ? CapacityWords(keeper_, Tensor::kW, costs) : 1));
}

}  // namespace oneloop
