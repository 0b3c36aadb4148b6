#include "common/hardware/level_rules.h"

#include <bit>
#include <cstddef>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr double kMaxPortWeight = 1e6;
constexpr double kMaxMultipleBuffering = 1024;

using OptionalFormula = std::optional<Formula>;

std::string NamesOf(const TensorSet& tensors) {
  std::string names;
  for (const Tensor tensor : kAllTensors) {
    if (tensors.Has(tensor)) absl::StrAppend(&names, names.empty() ? "" : ", ", std::string(1, Name(tensor)));
  }
  return names;
}

// Only loops that may stand somewhere can be asked to divide there.
absl::Status ValidatePerfectDims(DimSet perfect_dims, DimSet dims, std::string_view list) {
  for (const Dim dim : kAllDims) {
    if (!perfect_dims.Has(dim) || dims.Has(dim)) continue;
    return FieldError("perfect_dims", absl::StrCat("has ", std::string(1, Name(dim)), ", which ", ToAbsl(list),
                                                   " does not; leave it out, or add it there"));
  }
  return absl::OkStatus();
}

absl::Status ValidateAxis(const AxisSpec& axis) {
  if (axis.name.size() != 1 || axis.name[0] < 'A' || axis.name[0] > 'Z') {
    return FieldError("name", absl::StrCat("'", axis.name, "' is not one capital letter"));
  }
  if (axis.dims.empty()) return FieldError("dims", "is empty: an axis needs a dimension to unroll along it");
  RETURN_IF_ERROR(ValidatePerfectDims(axis.perfect_dims, axis.dims, "dims"));
  if (!axis.size.IsMonomial()) return FieldError("size", "has more than one term; valid: one term");
  return CheckUtilization(axis.min_utilization);
}

absl::Status ValidateAxes(const std::vector<AxisSpec>& axes) {
  std::set<std::string> names;
  for (std::size_t a = 0; a < axes.size(); ++a) {
    const std::string path = IndexPath("spatial", a);
    RETURN_IF_ERROR(PrefixField(path, ValidateAxis(axes[a])));
    if (!names.insert(axes[a].name).second) {
      return FieldError(path + ".name", absl::StrCat("'", axes[a].name, "' is there twice in this level"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckMonomial(const OptionalFormula& formula, std::string_view field) {
  return !formula.has_value() || formula->IsMonomial() ? absl::OkStatus() : FieldError(field, "has more than one term");
}

absl::Status CheckNotZero(const OptionalFormula& formula, std::string_view field) {
  return formula.has_value() && formula->IsZero() ? FieldError(field, "is 0; valid: above 0") : absl::OkStatus();
}

// `tensors` may be all of them, which stand for those that the level keeps.
absl::Status CheckKept(const TensorSet& tensors, const TensorSet& keeps) {
  if (tensors.empty()) return FieldError("tensors", "is empty; valid: of those that the level keeps");
  if (tensors == kEveryTensor) return absl::OkStatus();
  for (const Tensor tensor : kAllTensors) {
    if (!tensors.Has(tensor) || keeps.Has(tensor)) continue;
    return FieldError("tensors", absl::StrCat("has ", std::string(1, Name(tensor)),
                                              ", which the level does not keep; valid: ", NamesOf(keeps)));
  }
  return absl::OkStatus();
}

absl::Status ValidatePortCosts(const PortSpec& port, const ParameterBox& box) {
  if (!port.access_pj.has_value() && !port.words_per_cycle.has_value()) {
    return FieldError("access_pj", "is missing, and so is words_per_cycle: a port without both says nothing");
  }
  for (const auto& [field, formula] :
       {std::pair{"block_words", &port.block_words}, std::pair{"cluster", &port.cluster}}) {
    if (!formula->has_value() || port.access_pj.has_value()) continue;
    return FieldError(field, "stands without access_pj, whose accesses it shapes; give both or none");
  }
  RETURN_IF_ERROR(CheckNotZero(port.block_words, "block_words"));
  RETURN_IF_ERROR(CheckNotZero(port.words_per_cycle, "words_per_cycle"));
  RETURN_IF_ERROR(CheckMonomial(port.cluster, "cluster"));
  if (port.cluster.has_value()) {
    const double least = port.cluster->EvaluateSmallest(box.low, box.high);
    if (!(least >= 1)) {
      return FieldError("cluster", absl::StrCat("reaches ", least, " in the parameters' ranges; valid: at least 1"));
    }
  }
  if (port.weight > 0 && port.weight <= kMaxPortWeight) return absl::OkStatus();
  return FieldError("weight", absl::StrCat("is ", port.weight, "; valid: above 0, to ", kMaxPortWeight));
}

absl::Status ValidatePort(const PortSpec& port, const TensorSet& keeps, const ParameterBox& box) {
  RETURN_IF_ERROR(CheckKept(port.tensors, keeps));
  if (port.flows.empty()) return FieldError("flows", "is empty; valid: read, fill, update");
  const TensorSet tensors = port.tensors == kEveryTensor ? keeps : port.tensors;
  // All flows stand for those that there are.
  if (!(port.flows == kEveryFlow) && port.flows.Has(FlowKind::kUpdate) && !tensors.Has(Tensor::kO)) {
    return FieldError("flows", absl::StrCat("has update, and ", NamesOf(tensors),
                                            tensors == TensorSet{Tensor::kW, Tensor::kI} ? " have" : " has",
                                            " no such flow: outputs alone are updated; valid: read, fill"));
  }
  return ValidatePortCosts(port, box);
}

absl::Status ValidatePorts(const LevelSpec& level, const ParameterBox& box) {
  if (level.ports.empty()) return absl::OkStatus();
  for (const auto& [field, formula] :
       {std::pair{"energy_pj", &level.energy_pj}, std::pair{"words_per_cycle", &level.words_per_cycle},
        std::pair{"block_words", &level.block_words}}) {
    if (!formula->has_value()) continue;
    return FieldError("ports", absl::StrCat("stand beside ", field, ", which is short for a port; give ports or ",
                                            field, ", not both"));
  }
  for (std::size_t p = 0; p < level.ports.size(); ++p) {
    RETURN_IF_ERROR(
        PrefixField(IndexPath("ports", p), ValidatePort(level.ports[p], level.keeps | level.may_keep, box)));
  }
  return absl::OkStatus();
}

absl::Status ValidateLink(const LinkSpec& link) {
  if (!link.hop_pj.has_value() && !link.router_pj.has_value() && link.unshared.empty() && link.unlinked.empty()) {
    return FieldError("", "says nothing; give hop_pj, router_pj, unshared or unlinked, or leave it out");
  }
  for (const Tensor tensor : {Tensor::kW, Tensor::kO}) {
    if (!link.unlinked.Has(tensor)) continue;
    return FieldError("unlinked", absl::StrCat("has ", std::string(1, Name(tensor)),
                                               ", of which neighbours hand on nothing anyway; valid: I"));
  }
  return absl::OkStatus();
}

absl::Status ValidatePartition(const PartitionSpec& partition, const TensorSet& keeps) {
  RETURN_IF_ERROR(CheckKept(partition.tensors, keeps));
  if (!partition.capacity_bytes.has_value() && !partition.capacity_words.has_value()) {
    return FieldError("capacity_bytes", "is missing, and so is capacity_words; give at least one of them");
  }
  RETURN_IF_ERROR(CheckMonomial(partition.capacity_bytes, "capacity_bytes"));
  RETURN_IF_ERROR(CheckMonomial(partition.capacity_words, "capacity_words"));
  if (partition.multiple_buffering >= 1 && partition.multiple_buffering <= kMaxMultipleBuffering) {
    return absl::OkStatus();
  }
  return FieldError("multiple_buffering",
                    absl::StrCat("is ", partition.multiple_buffering, "; valid: 1 to ", kMaxMultipleBuffering));
}

// A fan-out of its own has no memory of which something could be said.
absl::Status ValidateEmptyLevel(const LevelSpec& level) {
  const char* field = nullptr;
  for (const auto& [name, formula] :
       {std::pair{"capacity_bytes", &level.capacity_bytes}, std::pair{"capacity_words", &level.capacity_words},
        std::pair{"words_per_cycle", &level.words_per_cycle}, std::pair{"energy_pj", &level.energy_pj},
        std::pair{"block_words", &level.block_words}, std::pair{"leak_pj", &level.leak_pj}}) {
    if (field == nullptr && formula->has_value()) field = name;
  }
  if (field == nullptr && !level.ports.empty()) field = "ports";
  if (field == nullptr && !level.partitions.empty()) field = "partitions";
  if (field == nullptr) return absl::OkStatus();
  return FieldError(field, "stands at a level that keeps nothing; leave it out, or give keeps of W, I, O");
}

absl::Status ValidateLevel(const LevelSpec& level, const ParameterBox& box) {
  if (level.name.empty() || level.name.size() > 63) return FieldError("name", "is empty or too long");
  for (const Tensor tensor : kAllTensors) {
    if (!level.keeps.Has(tensor) || !level.may_keep.Has(tensor)) continue;
    return FieldError("may_keep", absl::StrCat("has ", std::string(1, Name(tensor)),
                                               ", which `keeps` has, too; leave it out of one of them"));
  }
  const TensorSet keeps = level.keeps | level.may_keep;
  if (keeps.empty()) RETURN_IF_ERROR(ValidateEmptyLevel(level));
  RETURN_IF_ERROR(ValidateAxes(level.spatial));
  RETURN_IF_ERROR(ValidatePerfectDims(level.perfect_dims, level.temporal, "temporal"));
  RETURN_IF_ERROR(CheckMonomial(level.capacity_bytes, "capacity_bytes"));
  RETURN_IF_ERROR(CheckMonomial(level.capacity_words, "capacity_words"));
  RETURN_IF_ERROR(CheckNotZero(level.words_per_cycle, "words_per_cycle"));
  RETURN_IF_ERROR(CheckNotZero(level.block_words, "block_words"));
  for (const Tensor tensor : kAllTensors) {
    const int bits = level.word_bits[ToIndex(tensor)];
    if (bits < 1 || bits > kMaxWordBits) {
      return FieldError(
          "word_bits", absl::StrCat("of ", std::string(1, Name(tensor)), " is ", bits, "; valid: 1 to ", kMaxWordBits));
    }
  }
  RETURN_IF_ERROR(ValidatePorts(level, box));
  if (level.link.has_value()) RETURN_IF_ERROR(PrefixField("link", ValidateLink(*level.link)));
  for (std::size_t p = 0; p < level.partitions.size(); ++p) {
    RETURN_IF_ERROR(PrefixField(IndexPath("partitions", p), ValidatePartition(level.partitions[p], keeps)));
  }
  RETURN_IF_ERROR(CheckUtilization(level.min_utilization));
  const bool has_capacity =
      level.capacity_bytes.has_value() || level.capacity_words.has_value() || !level.partitions.empty();
  if (level.min_utilization == 0 || has_capacity) return absl::OkStatus();
  return FieldError("min_utilization", "stands at a level without a capacity; give one, or leave it out");
}

absl::Status ValidateDram(const LevelSpec& dram) {
  for (const Tensor tensor : kAllTensors) {
    if (!dram.keeps.Has(tensor)) {
      return FieldError("keeps", absl::StrCat("there is no DRAM: the last level ('", dram.name,
                                              "') must keep W, I and O, and lacks ", std::string(1, Name(tensor))));
    }
  }
  if (dram.capacity_bytes.has_value() || dram.capacity_words.has_value() || !dram.partitions.empty()) {
    return FieldError(dram.partitions.empty() ? "capacity_bytes" : "partitions",
                      absl::StrCat("there is no DRAM: the last level ('", dram.name, "') must have no capacity limit"));
  }
  return absl::OkStatus();
}

absl::Status ValidateCounts(const std::vector<LevelSpec>& levels) {
  std::size_t axes = 0;
  std::size_t may_keep = 0;
  std::size_t ports = 0;
  std::size_t capacities = 0;
  for (const LevelSpec& level : levels) {
    axes += level.spatial.size();
    may_keep += static_cast<std::size_t>(std::popcount(level.may_keep.bits()));
    ports += level.ports.size() + (HasShortPort(level) ? 1 : 0);
    capacities += (level.capacity_bytes.has_value() ? 1 : 0) + (level.capacity_words.has_value() ? 1 : 0);
    for (const PartitionSpec& partition : level.partitions) {
      capacities += (partition.capacity_bytes.has_value() ? 1 : 0) + (partition.capacity_words.has_value() ? 1 : 0);
    }
  }
  const struct {
    std::size_t count;
    int most;
    const char* what;
  } limits[] = {{axes, kMaxAxes, " spatial axes"},
                {may_keep, kMaxMayKeep, " tensors in may_keep"},
                {ports, kMaxPorts, " ports"},
                {capacities, kMaxPartitions, " capacities of bytes or of words"}};
  for (const auto& limit : limits) {
    if (limit.count <= static_cast<std::size_t>(limit.most)) continue;
    return FieldError("levels", absl::StrCat("have ", limit.count, limit.what, "; valid: at most ", limit.most));
  }
  return absl::OkStatus();
}

// Collects the formulas of one thing after the other.
class FormulaList {
 public:
  explicit FormulaList(std::vector<FormulaField>* fields) : fields_(*fields) {}

  void Add(const std::string& path, const OptionalFormula& formula) {
    if (formula.has_value()) fields_.push_back({path, &*formula});
  }

  void AddLevel(const std::string& path, const LevelSpec& level) {
    for (std::size_t a = 0; a < level.spatial.size(); ++a) {
      fields_.push_back({absl::StrCat(path, ".", IndexPath("spatial", a), ".size"), &level.spatial[a].size});
    }
    Add(path + ".capacity_bytes", level.capacity_bytes);
    Add(path + ".capacity_words", level.capacity_words);
    Add(path + ".words_per_cycle", level.words_per_cycle);
    Add(path + ".energy_pj", level.energy_pj);
    Add(path + ".block_words", level.block_words);
    for (std::size_t p = 0; p < level.ports.size(); ++p) {
      AddPort(absl::StrCat(path, ".", IndexPath("ports", p)), level.ports[p]);
    }
    if (level.link.has_value()) {
      Add(path + ".link.hop_pj", level.link->hop_pj);
      Add(path + ".link.router_pj", level.link->router_pj);
    }
    Add(path + ".leak_pj", level.leak_pj);
    for (std::size_t p = 0; p < level.partitions.size(); ++p) {
      const std::string partition = absl::StrCat(path, ".", IndexPath("partitions", p));
      Add(partition + ".capacity_bytes", level.partitions[p].capacity_bytes);
      Add(partition + ".capacity_words", level.partitions[p].capacity_words);
    }
  }

 private:
  void AddPort(const std::string& path, const PortSpec& port) {
    Add(path + ".access_pj", port.access_pj);
    Add(path + ".block_words", port.block_words);
    Add(path + ".cluster", port.cluster);
    Add(path + ".words_per_cycle", port.words_per_cycle);
  }

  std::vector<FormulaField>& fields_;
};

}  // namespace

ParameterBox::ParameterBox(const std::vector<ParameterSpec>& parameters) {
  for (const ParameterSpec& parameter : parameters) {
    low.push_back(parameter.min);
    high.push_back(parameter.max);
  }
}

absl::Status CheckUtilization(double share) {
  if (share >= 0 && share <= 1) return absl::OkStatus();
  return FieldError("min_utilization", absl::StrCat("is ", share, "; valid: 0 to 1"));
}

std::string IndexPath(std::string_view list, std::size_t index) { return absl::StrCat(ToAbsl(list), "[", index, "]"); }

bool HasShortPort(const LevelSpec& level) { return level.energy_pj.has_value() || level.words_per_cycle.has_value(); }

absl::Status ValidateLevels(const std::vector<LevelSpec>& levels, const std::vector<ParameterSpec>& parameters) {
  if (levels.size() < 2 || levels.size() > static_cast<std::size_t>(kMaxLevels)) {
    return FieldError(
        "levels", absl::StrCat("has ", levels.size(), "; valid: 2 to ", kMaxLevels, ", innermost first, DRAM last"));
  }
  const ParameterBox box(parameters);
  std::set<std::string> names;
  TensorSet kept;
  for (std::size_t l = 0; l < levels.size(); ++l) {
    const std::string path = IndexPath("levels", l);
    RETURN_IF_ERROR(PrefixField(path, ValidateLevel(levels[l], box)));
    if (!names.insert(levels[l].name).second) {
      return FieldError(path + ".name",
                        absl::StrCat("'", levels[l].name, "' is there twice: a hierarchy has no cycles"));
    }
    for (const Tensor tensor : kAllTensors) {
      if (levels[l].keeps.Has(tensor)) kept.Add(tensor);
    }
  }
  RETURN_IF_ERROR(ValidateCounts(levels));
  for (const Tensor tensor : kAllTensors) {
    if (!kept.Has(tensor)) {
      return FieldError("levels", absl::StrCat("tensor ", std::string(1, Name(tensor)), " is kept nowhere"));
    }
  }
  return PrefixField(IndexPath("levels", levels.size() - 1), ValidateDram(levels.back()));
}

std::vector<FormulaField> FormulasOf(const TemplateSpec& spec) {
  std::vector<FormulaField> fields;
  FormulaList list(&fields);
  for (std::size_t l = 0; l < spec.levels.size(); ++l) list.AddLevel(IndexPath("levels", l), spec.levels[l]);
  list.Add("compute.energy_pj", spec.mac_energy_pj);
  list.Add("area_mm2", spec.area_mm2);
  return fields;
}

}  // namespace oneloop
