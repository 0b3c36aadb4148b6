#include "server/search/start_point.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "common/mapping/factorize.h"
#include "common/mapping/orders.h"

namespace oneloop {
namespace {

double RandomValue(const ParameterSpec& parameter, const ParameterRange& range, Random& random) {
  const double low = std::clamp(parameter.start_min, range.min, range.max);
  const double high = std::clamp(parameter.start_max, range.min, range.max);
  const double first = std::ceil(std::log2(low));
  const double last = std::floor(std::log2(high));
  if (low == high || first > last) return low;
  const double exponent = first + static_cast<double>(random.Below(static_cast<std::uint64_t>(last - first) + 1));
  const double value = std::nearbyint(std::exp2(exponent) / parameter.step) * parameter.step;
  return std::clamp(value, range.min, range.max);
}

template <class T>
void Shuffle(std::vector<T>* items, Random& random) {
  for (std::size_t i = items->size(); i > 1; --i) std::swap((*items)[i - 1], (*items)[random.Below(i)]);
}

// Prime factors of what a mapping leaves to the outermost level in some dimensions, in random order.
std::vector<std::pair<Dim, std::int64_t>> PrimesLeft(const Mapping& mapping, int outermost, DimSet dims,
                                                     Random& random) {
  std::vector<std::pair<Dim, std::int64_t>> primes;
  for (const Dim dim : kAllDims) {
    if (!dims.Has(dim)) continue;
    for (const std::int64_t prime : PrimeFactors(mapping.t(outermost, dim))) primes.emplace_back(dim, prime);
  }
  Shuffle(&primes, random);
  return primes;
}

// Dimensions that share an axis compete for it. One way out of two lets them come in random order, each with its
// largest divisor for which there is room; the other mixes their prime factors.
void FillAxis(const Resource& axis, double room, DimSet dims, int outermost, Random& random, Mapping* mapping) {
  if (random.Below(2) == 0) {
    for (const auto& [dim, prime] : PrimesLeft(*mapping, outermost, dims, random)) {
      if (static_cast<double>(prime) > room) continue;
      mapping->s(axis.axis, dim) *= prime;
      mapping->t(outermost, dim) /= prime;
      room /= static_cast<double>(prime);
    }
    return;
  }
  std::vector<Dim> order;
  for (const Dim dim : kAllDims) {
    if (dims.Has(dim)) order.push_back(dim);
  }
  Shuffle(&order, random);
  for (const Dim dim : order) {
    std::int64_t& rest = mapping->t(outermost, dim);
    std::int64_t best = 1;
    for (const std::int64_t divisor : Divisors(rest)) {
      if (static_cast<double>(divisor) <= room) best = divisor;
    }
    mapping->s(axis.axis, dim) = best;
    rest /= best;
    room /= static_cast<double>(best);
  }
}

void FillAxes(const CostModel& model, const ComponentCosts& costs, int outermost, Random& random, Mapping* mapping) {
  const Template& hardware_template = model.hardware_template();
  const std::vector<Resource>& resources = hardware_template.resources();
  for (std::size_t r = 0; r < resources.size(); ++r) {
    if (!resources[r].is_axis()) continue;
    FillAxis(resources[r], costs.limit[r], hardware_template.axes()[static_cast<std::size_t>(resources[r].axis)].dims,
             outermost, random, mapping);
  }
}

}  // namespace

HardwarePoint RandomHardware(const SearchSpec& spec, Random& random) {
  HardwarePoint hardware;
  for (int p = 0; p < spec.hardware_template->num_parameters(); ++p) {
    hardware.push_back(
        RandomValue(spec.hardware_template->parameter(p), spec.hardware_range[static_cast<std::size_t>(p)], random));
  }
  return hardware;
}

std::optional<Mapping> ConstructiveMapping(const CostModel& model, const LayerShape& shape, const ComponentCosts& costs,
                                           Random& random) {
  const Template& hardware_template = model.hardware_template();
  const int outermost = hardware_template.num_levels() - 1;
  Mapping mapping;
  for (const Dim dim : kAllDims) mapping.t(outermost, dim) = shape.bound(dim);
  mapping.order.fill(StationaryOrder(Tensor::kO));
  const auto fits = [&] { return model.FirstShortage(model.Needs(shape, mapping), costs) < 0; };
  if (!fits()) return std::nullopt;
  const Mapping single = mapping;
  FillAxes(model, costs, outermost, random, &mapping);
  if (!fits()) mapping = single;

  for (int level = 0; level < outermost; ++level) {
    for (const auto& [dim, prime] : PrimesLeft(mapping, outermost, hardware_template.level(level).temporal, random)) {
      mapping.t(level, dim) *= prime;
      mapping.t(outermost, dim) /= prime;
      if (fits()) continue;
      mapping.t(level, dim) /= prime;
      mapping.t(outermost, dim) *= prime;
    }
  }
  return mapping;
}

}  // namespace oneloop
