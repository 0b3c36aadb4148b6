#ifndef ONELOOP_COMMON_MODEL_EXACT_COST_MODEL_H_
#define ONELOOP_COMMON_MODEL_EXACT_COST_MODEL_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "common/hardware/template.h"
#include "common/mapping/mapping.h"
#include "common/model/exact/count.h"
#include "common/model/exact/exact_counter.h"
#include "common/model/exact/layer_use.h"
#include "common/model/goal/metrics.h"
#include "common/workload/workload.h"

namespace oneloop {

// A template's figures at one hardware point.
struct ComponentCosts {
  std::array<double, kMaxLevels> energy_pj;        // per access
  std::array<double, kMaxLevels> words_per_cycle;  // of one instance; infinite when not limiting
  std::array<double, kMaxLevels> block_words;
  ResourceNeeds limit;
  double mac_energy_pj;
  double macs_per_cycle;
  double area_mm2;
};

// What each component takes of one occurrence of a layer: the parts of its LayerFigures.
struct LayerParts {
  double mac_energy_pj = 0;
  std::array<double, kMaxFlows> energy_pj{};  // by CostModel::flows()
  double compute_cycles = 0;                  // of the multiply-accumulate units in use; not rounded up
  std::array<double, kMaxLevels> cycles{};    // by level; 0 where nothing limits its bandwidth
};

// The values that may be given to one parameter; min == max fixes it.
struct ParameterRange {
  double min = 0;
  double max = 0;
};

// The exact cost model of one template: integer factors, true revisits, whole blocks, whole cycles. Equations and
// sources: docs/MODEL.md. Immutable and lock-free; all methods are thread-safe and pure.
class CostModel {
 public:
  explicit CostModel(std::shared_ptr<const Template> hardware_template);

  const Template& hardware_template() const { return *template_; }
  const Hierarchy& hierarchy() const { return hierarchy_; }
  const std::vector<Flow>& flows() const { return flows_; }

  // Precondition of all that take a mapping: ValidateMapping is OK.
  // All counts by the rules of count.h and input_corners.h; what Use is tested against.
  NestCounts<ExactFactor> Count(const LayerShape& shape, const Mapping& mapping) const;
  // The same counts by flow, with the needs; many times faster.
  LayerUse Use(const LayerShape& shape, const Mapping& mapping) const { return counter_->Use(shape, mapping); }
  // LayerUse::need alone: tile sizes and copies, no counts. Tells whether a mapping fits at a small part of the cost.
  ResourceNeeds Needs(const LayerShape& shape, const Mapping& mapping) const;

  ComponentCosts CostsAt(const HardwarePoint& hardware) const;
  LayerFigures Score(const LayerUse& use, const ComponentCosts& costs) const;
  // What Score adds up: its energy is the MACs' and then each flow's in turn, over 10^6; its latency, unless that is
  // predicted, the largest of the cycles, rounded up. To the bit.
  LayerParts PartsOf(const LayerUse& use, const ComponentCosts& costs) const;

  // The first resource of which more is needed than there is, or -1.
  int FirstShortage(const ResourceNeeds& need, const ComponentCosts& costs) const;

  // The smallest hardware in `ranges` on which everything fits that is needed; nothing when none does. Values are
  // whole multiples of each parameter's step. `need` by resource: the maximum over layers.
  std::optional<HardwarePoint> SmallestHardware(std::span<const double> need,
                                                std::span<const ParameterRange> ranges) const;

 private:
  template <class Record>
  LayerFigures ScoreParts(const LayerUse& use, const ComponentCosts& costs, Record&& record) const;
  void CorrectInput(const LayerShape& shape, const Mapping& mapping, NestCounts<ExactFactor>* counts) const;

  std::shared_ptr<const Template> template_;  // shared with the jobs that use it
  Hierarchy hierarchy_;
  std::vector<Flow> flows_;
  std::optional<ExactCounter> counter_;  // made once the flows are known
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_EXACT_COST_MODEL_H_
