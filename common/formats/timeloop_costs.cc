#include "common/formats/timeloop_costs.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/formats/timeloop_architecture.h"

namespace oneloop {
namespace {

constexpr std::size_t kMostComponents = 4096;
constexpr double kMostEnergyPj = 1e15;
constexpr std::int64_t kMostInstances = std::int64_t{1} << 31;

// "psum_spad" and 168 of "system.PE[0..167].psum_spad", and of "system.psum_spad[1..168]".
TimeloopName SplitPath(const std::string& path) {
  TimeloopName component;
  bool in_brackets = false;
  std::size_t begin = 0;
  for (std::size_t at = 0; at <= path.size(); ++at) {
    if (at < path.size() && path[at] == '[') in_brackets = true;
    if (at < path.size() && path[at] == ']') in_brackets = false;
    const bool ends = at == path.size() || (path[at] == '.' && !in_brackets);
    if (!ends) continue;
    const TimeloopName part = SplitTimeloopName(path.substr(begin, at - begin));
    component.name = part.name;
    if (part.count > 0 && part.count <= kMostInstances / component.count) component.count *= part.count;
    begin = at + 1;
  }
  return component;
}

class Reader {
 public:
  Reader(const TimeloopFile& file, TimeloopCosts* costs, TimeloopNotes* notes)
      : file_(file), costs_(*costs), notes_(*notes) {}

  void Read() {
    const YamlView energies = file_.root().Get("ERT");
    if (!energies.empty()) ReadTables(energies, "ERT", &Reader::ReadActions);
    const YamlView areas = file_.root().Get("ART");
    if (!areas.empty()) ReadTables(areas, "ART", &Reader::ReadArea);
  }

 private:
  void Error(const YamlView& at, std::string_view text) { notes_.AddError(file_.PlaceOf(at), text); }

  void ReadTables(const YamlView& table, const char* what, void (Reader::*read)(const TimeloopName&, const YamlView&)) {
    const YamlView tables = table.Get("tables");
    if (tables.IsMap()) {
      // v0.2
      for (const auto& [name, entry] : tables.Entries()) (this->*read)(SplitPath(name), entry);
      return;
    }
    if (!tables.IsList()) return Error(table, absl::StrCat(what, ": `tables` is missing"));
    for (const YamlView& entry : tables.Items()) {
      const TimeloopName component = SplitPath(entry.Get("name").Text());
      if (component.name.empty()) {
        Error(entry, absl::StrCat(what, ": name is missing"));
        continue;
      }
      (this->*read)(component, entry);
    }
  }

  std::optional<double> Number(const YamlView& value, const std::string& what) {
    double number = 0;
    if (value.IsScalar() && absl::SimpleAtod(value.Text(), &number) && number >= 0 && number <= kMostEnergyPj) {
      return number;
    }
    Error(value, absl::StrCat(what, ": expected a number of 0 to 10^15"));
    return std::nullopt;
  }

  void ReadActions(const TimeloopName& component, const YamlView& entry) {
    if (costs_.energies.size() >= kMostComponents) return Error(entry, "ERT: more than 4096 components");
    TimeloopCosts::Component& energies = costs_.energies[component.name];
    energies.place = file_.PlaceOf(entry);
    const YamlView actions = entry.Get("actions");
    if (actions.IsList()) {
      for (const YamlView& action : actions.Items()) AddAction(component, action.Get("name").Text(), action, &energies);
      return;
    }
    for (const auto& [name, action] : entry.Entries()) {
      const std::vector<YamlView> lists = action.IsList() ? action.Items() : std::vector<YamlView>{action};
      for (const YamlView& list : lists) {
        if (list.IsMap()) AddAction(component, name, list, &energies);
      }
    }
  }

  void AddAction(const TimeloopName& component, const std::string& name, const YamlView& action,
                 TimeloopCosts::Component* energies) {
    const YamlView value = action.Get("energy");
    if (value.empty()) return Error(action, absl::StrCat("ERT: ", component.name, ".", name, ": energy is missing"));
    const std::optional<double> energy = Number(value, absl::StrCat("ERT: ", component.name, ".", name));
    if (!energy.has_value()) return;
    double& largest = energies->actions[name];
    largest = std::max(largest, *energy);
  }

  void ReadArea(const TimeloopName& component, const YamlView& entry) {
    if (costs_.areas.size() >= kMostComponents) return Error(entry, "ART: more than 4096 components");
    // v0.2 gives the number alone.
    const YamlView value = entry.IsMap() ? entry.Get("area") : entry;
    if (value.empty()) return Error(entry, absl::StrCat("ART: ", component.name, ": area is missing"));
    const std::optional<double> area = Number(value, absl::StrCat("ART: ", component.name));
    if (area.has_value()) costs_.areas[component.name] = {*area, component.count};
  }

  const TimeloopFile& file_;
  TimeloopCosts& costs_;
  TimeloopNotes& notes_;
};

}  // namespace

std::optional<double> TimeloopCosts::Energy(const std::string& component,
                                            const std::vector<std::string_view>& actions) const {
  const auto found = energies.find(component);
  if (found == energies.end()) return std::nullopt;
  for (const std::string_view action : actions) {
    const auto energy = found->second.actions.find(std::string(action));
    if (energy != found->second.actions.end()) return energy->second;
  }
  return std::nullopt;
}

std::optional<double> TimeloopCosts::Dearest(const std::string& component) const {
  const auto found = energies.find(component);
  if (found == energies.end()) return std::nullopt;
  double dearest = 0;
  for (const auto& [action, energy] : found->second.actions) dearest = std::max(dearest, energy);
  return dearest;
}

void ReadTimeloopCosts(const TimeloopFile& file, TimeloopCosts* costs, TimeloopNotes* notes) {
  Reader(file, costs, notes).Read();
}

}  // namespace oneloop
