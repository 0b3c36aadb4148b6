#include "common/formats/timeloop_architecture.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/formats/timeloop_expression.h"

namespace oneloop {
namespace {

constexpr std::int64_t kMostInstances = std::int64_t{1} << 31;
constexpr int kMostNodes = 1024;
constexpr int kMostDepth = 32;

// Timeloop looks for these in a component's class.
constexpr std::array<std::string_view, 5> kMemoryClasses = {"DRAM", "SRAM", "regfile", "smartbuffer", "storage"};
constexpr std::array<std::string_view, 2> kComputeClasses = {"mac", "compute"};
constexpr std::array<std::string_view, 4> kNetworkClasses = {"XY_NoC", "Legacy", "ReductionTree", "SimpleMulticast"};

template <std::size_t kParts>
bool HasOneOf(const std::string& text, const std::array<std::string_view, kParts>& parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](std::string_view part) { return text.find(part) != std::string::npos; });
}

class Reader {
 public:
  Reader(const TimeloopFile& file, const TimeloopVariables& variables, const TimeloopNames& names, TimeloopNotes* notes)
      : file_(file), variables_(variables), names_(names), notes_(*notes) {}

  // The form before v0.2: memories from the innermost out, attributes beside their names.
  TimeloopArchitecture ReadArch(const YamlView& arch) {
    std::vector<YamlView> memories = arch.Get("storage").Items();
    if (memories.empty()) Error(arch, "arch: `storage` is missing");
    std::reverse(memories.begin(), memories.end());
    for (const YamlView& memory : memories) {
      if (IsFull(memory)) break;
      result_.levels.push_back(ReadFlat(memory));
    }
    const YamlView arithmetic = arch.Get("arithmetic");
    if (!arithmetic.empty()) {
      result_.compute = ReadFlat(arithmetic);
      if (result_.compute.name.empty()) result_.compute.name = "arithmetic";
    }
    Check(arch);
    return std::move(result_);
  }

  TimeloopArchitecture Read(const YamlView& architecture) {
    const std::string version = architecture.Get("version").Text();
    result_.is_v04 = version.starts_with("0.4");
    if (!version.empty() && version != "0.2" && version != "0.3" && !result_.is_v04) {
      Error(architecture.Get("version"), absl::StrCat("architecture version '", version, "' is not 0.2, 0.3 or 0.4"));
    }
    if (!architecture.Get("nodes").empty()) {
      result_.has_nodes = true;
      result_.is_v04 = true;
      ReadNodes(architecture.Get("nodes"), {}, {}, 0);
    } else if (!architecture.Get("subtree").empty()) {
      ReadSubtree(architecture, {}, 1, 0);
    } else {
      Error(architecture, "architecture: expected `nodes` (v0.4) or `subtree` (v0.3)");
      return std::move(result_);
    }
    Check(architecture);
    return std::move(result_);
  }

 private:
  struct Mesh {
    std::int64_t x = 1;
    std::int64_t y = 1;
  };

  void Error(const YamlView& at, std::string_view text) { notes_.AddError(file_.PlaceOf(at), text); }
  void Warn(const YamlView& at, std::string_view text) { notes_.AddWarning(file_.PlaceOf(at), text); }

  // Each node costs time and memory for what it inherits.
  bool IsFull(const YamlView& node) {
    if (++nodes_ == kMostNodes + 1) Error(node, absl::StrCat("more than ", kMostNodes, " nodes"));
    return nodes_ > kMostNodes;
  }

  // What a node says and what it inherits.
  TimeloopAttributes With(TimeloopAttributes inherited, const YamlView& attributes) {
    for (const auto& [key, value] : attributes.Entries()) {
      if (!value.IsScalar()) {
        if (inherited.size() < 256) inherited.erase(key);
        continue;
      }
      inherited[key] = {value.Text(), file_.PlaceOf(value)};
    }
    if (inherited.size() > 256) {
      Error(attributes, "attributes: more than 256");
      inherited.clear();
    }
    return inherited;
  }

  std::int64_t Count(const TimeloopAttribute& attribute, const std::string& key) {
    const absl::StatusOr<double> value = EvaluateTimeloopExpression(attribute.text, variables_);
    if (value.ok() && *value >= 1 && *value <= static_cast<double>(kMostInstances) &&
        *value == static_cast<double>(static_cast<std::int64_t>(*value))) {
      return static_cast<std::int64_t>(*value);
    }
    notes_.AddError(attribute.place, absl::StrCat(key, ": '", attribute.text, "' is no count of 1 to 2^31",
                                                  value.ok() ? "" : ": ", value.ok() ? "" : Message(value.status())));
    return 1;
  }

  std::int64_t Times(std::int64_t a, std::int64_t b, const YamlView& at) {
    std::int64_t product = 0;
    if (!__builtin_mul_overflow(a, b, &product) && product <= kMostInstances) return product;
    Error(at, "more than 2^31 instances");
    return 1;
  }

  TimeloopComponent ReadFlat(const YamlView& item) {
    TimeloopComponent component = Named(item, With({}, item));
    SetMesh(item, 1, &component);
    return component;
  }

  // v0.2 and v0.3.
  void ReadSubtree(const YamlView& parent, const TimeloopAttributes& inherited, std::int64_t count, int depth) {
    const YamlView subtree = parent.Get("subtree");
    if (subtree.empty()) return;
    const std::vector<YamlView> trees = subtree.Items();
    if (trees.size() != 1) {
      Error(subtree, absl::StrCat("subtree: has ", trees.size(), " entries; Timeloop takes one"));
      return;
    }
    if (depth > kMostDepth) return Error(subtree, "subtree: nested deeper than 32");
    const YamlView& tree = trees[0];
    const TimeloopAttributes attributes = With(inherited, tree.Get("attributes"));
    const std::int64_t all = Times(count, CountOf(tree), tree);
    for (const YamlView& local : tree.Get("local").Items()) ReadLocal(local, attributes, all);
    ReadSubtree(tree, attributes, all, depth + 1);
  }

  std::int64_t CountOf(const YamlView& named) {
    const TimeloopName name = SplitTimeloopName(named.Get("name").Text());
    if (name.count > 0) return name.count;
    Error(named.Get("name"), "name: expected NAME, NAME[0..N] or NAME[1..N]");
    return 1;
  }

  void ReadLocal(const YamlView& local, const TimeloopAttributes& inherited, std::int64_t count) {
    if (IsFull(local)) return;
    TimeloopComponent component = Named(local, With(inherited, local.Get("attributes")));
    const std::int64_t elements = Times(count, CountOf(local), local);
    SetMesh(local, elements, &component);
    Add(local, std::move(component));
  }

  TimeloopComponent Named(const YamlView& node, TimeloopAttributes attributes) {
    TimeloopComponent component;
    component.name = SplitTimeloopName(node.Get("name").Text()).name;
    component.component_class = node.Get("class").Text();
    component.subclass = node.Get("subclass").Text();
    component.place = file_.PlaceOf(node);
    component.attributes = std::move(attributes);
    return component;
  }

  // `instances`, meshX and meshY of v0.3, each of which follows from the others.
  void SetMesh(const YamlView& local, std::int64_t elements, TimeloopComponent* component) {
    const auto given = [&](const char* key) {
      const auto found = component->attributes.find(key);
      return found == component->attributes.end() ? std::int64_t{0} : Count(found->second, key);
    };
    const std::int64_t instances = given("instances") > 0 ? given("instances") : elements;
    const std::int64_t x = given("meshX");
    const std::int64_t y = given("meshY");
    component->mesh_x = x > 0 ? x : y > 0 ? instances / y : instances;
    component->mesh_y = y > 0 ? y : instances / component->mesh_x;
    if (component->mesh_x < 1 || component->mesh_y < 1 || component->mesh_x > kMostInstances / component->mesh_y ||
        component->instances() != instances) {
      Error(local, absl::StrCat(component->name, ": ", instances, " instances do not make a mesh of ",
                                x > 0 ? absl::StrCat(x, " columns") : "", x > 0 && y > 0 ? " and " : "",
                                y > 0 ? absl::StrCat(y, " rows") : ""));
      component->mesh_x = 1;
      component->mesh_y = 1;
    }
  }

  // Sorts by class, as Timeloop does.
  void Add(const YamlView& node, TimeloopComponent component) {
    if (TimeloopBool(node.Get("enabled").Text()) == false) return;
    const std::string& name = component.component_class;
    if (component.name.empty()) return Error(node, "name is missing");
    if (HasOneOf(name, kMemoryClasses)) {
      result_.levels.push_back(std::move(component));
    } else if (HasOneOf(name, kComputeClasses)) {
      if (!result_.compute.name.empty()) {
        return Error(node, absl::StrCat("a second kind of compute units beside ", result_.compute.name));
      }
      result_.compute = std::move(component);
    } else if (HasOneOf(name, kNetworkClasses)) {
      // Networks that memories name are refused where they are named.
      Warn(node, absl::StrCat(component.name, ": left out: a network of its own (class ", name,
                              ") counts where a memory names it"));
    } else {
      Warn(node, absl::StrCat(component.name, ": left out, as by Timeloop: its class '", name,
                              "' is neither a memory's nor that of compute units"));
    }
  }

  // v0.4. Returns the mesh and the attributes that stand for what comes after the list.
  void ReadNodes(const YamlView& nodes, Mesh mesh, TimeloopAttributes attributes, int depth) {
    if (depth > kMostDepth) return Error(nodes, "nodes: nested deeper than 32");
    if (!nodes.IsList()) return Error(nodes, "nodes: expected a list");
    for (const YamlView& node : nodes.Items()) ReadNode(node, &mesh, &attributes, depth);
  }

  void ReadNode(const YamlView& node, Mesh* mesh, TimeloopAttributes* attributes, int depth) {
    if (IsFull(node)) return;
    const std::string tag = node.Tag();
    if (tag == "Hierarchical") {
      ReadNodes(node.Get("nodes"), *mesh, With(*attributes, node.Get("attributes")), depth + 1);
    } else if (tag == "Parallel") {
      ReadParallel(node, *mesh, With(*attributes, node.Get("attributes")), depth);
    } else if (tag == "Container") {
      ReadContainer(node, mesh, attributes);
    } else if (tag == "Component" || tag == "Element") {
      ReadComponent(node, *mesh, *attributes);
    } else if (tag == "Nothing") {
      return;
    } else {
      Error(node, absl::StrCat("a node ", tag.empty() ? "without a tag" : absl::StrCat("!", tag),
                               "; understood: !Container, !Component, !Parallel, !Hierarchical, !Nothing"));
    }
  }

  // Each branch takes what it keeps, and passes by all else.
  void ReadParallel(const YamlView& node, Mesh mesh, const TimeloopAttributes& attributes, int depth) {
    const YamlView nodes = node.Get("nodes");
    if (!nodes.IsList()) return Error(node, "!Parallel: `nodes` is missing");
    if (depth > kMostDepth) return Error(node, "nodes: nested deeper than 32");
    TensorSet taken;
    for (const YamlView& branch : nodes.Items()) {
      const std::size_t first = result_.constraints.size();
      const std::size_t first_level = result_.levels.size();
      Mesh inner = mesh;
      TimeloopAttributes own = attributes;
      TensorSet keeps;
      if (branch.Tag() == "Nothing" || branch.Tag() == "Container") {
        const auto rules = ReadNodeConstraints(file_, branch.Get("constraints"), "", names_, &notes_);
        for (const TimeloopConstraint& rule : rules) keeps = keeps | rule.keep;
      } else {
        ReadNode(branch, &inner, &own, depth + 1);
      }
      for (std::size_t c = first; c < result_.constraints.size(); ++c) keeps = keeps | result_.constraints[c].keep;
      for (const Tensor tensor : kAllTensors) {
        if (keeps.Has(tensor) && taken.Has(tensor)) {
          Error(branch, absl::StrCat("!Parallel: two branches keep ", std::string(1, oneloop::Name(tensor))));
        }
      }
      taken = taken | keeps;
      BypassOthers(branch, first_level, keeps);
    }
    for (const Tensor tensor : kAllTensors) {
      if (taken.Has(tensor)) continue;
      Error(node, absl::StrCat("!Parallel: no branch keeps ", std::string(1, oneloop::Name(tensor)),
                               "; a branch !Nothing with `constraints: {dataspace: {keep: [...]}}` passes it by"));
    }
  }

  void BypassOthers(const YamlView& branch, std::size_t first_level, TensorSet keeps) {
    for (std::size_t l = first_level; l < result_.levels.size(); ++l) {
      TimeloopConstraint rule;
      rule.kind = TimeloopConstraint::Kind::kDataspace;
      rule.target = result_.levels[l].name;
      rule.place = file_.PlaceOf(branch);
      for (const Tensor tensor : kAllTensors) {
        if (!keeps.Has(tensor)) rule.bypass.Add(tensor);
      }
      result_.constraints.push_back(std::move(rule));
    }
  }

  // A container hands its mesh and attributes on to all that comes after it in the list.
  void ReadContainer(const YamlView& node, Mesh* mesh, TimeloopAttributes* attributes) {
    *attributes = With(*attributes, node.Get("attributes"));
    AddFanOut(node, node.Get("name").Text(), mesh, *attributes);
  }

  void ReadComponent(const YamlView& node, Mesh mesh, const TimeloopAttributes& inherited) {
    TimeloopComponent component = Named(node, With(inherited, node.Get("attributes")));
    AddFanOut(node, absl::StrCat("inter_", component.name, "_spatial"), &mesh, component.attributes);
    component.mesh_x = mesh.x;
    component.mesh_y = mesh.y;
    std::vector<TimeloopConstraint> rules =
        ReadNodeConstraints(file_, node.Get("constraints"), component.name, names_, &notes_);
    // Those of the fan-out have been taken.
    std::erase_if(rules, [](const auto& rule) { return rule.kind == TimeloopConstraint::Kind::kSpatial; });
    result_.constraints.insert(result_.constraints.end(), rules.begin(), rules.end());
    Add(node, std::move(component));
  }

  // A node with a mesh is inside a fan-out of that size.
  void AddFanOut(const YamlView& node, const std::string& name, Mesh* mesh, const TimeloopAttributes& attributes) {
    const YamlView spatial = node.Get("spatial");
    const auto size = [&](const char* key) {
      const YamlView value = spatial.Get(key);
      return value.empty() ? std::int64_t{1} : Count({value.Text(), file_.PlaceOf(value)}, key);
    };
    std::vector<TimeloopConstraint> rules = ReadNodeConstraints(file_, node.Get("constraints"), name, names_, &notes_);
    const Mesh inner = {Times(mesh->x, size("meshX"), node), Times(mesh->y, size("meshY"), node)};
    if (inner.x == mesh->x && inner.y == mesh->y) return;
    if (name.empty()) return Error(node, "name is missing");
    TimeloopComponent fan_out;
    fan_out.name = name;
    fan_out.place = file_.PlaceOf(node);
    fan_out.attributes = attributes;
    fan_out.mesh_x = mesh->x;
    fan_out.mesh_y = mesh->y;
    fan_out.is_fan_out = true;
    result_.levels.push_back(std::move(fan_out));
    Times(inner.x, inner.y, node);
    *mesh = inner;
    for (TimeloopConstraint& rule : rules) {
      if (rule.kind == TimeloopConstraint::Kind::kSpatial) result_.constraints.push_back(std::move(rule));
    }
  }

  void Check(const YamlView& architecture) {
    for (const TimeloopComponent& level : result_.levels) {
      if (level.name.empty()) notes_.AddError(level.place, "name is missing");
    }
    if (result_.levels.empty()) Error(architecture, "architecture: no memory is in it");
    if (result_.compute.name.empty()) Error(architecture, "architecture: no compute units are in it");
    for (std::size_t l = 0; l < result_.levels.size(); ++l) {
      for (std::size_t other = 0; other < l; ++other) {
        if (result_.levels[other].name != result_.levels[l].name) continue;
        notes_.AddError(result_.levels[l].place, absl::StrCat("a second ", result_.levels[l].name));
      }
      const TimeloopComponent& outer = result_.levels[l];
      const TimeloopComponent& inner = l + 1 < result_.levels.size() ? result_.levels[l + 1] : result_.compute;
      if (inner.name.empty() || (inner.mesh_x % outer.mesh_x == 0 && inner.mesh_y % outer.mesh_y == 0)) continue;
      notes_.AddError(inner.place, absl::StrCat(inner.name, " is a mesh of ", inner.mesh_x, " x ", inner.mesh_y,
                                                ", which does not divide into the ", outer.mesh_x, " x ", outer.mesh_y,
                                                " of ", outer.name, " outside it"));
    }
  }

  const TimeloopFile& file_;
  const TimeloopVariables& variables_;
  const TimeloopNames& names_;
  TimeloopNotes& notes_;
  int nodes_ = 0;
  TimeloopArchitecture result_;
};

}  // namespace

TimeloopName SplitTimeloopName(const std::string& name) {
  const std::size_t open = name.find('[');
  TimeloopName split = {name.substr(0, open), 1};
  if (open == std::string::npos) return split;
  split.count = -1;
  const std::size_t dots = name.find("..", open);
  std::int64_t first = 0;
  std::int64_t last = 0;
  if (dots == std::string::npos || name.back() != ']' ||
      !absl::SimpleAtoi(name.substr(open + 1, dots - open - 1), &first) ||
      !absl::SimpleAtoi(name.substr(dots + 2, name.size() - dots - 3), &last)) {
    return split;
  }
  if (first >= 0 && last >= first && last - first < kMostInstances) split.count = last - first + 1;
  return split;
}

TimeloopArchitecture ReadTimeloopArchitecture(const TimeloopFile& file, const YamlView& architecture,
                                              const TimeloopVariables& variables, const TimeloopNames& names,
                                              TimeloopNotes* notes) {
  return Reader(file, variables, names, notes).Read(architecture);
}

TimeloopArchitecture ReadTimeloopArch(const TimeloopFile& file, const YamlView& arch,
                                      const TimeloopVariables& variables, const TimeloopNames& names,
                                      TimeloopNotes* notes) {
  return Reader(file, variables, names, notes).ReadArch(arch);
}

}  // namespace oneloop
