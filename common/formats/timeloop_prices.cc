#include "common/formats/timeloop_prices.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/base/exact_number.h"
#include "common/formats/size_fit.h"

namespace oneloop {
namespace {

constexpr double kUm2PerMm2 = 1e6;

std::string Number(std::int64_t value) { return absl::StrCat(value); }

bool IsKept(const v1::Level& level, Tensor tensor) {
  const std::string name(1, Name(tensor));
  const auto has = [&](const auto& list) { return std::find(list.begin(), list.end(), name) != list.end(); };
  return has(level.keeps()) || has(level.may_keep());
}

void SetPrice(const std::string& price, const TimeloopMemory& memory, v1::Port* port) {
  if (price.empty()) return;
  port->set_access_pj(price);
  if (memory.block != 1) port->set_block_words(Number(memory.block));
  if (memory.cluster != 1) port->set_cluster(Number(memory.cluster));
}

void SetLimit(const std::optional<double>& limit, v1::Port* port) {
  if (limit.has_value()) port->set_words_per_cycle(ExactNumber(*limit));
}

void AddPort(const v1::Port& port, const std::vector<const char*>& flows, v1::Level* level) {
  if (port.access_pj().empty() && port.words_per_cycle().empty()) return;
  v1::Port& added = *level->add_ports();
  added = port;
  for (const char* const flow : flows) added.add_flows(flow);
}

// Addresses are generated for reads and fills of inputs and weights, and for fills and updates of outputs.
void AddAddressPorts(const TimeloopMemory& memory, bool has_o, v1::Level* level) {
  if (memory.address_pj == 0) return;
  v1::Port port;
  port.set_access_pj(ExactNumber(memory.address_pj));
  if (memory.cluster != 1) port.set_cluster(Number(memory.cluster));
  if (has_o) {
    v1::Port outputs = port;
    outputs.add_tensors(std::string(1, Name(Tensor::kO)));
    AddPort(outputs, {"fill", "update"}, level);
  }
  for (const Tensor tensor : {Tensor::kW, Tensor::kI}) {
    if (IsKept(*level, tensor)) port.add_tensors(std::string(1, Name(tensor)));
  }
  if (!port.tensors().empty()) AddPort(port, {"read", "fill"}, level);
}

}  // namespace

std::string TimeloopCountText(const TimeloopCount& count) {
  std::string text = count.factor == 1 && !count.parameters.empty() ? "" : ExactNumber(count.factor);
  for (const std::string& parameter : count.parameters) absl::StrAppend(&text, text.empty() ? "" : " * ", parameter);
  if (count.divisor != 1) absl::StrAppend(&text, " / ", ExactNumber(count.divisor));
  return text;
}

const TimeloopComponent& TimeloopPrices::ComponentAt(std::size_t level) const {
  return context_.architecture.levels[context_.architecture.levels.size() - 1 - level];
}

std::optional<std::string> TimeloopPrices::Formula(const std::string& what, const CostOf& cost) {
  std::vector<std::pair<double, double>> samples;
  for (const auto& [size, costs] : tables().series) {
    const std::optional<double> value = cost(costs);
    if (value.has_value()) samples.emplace_back(size, *value);
  }
  const bool varies = std::any_of(samples.begin(), samples.end(),
                                  [&](const auto& sample) { return sample.second != samples.front().second; });
  if (varies && !tables().parameter.empty()) {
    const SizeFit fit = FitSize(samples);
    const std::string text = fit.Text(tables().parameter);
    fits_.push_back(absl::StrFormat("%s = %s: within %.2f %% of the %d tables", what, text.empty() ? "0" : text,
                                    100 * fit.worst_error, static_cast<int>(samples.size())));
    return text;
  }
  const std::optional<double> value = samples.empty() ? cost(tables().base) : samples.front().second;
  if (!value.has_value()) return std::nullopt;
  return *value == 0 ? std::string() : ExactNumber(*value);
}

std::optional<std::string> TimeloopPrices::Energy(std::size_t level, const std::vector<std::string_view>& actions,
                                                  const char* flow) {
  const std::string& name = ComponentAt(level).name;
  const TimeloopMemory& memory = context_.memories[level];
  std::optional<std::string> energy = Formula(absl::StrCat(flow, " of ", name), [&](const TimeloopCosts& costs) {
    const std::optional<double> named = costs.Energy(name, actions);
    if (named.has_value()) return named;
    // Timeloop takes the dearest action for one that is not there, and divides it among the cluster.
    const std::optional<double> dearest = costs.Dearest(name);
    return dearest.has_value() ? std::optional<double>(*dearest / static_cast<double>(memory.cluster)) : std::nullopt;
  });
  if (!energy.has_value() && memory.access_pj.has_value()) {
    energy = *memory.access_pj == 0 ? std::string() : ExactNumber(*memory.access_pj);
  }
  return energy;
}

ComponentUse TimeloopPrices::UseOf(const TimeloopComponent& component, const std::string& words) const {
  ComponentUse use;
  use.name = component.name;
  use.component_class = component.component_class;
  use.subclass = component.subclass;
  for (const auto& [key, attribute] : component.attributes) use.attributes[key] = attribute.text;
  use.words = words;
  use.parameters = context_.parameters;
  return use;
}

void TimeloopPrices::NoteSource(const TimeloopComponent& component, const ComponentCostTexts& costs) {
  if (costs.source.empty()) return;
  notes_.AddWarning(component.place,
                    absl::StrCat(component.name, ": no ERT is given; its costs are those of ", costs.source));
}

// Of a part that costs nothing.
void TimeloopPrices::WarnOfNoPrice(const TimeloopComponent& component, const char* what) {
  if (tables().base.has_energies()) {
    notes_.AddWarning(component.place, absl::StrCat(component.name, ": is not in the ERT; ", what, " cost nothing"));
  } else if (context_.components != nullptr) {
    notes_.AddWarning(component.place, absl::StrCat(component.name,
                                                    ": no ERT is given, and no shipped table has its class, size and "
                                                    "`technology`; ",
                                                    what, " cost nothing"));
  }
}

std::optional<ComponentCostTexts> TimeloopPrices::FromSource(std::size_t level, const std::string& words) const {
  // What a table leaves out costs nothing.
  if (context_.components == nullptr || tables().base.has_energies()) return std::nullopt;
  ComponentUse use = UseOf(ComponentAt(level), words);
  use.word_bits = context_.memories[level].word_bits;
  use.block_words = context_.memories[level].block;
  use.cluster = context_.memories[level].cluster;
  return context_.components->CostsOf(use);
}

void TimeloopPrices::AddToLevel(std::size_t level, v1::Level* out) {
  AddLink(level, out);
  if (out->keeps().empty() && out->may_keep().empty()) return;
  std::optional<std::string> read = Energy(level, {"random_read", "read"}, "read");
  std::optional<std::string> fill = Energy(level, {"random_fill", "write"}, "write");
  std::optional<std::string> update =
      context_.dialect == "2022" ? fill : Energy(level, {"random_update", "random_write", "update", "write"}, "update");
  std::optional<std::string> leak;
  if (context_.dialect != "2022") {
    leak = Formula(absl::StrCat("leakage of ", ComponentAt(level).name),
                   [&](const TimeloopCosts& costs) { return costs.Energy(ComponentAt(level).name, {"leak"}); });
  }
  if (!read.has_value()) {
    const std::optional<ComponentCostTexts> costs = FromSource(level, out->capacity_words());
    if (costs.has_value()) {
      read = costs->read_pj;
      fill = costs->write_pj;
      update = context_.dialect == "2022" ? costs->write_pj : costs->update_pj;
      if (context_.dialect != "2022") leak = costs->leak_pj;
      areas_from_source_[level] = costs->area_um2;
      NoteSource(ComponentAt(level), *costs);
    } else {
      WarnOfNoPrice(ComponentAt(level), "its accesses");
    }
  }
  AddPorts(level, read.value_or(""), fill.value_or(""), update.value_or(""), out);
  if (leak.has_value() && !leak->empty()) {
    out->set_leak_pj(*leak);
    CheckPowerGate(ComponentAt(level));
  }
}

void TimeloopPrices::CheckPowerGate(const TimeloopComponent& component) {
  const auto gate = component.attributes.find("power_gated_at");
  if (gate == component.attributes.end() || gate->second.text.empty()) return;
  const std::string lower = absl::AsciiStrToLower(gate->second.text);
  // A gate at itself is one for each instance.
  if (lower == "null" || lower == "none" || lower == "~" || gate->second.text == component.name) return;
  notes_.AddError(gate->second.place, absl::StrCat(component.name,
                                                   ".power_gated_at: leakage of instances that share a gate "
                                                   "cannot be expressed"));
}

void TimeloopPrices::AddPorts(std::size_t l, const std::string& read, const std::string& fill,
                              const std::string& update, v1::Level* level) const {
  const TimeloopMemory& memory = context_.memories[l];
  const bool has_o = IsKept(*level, Tensor::kO);
  const std::vector<const char*> writes =
      has_o ? std::vector<const char*>{"fill", "update"} : std::vector<const char*>{"fill"};
  v1::Port port;
  SetPrice(read, memory, &port);
  SetLimit(memory.read_bandwidth, &port);
  AddPort(port, {"read"}, level);
  const bool is_split = has_o && update != fill;
  port.Clear();
  SetPrice(fill, memory, &port);
  if (!is_split) SetLimit(memory.write_bandwidth, &port);
  AddPort(port, is_split ? std::vector<const char*>{"fill"} : writes, level);
  if (is_split) {
    port.Clear();
    SetPrice(update, memory, &port);
    AddPort(port, {"update"}, level);
    port.Clear();
    SetLimit(memory.write_bandwidth, &port);
    AddPort(port, writes, level);
  }
  port.Clear();
  SetLimit(memory.shared_bandwidth, &port);
  AddPort(port, {}, level);
  AddAddressPorts(memory, has_o, level);
}

std::optional<double> TimeloopPrices::TileWidth(std::size_t level) const {
  double area = 0;
  for (std::size_t l = 0; l <= level; ++l) {
    const TimeloopComponent& component = l == 0 ? context_.architecture.compute : ComponentAt(l - 1);
    const TimeloopComponent& inside = l < 2 ? context_.architecture.compute : ComponentAt(l - 2);
    const double copies = static_cast<double>(inside.instances()) / static_cast<double>(component.instances());
    const auto own = tables().base.areas.find(component.name);
    const std::optional<double> given = l == 0 ? std::nullopt : context_.memories[l - 1].area_um2;
    if (own == tables().base.areas.end() && !given.has_value() && !component.is_fan_out) return std::nullopt;
    area = (own != tables().base.areas.end() ? own->second.um2 : given.value_or(0)) + (l == 0 ? 0 : area * copies);
  }
  return std::sqrt(area);
}

void TimeloopPrices::AddLink(std::size_t level, v1::Level* out) {
  const TimeloopMemory& memory = context_.memories[level];
  std::optional<double> wire = memory.wire_pj_per_bit_mm;
  for (const char* const name : {"wire", "Wire"}) {
    const std::optional<double> all = tables().base.Energy(name, {"transfer_random"});
    if (all.has_value()) wire = all;
  }
  double hop = memory.hop_pj.value_or(0);
  if (!memory.hop_pj.has_value() && wire.value_or(0) > 0) {
    const std::optional<double> width = memory.tile_width_um.has_value() ? memory.tile_width_um : TileWidth(level);
    if (!width.has_value()) {
      return notes_.AddError(
          ComponentAt(level).place,
          absl::StrCat(ComponentAt(level).name, ".wire-energy: the length of wires is not known; give ",
                       "tile-width, or an ART with all that is inside"));
    }
    hop = static_cast<double>(memory.network_bits) * *width / 1000 * *wire;
  }
  if (hop > 0) out->mutable_link()->set_hop_pj(ExactNumber(hop));
  if (memory.router_pj > 0) out->mutable_link()->set_router_pj(ExactNumber(memory.router_pj));
  if (out->has_link() && context_.dialect == "2025") out->mutable_link()->set_mesh(true);
}

void TimeloopPrices::AddToCompute(v1::Template* hardware_template) {
  const TimeloopComponent& compute = context_.architecture.compute;
  std::optional<std::string> energy =
      Formula(absl::StrCat("operation of ", compute.name), [&](const TimeloopCosts& costs) {
        const std::optional<double> named =
            costs.Energy(compute.name, {"mac_random", "mult_random", "mac", "mult", "compute"});
        return named.has_value() ? named : costs.Dearest(compute.name);
      });
  if (!energy.has_value() && context_.components != nullptr && !tables().base.has_energies()) {
    const std::optional<ComponentCostTexts> costs = context_.components->CostsOf(UseOf(compute, ""));
    if (costs.has_value()) {
      energy = costs->read_pj;
      compute_area_ = costs->area_um2;
      NoteSource(compute, *costs);
    }
  }
  if (energy.has_value() && !energy->empty()) hardware_template->mutable_compute()->set_energy_pj(*energy);
  if (!energy.has_value()) WarnOfNoPrice(compute, "operations");
}

std::string TimeloopPrices::AreaMm2(const std::vector<TimeloopCount>& instances,
                                    const TimeloopCount& compute_instances) {
  std::vector<std::string> terms;
  const auto add = [&](const std::string& um2, const TimeloopCount& count) {
    if (um2.empty()) return;
    TimeloopCount scaled = count;
    scaled.factor /= kUm2PerMm2;
    // Each term of a sum has the count as a factor.
    for (std::size_t begin = 0; begin < um2.size();) {
      const std::size_t plus = std::min(um2.find(" + ", begin), um2.size());
      terms.push_back(absl::StrCat(TimeloopCountText(scaled), " * ", um2.substr(begin, plus - begin)));
      begin = plus + 3;
    }
  };
  double constant_um2 = 0;
  std::vector<std::string> known = {context_.architecture.compute.name};
  const auto add_component = [&](const std::string& name, const TimeloopCount& count,
                                 const std::optional<double>& given, const std::string& from_source) {
    known.push_back(name);
    const std::optional<std::string> um2 = Formula(absl::StrCat("area of ", name), [&](const TimeloopCosts& costs) {
      const auto found = costs.areas.find(name);
      return found == costs.areas.end() ? given : std::optional<double>(found->second.um2);
    });
    const bool is_constant = um2.has_value() && um2->find(' ') == std::string::npos && count.parameters.empty();
    if (is_constant && !um2->empty()) {
      constant_um2 += std::strtod(um2->c_str(), nullptr) * count.factor;
    } else {
      add(um2.has_value() ? *um2 : from_source, count);
    }
  };
  add_component(context_.architecture.compute.name, compute_instances, std::nullopt, compute_area_);
  for (std::size_t level = 0; level < context_.memories.size(); ++level) {
    const auto source = areas_from_source_.find(level);
    add_component(ComponentAt(level).name, instances[level], context_.memories[level].area_um2,
                  source == areas_from_source_.end() ? std::string() : source->second);
  }
  for (const auto& [name, area] : tables().base.areas) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    constant_um2 += area.um2 * static_cast<double>(area.count);
  }
  if (constant_um2 > 0) terms.insert(terms.begin(), ExactNumber(constant_um2 / kUm2PerMm2));
  return absl::StrJoin(terms, " + ");
}

}  // namespace oneloop
