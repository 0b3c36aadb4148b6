#ifndef ONELOOP_SERVER_SEARCH_DESIGN_STATE_H_
#define ONELOOP_SERVER_SEARCH_DESIGN_STATE_H_

#include <optional>
#include <vector>

#include "common/hardware/template.h"
#include "common/mapping/mapping.h"
#include "common/model/exact/cost_model.h"
#include "server/search/evaluator.h"

namespace oneloop {

// A complete design with all its exact figures, kept up to date as layers or the hardware change. A value type.
class DesignState {
 public:
  // Evaluates every layer (one sample) and sizes the hardware; nothing when no hardware in the spec's range fits, some
  // layer uses too little of it, or the budget does not hold a sample.
  static std::optional<DesignState> Create(Evaluator& evaluator, std::vector<Mapping> mappings);

  const std::vector<Mapping>& mappings() const { return mappings_; }
  const Mapping& mapping(int layer) const { return mappings_[static_cast<std::size_t>(layer)]; }
  const HardwarePoint& hardware() const { return hardware_; }
  const ComponentCosts& costs() const { return costs_; }
  const WorkloadMetrics& metrics() const { return metrics_; }
  const LayerFigures& figures(int layer) const { return figures_[static_cast<std::size_t>(layer)]; }
  const LayerUse& use(int layer) const { return uses_[static_cast<std::size_t>(layer)]; }
  double merit() const { return merit_; }

  // The merit that the design would have with other figures for one layer, on the same hardware.
  double MeritWith(const Evaluator& evaluator, int layer, const LayerFigures& figures) const;

  // Replaces one layer; `use` must fit the hardware.
  void SetLayer(const Evaluator& evaluator, int layer, const Mapping& mapping, const LayerUse& use,
                const LayerFigures& figures);

  // Moves to other hardware and re-scores all layers; layers may not fit it afterwards. Counts one sample, which the
  // budget must hold.
  void SetHardware(Evaluator& evaluator, const HardwarePoint& hardware);

  // Whether every layer fits the hardware and uses enough of it.
  bool Fits(const Evaluator& evaluator) const;

  // The most that any layer needs.
  ResourceNeeds Need() const;
  // The smallest hardware in the spec's range that fits all layers.
  std::optional<HardwarePoint> SmallestHardware(const Evaluator& evaluator) const;

 private:
  void Sum(const Evaluator& evaluator);

  std::vector<Mapping> mappings_;
  std::vector<LayerUse> uses_;
  std::vector<LayerFigures> figures_;
  HardwarePoint hardware_;
  ComponentCosts costs_{};
  WorkloadMetrics metrics_;
  double merit_ = 0;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_DESIGN_STATE_H_
