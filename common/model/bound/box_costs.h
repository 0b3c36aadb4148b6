#ifndef ONELOOP_COMMON_MODEL_BOUND_BOX_COSTS_H_
#define ONELOOP_COMMON_MODEL_BOUND_BOX_COSTS_H_

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "common/model/bound/spatial_reach.h"
#include "common/model/exact/cost_model.h"

namespace oneloop {

// pJ of one word of each flow at all ports of its level together; by level, tensor and kind. Outputs alone are updated.
class WordPrices {
 public:
  double Of(int level, Tensor tensor, FlowKind kind) const {
    return prices_[ToIndex(level)][ToIndex(tensor)][ToIndex(Index(kind))];
  }
  // The least of reads and updates at a level that keeps all tensors.
  double LeastAt(int level) const;
  void Forget(Tensor tensor);
  // `word_pj` to each flow that pays at the port.
  void Add(const Structure& structure, const PortRow& port, double word_pj);

 private:
  std::array<std::array<std::array<double, kNumFlowKinds>, kNumTensors>, kMaxLevels> prices_{};
};

// The most favourable figures of a template in a box of hardware points: each at its own best corner.
struct BoxCosts {
  // A port whose accesses reach several instances at once, which costs the less a word the more of them are in use.
  struct ClusteredPort {
    const PortRow* port;
    double word_pj;         // were each instance reached by an access of its own; least
    double least_share;     // of it, were all instances in use
    double least_clusters;  // of instances there are
  };

  WordPrices word_pj;                             // least; as if all instances were in use
  std::vector<ClusteredPort> clustered;           // more than that, when fewer are
  std::array<double, kMaxPorts> words_per_cycle;  // most, by Template::ports(); infinite when not limiting
  std::array<double, kMaxLevels> leak_pj{};       // least, of one instance in a cycle
  std::array<double, kMaxLevels> hop_pj{};        // least, of the fan-outs; 0 without links
  std::array<double, kMaxLevels> router_pj{};     // likewise
  std::array<double, kMaxResources> limit;        // most, by Template::resources()
  double mac_energy_pj;                           // least
  double macs_per_cycle;
  double area_mm2;  // least; 0 without a formula

  // The same for a layer whose inputs cost nothing; nor do links, which they share.
  BoxCosts WithoutInputs() const;
  // `instances`: most in use, by level.
  WordPrices PricesAt(const Structure& structure, std::span<const double> instances) const;
};

// `ranges` by parameter index. The structure must outlive the costs.
BoxCosts CostsOfBox(const Template& hardware_template, const Structure& structure,
                    std::span<const ParameterRange> ranges);

// Most copies along each axis in a box, whole.
SpatialReach::Limits AxisLimits(const Template& hardware_template, const BoxCosts& costs);

// pJ of one word on its way through the fan-outs of levels first..last, none of which it need share there: the least of
// hops and routers.
double LinkPrice(const Template& hardware_template, const BoxCosts& costs, int first, int last);
// The least hops of a word of the fan-out of a level, as a part of the copies that share it.
double LeastHops(const Template& hardware_template, int level);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_BOUND_BOX_COSTS_H_
