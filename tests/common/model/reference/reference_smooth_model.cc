#include "tests/common/model/reference/reference_smooth_model.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "common/workload/dims.h"
#include "tests/common/model/reference/autodiff.h"
#include "tests/common/model/reference/count.h"
#include "tests/common/model/reference/factor.h"

namespace oneloop {
namespace {

constexpr double kLn2 = 0.693147180559945309417;

// A resource or limit overrun by x in log2 costs kLinear · x + kQuadratic · x²: more than the objective gains by it,
// and smooth but for the kink where it starts.
constexpr double kLinear = 2;
constexpr double kQuadratic = 2;
// A parameter sized to a need meets it up to rounding: less than this is no overrun.
constexpr double kRoundingSlack = 1e-9;
double Penalty(double overrun) { return overrun > kRoundingSlack ? overrun * (kLinear + kQuadratic * overrun) : 0; }
double PenaltySlope(double overrun) { return overrun > kRoundingSlack ? kLinear + 2 * kQuadratic * overrun : 0; }

using Factor = LogFactor<Var>;

// What one layer does under one candidate order.
struct CandidateUse {
  std::array<Var, kMaxPorts> words;         // of each port, all instances
  std::array<Var, kMaxPorts> per_instance;  // the same by instance, where bandwidth limits
  Var compute_cycles;
  double energy_uj = 0;
  double latency_cycles = 0;
  int slowest = -1;  // port that sets the latency; -1 for the compute units
};

struct LayerState {
  std::vector<CandidateUse> candidates;
  std::array<Var, kMaxResources> need;
  double energy_uj = 0;  // mixed over candidates
  double latency_cycles = 0;
};

// Where a parameter's value comes from.
struct SizedBy {
  int layer = -1;  // -1: an end of the parameter's range
  int resource = -1;
};

}  // namespace

class ReferenceSmoothModel::Workspace {
 public:
  Tape tape;
  std::vector<Tape::Node> inputs;  // like x
  std::vector<LayerState> layers;
  HardwarePoint hardware;
  std::vector<SizedBy> sized_by;         // by parameter
  std::vector<double> hardware_adjoint;  // ∂value/∂log2 of each parameter
  ComponentCosts costs;
  std::span<double> adjoint;  // of the tape's nodes
  double energy_slope = 0;    // ∂value/∂(µJ of the workload)
  double latency_slope = 0;   // ∂value/∂(cycles of the workload)
  double area_slope = 0;      // ∂value/∂mm²

  void AddAdjoint(const Var& var, double weight) {
    if (var.node() != Tape::kConstant) adjoint[static_cast<std::size_t>(var.node())] += weight;
  }
};

void ReferenceSmoothModel::WorkspaceDeleter::operator()(Workspace* workspace) const { delete workspace; }

ReferenceSmoothModel::ReferenceSmoothModel(const CostModel& model, const Workload& workload,
                                           std::vector<ParameterRange> ranges, Goal goal)
    : model_(model), space_(model.hardware_template()), ranges_(std::move(ranges)), goal_(std::move(goal)) {
  const Template& hardware_template = model.hardware_template();
  for (int level = 0; level + 1 < hardware_template.num_levels(); ++level) {
    for (const Dim dim : kAllDims) {
      if (hardware_template.level(level).temporal.Has(dim)) slots_.push_back({{false, level}, dim});
    }
  }
  for (std::size_t axis = 0; axis < hardware_template.axes().size(); ++axis) {
    for (const Dim dim : kAllDims) {
      if (hardware_template.axes()[axis].dims.Has(dim)) slots_.push_back({{true, static_cast<int>(axis)}, dim});
    }
  }
  for (const Layer& layer : workload.layers) {
    LayerInfo info{layer.shape, static_cast<double>(layer.count), {}};
    for (const Dim dim : kAllDims)
      info.log2_bounds[ToIndex(dim)] = std::log2(static_cast<double>(layer.shape.bound(dim)));
    layers_.push_back(info);
  }
}

bool ReferenceSmoothModel::IsActive(int layer, int slot) const {
  return layers_[ToIndex(layer)].shape.bound(slots_[ToIndex(slot)].dim) > 1;
}

ReferenceSmoothModel::WorkspacePtr ReferenceSmoothModel::MakeWorkspace() const {
  WorkspacePtr workspace(new Workspace());
  workspace->inputs.assign(layers_.size() * slots_.size(), Tape::kConstant);
  workspace->layers.resize(layers_.size());
  workspace->hardware.resize(ranges_.size());
  workspace->sized_by.resize(ranges_.size());
  workspace->hardware_adjoint.resize(ranges_.size());
  return workspace;
}

void ReferenceSmoothModel::Evaluate(std::span<const double> x, std::span<const Orders> orders, Workspace& workspace,
                                    std::span<double> gradient, Result* result) const {
  workspace.tape.Clear();
  for (int layer = 0; layer < num_layers(); ++layer) CountLayer(layer, x, orders[ToIndex(layer)], workspace);
  result->penalty = 0;
  SizeHardware(workspace, result);
  ScoreLayers(orders, workspace, result);
  AddObjective(workspace, result);

  workspace.adjoint = workspace.tape.ResetAdjoint();
  std::fill(workspace.hardware_adjoint.begin(), workspace.hardware_adjoint.end(), 0.0);
  BackpropagateScores(orders, workspace);
  BackpropagateHardware(workspace);
  workspace.tape.Sweep();
  CollectGradient(gradient, workspace);
}

// Records one layer's counts and needs on the tape.
void ReferenceSmoothModel::CountLayer(int layer, std::span<const double> x, const Orders& orders,
                                      Workspace& workspace) const {
  const LayerInfo& info = layers_[ToIndex(layer)];
  const Template& hardware_template = model_.hardware_template();
  NestFactors<Factor> factors;
  std::array<Var, kMaxAxes> axis_copies_log2;
  std::array<Var, kNumDims> remaining;
  for (const Dim dim : kAllDims) remaining[ToIndex(dim)] = Var(info.log2_bounds[ToIndex(dim)]);
  for (std::size_t s = 0; s < slots_.size(); ++s) {
    const FactorSlot& slot = slots_[s];
    if (!IsActive(layer, static_cast<int>(s))) continue;
    const std::size_t index = ToIndex(layer) * slots_.size() + s;
    const Var log2 = Var::Input(&workspace.tape, x[index]);
    workspace.inputs[index] = log2.node();
    remaining[ToIndex(slot.dim)] = remaining[ToIndex(slot.dim)] - log2;
    if (slot.place.is_spatial) {
      Factor& factor =
          factors.spatial[ToIndex(hardware_template.axes()[ToIndex(slot.place.index)].level)][ToIndex(slot.dim)];
      factor = factor * Factor{log2};
      axis_copies_log2[ToIndex(slot.place.index)] = axis_copies_log2[ToIndex(slot.place.index)] + log2;
    } else {
      factors.temporal[ToIndex(slot.place.index)][ToIndex(slot.dim)] = Factor{log2};
    }
  }
  const int outermost = hardware_template.num_levels() - 1;
  for (const Dim dim : kAllDims) {
    const Factor rest{remaining[ToIndex(dim)]};
    Factor& outer = factors.temporal[ToIndex(outermost)][ToIndex(dim)];
    outer = rest;
    if (space_.IsPerfect(dim)) continue;
    factors.imperfect.Add(dim);
    outer = AtLeastOne(rest);
    factors.over[ToIndex(dim)] = outer / rest;
  }

  LayerState& state = workspace.layers[ToIndex(layer)];
  state.candidates.resize(orders.candidates.size());
  NestCounts<Factor> counts;
  for (std::size_t c = 0; c < orders.candidates.size(); ++c) {
    counts = NestCounter<Factor>(model_.structure(), info.shape, orders.candidates[c], factors).Count();
    CandidateUse& use = state.candidates[c];
    for (Var& words : use.words) words = Var(0.0);
    const std::vector<PortRow>& ports = model_.structure().ports();
    for (std::size_t p = 0; p < ports.size(); ++p) {
      for (const int f : ports[p].flows) {
        const Flow& flow = model_.flows()[ToIndex(f)];
        const TensorCounts<Var>& words = counts.tensors[ToIndex(flow.level)][ToIndex(flow.tensor)];
        use.words[p] = use.words[p] + (flow.kind == Flow::Kind::kRead   ? words.reads
                                       : flow.kind == Flow::Kind::kFill ? words.fills
                                                                        : words.updates);
      }
      if (!ports[p].spec.words_per_cycle.has_value()) continue;
      use.per_instance[p] =
          use.words[p] * Var(ports[p].spec.weight) / ToAmount(counts.instances[ToIndex(ports[p].level)]);
    }
    const Factor macs = Factor::Of(static_cast<double>(Macs(info.shape)));
    use.compute_cycles = ToAmount(macs / counts.lanes) / Var(hardware_template.spec().macs_per_cycle);
  }
  // Tiles and copies do not depend on the order: the last candidate's serve all.
  const std::vector<Resource>& resources = hardware_template.resources();
  for (std::size_t r = 0; r < resources.size(); ++r) {
    const Resource& resource = resources[r];
    if (resource.is_axis()) {
      state.need[r] = Exp2(axis_copies_log2[ToIndex(resource.axis)]);
      continue;
    }
    Var amount(0.0);
    for (const Tensor tensor : kAllTensors) {
      if (!resource.Holds(tensor)) continue;
      const double unit = resource.per_word[ToIndex(tensor)];
      amount = amount + counts.tensors[ToIndex(resource.level)][ToIndex(tensor)].tile * Var(unit);
    }
    state.need[r] = amount;
  }
}

// The smallest real-valued hardware in range, and the penalty for what still does not fit.
void ReferenceSmoothModel::SizeHardware(Workspace& workspace, Result* result) const {
  const Template& hardware_template = model_.hardware_template();
  const std::vector<Resource>& resources = hardware_template.resources();
  HardwarePoint& hardware = workspace.hardware;
  for (std::size_t p = 0; p < ranges_.size(); ++p) hardware[p] = ranges_[p].min;
  for (const int p : hardware_template.sizing_order()) {
    workspace.sized_by[ToIndex(p)] = {};
    for (std::size_t r = 0; r < resources.size(); ++r) {
      if (resources[r].owner != p) continue;
      const double exponent = resources[r].limit.terms().front().exponents[ToIndex(p)];
      for (int layer = 0; layer < num_layers(); ++layer) {
        const double growth = workspace.layers[ToIndex(layer)].need[r].value() / resources[r].limit.Evaluate(hardware);
        if (growth <= 1) continue;
        hardware[ToIndex(p)] *= exponent == 1 ? growth : std::pow(growth, 1 / exponent);
        workspace.sized_by[ToIndex(p)] = {layer, static_cast<int>(r)};
      }
    }
    if (hardware[ToIndex(p)] > ranges_[ToIndex(p)].max) {
      hardware[ToIndex(p)] = ranges_[ToIndex(p)].max;
      workspace.sized_by[ToIndex(p)] = {};
    }
  }
  workspace.costs = model_.CostsAt(hardware);
  for (const LayerState& layer : workspace.layers) {
    for (std::size_t r = 0; r < resources.size(); ++r) {
      result->penalty += Penalty(std::log2(layer.need[r].value() / workspace.costs.limit[r]));
    }
  }
  result->hardware = hardware;
}

void ReferenceSmoothModel::ScoreLayers(std::span<const Orders> orders, Workspace& workspace, Result* result) const {
  const ComponentCosts& costs = workspace.costs;
  WorkloadMetrics& metrics = result->metrics;
  metrics = {0, 0, costs.area_mm2};
  result->candidate_costs.resize(layers_.size());
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    LayerState& layer = workspace.layers[i];
    layer.energy_uj = layer.latency_cycles = 0;
    result->candidate_costs[i].resize(layer.candidates.size());
    const double mac_energy_pj = static_cast<double>(Macs(layers_[i].shape)) * costs.mac_energy_pj;
    for (std::size_t c = 0; c < layer.candidates.size(); ++c) {
      CandidateUse& use = layer.candidates[c];
      double energy_pj = mac_energy_pj;
      use.latency_cycles = use.compute_cycles.value();
      use.slowest = -1;
      for (std::size_t p = 0; p < model_.structure().ports().size(); ++p) {
        energy_pj += use.words[p].value() * costs.WordPj(p);
        const double cycles = use.per_instance[p].value() / costs.ports[p].words_per_cycle;
        if (cycles > use.latency_cycles) {
          use.latency_cycles = cycles;
          use.slowest = static_cast<int>(p);
        }
      }
      use.energy_uj = energy_pj * kMicroPerPico;
      layer.energy_uj += orders[i].weights[c] * use.energy_uj;
      layer.latency_cycles += orders[i].weights[c] * use.latency_cycles;
      result->candidate_costs[i][c] = std::log2(use.energy_uj) + std::log2(use.latency_cycles);
    }
    metrics.energy_uj += layers_[i].count * layer.energy_uj;
    metrics.latency_cycles += layers_[i].count * layer.latency_cycles;
  }
}

void ReferenceSmoothModel::AddObjective(Workspace& workspace, Result* result) const {
  const WorkloadMetrics& metrics = result->metrics;
  const Goal::Smooth goal = goal_.Evaluate(metrics, {});
  result->penalty += goal.penalty;
  result->value = goal.value + result->penalty;
  workspace.energy_slope = goal.slopes.energy / (kLn2 * metrics.energy_uj);
  workspace.latency_slope = goal.slopes.latency / (kLn2 * metrics.latency_cycles);
  workspace.area_slope = goal.slopes.area == 0 ? 0 : goal.slopes.area / (kLn2 * metrics.area_mm2);
}

// From the workload's figures to words, cycles and, through the components' costs, to the parameters.
void ReferenceSmoothModel::BackpropagateScores(std::span<const Orders> orders, Workspace& workspace) const {
  const ComponentCosts& costs = workspace.costs;
  const TemplateSpec& spec = model_.hardware_template().spec();
  std::array<double, kMaxPorts> words{};        // weighted sums over layers: ∂energy/∂(pJ per word)
  std::array<double, kMaxPorts> slow_cycles{};  // cycles that each port's bandwidth sets
  double macs = 0;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    macs += layers_[i].count * static_cast<double>(Macs(layers_[i].shape));
    for (std::size_t c = 0; c < workspace.layers[i].candidates.size(); ++c) {
      const CandidateUse& use = workspace.layers[i].candidates[c];
      const double share = layers_[i].count * orders[i].weights[c];
      for (std::size_t p = 0; p < model_.structure().ports().size(); ++p) {
        words[p] += share * use.words[p].value();
        workspace.AddAdjoint(use.words[p], workspace.energy_slope * share * costs.WordPj(p) * kMicroPerPico);
      }
      if (use.slowest < 0) {
        workspace.AddAdjoint(use.compute_cycles, workspace.latency_slope * share);
      } else {
        const std::size_t p = ToIndex(use.slowest);
        workspace.AddAdjoint(use.per_instance[p], workspace.latency_slope * share / costs.ports[p].words_per_cycle);
        slow_cycles[p] += share * use.latency_cycles;
      }
    }
  }
  const double energy_scale = workspace.energy_slope * kMicroPerPico;
  const auto add = [&workspace](const std::optional<Formula>& formula, double scale) {
    if (formula.has_value() && scale != 0) {
      formula->AddLog2Gradient(workspace.hardware, scale, workspace.hardware_adjoint);
    }
  };
  for (std::size_t p = 0; p < model_.structure().ports().size(); ++p) {
    const PortSpec& port = model_.structure().ports()[p].spec;
    const double block = costs.ports[p].block_words;
    add(port.access_pj, energy_scale * words[p] / (port.priced_by_word ? 1 : block));
    if (!port.priced_by_word) add(port.block_words, -energy_scale * words[p] * costs.WordPj(p) / block);
    if (slow_cycles[p] == 0) continue;
    add(port.words_per_cycle, -workspace.latency_slope * slow_cycles[p] / costs.ports[p].words_per_cycle);
  }
  add(spec.mac_energy_pj, energy_scale * macs);
  add(spec.area_mm2, workspace.area_slope);
}

// From penalties and parameters to the needs that caused them, against the sizing order.
void ReferenceSmoothModel::BackpropagateHardware(Workspace& workspace) const {
  const Template& hardware_template = model_.hardware_template();
  const std::vector<Resource>& resources = hardware_template.resources();
  for (const LayerState& layer : workspace.layers) {
    for (std::size_t r = 0; r < resources.size(); ++r) {
      const double need = layer.need[r].value();
      const double slope = PenaltySlope(std::log2(need / workspace.costs.limit[r]));
      if (slope == 0) continue;
      workspace.AddAdjoint(layer.need[r], slope / (kLn2 * need));
      const std::vector<double>& exponents = resources[r].limit.terms().front().exponents;
      for (std::size_t p = 0; p < exponents.size(); ++p) workspace.hardware_adjoint[p] -= slope * exponents[p];
    }
  }
  const std::vector<int>& order = hardware_template.sizing_order();
  for (auto p = order.rbegin(); p != order.rend(); ++p) {
    const SizedBy& source = workspace.sized_by[ToIndex(*p)];
    if (source.layer < 0) continue;
    const std::vector<double>& exponents = resources[ToIndex(source.resource)].limit.terms().front().exponents;
    const double weight = workspace.hardware_adjoint[ToIndex(*p)] / exponents[ToIndex(*p)];
    const Var& need = workspace.layers[ToIndex(source.layer)].need[ToIndex(source.resource)];
    workspace.AddAdjoint(need, weight / (kLn2 * need.value()));
    for (std::size_t q = 0; q < exponents.size(); ++q) {
      if (static_cast<int>(q) != *p) workspace.hardware_adjoint[q] -= weight * exponents[q];
    }
  }
}

void ReferenceSmoothModel::CollectGradient(std::span<double> gradient, Workspace& workspace) const {
  for (std::size_t i = 0; i < workspace.inputs.size(); ++i) {
    const Tape::Node node = workspace.inputs[i];
    gradient[i] = node == Tape::kConstant ? 0 : workspace.adjoint[static_cast<std::size_t>(node)];
  }
}

}  // namespace oneloop
