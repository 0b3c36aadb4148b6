#include "tests/testing/template_difference.h"

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <vector>

namespace oneloop {
namespace {

double ValueOf(const std::optional<Formula>& formula, double when_absent) {
  return formula.has_value() ? formula->Evaluate({}) : when_absent;
}

// What holds of one level, as texts by what they are of.
using Facts = std::map<std::string, std::string>;

std::string Text(double value) {
  std::ostringstream text;
  text.precision(15);
  text << value;
  return text.str();
}

std::string DimText(DimSet dims) {
  std::string text;
  for (const Dim dim : kAllDims) {
    if (dims.Has(dim)) text += Name(dim);
  }
  return text;
}

std::string Sorted(std::vector<std::string> texts) {
  std::sort(texts.begin(), texts.end());
  std::string all;
  for (const std::string& text : texts) all += "(" + text + ")";
  return all;
}

// By each flow of each tensor: what it pays, and of the limits which flows they are of.
void AddPorts(const Template& hardware, int level, Facts* facts) {
  std::vector<std::string> limits;
  std::map<std::string, std::vector<std::string>> prices;
  for (const Template::Port& port : hardware.ports()) {
    if (port.level != level) continue;
    std::string covered;
    for (const Tensor tensor : kAllTensors) {
      for (const FlowKind flow : kAllFlows) {
        // Outputs alone are updated, and nothing fills the last level.
        const bool has_flow = (flow != FlowKind::kUpdate || tensor == Tensor::kO) &&
                              (flow != FlowKind::kFill || level + 1 < hardware.num_levels());
        if (!port.spec.tensors.Has(tensor) || !port.spec.flows.Has(flow) || !has_flow) continue;
        const std::string name = std::string(1, Name(tensor)) + " " + NameOf(flow);
        covered += name + " ";
        const double price = ValueOf(port.spec.access_pj, 0);
        if (price == 0) continue;
        prices[name].push_back(Text(price) + " per " + Text(ValueOf(port.spec.block_words, 1)) + " in " +
                               Text(ValueOf(port.spec.cluster, 1)));
      }
    }
    if (port.spec.words_per_cycle.has_value()) {
      limits.push_back(covered + Text(port.spec.words_per_cycle->Evaluate({})) + " weight " + Text(port.spec.weight));
    }
  }
  for (auto& [name, texts] : prices) (*facts)["price of " + name] = Sorted(texts);
  (*facts)["limits"] = Sorted(limits);
}

Facts FactsOf(const Template& hardware, int index) {
  const LevelSpec& level = hardware.level(index);
  Facts facts;
  facts["name"] = level.name;
  facts["loops"] = DimText(level.temporal);
  for (const Tensor tensor : kAllTensors) {
    if (!level.keeps.Has(tensor)) continue;
    facts["keeps"] += Name(tensor);
    facts["bits"] += Text(level.word_bits[ToIndex(tensor)]) + " ";
  }
  for (const AxisSpec& axis : level.spatial) {
    facts["axis " + axis.name] = Text(axis.size.Evaluate({})) + " of " + DimText(axis.dims);
  }
  for (const Resource& resource : hardware.resources()) {
    if (resource.level != index || resource.is_axis()) continue;
    facts["capacity"] += Text(resource.limit.Evaluate({})) + NameOf(resource.unit) + " ";
  }
  const LinkSpec link = level.link.value_or(LinkSpec());
  facts["link"] = Text(ValueOf(link.hop_pj, 0)) + " " + Text(ValueOf(link.router_pj, 0)) + " " +
                  Text(link.unshared.bits()) + " " + Text(link.unlinked.bits()) + (link.mesh ? " mesh" : "");
  facts["leak"] = Text(ValueOf(level.leak_pj, 0));
  AddPorts(hardware, index, &facts);
  return facts;
}

}  // namespace

std::string TemplateDifference(const Template& a, const Template& b) {
  std::ostringstream differences;
  const auto compare = [&](const std::string& what, const std::string& first, const std::string& second) {
    if (first != second) differences << what << ": '" << first << "', not '" << second << "'\n";
  };
  compare("levels", Text(a.num_levels()), Text(b.num_levels()));
  if (a.num_levels() != b.num_levels()) return differences.str();
  compare("dialect", NameOf(a.spec().dialect), NameOf(b.spec().dialect));
  compare("pJ of a MAC", Text(ValueOf(a.spec().mac_energy_pj, 0)), Text(ValueOf(b.spec().mac_energy_pj, 0)));
  compare("MACs per cycle", Text(a.spec().macs_per_cycle), Text(b.spec().macs_per_cycle));
  for (int l = 0; l < a.num_levels(); ++l) {
    Facts first = FactsOf(a, l);
    Facts second = FactsOf(b, l);
    first.insert(second.begin(), second.end());
    const Facts mine = FactsOf(a, l);
    for (const auto& [what, text] : first) {
      const auto left = mine.find(what);
      const auto right = second.find(what);
      compare("level " + std::to_string(l) + " " + what, left == mine.end() ? "" : left->second,
              right == second.end() ? "" : right->second);
    }
  }
  return differences.str();
}

}  // namespace oneloop
