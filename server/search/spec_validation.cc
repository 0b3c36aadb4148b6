#include "server/search/spec_validation.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/mapping/mapping.h"
#include "common/model/exact/cost_model.h"
#include "common/model/goal/workload_sum.h"
#include "server/search/filling.h"
#include "server/search/search_memory.h"

namespace oneloop {
namespace {

constexpr int kMaxStarts = 10000;
constexpr std::int64_t kMaxSamplesPerStart = 10000000;
// Beginnings of mappings that are looked at to tell whether layers can use as much as they have to, each and all
// together: half a second. What is not known then, a search finds out.
constexpr std::int64_t kMostTriedOfLayer = 1 << 16;
constexpr std::int64_t kMostTriedOfAll = 1 << 18;

template <class T>
absl::Status CheckRange(std::string_view field, T value, T min, T max) {
  if (value >= min && value <= max) return absl::OkStatus();
  return FieldError(field, absl::StrCat("is ", value, "; valid: ", min, " to ", max));
}

absl::Status ValidateRanges(const SearchSpec& spec) {
  const Template& hardware_template = *spec.hardware_template;
  if (spec.hardware_range.size() != static_cast<std::size_t>(hardware_template.num_parameters())) {
    return FieldError("fixed_parameters", "does not match the template's parameters");
  }
  for (int p = 0; p < hardware_template.num_parameters(); ++p) {
    const ParameterSpec& parameter = hardware_template.parameter(p);
    const ParameterRange& range = spec.hardware_range[static_cast<std::size_t>(p)];
    const std::string field = absl::StrCat("fixed_parameters.", parameter.name);
    if (!(range.min >= parameter.min && range.max <= parameter.max)) {
      return FieldError(field, absl::StrCat("is ", range.min < parameter.min ? range.min : range.max,
                                            "; valid: ", parameter.min, " to ", parameter.max));
    }
    if (!(range.min <= range.max)) {
      return FieldError(field, absl::StrCat("leaves no value: ", range.min, " to ", range.max));
    }
    for (const double end : {range.min, range.max}) {
      if (std::nearbyint(end / parameter.step) * parameter.step != end) {
        return FieldError(field, absl::StrCat("is ", end, "; valid: whole multiples of ", parameter.step));
      }
    }
  }
  return absl::OkStatus();
}

// The factors that are asked for must split every layer, and the largest hardware take it with as little inside as they
// allow.
absl::Status ValidateRoom(const SearchSpec& spec, const CostModel& model) {
  const Template& hardware_template = model.hardware_template();
  for (std::size_t i = 0; i < spec.workload->layers.size(); ++i) {
    const LayerShape& shape = spec.workload->layers[i].shape;
    const std::string layer = absl::StrCat("layer '", spec.workload->layers[i].name, "' (layers[", i, "]) ");
    const absl::Status splits = model.factor_space().CheckShape(hardware_template, shape);
    if (!splits.ok()) return FieldError("", layer + DescriptionOf(splits));
    Mapping mapping;
    model.factor_space().CompleteLeast(shape, &mapping);
    if (model.SmallestHardware(model.Needs(shape, mapping), spec.hardware_range)) continue;
    return FieldError("", absl::StrCat(layer, "fits no hardware of template '", hardware_template.name(),
                                       "' in the allowed ranges, not even element by element"));
  }
  return absl::OkStatus();
}

// The limits of all resources at their largest in the ranges, and at their smallest.
struct LimitBox {
  explicit LimitBox(const SearchSpec& spec) {
    HardwarePoint smallest;
    HardwarePoint largest;
    for (const ParameterRange& range : spec.hardware_range) {
      smallest.push_back(range.min);
      largest.push_back(range.max);
    }
    const std::vector<Resource>& resources = spec.hardware_template->resources();
    for (std::size_t r = 0; r < resources.size(); ++r) {
      most.limit[r] = resources[r].limit.EvaluateLargest(smallest, largest);
      least[r] = resources[r].limit.EvaluateSmallest(smallest, largest);
    }
  }
  // Whether the axes of a rule have the same lengths on all hardware.
  bool IsFixed(const UtilizationRule& rule) const {
    return std::all_of(rule.resources.begin(), rule.resources.end(),
                       [&](int r) { return most.limit[ToIndex(r)] == least[ToIndex(r)]; });
  }

  ComponentCosts most{};  // limits alone
  ResourceNeeds least{};
};

// How much a layer can use of what a rule is about, and of how much.
struct Use {
  double most;
  double available;
};

// What a layer can use too little of on all hardware of the ranges, where axes are at their shortest; nothing where
// that is not certain. There is as much room as there can be, and a single axis has any length, as if it had a
// parameter of its own.
std::optional<Use> TooLittleUse(const UtilizationRule& rule, const LimitBox& limits, Filling* layer) {
  ComponentCosts costs = limits.most;
  for (;;) {
    const double most = layer->Most(rule, costs);
    if (!layer->looked_at_all() || layer->total_tried() > kMostTriedOfLayer) return std::nullopt;
    // Of several axes none can be told to be the one that is too long.
    if (rule.resources.size() > 1) {
      if (most >= rule.Least(limits.least)) return std::nullopt;
      return Use{most, rule.Available(limits.least)};
    }
    const double available = rule.Available(costs.limit);
    if (most >= rule.Least(costs.limit)) return std::nullopt;
    const double least = rule.Available(limits.least);
    if (available == least) return Use{most, available};
    const double next = rule.of_memory() ? least : std::min(std::floor(most / rule.share), available - 1);
    costs.limit[ToIndex(rule.resources.front())] = std::max(least, next);
  }
}

absl::Status ValidateUtilization(const Template& hardware_template, const LimitBox& limits, Filling* layer) {
  bool is_fixed = true;
  for (const UtilizationRule& rule : hardware_template.utilization_rules()) {
    is_fixed = is_fixed && limits.IsFixed(rule);
    const std::optional<Use> use = TooLittleUse(rule, limits, layer);
    if (!use.has_value()) continue;
    return FieldError(
        "", absl::StrCat("can use at most ", use->most, " of ", use->available, " ", NameOf(rule.unit), " ",
                         PlaceOf(hardware_template, rule), ", and min_utilization asks for ", rule.share, " of them"));
  }
  if (!is_fixed || layer->FindAny(limits.most).has_value() || !layer->looked_at_all()) return absl::OkStatus();
  return FieldError("", "can use as much of each axis as min_utilization asks for, and not of all of them together");
}

// Each layer must be able to use as much of the axes as is asked for.
absl::Status ValidateUtilization(const SearchSpec& spec, const CostModel& model) {
  if (spec.hardware_template->utilization_rules().empty()) return absl::OkStatus();
  const LimitBox limits(spec);
  std::int64_t tried = 0;
  for (std::size_t i = 0; i < spec.workload->layers.size() && tried <= kMostTriedOfAll; ++i) {
    const Layer& layer = spec.workload->layers[i];
    Filling filling(model, layer.shape);
    const absl::Status usable = ValidateUtilization(*spec.hardware_template, limits, &filling);
    if (!usable.ok()) {
      return FieldError("", absl::StrCat("layer '", layer.name, "' (layers[", i, "]) ", DescriptionOf(usable)));
    }
    tried += filling.total_tried();
  }
  return absl::OkStatus();
}

// Figures that no design of the ranges can beat; a limit below them is impossible.
absl::Status ValidateLimits(const SearchSpec& spec) {
  const Template& hardware_template = *spec.hardware_template;
  HardwarePoint smallest;
  HardwarePoint largest;
  for (const ParameterRange& range : spec.hardware_range) {
    smallest.push_back(range.min);
    largest.push_back(range.max);
  }
  double lanes = hardware_template.spec().macs_per_cycle;
  for (const Resource& resource : hardware_template.resources()) {
    if (resource.is_axis()) lanes *= resource.limit.EvaluateLargest(smallest, largest);
  }
  const auto& mac_energy = hardware_template.spec().mac_energy_pj;
  const auto& area = hardware_template.spec().area_mm2;
  // Of designs that do nothing but compute.
  const double least_energy_pj = mac_energy.has_value() ? mac_energy->EvaluateSmallest(smallest, largest) : 0;
  const WorkloadSum sum(*spec.workload);
  MetricBox box = MetricBox::Unknown(spec.workload->networks.size());
  box.least = sum.Start(area.has_value() ? area->EvaluateSmallest(smallest, largest) : 0);
  for (std::size_t i = 0; i < spec.workload->layers.size(); ++i) {
    const auto macs = static_cast<double>(Macs(spec.workload->layers[i].shape));
    sum.Add(i, {macs * least_energy_pj * 1e-6, macs / lanes}, &box.least);
  }
  const double clock_mhz = hardware_template.spec().clock_mhz.value_or(0);
  for (const MetricLimit& limit : spec.limits) {
    const QuantityInfo& quantity = InfoOf(limit.quantity);
    const std::string name = NameOf(limit, *spec.workload);
    if (!(limit.bound > 0) || !std::isfinite(limit.bound)) {
      return FieldError("limits", absl::StrCat(name, " is ", limit.bound, "; valid: above 0"));
    }
    if (NeedsClock(quantity) && clock_mhz == 0) {
      return FieldError("limits", absl::StrCat(name, " needs a clock, and template '", hardware_template.name(),
                                               "' has no clock_mhz"));
    }
    const double least = Constraints({&limit, 1}, hardware_template).LeastValue(0, box);
    if (least <= quantity.ProductAt(limit.bound, clock_mhz)) continue;
    const double reachable = quantity.ValueAt(least, clock_mhz);
    return FieldError("limits", absl::StrCat(name, quantity.at_least ? " >= " : " <= ", limit.bound,
                                             " is impossible: every design has at ",
                                             quantity.at_least ? "most " : "least ", reachable));
  }
  return absl::OkStatus();
}

// A front is searched for with its product as the score.
absl::Status ValidateFront(const SearchSpec& spec) {
  if (!spec.front.has_value()) return absl::OkStatus();
  if (spec.stop_score.has_value()) return FieldError("stop_gap", "cannot be given with a front, which has no one best");
  if (spec.combination.kind != Combination::Kind::kSum) {
    return FieldError("combination", "makes one objective, and a front is over sums; valid: SUM");
  }
  if (spec.algorithm != Algorithm::kDefaultTiling) return absl::OkStatus();
  return FieldError("algorithm",
                    "is DEFAULT_TILER, which makes one design and no front; valid: GRADIENT, RANDOM, BAYESIAN");
}

// An objective of energy needs a template that says what energy costs.
absl::Status ValidateObjective(const SearchSpec& spec) {
  const TemplateSpec& hardware = spec.hardware_template->spec();
  const char* const field = spec.front.has_value() ? "objective_front" : "objective";
  if (NeedsClock(spec.objective) && !hardware.clock_mhz.has_value()) {
    return FieldError("objective", absl::StrCat("has power, which needs a clock, and template '", hardware.name,
                                                "' has no clock_mhz"));
  }
  if (spec.objective.of(Metric::kArea) > 0 && !hardware.area_mm2.has_value()) {
    return FieldError(field, absl::StrCat("has area, and template '", hardware.name, "' has no formula area_mm2"));
  }
  const bool asks_for_energy = spec.objective.of(Metric::kEnergy) > 0 || spec.objective.of(Metric::kPower) > 0;
  const int outermost = spec.hardware_template->num_levels() - 1;
  const bool prices_outermost = std::any_of(
      spec.hardware_template->ports().begin(), spec.hardware_template->ports().end(),
      [outermost](const Template::Port& port) { return port.level == outermost && port.spec.access_pj.has_value(); });
  if (!asks_for_energy || hardware.mac_energy_pj.has_value() || prices_outermost) return absl::OkStatus();
  return FieldError(field, absl::StrCat("template '", hardware.name,
                                        "' gives no energy for its compute units or its last level; valid: ",
                                        spec.front.has_value() ? "latency,area" : "LATENCY"));
}

// A tiling heuristic chooses no hardware.
absl::Status ValidateAlgorithm(const SearchSpec& spec) {
  if (spec.algorithm != Algorithm::kDefaultTiling) return absl::OkStatus();
  for (std::size_t p = 0; p < spec.hardware_range.size(); ++p) {
    if (spec.hardware_range[p].min == spec.hardware_range[p].max) continue;
    const std::string& name = spec.hardware_template->parameter(static_cast<int>(p)).name;
    return FieldError(absl::StrCat("fixed_parameters.", name),
                      "is missing; algorithm DEFAULT_TILER tiles for given hardware, so fix every parameter");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateSearchSpec(const SearchSpec& spec) {
  RETURN_IF_ERROR(CheckRange("starts", spec.starts, 1, kMaxStarts));
  RETURN_IF_ERROR(CheckRange("steps", spec.samples_per_start, std::int64_t{1}, kMaxSamplesPerStart));
  RETURN_IF_ERROR(CheckRange("round_period", spec.round_period, 1, static_cast<int>(kMaxSamplesPerStart)));
  RETURN_IF_ERROR(CheckRange("learning_rate", spec.learning_rate, 1e-6, 10.0));
  RETURN_IF_ERROR(CheckRange("descent_share", spec.descent_share, 0.0, 1.0));
  RETURN_IF_ERROR(ValidateFront(spec));
  RETURN_IF_ERROR(ValidateObjective(spec));
  RETURN_IF_ERROR(ValidateRanges(spec));
  RETURN_IF_ERROR(ValidateAlgorithm(spec));
  RETURN_IF_ERROR(ValidateLimits(spec));
  const CostModel model(spec.hardware_template);
  RETURN_IF_ERROR(ValidateRoom(spec, model));
  RETURN_IF_ERROR(ValidateUtilization(spec, model));
  return CheckSearchMemory(spec);
}

}  // namespace oneloop
