#include "common/model/exact/explanation.h"

#include <algorithm>

#include "common/workload/dims.h"

namespace oneloop {
namespace {

constexpr double kMicroPerPico = 1e-6;

// The slowest and the next of the components, from the multiply-accumulate units outwards.
void FindSlowest(int num_levels, LayerExplanation* layer) {
  layer->bound_by = kMacUnits;
  layer->bound_cycles = layer->mac_cycles;
  for (int level = 0; level < num_levels; ++level) {
    const double cycles = layer->cycles[ToIndex(level)];
    if (cycles > layer->bound_cycles) {
      layer->next = layer->bound_by;
      layer->next_cycles = layer->bound_cycles;
      layer->bound_by = level;
      layer->bound_cycles = cycles;
    } else if (cycles > layer->next_cycles) {
      layer->next = level;
      layer->next_cycles = cycles;
    }
  }
}

// The least value of a resource's own parameter that a need takes, and nothing else.
std::optional<double> ValueFor(const CostModel& model, const HardwarePoint& hardware, std::size_t resource,
                               double need) {
  const int owner = model.hardware_template().resources()[resource].owner;
  if (owner < 0) return std::nullopt;
  std::vector<ParameterRange> ranges;
  for (const double value : hardware) ranges.push_back({value, value});
  const ParameterSpec& parameter = model.hardware_template().parameter(owner);
  ranges[ToIndex(owner)] = {parameter.min, parameter.max};
  ResourceNeeds needs{};
  needs[resource] = need;
  const std::optional<HardwarePoint> smallest = model.SmallestHardware(needs, ranges);
  if (!smallest.has_value()) return std::nullopt;
  return (*smallest)[ToIndex(owner)];
}

}  // namespace

double PeakMacsPerCycle(const Template& hardware_template, const ComponentCosts& costs) {
  double peak = costs.macs_per_cycle;
  for (std::size_t r = 0; r < hardware_template.resources().size(); ++r) {
    if (hardware_template.resources()[r].is_axis()) peak *= costs.limit[r];
  }
  return peak;
}

LayerExplanation ExplainLayer(const CostModel& model, const LayerUse& use, const ComponentCosts& costs) {
  const LayerParts parts = model.PartsOf(use, costs);
  LayerExplanation layer;
  layer.figures = model.Score(use, costs);
  layer.mac_energy_uj = parts.mac_energy_pj * kMicroPerPico;
  const Structure& structure = model.of_choice(use.choice).structure();
  for (std::size_t f = 0; f < structure.flows().size(); ++f) {
    const Flow& flow = structure.flows()[f];
    layer.energy_uj[ToIndex(flow.level)][ToIndex(flow.tensor)] += parts.energy_pj[f] * kMicroPerPico;
  }
  for (std::size_t k = 0; k < structure.links().size(); ++k) {
    for (const Tensor tensor : kAllTensors) {
      layer.link_uj[ToIndex(structure.links()[k].level)][ToIndex(tensor)] =
          parts.link_pj[k][ToIndex(tensor)] * kMicroPerPico;
    }
  }
  for (const int level : structure.leaking_levels()) {
    layer.leak_uj[ToIndex(level)] = parts.leak_pj[ToIndex(level)] * kMicroPerPico;
  }
  layer.mac_cycles = parts.compute_cycles;
  for (std::size_t p = 0; p < structure.ports().size(); ++p) {
    const std::size_t level = ToIndex(structure.ports()[p].level);
    layer.port_uj[p] = parts.port_pj[p] * kMicroPerPico;
    if (parts.cycles[p] <= layer.cycles[level]) continue;
    layer.cycles[level] = parts.cycles[p];
    layer.slowest_port[level] = static_cast<int>(p);
  }
  if (use.predicted_cycles == 0) FindSlowest(model.structure().num_levels(), &layer);
  const double peak = PeakMacsPerCycle(model.hardware_template(), costs);
  layer.utilisation = use.macs / layer.figures.latency_cycles / peak;
  layer.units_in_use = use.lanes * costs.macs_per_cycle / peak;
  return layer;
}

std::vector<ResourceExplanation> ExplainResources(const CostModel& model, const HardwarePoint& hardware,
                                                  std::span<const LayerUse> uses) {
  const ComponentCosts costs = model.CostsAt(hardware);
  std::vector<ResourceExplanation> resources;
  for (std::size_t r = 0; r < model.hardware_template().resources().size(); ++r) {
    ResourceExplanation& explained = resources.emplace_back();
    explained.resource = r;
    explained.limit = costs.limit[r];
    for (const LayerUse& use : uses) explained.need = std::max(explained.need, use.need[r]);
    for (std::size_t layer = 0; layer < uses.size(); ++layer) {
      const double need = uses[layer].need[r];
      if (need == explained.need) {
        explained.layers.push_back(layer);
      } else if (need > explained.next_need) {
        explained.next_need = need;
        explained.next_layer = layer;
      }
    }
    explained.needed_value = ValueFor(model, hardware, r, explained.need);
    if (explained.next_layer.has_value()) explained.next_value = ValueFor(model, hardware, r, explained.next_need);
  }
  return resources;
}

}  // namespace oneloop
