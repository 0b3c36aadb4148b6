// Timeloop's constraints as those of templates and jobs.
#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/formats/timeloop_constraints.h"

namespace oneloop {
namespace {

using Kind = TimeloopConstraint::Kind;
using Names = google::protobuf::RepeatedPtrField<std::string>;

std::string NameOf(Dim dim) { return std::string(1, Name(dim)); }

bool Has(const std::vector<Dim>& dims, Dim dim) { return std::find(dims.begin(), dims.end(), dim) != dims.end(); }

std::string FactorText(const TimeloopConstraint::Factor& factor) {
  return absl::StrCat(NameOf(factor.dim), ToAbsl(factor.op), factor.value);
}

bool IsFixedAtOne(const TimeloopConstraint::Factor& factor) { return factor.value == 1 && factor.op != ">="; }

void AddTensors(TensorSet tensors, Names* names) {
  for (const Tensor tensor : kAllTensors) {
    const std::string name(1, Name(tensor));
    if (tensors.Has(tensor) && std::find(names->begin(), names->end(), name) == names->end()) *names->Add() = name;
  }
}

// Of all constraints on one level.
class LevelRules {
 public:
  LevelRules(const v1::Template& hardware_template, int level, const TimeloopNames& names, TimeloopNotes* notes)
      : level_(hardware_template.levels(level)), names_(names), notes_(*notes) {
    is_last_ = level + 1 == hardware_template.levels_size();
    result_.set_level(level_.name());
  }

  void Add(const TimeloopConstraint& constraint) {
    if (constraint.kind == Kind::kDataspace) return AddDataspace(constraint);
    Combine(constraint, constraint.kind == Kind::kTemporal ? &temporal_ : &spatial_);
  }

  v1::LevelConstraints Finish() {
    for (std::optional<TimeloopConstraint>* const all : {&temporal_, &spatial_}) {
      if (all->has_value() && (*all)->units_innermost) PutUnitLoopsInnermost(&**all);
    }
    if (temporal_.has_value()) AddTemporal(*temporal_);
    if (spatial_.has_value()) AddSpatial(*spatial_);
    return std::move(result_);
  }

 private:
  DimSet KnownDims() const {
    DimSet known;
    for (const auto& [loop, dim] : names_.dims) known.Add(dim);
    return known;
  }

  // All constraints of a kind on a level are one. Each dimension may be constrained once in them.
  void Combine(const TimeloopConstraint& constraint, std::optional<TimeloopConstraint>* all) {
    if (!all->has_value()) {
      *all = constraint;
      return;
    }
    const auto twice = [&](std::string_view what) {
      notes_.AddError(constraint.place, absl::StrCat(ToAbsl(what), " of ", constraint.target,
                                                     " is constrained before, at ", (*all)->place));
    };
    for (const auto& factor : constraint.factors) {
      const bool doubled = std::any_of((*all)->factors.begin(), (*all)->factors.end(), [&](const auto& other) {
        return other.dim == factor.dim && (other.op == factor.op || other.op == "=" || factor.op == "=");
      });
      if (doubled) twice(NameOf(factor.dim));
      (*all)->factors.push_back(factor);
    }
    if (constraint.has_permutation && (*all)->has_permutation) twice("the permutation");
    if (constraint.has_permutation) (*all)->permutation = constraint.permutation;
    (*all)->has_permutation = (*all)->has_permutation || constraint.has_permutation;
    if (constraint.split.has_value() && (*all)->split.has_value()) twice("the split");
    if (constraint.split.has_value()) (*all)->split = constraint.split;
    (*all)->unshared = (*all)->unshared | constraint.unshared;
    (*all)->unlinked = (*all)->unlinked | constraint.unlinked;
  }

  void PutUnitLoopsInnermost(TimeloopConstraint* constraint) const {
    std::vector<Dim>& order = constraint->permutation;
    const auto put = [&order](Dim dim) {
      if (!Has(order, dim)) order.insert(order.begin(), dim);
    };
    for (const auto& factor : constraint->factors) {
      if (factor.value == 1) put(factor.dim);
    }
    for (const std::string& loop : names_.unit_loops) put(names_.dims.at(loop));
  }

  void AddTemporal(const TimeloopConstraint& constraint) {
    DimSet fixed;
    for (const auto& factor : constraint.factors) {
      // The outermost level has to take what is left of all others.
      if (!IsFixedAtOne(factor) || is_last_) result_.add_factors(FactorText(factor));
      if (IsFixedAtOne(factor)) fixed.Add(factor.dim);
    }
    if (!fixed.empty() && !is_last_) Exclude(fixed);
    for (const Dim dim : constraint.permutation) {
      const bool once = std::any_of(names_.unit_loops.begin(), names_.unit_loops.end(),
                                    [&](const std::string& loop) { return names_.dims.at(loop) == dim; });
      if (!fixed.Has(dim) && !(once && constraint.units_innermost)) result_.add_innermost(NameOf(dim));
    }
  }

  // Dimensions that the problem does not have go wherever any other goes.
  void Exclude(DimSet fixed) {
    const DimSet known = KnownDims();
    bool any = false;
    for (const Dim dim : kAllDims) any = any || (known.Has(dim) && !fixed.Has(dim));
    for (const Dim dim : kAllDims) {
      if (any && !fixed.Has(dim)) result_.add_temporal(NameOf(dim));
    }
    if (!any) result_.add_temporal("none");
  }

  const v1::SpatialAxis* Axis(const char* name) const {
    for (const v1::SpatialAxis& axis : level_.spatial()) {
      if (axis.name() == name) return &axis;
    }
    return nullptr;
  }

  void AddSpatial(const TimeloopConstraint& constraint) {
    AddTensors(constraint.unshared, result_.mutable_unshared());
    // Neighbours hand on nothing but inputs in any case.
    if (constraint.unlinked.Has(Tensor::kI)) AddTensors({Tensor::kI}, result_.mutable_unlinked());
    if (constraint.factors.empty() && constraint.permutation.empty() && !constraint.split.has_value()) return;
    if (level_.spatial().empty()) {
      // Nothing is unrolled there anyway, unless something has to be.
      for (const auto& factor : constraint.factors) {
        if (factor.value == 1 || factor.op == "<=") continue;
        notes_.AddError(constraint.place, absl::StrCat("factors: ", FactorText(factor), " at ", constraint.target,
                                                       ", which has one copy inside"));
      }
      return;
    }
    const auto [x, y] = Split(constraint);
    if (Axis("X") != nullptr) AddAxis("X", x, y, constraint);
    if (Axis("Y") != nullptr) AddAxis("Y", y, x, constraint);
    for (const auto& factor : constraint.factors) CheckHasAxis(factor, x, y, constraint);
  }

  // The dimensions that may lie along X and along Y.
  std::pair<std::vector<Dim>, std::vector<Dim>> Split(const TimeloopConstraint& constraint) {
    std::vector<Dim> all = constraint.permutation;
    const DimSet known = KnownDims();
    for (const Dim dim : kAllDims) {
      if (known.Has(dim) && !Has(all, dim)) all.push_back(dim);
    }
    if (!constraint.split.has_value()) return {all, all};
    const auto split = static_cast<std::size_t>(std::min<std::int64_t>(*constraint.split, kNumDims));
    const std::size_t ordered = constraint.permutation.size();
    const auto at = [&all](std::size_t i) {
      return all.begin() + static_cast<std::ptrdiff_t>(std::min(i, all.size()));
    };
    if (split <= ordered || split >= all.size()) return {{all.begin(), at(split)}, {at(split), all.end()}};
    // Some of those without an order lie along X, whichever.
    if (level_.spatial_size() > 1) {
      notes_.AddWarning(constraint.place,
                        absl::StrCat("split: the permutation leaves open which loops the first ", *constraint.split,
                                     " are; those that it does not name may lie along both axes"));
    }
    return {all, {at(ordered), all.end()}};
  }

  void AddAxis(const char* name, const std::vector<Dim>& own, const std::vector<Dim>& others,
               const TimeloopConstraint& constraint) {
    v1::AxisConstraints& axis = *result_.add_spatial();
    axis.set_name(name);
    const auto fixed = [&](Dim dim) {
      return std::any_of(constraint.factors.begin(), constraint.factors.end(),
                         [dim](const auto& factor) { return factor.dim == dim && IsFixedAtOne(factor); });
    };
    for (const Dim dim : own) {
      if (!fixed(dim)) axis.add_dims(NameOf(dim));
    }
    if (axis.dims().empty()) {
      // Nothing lies along it: one dimension that runs once stands for that.
      const Dim dim = !own.empty() ? own.front() : others.empty() ? Dim::kN : others.front();
      axis.add_dims(NameOf(dim));
      axis.add_factors(absl::StrCat(NameOf(dim), "=1"));
      notes_.AddWarning(constraint.place, absl::StrCat("split, permutation and factors leave nothing to lie along ",
                                                       name, " of ", constraint.target, ": its copies stay idle"));
      return;
    }
    for (const auto& factor : constraint.factors) {
      if (Has(own, factor.dim) && !IsFixedAtOne(factor)) axis.add_factors(FactorText(factor));
    }
  }

  // A factor is of the fan-out as a whole: it has to lie along one axis.
  void CheckHasAxis(const TimeloopConstraint::Factor& factor, const std::vector<Dim>& x, const std::vector<Dim>& y,
                    const TimeloopConstraint& constraint) {
    if (IsFixedAtOne(factor)) return;
    const int axes = static_cast<int>(Axis("X") != nullptr && Has(x, factor.dim)) +
                     static_cast<int>(Axis("Y") != nullptr && Has(y, factor.dim));
    if (axes == 1 || (axes == 0 && (factor.op == "<=" || factor.value == 1))) return;
    notes_.AddError(constraint.place,
                    absl::StrCat("factors: ", FactorText(factor), " at ", constraint.target,
                                 axes == 0 ? " lies along an axis that it has not"
                                           : " may lie along either axis; give the axes by `split` and `permutation`"));
  }

  void AddDataspace(const TimeloopConstraint& constraint) {
    if (is_last_ && !constraint.bypass.empty()) {
      return notes_.AddError(constraint.place,
                             absl::StrCat(constraint.target, " is the outermost memory: it keeps all"));
    }
    AddTensors(constraint.keep, result_.mutable_keep());
    AddTensors(constraint.bypass, result_.mutable_bypass());
    for (const std::string& tensor : result_.keep()) {
      if (std::find(result_.bypass().begin(), result_.bypass().end(), tensor) == result_.bypass().end()) continue;
      notes_.AddError(constraint.place, absl::StrCat(constraint.target, " both keeps and passes by ", tensor));
    }
  }

  const v1::Level& level_;
  const TimeloopNames& names_;
  TimeloopNotes& notes_;
  bool is_last_ = false;
  std::optional<TimeloopConstraint> temporal_;
  std::optional<TimeloopConstraint> spatial_;
  v1::LevelConstraints result_;
};

int LevelNamed(const v1::Template& hardware_template, const std::string& target) {
  // The front end calls the fan-out that a container stands for by these names.
  const std::string_view text = target;
  const bool is_fan_out = text.starts_with("inter_") && text.ends_with("_spatial") && text.size() > 14;
  const std::string container(is_fan_out ? text.substr(6, text.size() - 14) : text);
  for (const std::string& name : {target, container}) {
    for (int l = 0; l < hardware_template.levels_size(); ++l) {
      if (hardware_template.levels(l).name() == name) return l;
    }
  }
  return -1;
}

}  // namespace

v1::Constraints ToConstraints(const std::vector<TimeloopConstraint>& constraints, const v1::Template& hardware_template,
                              const TimeloopNames& names, TimeloopNotes* notes) {
  std::map<int, LevelRules> rules;
  const TimeloopConstraint* utilization = nullptr;
  std::vector<std::string> level_names;
  for (const v1::Level& level : hardware_template.levels()) level_names.push_back(level.name());
  for (const TimeloopConstraint& constraint : constraints) {
    const int level = LevelNamed(hardware_template, constraint.target);
    if (level < 0) {
      notes->AddError(constraint.place, absl::StrCat("'", constraint.target, "' is no memory of the architecture",
                                                     SuggestName(constraint.target, level_names)));
      continue;
    }
    if (constraint.kind == Kind::kUtilization) {
      if (level > 0) {
        notes->AddError(constraint.place,
                        absl::StrCat("utilization of ", constraint.target, ": Timeloop takes it at the ",
                                     "innermost memory, ", level_names.front(), ", of the whole chip"));
      } else if (utilization != nullptr) {
        notes->AddError(constraint.place,
                        absl::StrCat("the utilization is constrained before, at ", utilization->place));
      }
      utilization = &constraint;
      continue;
    }
    rules.try_emplace(level, hardware_template, level, names, notes).first->second.Add(constraint);
  }
  v1::Constraints result;
  if (utilization != nullptr) result.set_min_utilization(utilization->min_utilization);
  for (auto& [level, rule] : rules) *result.add_levels() = rule.Finish();
  return result;
}

bool IsTimeloopConstraintFile(const std::string& path) {
  const auto file = TimeloopFile::Read(path);
  if (!file.ok() || !(*file)->root().IsMap()) return false;
  const std::vector<std::string_view> keys = {"architecture_constraints", "mapspace_constraints", "mapspace",
                                              "constraints", "architecture"};
  return !(*file)->root().GetAny(keys).empty();
}

absl::StatusOr<v1::Constraints> ReadTimeloopConstraintFile(const std::string& path,
                                                           const v1::Template& hardware_template,
                                                           std::vector<std::string>* warnings) {
  ASSIGN_OR_RETURN(const std::unique_ptr<const TimeloopFile> file, TimeloopFile::Read(path));
  TimeloopNames names = TimeloopNames::OfCnnLayer();
  const YamlView problem = file->root().Get("problem");
  if (problem.IsMap()) {
    ASSIGN_OR_RETURN(names, NamesOfProblem(problem, path));
  }
  TimeloopNotes notes;
  const bool is_v04 = file->root().Get("architecture").Get("version").Text().starts_with("0.4");
  const std::vector<TimeloopConstraint> read = ReadTimeloopConstraints(*file, names, is_v04, &notes);
  v1::Constraints constraints = ToConstraints(read, hardware_template, names, &notes);
  RETURN_IF_ERROR(notes.status());
  if (warnings != nullptr) *warnings = notes.warnings();
  return constraints;
}

}  // namespace oneloop
