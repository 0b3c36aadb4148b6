#include "common/hardware/template.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/hardware/level_rules.h"
#include "common/hardware/mapping_rules.h"
#include "common/workload/workload.h"

namespace oneloop {
namespace {

// Values of a parameter; beyond it neighbouring ones are no longer told apart in binary.
constexpr double kMaxParameterSteps = 1e15;
constexpr double kMinClockMhz = 1e-3;
constexpr double kMaxClockMhz = 1e6;
constexpr double kMaxLeakageWPerMm2 = 1e3;
// As kMinMacsPerCycle.
constexpr double kMinFormulaValue = 1e-18;
constexpr double kMaxFormulaValue = 1e18;

bool IsIdentifier(const std::string& name) {
  if (name.empty() || name.size() > 63) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (!letter && (i == 0 || c < '0' || c > '9')) return false;
  }
  return true;
}

absl::Status ValidateParameter(const ParameterSpec& parameter) {
  if (!IsIdentifier(parameter.name)) {
    return FieldError("name", absl::StrCat("'", parameter.name, "' is not a letter followed by letters, digits, '_'"));
  }
  for (const auto& [field, value] :
       {std::pair{"min", parameter.min}, std::pair{"max", parameter.max}, std::pair{"step", parameter.step}}) {
    if (value >= kMinParameterValue && value <= kMaxParameterValue) continue;
    return FieldError(field,
                      absl::StrCat("is ", value, "; valid: above 0, ", kMinParameterValue, " to ", kMaxParameterValue));
  }
  if (parameter.min > parameter.max) {
    return FieldError("max",
                      absl::StrCat("is ", parameter.max, ", below min = ", parameter.min, ": the range is empty"));
  }
  if (parameter.max / parameter.step > kMaxParameterSteps) {
    return FieldError(
        "step", absl::StrCat("is ", parameter.step, ", so that max = ", parameter.max, " is ",
                             parameter.max / parameter.step, " steps; valid: at most ", kMaxParameterSteps, " steps"));
  }
  for (const double end : {parameter.min, parameter.max}) {
    if (std::nearbyint(end / parameter.step) * parameter.step != end) {
      return FieldError(end == parameter.min ? "min" : "max",
                        absl::StrCat("is ", end, ", not a whole multiple of step = ", parameter.step));
    }
  }
  if (parameter.start_min < parameter.min || parameter.start_max > parameter.max ||
      !(parameter.start_min <= parameter.start_max)) {
    return FieldError("start_min",
                      absl::StrCat("start_min to start_max is ", parameter.start_min, " to ", parameter.start_max,
                                   "; valid: a range within ", parameter.min, " to ", parameter.max));
  }
  return absl::OkStatus();
}

absl::Status ValidateParameters(const std::vector<ParameterSpec>& parameters) {
  if (parameters.size() > static_cast<std::size_t>(kMaxParameters)) {
    return FieldError("parameters", absl::StrCat("has ", parameters.size(), "; valid: at most ", kMaxParameters));
  }
  std::set<std::string> names;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const std::string path = IndexPath("parameters", i);
    RETURN_IF_ERROR(PrefixField(path, ValidateParameter(parameters[i])));
    if (!names.insert(parameters[i].name).second) {
      return FieldError(path + ".name", absl::StrCat("'", parameters[i].name, "' is there twice"));
    }
  }
  return absl::OkStatus();
}

// The lowest and the highest value in the parameters' ranges. A formula may be 0 everywhere where 0 has a meaning.
absl::Status ValidateMagnitude(const Formula& formula, const ParameterBox& box) {
  if (formula.IsZero()) return absl::OkStatus();
  const double smallest = formula.EvaluateSmallest(box.low, box.high);
  const double largest = formula.EvaluateLargest(box.low, box.high);
  if (smallest >= kMinFormulaValue && largest <= kMaxFormulaValue) return absl::OkStatus();
  return FieldError("",
                    absl::StrCat("reaches ", smallest >= kMinFormulaValue ? largest : smallest,
                                 " in the parameters' ranges; valid: ", kMinFormulaValue, " to ", kMaxFormulaValue));
}

// What ValidateLevels leaves: the magnitudes of all numbers.
absl::Status ValidateMagnitudes(const TemplateSpec& spec) {
  const ParameterBox box(spec.parameters);
  for (const FormulaField& field : FormulasOf(spec)) {
    RETURN_IF_ERROR(PrefixField(field.path, ValidateMagnitude(*field.formula, box)));
  }
  if (spec.clock_mhz.has_value() && !(*spec.clock_mhz >= kMinClockMhz && *spec.clock_mhz <= kMaxClockMhz)) {
    return FieldError("clock_mhz",
                      absl::StrCat("is ", *spec.clock_mhz, "; valid: ", kMinClockMhz, " to ", kMaxClockMhz));
  }
  if (!(spec.leakage_w_per_mm2 >= 0 && spec.leakage_w_per_mm2 <= kMaxLeakageWPerMm2)) {
    return FieldError("leakage_w_per_mm2",
                      absl::StrCat("is ", spec.leakage_w_per_mm2, "; valid: 0 to ", kMaxLeakageWPerMm2));
  }
  if (spec.macs_per_cycle >= kMinMacsPerCycle && spec.macs_per_cycle <= kMaxMacsPerCycle) return absl::OkStatus();
  return FieldError("compute.macs_per_cycle", absl::StrCat("is ", spec.macs_per_cycle, "; valid: above 0, ",
                                                           kMinMacsPerCycle, " to ", kMaxMacsPerCycle));
}

// The parameter that is sized to meet a limit: the last declared one in whose favour the limit grows.
absl::StatusOr<int> OwnerOf(const Formula& limit) {
  if (limit.IsConstant()) return -1;
  const std::vector<double>& exponents = limit.terms().front().exponents;
  for (std::size_t p = exponents.size(); p-- > 0;) {
    if (exponents[p] > 0) return static_cast<int>(p);
  }
  return FieldError("", "shrinks with every parameter; valid: a limit that grows with at least one");
}

// `resource` lacks its owner.
absl::Status AddResource(Resource resource, std::string_view field, std::vector<Resource>* resources) {
  const absl::StatusOr<int> owner = OwnerOf(resource.limit);
  if (!owner.ok()) return PrefixField(field, owner.status());
  if (!(resource.limit.terms().front().coefficient > 0)) return FieldError(field, "is 0; valid: above 0");
  resource.owner = *owner;
  resources->push_back(std::move(resource));
  return absl::OkStatus();
}

// What a partition holds, in bytes and in words.
absl::Status AddPartition(const PartitionSpec& partition, const LevelSpec& level, int index, const std::string& path,
                          std::vector<Resource>* resources) {
  using Unit = Resource::Unit;
  for (const Unit unit : {Unit::kBytes, Unit::kWords}) {
    const std::optional<Formula>& limit = unit == Unit::kBytes ? partition.capacity_bytes : partition.capacity_words;
    if (!limit.has_value()) continue;
    Resource resource{unit, index, -1, {}, *limit, level.min_utilization, -1};
    for (const Tensor tensor : kAllTensors) {
      if (!level.keeps.Has(tensor) || !partition.tensors.Has(tensor)) continue;
      const double units = unit == Unit::kBytes ? level.word_bits[ToIndex(tensor)] / 8.0 : 1.0;
      resource.per_word[ToIndex(tensor)] = units * partition.multiple_buffering;
    }
    const char* const field = unit == Unit::kBytes ? ".capacity_bytes" : ".capacity_words";
    RETURN_IF_ERROR(AddResource(std::move(resource), path + field, resources));
  }
  return absl::OkStatus();
}

// Its axes first, then what it holds. `first_axis`: the number of its first axis.
absl::Status AddResources(const LevelSpec& level, int index, int first_axis, std::vector<Resource>* resources) {
  const std::string path = IndexPath("levels", static_cast<std::size_t>(index));
  for (std::size_t a = 0; a < level.spatial.size(); ++a) {
    const int axis = first_axis + static_cast<int>(a);
    RETURN_IF_ERROR(AddResource(
        {Resource::Unit::kCopies, index, axis, {}, level.spatial[a].size, level.spatial[a].min_utilization, -1},
        absl::StrCat(path, ".", IndexPath("spatial", a), ".size"), resources));
  }
  const PartitionSpec whole{kEveryTensor, level.capacity_bytes, level.capacity_words, 1};
  RETURN_IF_ERROR(AddPartition(whole, level, index, path, resources));
  for (std::size_t p = 0; p < level.partitions.size(); ++p) {
    RETURN_IF_ERROR(AddPartition(level.partitions[p], level, index, absl::StrCat(path, ".", IndexPath("partitions", p)),
                                 resources));
  }
  return absl::OkStatus();
}

TensorSet Both(const TensorSet& a, const TensorSet& b) {
  TensorSet both;
  for (const Tensor tensor : kAllTensors) {
    if (a.Has(tensor) && b.Has(tensor)) both.Add(tensor);
  }
  return both;
}

// Those that are declared, or the one that the short form stands for.
std::vector<PortSpec> PortsOf(const LevelSpec& level) {
  std::vector<PortSpec> ports = level.ports;
  if (HasShortPort(level)) {
    PortSpec port;
    port.access_pj = level.energy_pj;
    port.block_words = level.block_words;
    port.words_per_cycle = level.words_per_cycle;
    port.priced_by_word = true;
    ports.push_back(std::move(port));
  }
  for (PortSpec& port : ports) port.tensors = Both(port.tensors, level.keeps);
  return ports;
}

// Orders the parameters so that each limit of a parameter depends only on earlier ones.
absl::StatusOr<std::vector<int>> SizingOrder(const std::vector<ParameterSpec>& parameters,
                                             const std::vector<Resource>& resources) {
  const std::size_t count = parameters.size();
  std::vector<std::set<std::size_t>> needs(count);
  for (const Resource& resource : resources) {
    if (resource.owner < 0) continue;
    const auto owner = static_cast<std::size_t>(resource.owner);
    const std::vector<double>& exponents = resource.limit.terms().front().exponents;
    for (std::size_t p = 0; p < count; ++p) {
      if (exponents[p] != 0 && p != owner) needs[owner].insert(p);
    }
  }
  std::vector<int> order;
  std::vector<bool> placed(count, false);
  while (order.size() < count) {
    std::size_t next = count;
    for (std::size_t p = 0; p < count && next == count; ++p) {
      const bool ready = std::all_of(needs[p].begin(), needs[p].end(), [&](std::size_t q) { return placed[q]; });
      if (!placed[p] && ready) next = p;
    }
    if (next == count) {
      const auto stuck = static_cast<std::size_t>(std::find(placed.begin(), placed.end(), false) - placed.begin());
      return FieldError("parameters", absl::StrCat("'", parameters[stuck].name,
                                                   "' is in a cycle: limits size its parameters by each other"));
    }
    placed[next] = true;
    order.push_back(static_cast<int>(next));
  }
  return order;
}

}  // namespace

absl::StatusOr<std::unique_ptr<const Template>> Template::Create(TemplateSpec spec) {
  if (!IsValidName(spec.name)) {
    return FieldError("name", absl::StrCat("'", spec.name,
                                           "' is not valid: 1 to 63 lower-case letters, digits, '_' and '-', beginning "
                                           "with a letter or digit"));
  }
  RETURN_IF_ERROR(ValidateParameters(spec.parameters));
  RETURN_IF_ERROR(ValidateLevels(spec.levels, spec.parameters));
  RETURN_IF_ERROR(ValidateMagnitudes(spec));
  RETURN_IF_ERROR(ResolveFactors(&spec.levels));
  std::unique_ptr<Template> result(new Template());
  for (std::size_t l = 0; l < spec.levels.size(); ++l) {
    const LevelSpec& level = spec.levels[l];
    const int index = static_cast<int>(l);
    for (const AxisSpec& axis : level.spatial) {
      result->axes_.push_back({index, axis.name, axis.dims, spec.perfect_dims | axis.perfect_dims, axis.factors});
    }
    absl::StatusOr<LoopsInside> inside = ResolveOrder(level.order);
    if (!inside.ok()) return PrefixField(IndexPath("levels", l), inside.status());
    result->loops_inside_.push_back(*inside);
  }
  result->spec_ = std::move(spec);
  RETURN_IF_ERROR(result->AddPortsAndResources());
  RETURN_IF_ERROR(CheckUtilization(result->spec_.min_utilization));
  ASSIGN_OR_RETURN(result->sizing_order_, SizingOrder(result->spec_.parameters, result->resources_));
  RETURN_IF_ERROR(result->AddChoices());
  return std::unique_ptr<const Template>(std::move(result));
}

absl::Status Template::AddPortsAndResources() {
  ports_.clear();
  resources_.clear();
  int first_axis = 0;
  for (int l = 0; l < num_levels(); ++l) {
    RETURN_IF_ERROR(AddResources(level(l), l, first_axis, &resources_));
    first_axis += static_cast<int>(level(l).spatial.size());
    for (PortSpec& port : PortsOf(level(l))) ports_.push_back({l, std::move(port)});
  }
  utilization_rules_ = UtilizationRules(spec_, resources_);
  return absl::OkStatus();
}

absl::Status Template::AddChoices() {
  struct MayKeep {
    std::size_t level;
    Tensor tensor;
  };
  std::vector<MayKeep> may_keep;
  for (std::size_t l = 0; l < spec_.levels.size(); ++l) {
    for (const Tensor tensor : kAllTensors) {
      if (spec_.levels[l].may_keep.Has(tensor)) may_keep.push_back({l, tensor});
    }
  }
  for (std::uint32_t kept = 1; kept < 1U << may_keep.size(); ++kept) {
    auto choice = std::make_shared<Template>(Template(*this));
    choice->choices_.clear();
    for (LevelSpec& level : choice->spec_.levels) level.may_keep = {};
    for (std::size_t i = 0; i < may_keep.size(); ++i) {
      if ((kept >> i & 1U) != 0) choice->spec_.levels[may_keep[i].level].keeps.Add(may_keep[i].tensor);
    }
    RETURN_IF_ERROR(choice->AddPortsAndResources());
    choices_.push_back(std::move(choice));
  }
  return absl::OkStatus();
}

int Template::FindChoice(std::span<const TensorSet> keeps) const {
  for (int c = 0; c < num_choices(); ++c) {
    bool is_same = true;
    for (int l = 0; l < num_levels(); ++l) is_same = is_same && choice(c).level(l).keeps == keeps[ToIndex(l)];
    if (is_same) return c;
  }
  return -1;
}

std::string PlaceOf(const Template& hardware_template, const UtilizationRule& rule) {
  const Resource& resource = hardware_template.resources()[ToIndex(rule.resources.front())];
  if (rule.of_memory()) return absl::StrCat("of level ", hardware_template.level(resource.level).name);
  // With a single axis it is that which all axes are.
  if (rule.resources.size() > 1) return "along all axes together";
  const Template::Axis& axis = hardware_template.axes()[ToIndex(resource.axis)];
  return absl::StrCat("along ", axis.name, " of level ", hardware_template.level(axis.level).name);
}

std::vector<std::string> TemplateWarnings(const Template& hardware_template, bool energy_counts) {
  const TemplateSpec& spec = hardware_template.spec();
  const std::vector<FormulaField> formulas = FormulasOf(spec);
  std::vector<std::string> warnings;
  for (std::size_t p = 0; p < spec.parameters.size(); ++p) {
    const bool is_used =
        std::any_of(formulas.begin(), formulas.end(), [p](const auto& field) { return field.formula->DependsOn(p); });
    if (is_used) continue;
    warnings.push_back(absl::StrCat("parameter '", spec.parameters[p].name, "' of template '", spec.name,
                                    "' is in no formula, so that its value changes nothing"));
  }
  for (std::size_t l = 0; l < spec.levels.size(); ++l) {
    const LevelSpec& level = spec.levels[l];
    const std::string path = IndexPath("levels", l);
    if (energy_counts && level.block_words.has_value() && !level.energy_pj.has_value()) {
      warnings.push_back(absl::StrCat(path, ".block_words of template '", spec.name,
                                      "' changes nothing: the level gives no energy_pj, so that its words cost none"));
    }
    for (std::size_t p = 0; p < level.ports.size(); ++p) {
      if (level.ports[p].weight == 1 || level.ports[p].words_per_cycle.has_value()) continue;
      warnings.push_back(absl::StrCat(path, ".", IndexPath("ports", p), ".weight of template '", spec.name,
                                      "' changes nothing: the port gives no words_per_cycle"));
    }
  }
  if (energy_counts && (!spec.mac_energy_pj.has_value() || spec.mac_energy_pj->IsZero())) {
    warnings.push_back(absl::StrCat("template '", spec.name,
                                    "' gives no compute.energy_pj, so that multiply-accumulates cost no energy"));
  }
  return warnings;
}

}  // namespace oneloop
