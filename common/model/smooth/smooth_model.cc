#include "common/model/smooth/smooth_model.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numbers>
#include <utility>

#include "common/model/kernel/batch_kernel.h"
#include "common/model/kernel/kernel_workspace.h"
#include "common/workload/dims.h"

namespace oneloop {
namespace {

// Blocks between two looks at whether to stop.
constexpr int kStopCheckBlocks = 5 * kMostPacked;

// Where a block's rows lie in a buffer that holds those of one pack behind the other.
struct PackedBlock {
  // `block`: of all candidates' `num_layer_blocks` blocks; packs are within one candidate.
  PackedBlock(int block, int num_layer_blocks) {
    const int layers = block % num_layer_blocks;
    const int pack = layers / kMostPacked * kMostPacked;
    first = ToIndex(block - layers + pack);
    place = ToIndex(layers - pack);
    stride = ToIndex(std::min(kMostPacked, num_layer_blocks - pack)) * kBlockLanes;
  }
  double* RowsIn(RowBuffer* buffer, std::size_t rows_of_block) const {
    return buffer->row(first * rows_of_block + place);
  }

  std::size_t first;   // block of the pack
  std::size_t place;   // in the pack
  std::size_t stride;  // doubles from one row to the next
};

}  // namespace

class SmoothModel::Workspace {
 public:
  explicit Workspace(const SmoothModel& model) {
    const std::size_t num_resources = model.log_limits_.size();
    adjoints.Resize(ToIndex(std::min(model.program_.num_blocks(), kMostPacked) * model.program_.num_rows));
    const KernelProgram& program = model.program_;
    const auto num_constants = ToIndex(program.num_constants);
    constants.Resize(ToIndex(program.num_blocks()) * num_constants);
    for (int b = 0; b < program.num_blocks(); ++b) {
      const PackedBlock block(b, program.num_blocks());
      for (std::size_t c = 0; c < num_constants; ++c) {
        std::copy_n(program.block_constants(b) + c * kBlockLanes, kBlockLanes,
                    block.RowsIn(&constants, num_constants) + c * block.stride);
      }
    }
    need_slopes.Resize(num_resources * ToIndex(model.program_.num_blocks()));
    if (model.latency_.has_value()) latency_scratch.Resize(ToIndex(model.latency_->num_scratch_rows()));
    greatest.resize(num_resources);
    greatest_layer.resize(num_resources);
    has_slopes.resize(num_resources);
    block_needs.resize(num_resources);
    block_slopes.resize(ToIndex(model.program_.num_blocks()));
    log2_hardware.resize(model.ranges_.size());
    hardware.resize(model.ranges_.size());
    sized_by.resize(model.ranges_.size());
    hardware_adjoint.resize(model.ranges_.size());
    sums.resize(model.macs_.size());
    slopes.resize(model.macs_.size());
  }

  // Blocks by candidate order, then by layers.
  std::size_t num_blocks() const { return blocks.size(); }
  double* need_slope(std::size_t resource, std::size_t block, std::size_t num_blocks) {
    return need_slopes.row(resource * num_blocks + block);
  }

  const double* NeedRow(std::size_t block, const KernelProgram::Need& need) const {
    return blocks[block].values + ToIndex(need.out) * blocks[block].stride;
  }

  // Hands scale · ∂formula to the parameters.
  void AddSlope(const std::optional<Formula>& formula, double scale) {
    if (formula.has_value() && scale != 0) formula->AddLog2Gradient(hardware, scale, hardware_adjoint);
  }

  int num_candidates = 0;
  std::vector<LoopOrders> orders;  // that the masks stand for: by candidate, then by layer
  std::vector<KernelBlock> blocks;
  RowBuffer constants;
  RowBuffer masks;
  RowBuffer weights;
  RowBuffer values;
  RowBuffer saved;
  RowBuffer figures;
  RowBuffer adjoints;
  RowBuffer latency_scratch;
  RowBuffer latency_slopes;                // by block, then as LatencyProgram::rows
  RowBuffer need_slopes;                   // ∂value/∂log2(need), by resource and block of layers
  std::vector<char> has_slopes;            // by resource
  std::vector<const double*> block_needs;  // by resource: the slopes of blocks to come, or null
  std::vector<BlockSlopes> block_slopes;   // by block of layers
  std::vector<double> greatest;            // log2 of the greatest need, by resource
  std::vector<int> greatest_layer;
  std::vector<double> scratch;
  std::vector<double> log2_hardware;
  HardwarePoint hardware;
  std::vector<int> sized_by;             // by parameter: the resource; -1 for an end of its range
  std::vector<double> hardware_adjoint;  // ∂value/∂log2 of each parameter
  ComponentCosts costs;
  KernelCosts kernel_costs;
  std::vector<double> predicted_cycles;  // by network
  std::vector<KernelSums> sums;          // by network
  std::vector<ObjectiveWeights> slopes;  // by network: ∂value/∂µJ and ∂value/∂cycle of one run
  double area_slope = 0;                 // ∂value/∂mm²
};

void SmoothModel::WorkspaceDeleter::operator()(Workspace* workspace) const { delete workspace; }

SmoothModel::SmoothModel(const CostModel& model, const Workload& workload, std::vector<ParameterRange> ranges,
                         Goal goal, const LatencyPredictor* latency)
    : model_(model),
      program_(CompileKernel(model, workload)),
      latency_(latency == nullptr ? std::nullopt : std::optional(CompileLatency(*latency, program_, workload))),
      size_(ToIndex(program_.num_blocks() * kBlockLanes) * program_.slots.size()),
      ranges_(std::move(ranges)),
      goal_(std::move(goal)) {
  for (const Layer& layer : workload.layers) counts_.push_back(static_cast<double>(layer.count));
  for (const Network& network : workload.networks) weights_.push_back(network.weight);
  macs_.resize(workload.num_networks());
  for (const Layer& layer : workload.layers) {
    macs_[ToIndex(layer.network)] += static_cast<double>(layer.count) * static_cast<double>(Macs(layer.shape));
  }
  for (const ParameterRange& range : ranges_) log2_ranges_.push_back({std::log2(range.min), std::log2(range.max)});
  for (const Resource& resource : model.hardware_template().resources()) {
    const Formula::Term& term = resource.limit.terms().front();
    log_limits_.push_back({std::log2(term.coefficient), term.exponents});
  }
  for (int choice = 1; choice < model.num_choices(); ++choice) {
    choices_.push_back(std::make_unique<const SmoothModel>(model.of_choice(choice), workload, ranges_, goal_, latency));
  }
}

double SmoothModel::log2_bound(int layer, int slot) const {
  const int row = program_.slot_bounds[ToIndex(slot)];
  return program_.block_constants(program_.block_of(layer))[row * kBlockLanes + program_.lane_of(layer)];
}

std::vector<double> SmoothModel::FactorsOf(std::span<const Mapping> mappings) const {
  std::vector<double> x(size_);
  for (int layer = 0; layer < num_layers(); ++layer) {
    const Mapping& mapping = mappings[ToIndex(layer)];
    for (int s = 0; s < num_slots(); ++s) {
      x[index(layer, s)] = std::log2(static_cast<double>(FactorAt(mapping, slots()[ToIndex(s)])));
    }
  }
  return x;
}

std::vector<double> SmoothModel::LayerFactors(std::span<const double> x, int layer) const {
  std::vector<double> factors(ToIndex(num_slots()));
  for (int s = 0; s < num_slots(); ++s) factors[ToIndex(s)] = x[index(layer, s)];
  return factors;
}

SmoothModel::WorkspacePtr SmoothModel::MakeWorkspace() const { return WorkspacePtr(new Workspace(*this)); }

void SmoothModel::Evaluate(std::span<const double> x, std::span<const Orders> orders, Workspace& workspace,
                           std::span<double> gradient, Result* result, const std::function<bool()>& stop,
                           std::span<const double> multipliers) const {
  const int layer_blocks = program_.num_blocks();
  // Runs of blocks of one candidate; false when it is to stop.
  const auto for_each_run = [&](auto visit) {
    for (int candidate = 0; candidate < workspace.num_candidates; ++candidate) {
      for (int begin = 0; begin < layer_blocks; begin += kStopCheckBlocks) {
        if (stop && stop()) {
          result->value = std::numeric_limits<double>::quiet_NaN();
          return false;
        }
        visit(candidate, begin, std::min(kStopCheckBlocks, layer_blocks - begin));
      }
    }
    return true;
  };
  SetOrders(orders, workspace);
  SetWeights(orders, workspace);
  const std::size_t block_size = program_.slots.size() * kBlockLanes;
  for (std::size_t b = 0; b < workspace.num_blocks(); ++b) {
    workspace.blocks[b].x = x.data() + b % ToIndex(layer_blocks) * block_size;
  }
  const bool forwards = for_each_run([&](int candidate, int begin, int count) {
    ForwardBlocks({&workspace.blocks[ToIndex(candidate * layer_blocks + begin)], ToIndex(count)});
  });
  if (!forwards) return;
  result->penalty = 0;
  SizeHardware(workspace, result);
  AddPenalties(workspace, result);
  Score(orders, workspace, result);
  AddObjective(multipliers, workspace, result);

  BackpropagateCosts(workspace);
  BackpropagateSizes(workspace);
  for (int b = 0; b < layer_blocks; ++b) {
    const ObjectiveWeights& network = workspace.slopes[ToIndex(program_.networks[ToIndex(b)])];
    workspace.block_slopes[ToIndex(b)] = {network.energy, network.latency};
  }
  for_each_run([&](int candidate, int begin, int count) {
    const auto block = ToIndex(candidate * layer_blocks + begin);
    for (std::size_t r = 0; r < log_limits_.size(); ++r) {
      // Tiles and copies do not depend on the order: those of the first candidate serve all.
      workspace.block_needs[r] = candidate == 0 && workspace.has_slopes[r] != 0
                                     ? workspace.need_slope(r, ToIndex(begin), ToIndex(layer_blocks))
                                     : nullptr;
    }
    KernelSlopes slopes{workspace.block_slopes.data() + begin, workspace.block_needs.data()};
    if (latency_.has_value()) {
      slopes.latency_rows = latency_->rows;
      slopes.latency_slopes = workspace.latency_slopes.row(block * latency_->rows.size());
    }
    BackwardBlocks({&workspace.blocks[block], ToIndex(count)}, workspace.kernel_costs, slopes,
                   workspace.adjoints.row(0), candidate > 0, gradient.data() + ToIndex(begin) * block_size);
  });
}

// Compiles loop orders to masks, when they are not those that the workspace has. Layers with fewer candidates than
// others repeat their first one, with weight 0.
void SmoothModel::SetOrders(std::span<const Orders> orders, Workspace& workspace) const {
  int num_candidates = 1;
  for (const Orders& layer : orders)
    num_candidates = std::max(num_candidates, static_cast<int>(layer.candidates.size()));
  const auto layer_blocks = program_.num_blocks();
  const auto num_masks = program_.masks.size();
  if (num_candidates != workspace.num_candidates) {
    workspace.num_candidates = num_candidates;
    const auto num_blocks = ToIndex(num_candidates * layer_blocks);
    workspace.orders.assign(ToIndex(num_candidates * num_layers()), LoopOrders{});
    workspace.masks.Resize(num_blocks * num_masks);
    workspace.weights.Resize(num_blocks);
    workspace.values.Resize(num_blocks * ToIndex(program_.num_rows));
    workspace.saved.Resize(num_blocks * ToIndex(program_.num_saved));
    const std::size_t num_figures = NumFigureRows(program_);
    workspace.figures.Resize(num_blocks * num_figures);
    if (latency_.has_value()) workspace.latency_slopes.Resize(num_blocks * latency_->rows.size());
    workspace.blocks.resize(num_blocks);
    for (int b = 0; b < num_candidates * layer_blocks; ++b) {
      const PackedBlock packed(b, layer_blocks);
      const PackedBlock layers(b % layer_blocks, layer_blocks);
      workspace.blocks[ToIndex(b)] = {&program_,
                                      packed.stride,
                                      layers.RowsIn(&workspace.constants, ToIndex(program_.num_constants)),
                                      packed.RowsIn(&workspace.masks, num_masks),
                                      nullptr,
                                      nullptr,
                                      workspace.weights.row(ToIndex(b)),
                                      packed.RowsIn(&workspace.values, ToIndex(program_.num_rows)),
                                      packed.RowsIn(&workspace.saved, ToIndex(program_.num_saved)),
                                      packed.RowsIn(&workspace.figures, num_figures)};
    }
  }
  for (int c = 0; c < num_candidates; ++c) {
    for (int layer = 0; layer < num_layers(); ++layer) {
      const std::vector<LoopOrders>& candidates = orders[ToIndex(layer)].candidates;
      const LoopOrders& order = candidates[ToIndex(c) < candidates.size() ? ToIndex(c) : 0];
      LoopOrders& known = workspace.orders[ToIndex(c * num_layers() + layer)];
      // Asked at every step: bytes compare faster than elements.
      if (std::memcmp(&order, &known, sizeof order) == 0) continue;
      known = order;
      const PackedBlock block(c * layer_blocks + program_.block_of(layer), layer_blocks);
      SetLaneOrder(program_, order, program_.lane_of(layer), block.stride, block.RowsIn(&workspace.masks, num_masks));
    }
  }
}

void SmoothModel::SetWeights(std::span<const Orders> orders, Workspace& workspace) const {
  for (int c = 0; c < workspace.num_candidates; ++c) {
    for (int layer = 0; layer < num_layers(); ++layer) {
      const std::vector<double>& weights = orders[ToIndex(layer)].weights;
      const double weight = ToIndex(c) < weights.size() ? weights[ToIndex(c)] : 0;
      const int block = c * program_.num_blocks() + program_.block_of(layer);
      workspace.weights.row(ToIndex(block))[program_.lane_of(layer)] = counts_[ToIndex(layer)] * weight;
    }
  }
}

// The greatest need of each resource and the first layer that has it. Lanes without a layer need no more than any.
void SmoothModel::FindGreatestNeeds(Workspace& workspace) const {
  for (std::size_t r = 0; r < program_.needs.size(); ++r) {
    double greatest = -std::numeric_limits<double>::infinity();
    int greatest_layer = 0;
    for (int block = 0; block < program_.num_blocks(); ++block) {
      const double* need = workspace.NeedRow(ToIndex(block), program_.needs[r]);
      for (int lane = 0; lane < kBlockLanes; ++lane) {
        const bool greater = need[lane] > greatest;
        greatest_layer = greater ? block * kBlockLanes + lane : greatest_layer;
        greatest = greater ? need[lane] : greatest;
      }
    }
    workspace.greatest[r] = greatest;
    workspace.greatest_layer[r] = greatest_layer;
  }
  workspace.scratch = workspace.greatest;
  Log2InPlace(workspace.scratch);
  for (std::size_t r = 0; r < program_.needs.size(); ++r) {
    if (!program_.needs[r].is_log2) workspace.greatest[r] = workspace.scratch[r];
  }
}

double SmoothModel::Log2Limit(std::size_t resource, const Workspace& workspace) const {
  const LogLimit& limit = log_limits_[resource];
  double log2 = limit.log2_coefficient;
  for (std::size_t p = 0; p < limit.exponents.size(); ++p) log2 += limit.exponents[p] * workspace.log2_hardware[p];
  return log2;
}

// The smallest real-valued hardware in range.
void SmoothModel::SizeHardware(Workspace& workspace, Result* result) const {
  FindGreatestNeeds(workspace);
  const Template& hardware_template = model_.hardware_template();
  const std::vector<Resource>& resources = hardware_template.resources();
  for (std::size_t p = 0; p < ranges_.size(); ++p) workspace.log2_hardware[p] = log2_ranges_[p].min;
  std::fill(workspace.sized_by.begin(), workspace.sized_by.end(), -1);
  for (const int parameter : hardware_template.sizing_order()) {
    const std::size_t p = ToIndex(parameter);
    for (std::size_t r = 0; r < resources.size(); ++r) {
      if (resources[r].owner != parameter) continue;
      const double growth = workspace.greatest[r] - Log2Limit(r, workspace);
      if (growth <= 0) continue;
      workspace.log2_hardware[p] += growth / log_limits_[r].exponents[p];
      workspace.sized_by[p] = static_cast<int>(r);
    }
    if (workspace.log2_hardware[p] > log2_ranges_[p].max) {
      workspace.log2_hardware[p] = log2_ranges_[p].max;
      workspace.sized_by[p] = -1;
    }
  }
  std::copy(workspace.log2_hardware.begin(), workspace.log2_hardware.end(), workspace.hardware.begin());
  Exp2InPlace(workspace.hardware);
  for (std::size_t p = 0; p < ranges_.size(); ++p) {
    if (workspace.log2_hardware[p] == log2_ranges_[p].min) workspace.hardware[p] = ranges_[p].min;
    if (workspace.log2_hardware[p] == log2_ranges_[p].max) workspace.hardware[p] = ranges_[p].max;
  }
  workspace.costs = model_.CostsAt(workspace.hardware);
  workspace.kernel_costs = KernelCostsOf(program_, workspace.costs);
  result->hardware = workspace.hardware;
}

// For what does not fit even so.
void SmoothModel::AddPenalties(Workspace& workspace, Result* result) const {
  std::fill(workspace.hardware_adjoint.begin(), workspace.hardware_adjoint.end(), 0.0);
  const auto num_blocks = ToIndex(program_.num_blocks());
  for (std::size_t r = 0; r < log_limits_.size(); ++r) {
    const double log2_limit = Log2Limit(r, workspace);
    workspace.has_slopes[r] = workspace.greatest[r] - log2_limit > kRoundingSlack ? 1 : 0;
    if (workspace.has_slopes[r] == 0) continue;
    double slope = 0;
    for (std::size_t b = 0; b < num_blocks; ++b) {
      const double* need = workspace.NeedRow(b, program_.needs[r]);
      const PenaltySums sums =
          PenalizeBlock(need, program_.needs[r].is_log2, log2_limit, workspace.need_slope(r, b, num_blocks));
      result->penalty += sums.penalty;
      slope += sums.slope;
    }
    const std::vector<double>& exponents = log_limits_[r].exponents;
    for (std::size_t p = 0; p < exponents.size(); ++p) workspace.hardware_adjoint[p] -= slope * exponents[p];
  }
}

void SmoothModel::Score(std::span<const Orders> orders, Workspace& workspace, Result* result) const {
  workspace.sums.assign(workspace.sums.size(), {});
  workspace.predicted_cycles.assign(workspace.sums.size(), 0);
  for (std::size_t b = 0; b < workspace.num_blocks(); ++b) {
    const std::size_t layers = b % ToIndex(program_.num_blocks());
    const std::size_t network = ToIndex(program_.networks[layers]);
    ScoreBlock(workspace.blocks[b], workspace.kernel_costs, &workspace.sums[network]);
    if (latency_.has_value()) {
      workspace.predicted_cycles[network] +=
          CorrectBlock(workspace.blocks[b], *latency_, static_cast<int>(layers), workspace.latency_scratch.row(0),
                       workspace.latency_slopes.row(b * latency_->rows.size()));
    }
    if (program_.leaks.empty()) continue;
    AddLeakage(workspace.blocks[b], workspace.kernel_costs, &workspace.sums[network]);
  }
  for (std::size_t n = 0; n < workspace.sums.size() && latency_.has_value(); ++n) {
    workspace.sums[n].latency_cycles = workspace.predicted_cycles[n];
    workspace.sums[n].slow_cycles.fill(0);
    workspace.sums[n].slow_leak_uj.fill(0);
  }
  SumNetworks(workspace, &result->metrics);
  result->candidate_costs.resize(orders.size());
  for (int layer = 0; layer < num_layers(); ++layer) {
    std::vector<double>& costs = result->candidate_costs[ToIndex(layer)];
    const std::size_t count = orders[ToIndex(layer)].candidates.size();
    costs.resize(count > 1 ? count : 0);
    for (std::size_t c = 0; c < costs.size(); ++c) {
      const std::size_t block = c * ToIndex(program_.num_blocks()) + ToIndex(program_.block_of(layer));
      const double* figures = workspace.blocks[block].figures + program_.lane_of(layer);
      std::array<double, 2> logs = {figures[ToIndex(kEnergyUj) * workspace.blocks[block].stride],
                                    figures[ToIndex(kLatencyCycles) * workspace.blocks[block].stride]};
      Log2InPlace(logs);
      costs[c] = goal_.objective().layer_weights().Weigh(logs[0], logs[1]);
    }
  }
}

void SmoothModel::SumNetworks(const Workspace& workspace, WorkloadMetrics* metrics) const {
  *metrics = {workspace.sums.front().energy_uj, workspace.sums.front().latency_cycles, workspace.costs.area_mm2};
  if (weights_.empty()) return;
  metrics->energy_uj = metrics->latency_cycles = 0;
  for (std::size_t n = 0; n < weights_.size(); ++n) {
    const KernelSums& sums = workspace.sums[n];
    metrics->networks.push_back({sums.energy_uj, sums.latency_cycles});
    metrics->energy_uj += weights_[n] * sums.energy_uj;
    metrics->latency_cycles += weights_[n] * sums.latency_cycles;
  }
}

void SmoothModel::AddObjective(std::span<const double> multipliers, Workspace& workspace, Result* result) const {
  const WorkloadMetrics& metrics = result->metrics;
  const Goal::Smooth goal = goal_.Evaluate(metrics, multipliers);
  result->penalty += goal.penalty;
  result->value = goal.value + result->penalty;
  for (std::size_t n = 0; n < workspace.slopes.size(); ++n) {
    workspace.slopes[n] = goal_.LinearSlopes(metrics, goal.slopes, n, std::numbers::ln2);
  }
  workspace.area_slope = goal.slopes.area == 0 ? 0 : goal.slopes.area / (std::numbers::ln2 * metrics.area_mm2);
}

// From the workload's figures through the components' costs to the parameters.
void SmoothModel::BackpropagateCosts(Workspace& workspace) const {
  const TemplateSpec& spec = model_.hardware_template().spec();
  for (std::size_t n = 0; n < workspace.sums.size(); ++n) {
    const KernelSums& sums = workspace.sums[n];
    const double energy_scale = workspace.slopes[n].energy * kMicroPerPico;
    for (std::size_t p = 0; p < program_.ports.size(); ++p) {
      BackpropagatePort(p, sums, workspace.slopes[n], workspace);
    }
    const Structure& structure = model_.structure();
    for (std::size_t k = 0; k < structure.links().size(); ++k) {
      workspace.AddSlope(structure.links()[k].spec.hop_pj, energy_scale * sums.link_hops[k]);
      workspace.AddSlope(structure.links()[k].spec.router_pj, energy_scale * (sums.link_hops[k] + sums.link_words[k]));
    }
    for (const int level : structure.leaking_levels()) {
      workspace.AddSlope(spec.levels[ToIndex(level)].leak_pj, energy_scale * sums.leak_cycles[ToIndex(level)]);
    }
    workspace.AddSlope(spec.mac_energy_pj, energy_scale * macs_[n]);
  }
  workspace.AddSlope(spec.area_mm2, workspace.area_slope);
}

// From what a port costs and lets through to the parameters.
void SmoothModel::BackpropagatePort(std::size_t index, const KernelSums& sums, const ObjectiveWeights& slopes,
                                    Workspace& workspace) const {
  const auto& [level, spec, flows] = model_.structure().ports()[index];
  const ComponentCosts::Port& port = workspace.costs.ports[index];
  const double energy_scale = slopes.energy * kMicroPerPico;
  const double words_pj = workspace.costs.WordPj(index) * sums.words[index];
  workspace.AddSlope(
      spec.access_pj,
      port.access_pj == 0 ? 0 : energy_scale * (spec.priced_by_word ? sums.words[index] : words_pj / port.access_pj));
  if (!spec.priced_by_word) workspace.AddSlope(spec.block_words, -energy_scale * words_pj / port.block_words);
  const double slow = slopes.latency * sums.slow_cycles[index] + slopes.energy * sums.slow_leak_uj[index];
  workspace.AddSlope(spec.words_per_cycle, -slow / port.words_per_cycle);
  if (!spec.cluster.has_value() || port.most_clusters <= 1) return;
  // log2 of the clusters is a sum: those of the axes outside, less that of the instances that one access reaches.
  const double clustered = energy_scale * workspace.costs.WordPj(index) * sums.clustered[index] * std::numbers::ln2;
  const auto add_log2 = [&](const Formula& formula, double scale) {
    const std::vector<double>& exponents = formula.terms().front().exponents;
    for (std::size_t p = 0; p < exponents.size(); ++p) workspace.hardware_adjoint[p] += scale * exponents[p];
  };
  for (const Resource& resource : model_.hardware_template().resources()) {
    if (resource.is_axis() && resource.level > level) add_log2(resource.limit, clustered);
  }
  add_log2(*spec.cluster, -clustered);
}

// From the parameters to the needs that they were sized to, against the sizing order.
void SmoothModel::BackpropagateSizes(Workspace& workspace) const {
  const auto num_blocks = ToIndex(program_.num_blocks());
  const std::vector<int>& order = model_.hardware_template().sizing_order();
  for (auto p = order.rbegin(); p != order.rend(); ++p) {
    if (workspace.sized_by[ToIndex(*p)] < 0) continue;
    const std::size_t r = ToIndex(workspace.sized_by[ToIndex(*p)]);
    const std::vector<double>& exponents = log_limits_[r].exponents;
    const double weight = workspace.hardware_adjoint[ToIndex(*p)] / exponents[ToIndex(*p)];
    double* slopes = workspace.need_slope(r, 0, num_blocks);
    if (workspace.has_slopes[r] == 0) std::fill_n(slopes, num_blocks * kBlockLanes, 0.0);
    workspace.has_slopes[r] = 1;
    slopes[workspace.greatest_layer[r]] += weight;
    for (std::size_t q = 0; q < exponents.size(); ++q) {
      if (static_cast<int>(q) != *p) workspace.hardware_adjoint[q] -= weight * exponents[q];
    }
  }
}

}  // namespace oneloop
