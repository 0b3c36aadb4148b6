#include "server/search/start_point.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/mapping/factor_space.h"
#include "common/mapping/factorize.h"
#include "server/search/filling.h"

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

// The least number from `least` on that has no prime factor above 7: there are a few thousand of them.
std::int64_t NextSmooth(std::int64_t least) {
  static const std::vector<std::int64_t> smooth = [] {
    std::vector<std::int64_t> numbers = {1};
    for (const std::int64_t prime : {2, 3, 5, 7}) {
      for (std::size_t i = 0; i < numbers.size(); ++i) {
        // The last one lies beyond every bound.
        if (numbers[i] <= kMaxBound) numbers.push_back(numbers[i] * prime);
      }
    }
    std::sort(numbers.begin(), numbers.end());
    return numbers;
  }();
  return *std::lower_bound(smooth.begin(), smooth.end(), least);
}

// What a mapping leaves to the last place in some dimensions, in pieces in random order: its prime factors, or,
// where factors need not divide, those of a number that is hardly larger and has small ones.
std::vector<std::pair<Dim, std::int64_t>> PiecesLeft(const FactorSpace& space, const Mapping& mapping, DimSet dims,
                                                     Random& random) {
  std::vector<std::pair<Dim, std::int64_t>> pieces;
  for (const Dim dim : kAllDims) {
    if (!dims.Has(dim)) continue;
    const std::int64_t left = FactorAt(mapping, space.last(dim), dim);
    const std::int64_t whole = space.IsPerfect(dim) ? left : NextSmooth(left);
    for (const std::int64_t prime : PrimeFactors(whole)) pieces.emplace_back(dim, prime);
  }
  Shuffle(&pieces, random);
  return pieces;
}

// Dimensions that share an axis compete for it. One way out of two lets them come in random order, each with its
// largest factor for which there is room, or a smaller one that takes as many turns; the other mixes pieces of them.
void FillAxis(const FactorSpace& space, const LayerShape& shape, const Resource& axis, double room, DimSet dims,
              Random& random, Mapping* mapping) {
  const FactorPlace place{true, axis.axis};
  if (random.Below(2) == 0) {
    for (const auto& [dim, piece] : PiecesLeft(space, *mapping, dims, random)) {
      if (static_cast<double>(piece) > room || !space.Grow(place, dim, piece, shape.bound(dim), mapping)) continue;
      room /= static_cast<double>(piece);
    }
    return;
  }
  std::vector<Dim> order;
  for (const Dim dim : kAllDims) {
    if (dims.Has(dim)) order.push_back(dim);
  }
  Shuffle(&order, random);
  for (const Dim dim : order) {
    const std::int64_t left = FactorAt(*mapping, space.last(dim), dim);
    const std::int64_t copies = space.LeastAlike(place, dim, space.LargestWithin(place, dim, left, room), left);
    if (space.Grow(place, dim, copies, shape.bound(dim), mapping)) room /= static_cast<double>(copies);
  }
}

void FillAxes(const CostModel& model, const LayerShape& shape, const ComponentCosts& costs, Random& random,
              Mapping* mapping) {
  const Template& hardware_template = model.hardware_template();
  const std::vector<Resource>& resources = hardware_template.resources();
  for (std::size_t r = 0; r < resources.size(); ++r) {
    if (!resources[r].is_axis()) continue;
    const DimSet dims = hardware_template.axes()[static_cast<std::size_t>(resources[r].axis)].dims;
    FillAxis(model.factor_space(), shape, resources[r], costs.limit[r], dims, random, mapping);
  }
}

// Fills what a mapping that fits uses too little of: memories only, where it uses enough of the axes. False where that
// cannot be.
bool UseEnough(const CostModel& model, const LayerShape& shape, const ComponentCosts& costs, Random& random,
               Mapping* mapping) {
  const int idle = model.FirstIdle(model.Needs(shape, *mapping), costs);
  if (idle < 0) return true;
  const std::vector<UtilizationRule>& rules = model.hardware_template().utilization_rules();
  const ResourceNeeds need = model.Needs(shape, *mapping);
  const bool uses_axes = std::all_of(rules.begin(), rules.end(), [&](const UtilizationRule& rule) {
    return rule.of_memory() || rule.Idle(need, costs.limit) == 1;
  });
  Filling filling(model, shape);
  std::optional<Mapping> filled;
  if (uses_axes) filled = filling.FillMemories(*mapping, costs, random);
  if (!filled.has_value()) filled = filling.Find(costs, mapping->choice, &random);
  if (!filled.has_value()) return false;
  filled->order = mapping->order;
  *mapping = *filled;
  return true;
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

std::optional<HardwarePoint> SmallestFor(const SearchSpec& spec, const CostModel& model, const HardwarePoint& least) {
  std::vector<ParameterRange> ranges = spec.hardware_range;
  for (std::size_t p = 0; p < ranges.size(); ++p) ranges[p].min = least[p];
  ResourceNeeds need{};
  for (const Layer& layer : spec.workload->layers) {
    Mapping mapping;
    model.factor_space().CompleteLeast(layer.shape, &mapping);
    RaiseTo(model.Needs(layer.shape, mapping), &need);
  }
  return model.SmallestHardware(need, ranges);
}

std::optional<HardwarePoint> SmallestFor(const SearchSpec& spec, const CostModel& model) {
  HardwarePoint least;
  for (const ParameterRange& range : spec.hardware_range) least.push_back(range.min);
  return SmallestFor(spec, model, least);
}

HardwarePoint RandomHardwareFor(const SearchSpec& spec, const CostModel& model, Random& random) {
  const HardwarePoint drawn = RandomHardware(spec, random);
  const bool is_free =
      std::all_of(kAllDims.begin(), kAllDims.end(), [&](Dim dim) { return model.factor_space().IsFree(dim); });
  const HardwarePoint roomy = is_free ? drawn : SmallestFor(spec, model, drawn).value_or(drawn);
  return UsableHardware(spec, model, roomy).value_or(roomy);
}

std::optional<Mapping> ConstructiveMapping(const CostModel& model, const LayerShape& shape, const ComponentCosts& costs,
                                           Random& random, int choice) {
  const Template& hardware_template = model.hardware_template();
  const int outermost = hardware_template.num_levels() - 1;
  Mapping mapping;
  mapping.choice = static_cast<std::uint8_t>(choice);
  const FactorSpace& space = model.factor_space();
  space.CompleteLeast(shape, &mapping);
  mapping.order = model.order_space().StationaryOrders(Tensor::kO);
  const auto fits = [&] { return model.Takes(model.Needs(shape, mapping), costs); };
  if (model.FirstShortage(model.Needs(shape, mapping), costs) >= 0) return std::nullopt;
  const Mapping single = mapping;
  FillAxes(model, shape, costs, random, &mapping);
  if (!fits()) mapping = single;
  if (!UseEnough(model, shape, costs, random, &mapping)) return std::nullopt;

  for (int level = 0; level < outermost; ++level) {
    const DimSet dims = hardware_template.level(level).temporal;
    for (const auto& [dim, piece] : PiecesLeft(space, mapping, dims, random)) {
      std::int64_t& last = FactorAt(mapping, space.last(dim), dim);
      const std::int64_t rest = last;
      if (!space.Grow({false, level}, dim, piece, shape.bound(dim), &mapping) || fits()) continue;
      mapping.t(level, dim) /= piece;
      last = rest;
    }
  }
  return mapping;
}

std::string NothingFits(const Template& hardware_template) {
  return absl::StrCat(
      "no mapping of every layer fits the hardware",
      hardware_template.utilization_rules().empty() ? "" : " and uses as much of it as min_utilization asks for");
}

int RandomChoice(const CostModel& model, Random& random) {
  if (model.num_choices() == 1) return 0;
  return static_cast<int>(random.Below(static_cast<std::uint64_t>(model.num_choices())));
}

}  // namespace oneloop
