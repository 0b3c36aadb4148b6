#ifndef ONELOOP_COMMON_MODEL_EXACT_EXPLANATION_H_
#define ONELOOP_COMMON_MODEL_EXACT_EXPLANATION_H_

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "common/hardware/template.h"
#include "common/model/exact/cost_model.h"
#include "common/model/exact/layer_use.h"
#include "common/workload/dims.h"

namespace oneloop {

// Why a design costs what it costs (docs/MODEL.md, "Explanation"). All are pure functions of exact scores; thread-safe.

// Part of a template that takes time or energy: a level by its index, or the multiply-accumulate units.
inline constexpr int kMacUnits = -1;

// Where one occurrence of a layer's energy and latency come from.
struct LayerExplanation {
  LayerFigures figures;  // CostModel::Score
  double mac_energy_uj = 0;
  std::array<std::array<double, kNumTensors>, kMaxLevels> energy_uj{};  // by level and tensor: reads, fills, updates
  std::array<std::array<double, kNumTensors>, kMaxLevels> link_uj{};    // by level and tensor: its fan-out
  std::array<double, kMaxLevels> leak_uj{};                             // by level
  std::array<double, kMaxPorts> port_uj{};                              // by Structure::ports(); parts of energy_uj

  // Cycles that each component would need if it were the only one that takes time; 0 of a level without a bandwidth.
  double mac_cycles = 0;
  std::array<double, kMaxLevels> cycles{};
  std::array<int, kMaxLevels> slowest_port{};  // by Structure::ports(), of each level with cycles
  // The slowest component and the next; of equals the inner one. Nothing for a latency that a predictor gives: it does
  // not say what it comes from.
  std::optional<int> bound_by;
  std::optional<int> next;
  double bound_cycles = 0;
  double next_cycles = 0;

  // Multiply-accumulates a cycle over those of all units of the hardware at work: 0 to 1.
  double utilisation = 0;
  // The part of it that is lost because units stand idle, whatever else is slow: units in use over units.
  double units_in_use = 0;
};
LayerExplanation ExplainLayer(const CostModel& model, const LayerUse& use, const ComponentCosts& costs);

// Multiply-accumulates a cycle of all units that there are.
double PeakMacsPerCycle(const Template& hardware_template, const ComponentCosts& costs);

// How full one resource (by Template::resources()) is, and who fills it.
struct ResourceExplanation {
  std::size_t resource = 0;
  double limit = 0;
  double need = 0;                  // the most that a layer needs
  std::vector<std::size_t> layers;  // that need so much
  double next_need = 0;             // the most of all other layers; 0 when there are none
  std::optional<std::size_t> next_layer;
  // The least value of the resource's own parameter, others as they are, that these layers need, and the next one;
  // nothing for a constant limit. Whole multiples of its step; at least the range's minimum.
  std::optional<double> needed_value;
  std::optional<double> next_value;
};
// By resource. `uses` by layer.
std::vector<ResourceExplanation> ExplainResources(const CostModel& model, const HardwarePoint& hardware,
                                                  std::span<const LayerUse> uses);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_EXACT_EXPLANATION_H_
