#include "common/formats/timeloop_constraints.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

using Kind = TimeloopConstraint::Kind;

constexpr std::size_t kMostConstraints = 1024;
constexpr std::int64_t kMostFactor = std::int64_t{1} << 31;

// Reads one constraint after another of a file.
class Reader {
 public:
  Reader(const TimeloopFile& file, const TimeloopNames& names, TimeloopNotes* notes)
      : file_(file), names_(names), notes_(*notes) {}

  void ReadList(const YamlView& list, bool is_v04) {
    if (list.empty()) return;
    is_v04_ = is_v04;
    YamlView items = list;
    if (list.IsMap()) items = list.GetAny({"targets", "constraints"});
    // Of several lists, the one that is named.
    if (items.IsScalar()) items = list.Get(absl::StrCat("constraints_", items.Text()));
    if (!items.IsList()) {
      // A map without a list, as of the mapper's other settings, says nothing of mappings.
      if (!list.IsMap() || !items.empty()) Error(list, "constraints: expected a list");
      return;
    }
    for (const YamlView& item : items.Items()) ReadEntry(item);
  }

  // `constraints` of a node: a map by kind.
  void ReadNode(const YamlView& constraints, const std::string& target) {
    for (const auto& [key, entry] : constraints.Entries()) ReadOne(entry, key, target);
  }

  std::vector<TimeloopConstraint> Take() { return std::move(constraints_); }

 private:
  void Error(const YamlView& at, std::string_view text) { notes_.AddError(file_.PlaceOf(at), text); }

  void ReadEntry(const YamlView& entry) {
    const std::string target = entry.GetAny({"target", "name"}).Text();
    if (target.empty()) return Error(entry, "constraint: `target` is missing");
    ReadOne(entry, entry.Get("type").Text(), target);
  }

  void ReadOne(const YamlView& entry, const std::string& type, const std::string& target) {
    if (constraints_.size() >= kMostConstraints) return Error(entry, "more than 1024 constraints");
    if (type == "temporal") {
      ReadLoops(entry, Kind::kTemporal, target);
    } else if (type == "spatial") {
      ReadLoops(entry, Kind::kSpatial, target);
    } else if (type == "datatype" || type == "dataspace" || type == "bypass" || type == "bypassing") {
      ReadDataspace(entry, target);
    } else if (type == "utilization" || type == "parallelism") {
      ReadUtilization(entry, type, target);
    } else if (type == "max_overbooked_proportion") {
      Error(entry, absl::StrCat(type, ": tiles larger than their memory cannot be expressed"));
    } else {
      Error(entry,
            absl::StrCat("a constraint of type '", type, "'; understood: temporal, spatial, dataspace, utilization"));
    }
  }

  TimeloopConstraint Begin(const YamlView& entry, Kind kind, const std::string& target) {
    TimeloopConstraint constraint;
    constraint.kind = kind;
    constraint.target = target;
    constraint.place = file_.PlaceOf(entry);
    constraint.units_innermost = is_v04_;
    return constraint;
  }

  void ReadLoops(const YamlView& entry, Kind kind, const std::string& target) {
    TimeloopConstraint constraint = Begin(entry, kind, target);
    for (const auto& [key, value] : entry.Entries()) {
      if (key == "factors" || key == "factors_only") {
        ReadFactors(value, &constraint);
        if (key == "factors_only") FixOthers(kEveryDim, &constraint);
      } else if (key == "permutation") {
        ReadPermutation(value, &constraint);
      } else if (key == "no_iteration_over_dataspaces") {
        FixOthers(DimsOf(value), &constraint);
      } else if (key == "split" && kind == Kind::kSpatial) {
        constraint.split = value.Integer();
        if (!constraint.split.has_value() || *constraint.split < 0)
          Error(value, "split: expected a whole number from 0");
      } else if (key == "no_multicast_no_reduction" && kind == Kind::kSpatial) {
        constraint.unshared = Tensors(value);
      } else if (key == "no_link_transfer" && kind == Kind::kSpatial) {
        constraint.unlinked = Tensors(value);
      } else if (key == "no_reuse" || key == "no_temporal_reuse" || key == "rmw_first_update") {
        if (!Tensors(value).empty()) Error(value, absl::StrCat(key, ": cannot be expressed"));
      } else if (key != "type" && key != "target" && key != "name") {
        Error(value.empty() ? entry : value, absl::StrCat(key, ": is not understood in a constraint on loops"));
      }
    }
    constraints_.push_back(std::move(constraint));
  }

  void ReadDataspace(const YamlView& entry, const std::string& target) {
    TimeloopConstraint constraint = Begin(entry, Kind::kDataspace, target);
    for (const auto& [key, value] : entry.Entries()) {
      if (key == "keep" || key == "keep_only") constraint.keep = constraint.keep | Tensors(value);
      if (key == "bypass" || key == "bypass_only") constraint.bypass = constraint.bypass | Tensors(value);
      if (key == "keep_only") AddOthers(Tensors(value), &constraint.bypass);
      if (key == "bypass_only") AddOthers(Tensors(value), &constraint.keep);
      const bool is_known = key == "keep" || key == "bypass" || key == "keep_only" || key == "bypass_only" ||
                            key == "type" || key == "target" || key == "name";
      if (!is_known && !Tensors(value).empty()) {
        Error(value, absl::StrCat(key, ": cannot be expressed"));
      }
    }
    for (const Tensor tensor : kAllTensors) {
      if (constraint.keep.Has(tensor) && constraint.bypass.Has(tensor)) {
        Error(entry, absl::StrCat(target, " both keeps and passes by ", std::string(1, oneloop::Name(tensor))));
      }
    }
    constraints_.push_back(std::move(constraint));
  }

  void ReadUtilization(const YamlView& entry, const std::string& type, const std::string& target) {
    TimeloopConstraint constraint = Begin(entry, Kind::kUtilization, target);
    const YamlView min = entry.Get("attributes").empty() ? entry.Get("min") : entry.Get("attributes").Get("min");
    if (min.empty()) return Error(entry, absl::StrCat(type, ": `min` is missing"));
    const std::string text = min.Text();
    if (!absl::SimpleAtod(text, &constraint.min_utilization) ||
        !(constraint.min_utilization >= 0 && constraint.min_utilization <= 1)) {
      return Error(min, absl::StrCat(type, ": min is '", text, "'; valid: 0 to 1"));
    }
    constraints_.push_back(std::move(constraint));
  }

  static void AddOthers(TensorSet listed, TensorSet* set) {
    for (const Tensor tensor : kAllTensors) {
      if (!listed.Has(tensor)) set->Add(tensor);
    }
  }

  // A list of data spaces, one of them, or all: `true`, "*".
  TensorSet Tensors(const YamlView& value) {
    TensorSet tensors;
    const std::vector<YamlView> items = value.IsList() ? value.Items() : std::vector<YamlView>{value};
    for (const YamlView& item : items) {
      const std::string name = item.Text();
      const auto found = names_.tensors.find(name);
      if (found != names_.tensors.end()) {
        tensors.Add(found->second);
      } else if (name == "*" || TimeloopBool(name) == true) {
        tensors = kEveryTensor;
      } else if (!name.empty() && TimeloopBool(name) != false) {
        Error(item,
              absl::StrCat("'", name, "' is no data space of the problem", SuggestName(name, TensorNames()), Hint()));
      }
    }
    return tensors;
  }

  const char* Hint() const { return names_.are_given ? "" : "; give a file with the problem beside this one"; }

  std::vector<std::string> TensorNames() const {
    std::vector<std::string> all;
    for (const auto& [name, tensor] : names_.tensors) all.push_back(name);
    return all;
  }

  // Dimensions that address one of the data spaces.
  DimSet DimsOf(const YamlView& value) {
    const TensorSet tensors = Tensors(value);
    DimSet dims;
    for (const Tensor tensor : kAllTensors) {
      if (tensors.Has(tensor)) dims = dims | kRelevantDims[ToIndex(tensor)];
    }
    return dims;
  }

  std::optional<Dim> FindDim(const std::string& loop) const {
    const auto found = names_.dims.find(loop);
    if (found != names_.dims.end()) return found->second;
    // Groups, which the layer that Timeloop ships lacks.
    if (loop == "G") return Dim::kG;
    return std::nullopt;
  }

  // Several loops of a problem that are one dimension of a layer cannot be told apart.
  bool IsAlone(const std::string& loop, Dim dim) const {
    return std::none_of(names_.dims.begin(), names_.dims.end(), [&](const auto& other) {
      const bool is_channels = loop == "M" || loop == "K";
      return other.second == dim && other.first != loop && !(is_channels && (other.first == "M" || other.first == "K"));
    });
  }

  std::optional<Dim> DimOf(const YamlView& at, const std::string& loop) {
    const std::optional<Dim> dim = FindDim(loop);
    if (!dim.has_value()) {
      std::vector<std::string> loops;
      for (const auto& [name, of] : names_.dims) loops.push_back(name);
      Error(at, absl::StrCat("'", loop, "' is no loop of the problem", SuggestName(loop, loops), Hint()));
    } else if (!IsAlone(loop, *dim)) {
      Error(at, absl::StrCat("'", loop, "' is one of several loops that are dimension ",
                             std::string(1, oneloop::Name(*dim)), " together; it cannot be constrained alone"));
      return std::nullopt;
    }
    return dim;
  }

  // The parts of a list, or of a text with blanks or commas between them.
  std::vector<std::pair<YamlView, std::string>> Parts(const YamlView& value) {
    std::vector<std::pair<YamlView, std::string>> parts;
    const std::vector<YamlView> items = value.IsList() ? value.Items() : std::vector<YamlView>{value};
    for (const YamlView& item : items) {
      const std::string text = item.Text();
      for (const absl::string_view part : absl::StrSplit(text, absl::ByAnyChar(" ,\t\n"), absl::SkipEmpty())) {
        parts.emplace_back(item, ToString(part));
        if (parts.size() > 64) {
          Error(item, "more than 64 entries");
          return {};
        }
      }
    }
    return parts;
  }

  void ReadPermutation(const YamlView& value, TimeloopConstraint* constraint) {
    constraint->has_permutation = true;
    for (const auto& [at, text] : Parts(value)) {
      // "CKRS" without blanks is one letter after another.
      std::vector<std::string> loops = {text};
      if (!FindDim(text).has_value() && text.size() <= 64) {
        loops.clear();
        for (const char c : text) loops.emplace_back(1, c);
      }
      for (const std::string& loop : loops) {
        const std::optional<Dim> dim = DimOf(at, loop);
        if (!dim.has_value()) return;
        std::vector<Dim>& order = constraint->permutation;
        if (std::find(order.begin(), order.end(), *dim) != order.end()) {
          return Error(at, absl::StrCat("permutation: ", loop, " is there twice"));
        }
        order.push_back(*dim);
      }
    }
  }

  // "K=8", "K<=8", "K8", "K 8" is not one.
  void ReadFactors(const YamlView& value, TimeloopConstraint* constraint) {
    for (const auto& [at, text] : Parts(value)) {
      std::size_t length = 0;
      while (length < text.size() &&
             (absl::ascii_isalpha(static_cast<unsigned char>(text[length])) || text[length] == '_'))
        ++length;
      std::string_view rest = std::string_view(text).substr(length);
      TimeloopConstraint::Factor factor;
      for (const std::string_view op : {"<=", ">=", "=="}) {
        if (rest.starts_with(op)) factor.op = op;
      }
      rest.remove_prefix(rest.starts_with(factor.op) ? factor.op.size() : 0);
      if (factor.op == "==") factor.op = "=";
      const std::optional<Dim> dim = DimOf(at, text.substr(0, length));
      if (!dim.has_value()) continue;
      factor.dim = *dim;
      if (!absl::SimpleAtoi(ToAbsl(rest), &factor.value) || factor.value < 0 || factor.value > kMostFactor) {
        Error(at, absl::StrCat("factors: '", text, "' is not LOOP=N, LOOP<=N, LOOP>=N or LOOPN"));
        continue;
      }
      const bool doubled = std::any_of(constraint->factors.begin(), constraint->factors.end(), [&](const auto& other) {
        return other.dim == factor.dim && other.op == factor.op;
      });
      if (doubled) {
        Error(at, absl::StrCat("factors: ", text.substr(0, length), " is constrained twice"));
        continue;
      }
      constraint->factors.push_back(factor);
    }
  }

  // Those of `dims` that no factor names run once.
  void FixOthers(DimSet dims, TimeloopConstraint* constraint) const {
    for (const auto& [loop, dim] : names_.dims) {
      const bool named = std::any_of(constraint->factors.begin(), constraint->factors.end(),
                                     [dim = dim](const auto& factor) { return factor.dim == dim; });
      if (dims.Has(dim) && !named) constraint->factors.push_back({dim, "=", 1});
    }
  }

  const TimeloopFile& file_;
  const TimeloopNames& names_;
  bool is_v04_ = true;
  TimeloopNotes& notes_;
  std::vector<TimeloopConstraint> constraints_;
};

}  // namespace

std::vector<TimeloopConstraint> ReadTimeloopConstraints(const TimeloopFile& file, const TimeloopNames& names,
                                                        bool is_v04, TimeloopNotes* notes) {
  Reader reader(file, names, notes);
  const YamlView root = file.root();
  for (const char* const key : {"architecture_constraints", "arch_constraints", "mapspace_constraints", "mapspace"}) {
    reader.ReadList(root.Get(key), is_v04);
  }
  // The name that v0.4 has for them.
  reader.ReadList(root.Get("constraints"), /*is_v04=*/true);
  return reader.Take();
}

std::vector<TimeloopConstraint> ReadNodeConstraints(const TimeloopFile& file, const YamlView& constraints,
                                                    const std::string& target, const TimeloopNames& names,
                                                    TimeloopNotes* notes) {
  Reader reader(file, names, notes);
  reader.ReadNode(constraints, target);
  return reader.Take();
}

}  // namespace oneloop
