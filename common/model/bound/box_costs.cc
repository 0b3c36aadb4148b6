#include "common/model/bound/box_costs.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace oneloop {
namespace {

// Corners of a box of hardware points.
struct Corners {
  std::vector<double> low;
  std::vector<double> high;

  double Least(const std::optional<Formula>& formula, double absent) const {
    return formula.has_value() ? formula->EvaluateSmallest(low, high) : absent;
  }
  double Most(const std::optional<Formula>& formula, double absent) const {
    return formula.has_value() ? formula->EvaluateLargest(low, high) : absent;
  }
};

// The least and the most instances that there are of each level.
struct Instances {
  std::array<double, kMaxLevels> least;
  std::array<double, kMaxLevels> most;
};

Instances InstancesOf(const Template& hardware_template, const Corners& corners) {
  Instances instances;
  instances.least.fill(1);
  instances.most.fill(1);
  for (const Resource& resource : hardware_template.resources()) {
    if (!resource.is_axis()) continue;
    const double least = std::floor(resource.limit.EvaluateSmallest(corners.low, corners.high));
    const double most = resource.limit.EvaluateLargest(corners.low, corners.high) * (1 + kBoundSlack);
    for (int inside = 0; inside < resource.level; ++inside) {
      instances.least[ToIndex(inside)] *= std::max(1.0, least);
      instances.most[ToIndex(inside)] *= std::max(1.0, most);
    }
  }
  return instances;
}

// (B3), (B4): accesses that reach `cluster` instances are at least as many as the instances in use by the cluster.
void AddPrice(const Structure& structure, const PortRow& port, const Corners& corners, const Instances& instances,
              BoxCosts* costs) {
  const double access_pj = corners.Least(port.spec.access_pj, 0);
  if (access_pj == 0) return;
  const double word_pj = port.spec.priced_by_word ? access_pj : access_pj / corners.Most(port.spec.block_words, 1);
  if (!port.spec.cluster.has_value()) {
    costs->word_pj.Add(structure, port, word_pj);
    return;
  }
  const double cluster = std::max(1.0, corners.Most(port.spec.cluster, 1));
  const double share = std::max(1 / cluster, 1 / instances.most[ToIndex(port.level)]);
  costs->word_pj.Add(structure, port, word_pj * share);
  costs->clustered.push_back({&port, word_pj, share, std::max(1.0, instances.least[ToIndex(port.level)] / cluster)});
}

}  // namespace

double WordPrices::LeastAt(int level) const {
  double least = std::numeric_limits<double>::infinity();
  for (const Tensor tensor : kAllTensors) {
    least = std::min(least, Of(level, tensor, FlowKind::kRead));
    if (tensor == Tensor::kO) least = std::min(least, Of(level, tensor, FlowKind::kUpdate));
  }
  return least;
}

void WordPrices::Forget(Tensor tensor) {
  for (auto& level : prices_) level[ToIndex(tensor)].fill(0);
}

void WordPrices::Add(const Structure& structure, const PortRow& port, double word_pj) {
  for (const int f : port.flows) {
    const Flow& flow = structure.flows()[ToIndex(f)];
    prices_[ToIndex(flow.level)][ToIndex(flow.tensor)][ToIndex(Index(flow.kind))] += word_pj;
  }
}

WordPrices BoxCosts::PricesAt(const Structure& structure, std::span<const double> instances) const {
  WordPrices prices = word_pj;
  for (const ClusteredPort& clustered_port : clustered) {
    const double share = std::min(1.0, clustered_port.least_clusters / instances[ToIndex(clustered_port.port->level)]);
    if (share > clustered_port.least_share) {
      prices.Add(structure, *clustered_port.port, clustered_port.word_pj * (share - clustered_port.least_share));
    }
  }
  return prices;
}

BoxCosts BoxCosts::WithoutInputs() const {
  BoxCosts costs = *this;
  costs.word_pj.Forget(Tensor::kI);
  costs.clustered.clear();
  costs.hop_pj.fill(0);
  costs.router_pj.fill(0);
  return costs;
}

BoxCosts CostsOfBox(const Template& hardware_template, const Structure& structure,
                    std::span<const ParameterRange> ranges) {
  Corners corners;
  for (const ParameterRange& range : ranges) {
    // A sum of steps need not equal their product.
    corners.low.push_back(range.min * (1 - kBoundSlack));
    corners.high.push_back(range.max * (1 + kBoundSlack));
  }
  BoxCosts costs{};
  const Instances instances = InstancesOf(hardware_template, corners);
  const std::vector<PortRow>& ports = structure.ports();
  for (std::size_t p = 0; p < ports.size(); ++p) {
    AddPrice(structure, ports[p], corners, instances, &costs);
    costs.words_per_cycle[p] = corners.Most(ports[p].spec.words_per_cycle, std::numeric_limits<double>::infinity());
  }
  for (int l = 0; l < hardware_template.num_levels(); ++l) {
    const LevelSpec& level = hardware_template.level(l);
    costs.leak_pj[ToIndex(l)] = corners.Least(level.leak_pj, 0);
    if (!level.link.has_value()) continue;
    costs.hop_pj[ToIndex(l)] = corners.Least(level.link->hop_pj, 0);
    costs.router_pj[ToIndex(l)] = corners.Least(level.link->router_pj, 0);
  }
  const std::vector<Resource>& resources = hardware_template.resources();
  for (std::size_t r = 0; r < resources.size(); ++r) {
    costs.limit[r] = resources[r].limit.EvaluateLargest(corners.low, corners.high);
  }
  const TemplateSpec& spec = hardware_template.spec();
  costs.mac_energy_pj = corners.Least(spec.mac_energy_pj, 0);
  costs.macs_per_cycle = spec.macs_per_cycle;
  costs.area_mm2 = corners.Least(spec.area_mm2, 0);
  return costs;
}

SpatialReach::Limits AxisLimits(const Template& hardware_template, const BoxCosts& costs) {
  SpatialReach::Limits limits;
  limits.fill(1);
  const std::vector<Resource>& resources = hardware_template.resources();
  for (std::size_t r = 0; r < resources.size(); ++r) {
    if (!resources[r].is_axis()) continue;
    limits[static_cast<std::size_t>(resources[r].axis)] = std::floor(costs.limit[r] * (1 + kBoundSlack));
  }
  return limits;
}

double LeastHops(const Template& hardware_template, int level) {
  const std::optional<LinkSpec>& link = hardware_template.level(level).link;
  return link.has_value() && !link->mesh ? 0.5 : 0;
}

double LinkPrice(const Template& hardware_template, const BoxCosts& costs, int first, int last) {
  double price = 0;
  for (int level = first; level <= last; ++level) {
    const double hops = LeastHops(hardware_template, level);
    price += hops * costs.hop_pj[ToIndex(level)] + (1 + hops) * costs.router_pj[ToIndex(level)];
  }
  return price;
}

}  // namespace oneloop
