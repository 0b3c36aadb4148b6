#include "server/search/design_state.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace oneloop {

std::optional<DesignState> DesignState::Create(Evaluator& evaluator, std::vector<Mapping> mappings) {
  if (!evaluator.Affords(1)) return std::nullopt;
  DesignState state;
  state.mappings_ = std::move(mappings);
  for (int layer = 0; layer < evaluator.num_layers(); ++layer) {
    state.uses_.push_back(evaluator.EvaluateLayer(layer, state.mapping(layer)));
  }
  const std::optional<HardwarePoint> hardware = state.SmallestHardware(evaluator);
  if (!hardware.has_value()) return std::nullopt;
  state.hardware_ = *hardware;
  state.costs_ = evaluator.model().CostsAt(*hardware);
  if (!state.Fits(evaluator)) return std::nullopt;
  for (const LayerUse& use : state.uses_) state.figures_.push_back(evaluator.model().Score(use, state.costs_));
  state.Sum(evaluator);
  return state;
}

// Always in the order of the layers, so that the sums have the same bits however the design came about.
void DesignState::Sum(const Evaluator& evaluator) {
  metrics_ = evaluator.sum().Start(costs_.area_mm2);
  for (std::size_t layer = 0; layer < figures_.size(); ++layer) evaluator.sum().Add(layer, figures_[layer], &metrics_);
  merit_ = evaluator.Merit(metrics_);
}

double DesignState::MeritWith(const Evaluator& evaluator, int layer, const LayerFigures& figures) const {
  const LayerFigures& now = this->figures(layer);
  WorkloadMetrics metrics = metrics_;
  evaluator.sum().Add(static_cast<std::size_t>(layer),
                      {figures.energy_uj - now.energy_uj, figures.latency_cycles - now.latency_cycles}, &metrics);
  return evaluator.Merit(metrics);
}

void DesignState::SetLayer(const Evaluator& evaluator, int layer, const Mapping& mapping, const LayerUse& use,
                           const LayerFigures& figures) {
  const auto index = static_cast<std::size_t>(layer);
  mappings_[index] = mapping;
  uses_[index] = use;
  figures_[index] = figures;
  Sum(evaluator);
}

void DesignState::SetHardware(Evaluator& evaluator, const HardwarePoint& hardware) {
  hardware_ = hardware;
  costs_ = evaluator.model().CostsAt(hardware);
  for (std::size_t i = 0; i < uses_.size(); ++i) figures_[i] = evaluator.model().Score(uses_[i], costs_);
  evaluator.CountWorkloads(1);
  Sum(evaluator);
}

bool DesignState::Fits(const Evaluator& evaluator) const {
  return std::all_of(uses_.begin(), uses_.end(),
                     [&](const LayerUse& use) { return evaluator.model().Takes(use.need, costs_); });
}

ResourceNeeds DesignState::Need() const {
  ResourceNeeds need{};
  for (const LayerUse& use : uses_) RaiseTo(use.need, &need);
  return need;
}

std::optional<HardwarePoint> DesignState::SmallestHardware(const Evaluator& evaluator) const {
  return evaluator.model().SmallestHardware(Need(), evaluator.spec().hardware_range);
}

}  // namespace oneloop
