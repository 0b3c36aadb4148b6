#include "server/search/objective_slopes.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <optional>

#include "common/model/exact/explanation.h"
#include "server/search/layer_search.h"
#include "server/search/neighbourhood.h"

namespace oneloop {
namespace {

// scale · ∂formula/∂log2 of each parameter, over ln 2 as all of this is in log2.
void AddSlopes(const std::optional<Formula>& formula, double scale, const HardwarePoint& hardware,
               std::vector<double>* slopes) {
  if (formula.has_value() && scale != 0) formula->AddLog2Gradient(hardware, scale / std::numbers::ln2, *slopes);
}

// For each resource, the most that a move which lacks it promises for it, in log2 of the layer's cost.
ResourceNeeds PricesOf(const CostModel& model, const LayerShape& shape, const Mapping& mapping,
                       const ResourceNeeds& need, const ResourceNeeds& limit, const MoveSet& move_set,
                       const std::vector<Neighbourhood::RankedMove>& moves) {
  ResourceNeeds prices{};
  for (const Neighbourhood::RankedMove& ranked : moves) {
    if (ranked.promise >= 0 || ranked.fits) continue;
    const ResourceNeeds moved = model.Needs(shape, move_set.Apply(shape, mapping, ranked.move));
    for (std::size_t r = 0; r < model.hardware_template().resources().size(); ++r) {
      if (moved[r] <= limit[r] || moved[r] <= need[r]) continue;
      prices[r] = std::max(prices[r], -ranked.promise / std::log2(moved[r] / need[r]));
    }
  }
  return prices;
}

}  // namespace

std::vector<double> DirectSlopes(const SearchSpec& spec, const CostModel& model, const Goal& goal,
                                 const DesignState& design) {
  const WorkloadMetrics& metrics = design.metrics();
  LogSlopes slopes;
  slopes.networks = PerNetwork<ObjectiveWeights>(metrics.networks.size(), {0, 0});
  goal.objective().AddSlopes(Log2Of(metrics), &slopes);
  const TemplateSpec& hardware = model.hardware_template().spec();
  const ComponentCosts& costs = design.costs();
  std::vector<double> result(design.hardware().size());
  const auto add = [&](const std::optional<Formula>& formula, double scale, double value) {
    if (value > 0) AddSlopes(formula, scale / value, design.hardware(), &result);
  };
  for (std::size_t layer = 0; layer < spec.workload->layers.size(); ++layer) {
    const Layer& of = spec.workload->layers[layer];
    const auto count = static_cast<double>(of.count);
    const ObjectiveWeights linear = goal.LinearSlopes(metrics, slopes, static_cast<std::size_t>(of.network), 1);
    const double by_energy = metrics.energy_uj > 0 ? linear.energy : 0;
    const LayerExplanation explained = ExplainLayer(model, design.use(static_cast<int>(layer)), costs);
    add(hardware.mac_energy_pj, count * by_energy * explained.mac_energy_uj, costs.mac_energy_pj);
    const Structure& structure = model.of_choice(design.use(static_cast<int>(layer)).choice).structure();
    for (std::size_t p = 0; p < structure.ports().size(); ++p) {
      const PortSpec& port = structure.ports()[p].spec;
      const double port_uj = count * by_energy * explained.port_uj[p];
      add(port.access_pj, port_uj, costs.ports[p].access_pj);
      if (!port.priced_by_word) add(port.block_words, -port_uj, costs.ports[p].block_words);
    }
    for (std::size_t k = 0; k < structure.links().size(); ++k) {
      LinkUse use{};
      for (const LinkUse& crossing : design.use(static_cast<int>(layer)).links[k]) {
        use.hops += crossing.hops;
        use.routers += crossing.routers;
      }
      add(structure.links()[k].spec.hop_pj, count * by_energy * use.hops * costs.hop_pj[k] * 1e-6, costs.hop_pj[k]);
      add(structure.links()[k].spec.router_pj, count * by_energy * use.routers * costs.router_pj[k] * 1e-6,
          costs.router_pj[k]);
    }
    for (const int level : structure.leaking_levels()) {
      const auto l = static_cast<std::size_t>(level);
      add(hardware.levels[l].leak_pj, count * by_energy * explained.leak_uj[l], costs.leak_pj[l]);
    }
    if (explained.bound_by.value_or(kMacUnits) == kMacUnits) continue;
    const auto l = static_cast<std::size_t>(*explained.bound_by);
    const auto p = static_cast<std::size_t>(explained.slowest_port[l]);
    add(structure.ports()[p].spec.words_per_cycle, -count * linear.latency * explained.figures.latency_cycles,
        costs.ports[p].words_per_cycle);
  }
  add(hardware.area_mm2, slopes.area, costs.area_mm2);
  return result;
}

std::vector<double> RoomSlopes(const SearchSpec& spec, const CostModel& model, const Goal& goal,
                               const SmoothModel& smooth, const MoveSet& moves, const DesignState& design,
                               const std::function<bool()>& stop_requested) {
  std::vector<double> result(design.hardware().size());
  Neighbourhood neighbourhood(model, smooth, moves);
  const std::vector<LayerSearch::Slopes> by_network =
      LayerSearch::SlopesOf(goal, design.metrics(), spec.workload->num_networks());
  const std::vector<Resource>& resources = model.hardware_template().resources();
  for (int layer = 0; layer < smooth.num_layers() && !stop_requested(); ++layer) {
    const Layer& of = spec.workload->layers[static_cast<std::size_t>(layer)];
    const LayerSearch::Slopes& slopes = by_network[static_cast<std::size_t>(of.network)];
    neighbourhood.RankMoves(layer, of.shape, design.mapping(layer), design.costs(), slopes);
    const ResourceNeeds prices = PricesOf(model, of.shape, design.mapping(layer), design.use(layer).need,
                                          design.costs().limit, moves, neighbourhood.moves());
    const double weight = static_cast<double>(of.count) * slopes.Of(design.figures(layer));
    for (std::size_t r = 0; r < resources.size(); ++r) {
      const std::vector<double>& exponents = resources[r].limit.terms().front().exponents;
      for (std::size_t p = 0; p < result.size(); ++p) result[p] -= weight * prices[r] * exponents[p];
    }
  }
  return result;
}

}  // namespace oneloop
