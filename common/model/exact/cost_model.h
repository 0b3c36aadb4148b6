#ifndef ONELOOP_COMMON_MODEL_EXACT_COST_MODEL_H_
#define ONELOOP_COMMON_MODEL_EXACT_COST_MODEL_H_

#include <array>
#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "common/hardware/template.h"
#include "common/mapping/factor_space.h"
#include "common/mapping/mapping.h"
#include "common/mapping/orders.h"
#include "common/model/exact/exact_counter.h"
#include "common/model/exact/layer_use.h"
#include "common/model/goal/metrics.h"
#include "common/model/structure/structure.h"
#include "common/workload/workload.h"

namespace oneloop {

// A template's figures at one hardware point.
struct ComponentCosts {
  struct Port {
    double access_pj = 0;
    double block_words = 1;
    double paid_per_access = 1;  // access_pj as often for one access: its words where they are what is priced
    double most_clusters = std::numeric_limits<double>::infinity();    // that one access each reaches all of
    double words_per_cycle = std::numeric_limits<double>::infinity();  // of one instance; infinite when not limiting
  };
  std::array<Port, kMaxPorts> ports;         // by Structure::ports()
  std::array<double, kMaxLevels> hop_pj;     // of a word, by Structure::links()
  std::array<double, kMaxLevels> router_pj;  // likewise
  std::array<double, kMaxLevels> leak_pj;    // of an instance in a cycle, by level
  ResourceNeeds limit;
  double mac_energy_pj;
  double macs_per_cycle;
  double area_mm2;

  // pJ of one word of a flow at a port, in whole accesses that each reach one instance.
  double WordPj(std::size_t port) const {
    const Port& of = ports[port];
    return of.paid_per_access == of.block_words ? of.access_pj : of.access_pj * of.paid_per_access / of.block_words;
  }
};

// What each component takes of one occurrence of a layer: the parts of its LayerFigures.
struct LayerParts {
  double mac_energy_pj = 0;
  std::array<double, kMaxFlows> energy_pj{};                          // by Structure::flows(), at all ports
  std::array<double, kMaxPorts> port_pj{};                            // by Structure::ports(), of all their flows
  std::array<std::array<double, kNumTensors>, kMaxLevels> link_pj{};  // by Structure::links() and tensor
  std::array<double, kMaxLevels> leak_pj{};                           // by level
  double compute_cycles = 0;               // of the multiply-accumulate units in use; not rounded up
  std::array<double, kMaxPorts> cycles{};  // by Structure::ports(); 0 where nothing limits the bandwidth
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
  CostModel(const CostModel&) = delete;
  CostModel& operator=(const CostModel&) = delete;

  const Template& hardware_template() const { return *template_; }
  // Of the template's first choice of what is kept, like flows.
  const Structure& structure() const { return structure_; }
  // The model of a template that keeps what a choice says; costs and needs are the same, by index.
  int num_choices() const { return 1 + static_cast<int>(choices_.size()); }
  const CostModel& of_choice(int choice) const {
    return choice == 0 || choices_.empty() ? *this : *choices_[ToIndex(choice - 1)];
  }
  const FactorSpace& factor_space() const { return factor_space_; }
  const OrderSpace& order_space() const { return order_space_; }
  const std::vector<Flow>& flows() const { return structure_.flows(); }

  // Precondition of all that take a mapping: ValidateMapping is OK.
  // All counts, by flow, and needs.
  LayerUse Use(const LayerShape& shape, const Mapping& mapping) const {
    LayerUse use = of_choice(mapping.choice).counter_.Use(shape, mapping);
    use.choice = mapping.choice;
    return use;
  }
  // LayerUse::need alone: tile sizes and copies, no counts. Tells whether a mapping fits at a small part of the cost.
  ResourceNeeds Needs(const LayerShape& shape, const Mapping& mapping) const {
    return of_choice(mapping.choice).counter_.Needs(shape, mapping);
  }

  ComponentCosts CostsAt(const HardwarePoint& hardware) const;
  LayerFigures Score(const LayerUse& use, const ComponentCosts& costs) const;
  // What Score adds up: its energy is the MACs', then that of each flow at each port in turn, of links and of leakage,
  // over 10^6; its latency, unless that is predicted, the largest of the cycles, rounded up. Without links and with one
  // port a flow, to the bit.
  LayerParts PartsOf(const LayerUse& use, const ComponentCosts& costs) const;

  // Words of a stream that one instance of its level can have in a cycle, if nothing else moves there; infinite where
  // no port limits it.
  struct Stream {
    int level;
    Tensor tensor;
    FlowKind kind;
  };
  double Bandwidth(const Stream& stream, const ComponentCosts& costs) const;

  // The first resource of which more is needed than there is, or -1.
  int FirstShortage(const ResourceNeeds& need, const ComponentCosts& costs) const;
  // The first of Template::utilization_rules of which less is in use than it asks for, or -1.
  int FirstIdle(const ResourceNeeds& need, const ComponentCosts& costs) const;
  // Whether a mapping with these needs may run on the hardware: neither shortage nor too little in use.
  bool Takes(const ResourceNeeds& need, const ComponentCosts& costs) const {
    return FirstShortage(need, costs) < 0 && FirstIdle(need, costs) < 0;
  }

  // The smallest hardware in `ranges` on which everything fits that is needed; nothing when none does. Values are
  // whole multiples of each parameter's step. `need` by resource: the maximum over layers.
  std::optional<HardwarePoint> SmallestHardware(std::span<const double> need,
                                                std::span<const ParameterRange> ranges) const;

 private:
  template <class Record>
  LayerFigures ScoreParts(const LayerUse& use, const ComponentCosts& costs, Record&& record) const;

  std::shared_ptr<const Template> template_;  // shared with the jobs that use it
  Structure structure_;
  FactorSpace factor_space_;
  OrderSpace order_space_;
  ExactCounter counter_;
  std::vector<std::unique_ptr<const CostModel>> choices_;  // but the first
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_EXACT_COST_MODEL_H_
