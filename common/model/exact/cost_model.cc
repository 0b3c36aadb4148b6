#include "common/model/exact/cost_model.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "common/workload/dims.h"

namespace oneloop {
namespace {

constexpr double kPicoPerMicro = 1e6;

// The smallest multiple of step that is ≥ value, forgiving the rounding of a root.
double RoundUpToStep(double value, double step) {
  constexpr double kSlack = 1e-9;
  return std::ceil(value / step - kSlack) * step;
}

// What accesses at a port cost: each cluster's instances take their words together, access by access (E1).
class AccessPrice {
 public:
  AccessPrice(const ComponentCosts::Port& port, double instances)
      : port_(port),
        clusters_(std::min(instances, port.most_clusters)),
        by_word_(port.block_words == 1 && clusters_ == instances) {}

  // pJ of a flow; `mean`: words / instances.
  double Pj(double words, double mean) const {
    if (by_word_) return words * port_.access_pj;
    return std::ceil(mean / port_.block_words) * port_.paid_per_access * clusters_ * port_.access_pj;
  }

 private:
  const ComponentCosts::Port& port_;
  const double clusters_;
  const bool by_word_;
};

}  // namespace

CostModel::CostModel(std::shared_ptr<const Template> hardware_template)
    : template_(std::move(hardware_template)),
      structure_(*template_),
      factor_space_(*template_),
      order_space_(*template_),
      counter_(*template_, structure_) {
  for (int choice = 1; choice < template_->num_choices(); ++choice) {
    choices_.push_back(std::make_unique<const CostModel>(template_->shared_choice(choice)));
  }
}

ComponentCosts CostModel::CostsAt(const HardwarePoint& hardware) const {
  ComponentCosts costs{};
  const auto evaluate = [&hardware](const std::optional<Formula>& formula, double absent) {
    return formula.has_value() ? formula->Evaluate(hardware) : absent;
  };
  const std::vector<Resource>& resources = template_->resources();
  for (std::size_t r = 0; r < resources.size(); ++r) costs.limit[r] = resources[r].limit.Evaluate(hardware);
  const std::vector<PortRow>& ports = structure_.ports();
  for (std::size_t p = 0; p < ports.size(); ++p) {
    const PortSpec& spec = ports[p].spec;
    ComponentCosts::Port& port = costs.ports[p];
    port.access_pj = evaluate(spec.access_pj, 0);
    port.block_words = evaluate(spec.block_words, 1);
    port.paid_per_access = spec.priced_by_word ? port.block_words : 1;
    port.words_per_cycle = evaluate(spec.words_per_cycle, std::numeric_limits<double>::infinity());
    if (!spec.cluster.has_value()) continue;
    double instances = 1;
    for (std::size_t r = 0; r < resources.size(); ++r) {
      if (resources[r].is_axis() && resources[r].level > ports[p].level) instances *= costs.limit[r];
    }
    port.most_clusters = std::max(1.0, instances / spec.cluster->Evaluate(hardware));
  }
  for (std::size_t k = 0; k < structure_.links().size(); ++k) {
    costs.hop_pj[k] = evaluate(structure_.links()[k].spec.hop_pj, 0);
    costs.router_pj[k] = evaluate(structure_.links()[k].spec.router_pj, 0);
  }
  for (const int level : structure_.leaking_levels()) {
    costs.leak_pj[ToIndex(level)] = evaluate(template_->level(level).leak_pj, 0);
  }
  const TemplateSpec& spec = template_->spec();
  costs.mac_energy_pj = evaluate(spec.mac_energy_pj, 0);
  costs.macs_per_cycle = spec.macs_per_cycle;
  costs.area_mm2 = template_->AreaMm2(hardware);
  return costs;
}

// Reports each part to `record` as it is added up. Inlined, so that Score alone pays nothing for it.
template <class Record>
LayerFigures CostModel::ScoreParts(const LayerUse& use, const ComponentCosts& costs, Record&& record) const {
  double energy_pj = use.macs * costs.mac_energy_pj;
  // Timeloop finds the slowest level by its share of full speed, from rates per instance and cycle, and rounds the
  // cycles up; the order of these operations decides the last cycle (L1).
  const double compute_cycles =
      use.is_even ? use.macs / (use.lanes * costs.macs_per_cycle) : use.steps / costs.macs_per_cycle;  // (R3)
  record.Compute(energy_pj, compute_cycles);
  double speed = 1;
  const std::vector<Flow>& flows = structure_.flows();
  const std::vector<PortRow>& ports = structure_.ports();
  for (std::size_t p = 0; p < ports.size(); ++p) {
    const ComponentCosts::Port& port = costs.ports[p];
    const double instances = use.instances[ToIndex(ports[p].level)];
    const AccessPrice price(port, instances);
    double read_rate = 0;
    double write_rate = 0;
    double fill_and_update = 0;
    Tensor tensor = Tensor::kW;
    for (const int f : ports[p].flows) {
      const double words = use.words[ToIndex(f)];
      const double mean = words / instances;
      const double flow_pj = price.Pj(words, mean);
      record.Flow(p, ToIndex(f), flow_pj);
      energy_pj += flow_pj;
      const double per_instance = use.is_even ? mean : use.busiest[ToIndex(f)];
      // Fills and updates of one tensor count as one stream of writes.
      if (flows[ToIndex(f)].tensor != tensor) {
        tensor = flows[ToIndex(f)].tensor;
        write_rate += fill_and_update / compute_cycles;
        fill_and_update = 0;
      }
      if (flows[ToIndex(f)].kind == Flow::Kind::kRead) {
        read_rate += per_instance / compute_cycles;
      } else {
        fill_and_update += per_instance;
      }
    }
    const double rate = read_rate + (write_rate + fill_and_update / compute_cycles);
    const double port_speed = port.words_per_cycle / (rate * ports[p].spec.weight);
    record.Port(p, compute_cycles / port_speed);
    speed = std::min(speed, port_speed);
  }
  for (std::size_t k = 0; k < structure_.links().size(); ++k) {
    for (const Tensor tensor : kAllTensors) {
      const LinkUse& link = use.links[k][ToIndex(tensor)];
      const double link_pj = link.hops * costs.hop_pj[k] + link.routers * costs.router_pj[k];  // (E2)
      record.Link(k, tensor, link_pj);
      energy_pj += link_pj;
    }
  }
  const double cycles = use.predicted_cycles > 0 ? use.predicted_cycles : std::ceil(compute_cycles / speed);
  for (const int level : structure_.leaking_levels()) {
    const double leak_pj = costs.leak_pj[ToIndex(level)] * cycles * use.instances[ToIndex(level)];  // (E3)
    record.Leak(level, leak_pj);
    energy_pj += leak_pj;
  }
  return {energy_pj / kPicoPerMicro, cycles};
}

LayerFigures CostModel::Score(const LayerUse& use, const ComponentCosts& costs) const {
  struct Ignore {
    void Compute(double, double) {}
    void Flow(std::size_t, std::size_t, double) {}
    void Port(std::size_t, double) {}
    void Link(std::size_t, Tensor, double) {}
    void Leak(int, double) {}
  };
  return of_choice(use.choice).ScoreParts(use, costs, Ignore());
}

LayerParts CostModel::PartsOf(const LayerUse& use, const ComponentCosts& costs) const {
  struct Keep {
    void Compute(double energy_pj, double cycles) {
      parts.mac_energy_pj = energy_pj;
      parts.compute_cycles = cycles;
    }
    void Flow(std::size_t port, std::size_t flow, double energy_pj) {
      parts.port_pj[port] += energy_pj;
      parts.energy_pj[flow] += energy_pj;
    }
    void Port(std::size_t port, double cycles) { parts.cycles[port] = cycles; }
    void Link(std::size_t link, Tensor tensor, double energy_pj) { parts.link_pj[link][ToIndex(tensor)] = energy_pj; }
    void Leak(int level, double energy_pj) { parts.leak_pj[ToIndex(level)] = energy_pj; }
    LayerParts parts;
  } keep;
  of_choice(use.choice).ScoreParts(use, costs, keep);
  return keep.parts;
}

double CostModel::Bandwidth(const Stream& stream, const ComponentCosts& costs) const {
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t p = 0; p < structure_.ports().size(); ++p) {
    const auto& [level, spec, flows] = structure_.ports()[p];
    if (level != stream.level || !spec.tensors.Has(stream.tensor) || !spec.flows.Has(stream.kind)) continue;
    least = std::min(least, costs.ports[p].words_per_cycle / spec.weight);
  }
  return least;
}

int CostModel::FirstShortage(const ResourceNeeds& need, const ComponentCosts& costs) const {
  for (std::size_t r = 0; r < template_->resources().size(); ++r) {
    if (need[r] > costs.limit[r]) return static_cast<int>(r);
  }
  return -1;
}

int CostModel::FirstIdle(const ResourceNeeds& need, const ComponentCosts& costs) const {
  const std::vector<UtilizationRule>& rules = template_->utilization_rules();
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (rules[i].Idle(need, costs.limit) > 1) return static_cast<int>(i);
  }
  return -1;
}

std::optional<HardwarePoint> CostModel::SmallestHardware(std::span<const double> need,
                                                         std::span<const ParameterRange> ranges) const {
  HardwarePoint hardware(ranges.size());
  for (std::size_t p = 0; p < ranges.size(); ++p) hardware[p] = ranges[p].min;
  const std::vector<Resource>& resources = template_->resources();
  for (const int p : template_->sizing_order()) {
    double& value = hardware[ToIndex(p)];
    const double step = template_->parameter(p).step;
    for (std::size_t r = 0; r < resources.size(); ++r) {
      if (resources[r].owner != p) continue;
      const double limit = resources[r].limit.Evaluate(hardware);
      if (need[r] <= limit) continue;
      // The limit is one term, so its shortage divides off as a power of the parameter.
      const double exponent = resources[r].limit.terms().front().exponents[ToIndex(p)];
      const double growth = need[r] / limit;
      value = RoundUpToStep(value * (exponent == 1 ? growth : std::pow(growth, 1 / exponent)), step);
      if (need[r] > resources[r].limit.Evaluate(hardware)) value += step;
    }
    if (value > ranges[ToIndex(p)].max) return std::nullopt;
  }
  for (std::size_t r = 0; r < resources.size(); ++r) {
    if (need[r] > resources[r].limit.Evaluate(hardware)) return std::nullopt;
  }
  return hardware;
}

}  // namespace oneloop
