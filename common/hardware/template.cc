#include "common/hardware/template.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
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

std::string IndexPath(std::string_view list, std::size_t index) { return absl::StrCat(ToAbsl(list), "[", index, "]"); }

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

absl::Status ValidateAxis(const AxisSpec& axis) {
  if (axis.name.size() != 1 || axis.name[0] < 'A' || axis.name[0] > 'Z') {
    return FieldError("name", absl::StrCat("'", axis.name, "' is not one capital letter"));
  }
  if (axis.dims.empty()) return FieldError("dims", "is empty: an axis needs a dimension to unroll along it");
  if (!axis.size.IsMonomial()) return FieldError("size", "has more than one term; valid: one term");
  return absl::OkStatus();
}

// The lowest and the highest value in the parameters' ranges. A formula may be 0 everywhere where 0 has a meaning.
absl::Status ValidateMagnitude(const Formula& formula, std::string_view field,
                               const std::vector<ParameterSpec>& parameters) {
  if (formula.IsZero()) return absl::OkStatus();
  std::vector<double> low;
  std::vector<double> high;
  for (const ParameterSpec& parameter : parameters) {
    low.push_back(parameter.min);
    high.push_back(parameter.max);
  }
  const double smallest = formula.EvaluateSmallest(low, high);
  const double largest = formula.EvaluateLargest(low, high);
  if (smallest >= kMinFormulaValue && largest <= kMaxFormulaValue) return absl::OkStatus();
  return FieldError(field,
                    absl::StrCat("reaches ", smallest >= kMinFormulaValue ? largest : smallest,
                                 " in the parameters' ranges; valid: ", kMinFormulaValue, " to ", kMaxFormulaValue));
}

// What ValidateLevel leaves: the magnitudes of all numbers.
absl::Status ValidateMagnitudes(const TemplateSpec& spec) {
  const auto check = [&spec](const std::optional<Formula>& formula, std::string_view field) {
    return formula.has_value() ? ValidateMagnitude(*formula, field, spec.parameters) : absl::OkStatus();
  };
  for (std::size_t l = 0; l < spec.levels.size(); ++l) {
    const LevelSpec& level = spec.levels[l];
    const std::string path = IndexPath("levels", l);
    for (std::size_t a = 0; a < level.spatial.size(); ++a) {
      RETURN_IF_ERROR(check(level.spatial[a].size, absl::StrCat(path, ".", IndexPath("spatial", a), ".size")));
    }
    for (const auto& [field, formula] :
         {std::pair{"capacity_bytes", &level.capacity_bytes}, std::pair{"capacity_words", &level.capacity_words},
          std::pair{"words_per_cycle", &level.words_per_cycle}, std::pair{"energy_pj", &level.energy_pj},
          std::pair{"block_words", &level.block_words}}) {
      RETURN_IF_ERROR(PrefixField(path, check(*formula, field)));
    }
  }
  RETURN_IF_ERROR(check(spec.mac_energy_pj, "compute.energy_pj"));
  RETURN_IF_ERROR(check(spec.area_mm2, "area_mm2"));
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

absl::Status ValidateLevel(const LevelSpec& level) {
  if (level.name.empty() || level.name.size() > 63) return FieldError("name", "is empty or too long");
  if (level.keeps.empty()) return FieldError("keeps", "is empty; valid: at least one of W, I, O");
  std::set<std::string> axis_names;
  for (std::size_t a = 0; a < level.spatial.size(); ++a) {
    const std::string path = IndexPath("spatial", a);
    RETURN_IF_ERROR(PrefixField(path, ValidateAxis(level.spatial[a])));
    if (!axis_names.insert(level.spatial[a].name).second) {
      return FieldError(path + ".name", absl::StrCat("'", level.spatial[a].name, "' is there twice in this level"));
    }
  }
  for (const auto& [field, limit] :
       {std::pair{"capacity_bytes", &level.capacity_bytes}, std::pair{"capacity_words", &level.capacity_words}}) {
    if (limit->has_value() && !(*limit)->IsMonomial()) return FieldError(field, "has more than one term");
  }
  for (const auto& [field, divisor] :
       {std::pair{"words_per_cycle", &level.words_per_cycle}, std::pair{"block_words", &level.block_words}}) {
    if (divisor->has_value() && (*divisor)->IsZero()) return FieldError(field, "is 0; valid: above 0");
  }
  for (const Tensor tensor : kAllTensors) {
    const int bits = level.word_bits[static_cast<std::size_t>(tensor)];
    if (bits < 1 || bits > kMaxWordBits) {
      return FieldError(
          "word_bits", absl::StrCat("of ", std::string(1, Name(tensor)), " is ", bits, "; valid: 1 to ", kMaxWordBits));
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateDram(const std::vector<LevelSpec>& levels) {
  const LevelSpec& dram = levels.back();
  const std::string path = IndexPath("levels", levels.size() - 1);
  for (const Tensor tensor : kAllTensors) {
    if (!dram.keeps.Has(tensor)) {
      return FieldError(path + ".keeps",
                        absl::StrCat("there is no DRAM: the last level ('", dram.name,
                                     "') must keep W, I and O, and lacks ", std::string(1, Name(tensor))));
    }
  }
  if (dram.capacity_bytes.has_value() || dram.capacity_words.has_value()) {
    return FieldError(path + ".capacity_bytes",
                      absl::StrCat("there is no DRAM: the last level ('", dram.name, "') must have no capacity limit"));
  }
  if (!(dram.temporal == kEveryDim)) {
    return FieldError(path + ".temporal", "the last level must allow loops over every dimension");
  }
  return absl::OkStatus();
}

absl::Status ValidateLevels(const std::vector<LevelSpec>& levels) {
  if (levels.size() < 2 || levels.size() > static_cast<std::size_t>(kMaxLevels)) {
    return FieldError(
        "levels", absl::StrCat("has ", levels.size(), "; valid: 2 to ", kMaxLevels, ", innermost first, DRAM last"));
  }
  std::set<std::string> names;
  std::size_t num_axes = 0;
  TensorSet kept;
  for (std::size_t l = 0; l < levels.size(); ++l) {
    const std::string path = IndexPath("levels", l);
    RETURN_IF_ERROR(PrefixField(path, ValidateLevel(levels[l])));
    if (!names.insert(levels[l].name).second) {
      return FieldError(path + ".name",
                        absl::StrCat("'", levels[l].name, "' is there twice: a hierarchy has no cycles"));
    }
    num_axes += levels[l].spatial.size();
    for (const Tensor tensor : kAllTensors) {
      if (levels[l].keeps.Has(tensor)) kept.Add(tensor);
    }
  }
  if (num_axes > static_cast<std::size_t>(kMaxAxes)) {
    return FieldError("levels", absl::StrCat("have ", num_axes, " spatial axes; valid: at most ", kMaxAxes));
  }
  for (const Tensor tensor : kAllTensors) {
    if (!kept.Has(tensor)) {
      return FieldError("levels", absl::StrCat("tensor ", std::string(1, Name(tensor)), " is kept nowhere"));
    }
  }
  return ValidateDram(levels);
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
    Resource resource{unit, index, -1, {}, *limit, -1};
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

TensorSet Both(const TensorSet& a, const TensorSet& b) {
  TensorSet both;
  for (const Tensor tensor : kAllTensors) {
    if (a.Has(tensor) && b.Has(tensor)) both.Add(tensor);
  }
  return both;
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

const char* NameOf(Resource::Unit unit) {
  switch (unit) {
    case Resource::Unit::kCopies:
      return "copies";
    case Resource::Unit::kBytes:
      return "bytes";
    case Resource::Unit::kWords:
      break;
  }
  return "words";
}

absl::StatusOr<std::unique_ptr<const Template>> Template::Create(TemplateSpec spec) {
  if (!IsValidName(spec.name)) {
    return FieldError("name", absl::StrCat("'", spec.name,
                                           "' is not valid: 1 to 63 lower-case letters, digits, '_' and '-', beginning "
                                           "with a letter or digit"));
  }
  RETURN_IF_ERROR(ValidateParameters(spec.parameters));
  RETURN_IF_ERROR(ValidateLevels(spec.levels));
  RETURN_IF_ERROR(ValidateMagnitudes(spec));
  std::unique_ptr<Template> result(new Template());
  for (std::size_t l = 0; l < spec.levels.size(); ++l) {
    const LevelSpec& level = spec.levels[l];
    const int index = static_cast<int>(l);
    const std::string path = IndexPath("levels", l);
    for (std::size_t a = 0; a < level.spatial.size(); ++a) {
      const int axis = static_cast<int>(result->axes_.size());
      result->axes_.push_back({index, level.spatial[a].name, level.spatial[a].dims});
      RETURN_IF_ERROR(AddResource({Resource::Unit::kCopies, index, axis, {}, level.spatial[a].size, -1},
                                  absl::StrCat(path, ".", IndexPath("spatial", a), ".size"), &result->resources_));
    }
    const PartitionSpec whole{kEveryTensor, level.capacity_bytes, level.capacity_words, 1};
    RETURN_IF_ERROR(AddPartition(whole, level, index, path, &result->resources_));
    for (std::size_t p = 0; p < level.partitions.size(); ++p) {
      RETURN_IF_ERROR(AddPartition(level.partitions[p], level, index,
                                   absl::StrCat(path, ".", IndexPath("partitions", p)), &result->resources_));
    }
    if (level.energy_pj.has_value() || level.words_per_cycle.has_value()) {
      PortSpec port;
      port.tensors = level.keeps;
      port.access_pj = level.energy_pj;
      port.block_words = level.block_words;
      port.words_per_cycle = level.words_per_cycle;
      port.priced_by_word = true;
      result->ports_.push_back({index, std::move(port)});
    }
    for (const PortSpec& port : level.ports) {
      result->ports_.push_back({index, port});
      result->ports_.back().spec.tensors = Both(port.tensors, level.keeps);
    }
  }
  ASSIGN_OR_RETURN(result->sizing_order_, SizingOrder(spec.parameters, result->resources_));
  result->spec_ = std::move(spec);
  return std::unique_ptr<const Template>(std::move(result));
}

std::vector<std::string> Template::parameter_names() const {
  std::vector<std::string> names;
  names.reserve(spec_.parameters.size());
  for (const ParameterSpec& parameter : spec_.parameters) names.push_back(parameter.name);
  return names;
}

int Template::FindParameter(const std::string& name) const {
  for (std::size_t p = 0; p < spec_.parameters.size(); ++p) {
    if (spec_.parameters[p].name == name) return static_cast<int>(p);
  }
  return -1;
}

bool Template::GivesEnergy() const {
  const auto costs = [](const std::optional<Formula>& formula) { return formula.has_value() && !formula->IsZero(); };
  return costs(spec_.mac_energy_pj) ||
         std::any_of(ports_.begin(), ports_.end(), [&](const Port& port) { return costs(port.spec.access_pj); }) ||
         std::any_of(spec_.levels.begin(), spec_.levels.end(), [&](const LevelSpec& level) {
           return costs(level.leak_pj) ||
                  (level.link.has_value() && (costs(level.link->hop_pj) || costs(level.link->router_pj)));
         });
}

double Template::AreaMm2(const HardwarePoint& hardware) const {
  return spec_.area_mm2.has_value() ? spec_.area_mm2->Evaluate(hardware) : 0;
}

absl::Status Template::ValidateHardware(const HardwarePoint& hardware) const {
  if (hardware.size() != spec_.parameters.size()) {
    return FieldError("parameters", absl::StrCat("has ", hardware.size(), " values; template '", spec_.name, "' has ",
                                                 spec_.parameters.size()));
  }
  for (std::size_t p = 0; p < hardware.size(); ++p) {
    const ParameterSpec& parameter = spec_.parameters[p];
    if (!(hardware[p] >= parameter.min && hardware[p] <= parameter.max)) {
      return FieldError("parameters." + parameter.name,
                        absl::StrCat("is ", hardware[p], "; valid: ", parameter.min, " to ", parameter.max));
    }
    if (std::nearbyint(hardware[p] / parameter.step) * parameter.step != hardware[p]) {
      return FieldError("parameters." + parameter.name,
                        absl::StrCat("is ", hardware[p], "; valid: whole multiples of ", parameter.step));
    }
  }
  return absl::OkStatus();
}

std::vector<std::string> TemplateWarnings(const Template& hardware_template, bool energy_counts) {
  const TemplateSpec& spec = hardware_template.spec();
  std::vector<const Formula*> formulas;
  const auto add = [&formulas](const std::optional<Formula>& formula) {
    if (formula.has_value()) formulas.push_back(&*formula);
  };
  for (const LevelSpec& level : spec.levels) {
    for (const AxisSpec& axis : level.spatial) formulas.push_back(&axis.size);
    for (const auto* formula :
         {&level.capacity_bytes, &level.capacity_words, &level.words_per_cycle, &level.energy_pj, &level.block_words}) {
      add(*formula);
    }
  }
  add(spec.mac_energy_pj);
  add(spec.area_mm2);
  std::vector<std::string> warnings;
  for (std::size_t p = 0; p < spec.parameters.size(); ++p) {
    const bool is_used =
        std::any_of(formulas.begin(), formulas.end(), [p](const Formula* formula) { return formula->DependsOn(p); });
    if (is_used) continue;
    warnings.push_back(absl::StrCat("parameter '", spec.parameters[p].name, "' of template '", spec.name,
                                    "' is in no formula, so that its value changes nothing"));
  }
  if (energy_counts && (!spec.mac_energy_pj.has_value() || spec.mac_energy_pj->IsZero())) {
    warnings.push_back(absl::StrCat("template '", spec.name,
                                    "' gives no compute.energy_pj, so that multiply-accumulates cost no energy"));
  }
  return warnings;
}

}  // namespace oneloop
