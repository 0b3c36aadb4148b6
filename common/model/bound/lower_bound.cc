#include "common/model/bound/lower_bound.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "common/mapping/factorize.h"
#include "common/model/bound/contraction.h"
#include "common/model/bound/layer_bound.h"
#include "common/model/bound/outer_traffic.h"
#include "common/model/bound/reuse_search.h"
#include "common/model/bound/tile_shape.h"

namespace oneloop {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Both keep memory below some tens of megabytes.
constexpr std::int64_t kMostTilesOfLayer = 100'000;
constexpr std::size_t kMostGains = 80'000;
// Of all layers: 160 MB of candidates and 64 MB of steps, which common workloads do not come near.
constexpr std::int64_t kMostCandidates = 2'000'000;
constexpr std::int64_t kMostSteps = 4'000'000;
constexpr std::int64_t kOrdersOfTile = 6;
constexpr std::int64_t kCandidateBytes = 88;
// Of one ReuseSearch, 350 bytes each, and of all.
constexpr std::int64_t kMostNodes = 100'000;
constexpr std::int64_t kMostSearchedNodes = 8'000'000;
// Worth of a cycle at which most designs are as fast as can be.
constexpr double kDear = 16;
// What a cycle is worth, of what designs near the box's figures pay for it.
constexpr std::array<double, 5> kWeights = {0.25, 0.5, 1, 2, 4};
constexpr std::int64_t kSearches = 1 + std::ssize(kWeights);
// Of all ReuseSearches; each takes half a microsecond, twice.
constexpr std::size_t kMostUnrollings = 20'000'000;
// With imperfect factors; a few microseconds each.
constexpr std::size_t kMostUnevenUnrollings = 3'000'000;
constexpr std::int64_t kUnrollingBytes = 400;
// Steps, gains and boxes, nodes, unrollings.
constexpr std::int64_t kOtherProofBytes =
    16 * kMostSteps + (std::int64_t{64} << 20) + 350 * kMostNodes +
    kUnrollingBytes * static_cast<std::int64_t>(ReuseSearch::kMaxUnevenUnrollings);

struct Box {
  std::vector<ParameterRange> ranges;
  MetricBox figures;  // of the designs that keep the limits
  double objective = 0;

  bool empty() const { return objective == kInfinity; }
  void Clear() {
    figures.least = {kInfinity, kInfinity, kInfinity};
    objective = kInfinity;
  }
};

struct Lower {
  double operator()(const Box& a, const Box& b) const { return a.objective > b.objective; }
};

// How much a half raises its box's bound; never 0, so that the gains of two halves can be multiplied.
double Gain(const Box& box, const Box& half) {
  constexpr double kLeast = 1e-2;
  constexpr double kMost = 10;
  if (box.objective <= 0) return kLeast;
  return std::clamp(half.objective / box.objective - 1, 0.0, kMost) + kLeast;
}

// Of two lower bounds of each figure the better one.
WorkloadMetrics Greater(WorkloadMetrics a, const WorkloadMetrics& b) {
  a.energy_uj = std::max(a.energy_uj, b.energy_uj);
  a.latency_cycles = std::max(a.latency_cycles, b.latency_cycles);
  a.area_mm2 = std::max(a.area_mm2, b.area_mm2);
  for (std::size_t n = 0; n < a.networks.size(); ++n) {
    a.networks[n] = {std::max(a.networks[n].energy_uj, b.networks[n].energy_uj),
                     std::max(a.networks[n].latency_cycles, b.networks[n].latency_cycles)};
  }
  return a;
}

class BoxSearch {
 public:
  BoxSearch(const CostModel& model, const Workload& workload, std::span<const ParameterRange> ranges, const Goal& goal,
            const LowerBoundOptions& options);

  LowerBound Run();

 private:
  // A shape, with its occurrences in one run of each network that has it.
  struct Occurrence {
    std::size_t network;
    double count;
  };
  struct Entry {
    LayerShape shape;
    std::vector<Occurrence> occurrences;
    std::vector<LayerBound> bounds;  // by choice of what is kept
  };
  using LayerGains = std::vector<LayerBound::Gains>;  // likewise

  // energy + cycle_uj · latency of any design, at least.
  struct CostSum {
    double cycle_uj;
    double sum_uj;
  };

  // Of designs with figures in `known`.
  Box Evaluate(std::vector<ParameterRange> ranges, const MetricBox& known);
  // Takes off the box what no design that keeps the limits needs.
  bool Contract(Box* box) const;
  const std::vector<LayerGains>& GainsAt(const BoxCosts& costs);
  // The least of each figure, whatever is kept.
  static LayerFigures LeastOf(const Entry& layer, const std::vector<BoxCosts>& costs, const LayerGains& gains);
  // By choice of what is kept.
  std::vector<BoxCosts> CostsOf(const std::vector<ParameterRange>& ranges) const;
  void Add(const std::vector<Occurrence>& occurrences, const LayerFigures& figures, WorkloadMetrics* least) const;
  // Raises the bound of a box by ReuseSearch, which takes longer than Evaluate.
  void Refine(Box* box);
  // The least objective where energy and latency keep the box's least figures and each of the sums.
  double LeastOfBoth(MetricBox figures, const std::vector<CostSum>& sums) const;
  // Whether words cost as little in the largest design of a box as in any: then smaller boxes tell little apart.
  bool SizesAreFree(const Box& box) const;
  // Cuts a range between two values that the parameter may have; nothing when it has but one.
  std::optional<std::pair<ParameterRange, ParameterRange>> Halves(std::size_t parameter,
                                                                  const ParameterRange& range) const;
  // Cuts the box in two along the parameter whose cut raises the lower half's bound the most.
  std::optional<std::pair<Box, Box>> Split(const Box& box);
  bool Stopped() { return stopped_ = stopped_ || (options_.stop_requested && options_.stop_requested()); }
  void Conclude(const std::vector<Box>& open, const std::vector<Box>& closed, LowerBound* result) const;

  const CostModel& model_;
  const Goal& goal_;
  const LowerBoundOptions& options_;
  std::vector<Entry> layers_;
  std::vector<double> weights_;                                    // by network; empty when there is but one
  std::map<SpatialReach::Limits, std::vector<LayerGains>> gains_;  // by layer
  std::size_t most_gains_ = 1;                                     // kept at a time
  Box root_;
  int boxes_ = 0;
  bool stopped_ = false;
};

BoxSearch::BoxSearch(const CostModel& model, const Workload& workload, std::span<const ParameterRange> ranges,
                     const Goal& goal, const LowerBoundOptions& options)
    : model_(model), goal_(goal), options_(options) {
  for (const Network& network : workload.networks) weights_.push_back(network.weight);
  // Layers of one shape are one entry, whatever network they are of.
  std::vector<std::pair<LayerShape, std::vector<Occurrence>>> shapes;
  for (const Layer& layer : workload.layers) {
    auto same =
        std::find_if(shapes.begin(), shapes.end(), [&layer](const auto& shape) { return shape.first == layer.shape; });
    if (same == shapes.end()) same = shapes.insert(shapes.end(), {layer.shape, {}});
    const Occurrence occurrence{static_cast<std::size_t>(layer.network), static_cast<double>(layer.count)};
    if (same->second.empty() || same->second.back().network != occurrence.network) {
      same->second.push_back(occurrence);
    } else {
      same->second.back().count += occurrence.count;
    }
  }
  root_.ranges.assign(ranges.begin(), ranges.end());
  const std::vector<BoxCosts> most = CostsOf(root_.ranges);
  const std::int64_t max_tiles = std::clamp<std::int64_t>(
      options.max_tiles / std::max<std::int64_t>(1, std::ssize(shapes) * model.num_choices()), 1, kMostTilesOfLayer);
  ProofBudget budget{max_tiles, kMostCandidates, kMostSteps, [this] { return Stopped(); }};
  layers_.reserve(shapes.size());
  // Without limits all buffers can be large, so that it says nothing of them and only takes time.
  const bool small_buffers = !goal.constraints().empty();
  std::size_t groups = 0;
  for (auto& [shape, occurrences] : shapes) {
    if (Stopped()) return;
    layers_.push_back({shape, std::move(occurrences), {}});
    Entry& layer = layers_.back();
    for (int choice = 0; choice < model.num_choices(); ++choice) {
      layer.bounds.emplace_back(model.of_choice(choice), shape, most[ToIndex(choice)], small_buffers, &budget);
      groups += layer.bounds.back().num_groups();
    }
  }
  most_gains_ = kMostGains / std::max<std::size_t>(1, groups) + 1;
}

// Many boxes have axes of the same lengths.
const std::vector<BoxSearch::LayerGains>& BoxSearch::GainsAt(const BoxCosts& costs) {
  const SpatialReach::Limits limits = AxisLimits(model_.hardware_template(), costs);
  const auto known = gains_.find(limits);
  if (known != gains_.end()) return known->second;
  if (gains_.size() >= most_gains_) gains_.clear();
  std::vector<LayerGains>& gains = gains_[limits];
  for (const Entry& layer : layers_) {
    if (Stopped()) break;
    LayerGains& of_layer = gains.emplace_back();
    for (const LayerBound& bound : layer.bounds) of_layer.push_back(bound.GainsAt(limits));
  }
  return gains;
}

std::vector<BoxCosts> BoxSearch::CostsOf(const std::vector<ParameterRange>& ranges) const {
  std::vector<BoxCosts> costs;
  for (int choice = 0; choice < model_.num_choices(); ++choice) {
    const CostModel& model = model_.of_choice(choice);
    costs.push_back(CostsOfBox(model.hardware_template(), model.structure(), ranges));
  }
  return costs;
}

// (B42)
LayerFigures BoxSearch::LeastOf(const Entry& layer, const std::vector<BoxCosts>& costs, const LayerGains& gains) {
  LayerFigures least = layer.bounds.front().Evaluate(costs.front(), gains.front());
  for (std::size_t choice = 1; choice < layer.bounds.size(); ++choice) {
    const LayerFigures other = layer.bounds[choice].Evaluate(costs[choice], gains[choice]);
    least.energy_uj = std::min(least.energy_uj, other.energy_uj);
    least.latency_cycles = std::min(least.latency_cycles, other.latency_cycles);
  }
  return least;
}

void BoxSearch::Add(const std::vector<Occurrence>& occurrences, const LayerFigures& figures,
                    WorkloadMetrics* least) const {
  for (const Occurrence& occurrence : occurrences) {
    const double runs = weights_.empty() ? 1 : weights_[occurrence.network];
    const double energy_uj = occurrence.count * figures.energy_uj;
    const double latency_cycles = occurrence.count * figures.latency_cycles;
    least->energy_uj += runs * energy_uj;
    least->latency_cycles += runs * latency_cycles;
    if (weights_.empty()) continue;
    least->networks[occurrence.network].energy_uj += energy_uj;
    least->networks[occurrence.network].latency_cycles += latency_cycles;
  }
}

bool BoxSearch::Contract(Box* box) const {
  return goal_.constraints().Narrow(&box->figures) &&
         ContractToArea(model_.hardware_template(), box->figures.most.area_mm2, &box->ranges);
}

Box BoxSearch::Evaluate(std::vector<ParameterRange> ranges, const MetricBox& known) {
  Box box{std::move(ranges), known};
  if (!goal_.constraints().empty() && !Contract(&box)) {
    box.Clear();
    return box;
  }
  const std::vector<BoxCosts> costs = CostsOf(box.ranges);
  WorkloadMetrics least{0, 0, costs.front().area_mm2};
  least.networks = {weights_.size(), {}};
  const std::vector<LayerGains>& gains = GainsAt(costs.front());
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    // Of no use then, like the gains; a figure of 0 is true of any box.
    if (Stopped()) return {std::move(box.ranges), MetricBox::Unknown(weights_.size()), 0};
    Add(layers_[l].occurrences, LeastOf(layers_[l], costs, gains[l]), &least);
    if (least.energy_uj == kInfinity) break;
  }
  box.figures.least = Greater(known.least, least);
  if (least.energy_uj == kInfinity || !goal_.constraints().Narrow(&box.figures)) {
    box.Clear();
  } else {
    box.objective = goal_.objective().LeastValue(box.figures);
  }
  return box;
}

// (B33): by strips of energy, each at its least latency.
double BoxSearch::LeastOfBoth(MetricBox figures, const std::vector<CostSum>& sums) const {
  constexpr int kStrips = 200;
  const double least_uj = figures.least.energy_uj;
  const double least_cycles = figures.least.latency_cycles;
  double most_uj = least_uj;
  for (const auto& [cycle_uj, sum_uj] : sums) most_uj = std::max(most_uj, sum_uj - cycle_uj * least_cycles);
  const double width_uj = (most_uj - least_uj) / kStrips;
  double least = kInfinity;
  for (int i = 0; i <= kStrips; ++i) {
    figures.least.energy_uj = least_uj + width_uj * i;
    figures.least.latency_cycles = least_cycles;
    for (const auto& [cycle_uj, sum_uj] : sums) {
      if (i == kStrips) break;  // without an end
      figures.least.latency_cycles =
          std::max(figures.least.latency_cycles, (sum_uj - (least_uj + width_uj * (i + 1))) / cycle_uj);
    }
    least = std::min(least, goal_.objective().LeastValue(figures));
  }
  return least;
}

bool BoxSearch::SizesAreFree(const Box& box) const {
  std::vector<ParameterRange> largest = box.ranges;
  for (ParameterRange& range : largest) range.min = range.max;
  const Template& hardware_template = model_.hardware_template();
  const BoxCosts costs = CostsOfBox(hardware_template, model_.structure(), box.ranges);
  const BoxCosts costs_of_largest = CostsOfBox(hardware_template, model_.structure(), largest);
  for (int level = 0; level < hardware_template.num_levels(); ++level) {
    for (const Tensor tensor : kAllTensors) {
      for (const FlowKind kind : {FlowKind::kRead, FlowKind::kFill, FlowKind::kUpdate}) {
        const double price = costs.word_pj.Of(level, tensor, kind);
        if (costs_of_largest.word_pj.Of(level, tensor, kind) > price * (1 + 1e-6)) return false;
      }
    }
  }
  return true;
}

void BoxSearch::Refine(Box* box) {
  if (!weights_.empty() || box->empty() || model_.num_choices() > 1) return;
  const Template& hardware_template = model_.hardware_template();
  const BoxCosts costs = CostsOfBox(hardware_template, model_.structure(), box->ranges);
  const std::vector<LayerGains>& gains = GainsAt(costs);
  if (Stopped()) return;
  const auto stop = [this] { return Stopped(); };
  const std::int64_t max_nodes =
      std::min(kMostNodes, kMostSearchedNodes / std::max<std::int64_t>(1, std::ssize(layers_)) / kSearches);
  const auto least_of = [&](const Entry& layer, std::span<const double> cycle_uj) {
    const bool is_perfect = UnevenDims(hardware_template, layer.shape).empty();
    const std::size_t max_unrollings =
        is_perfect ? std::min(ReuseSearch::kMaxUnrollings, kMostUnrollings / layers_.size())
                   : std::min(ReuseSearch::kMaxUnevenUnrollings, kMostUnevenUnrollings / layers_.size());
    const ReuseSearch reuse(hardware_template, model_.structure(), layer.shape, costs, max_unrollings, stop);
    return reuse.LeastUj(costs, cycle_uj, max_nodes);
  };
  std::vector<LayerFigures> figures;
  std::vector<CostSum> sums;
  const auto add_to_sum = [&](std::size_t l, double least_uj, CostSum* sum) {
    const double layer_uj = std::max(least_uj, figures[l].energy_uj + sum->cycle_uj * figures[l].latency_cycles);
    for (const Occurrence& occurrence : layers_[l].occurrences) sum->sum_uj += occurrence.count * layer_uj;
  };
  const bool is_uneven = std::any_of(layers_.begin(), layers_.end(), [&](const Entry& layer) {
    return !UnevenDims(hardware_template, layer.shape).empty();
  });
  std::vector<double> first = {0};
  if (is_uneven) {
    // Where cycles are dear, what designs pay is soon known; the least energy is not.
    first.push_back(kDear * box->figures.least.energy_uj / box->figures.least.latency_cycles);
    sums.push_back({first.back(), 0});
  }
  WorkloadMetrics least{0, 0, costs.area_mm2};
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    figures.push_back(layers_[l].bounds.front().Evaluate(costs, gains[l].front()));
    const std::vector<double> least_uj = least_of(layers_[l], first);
    figures.back().energy_uj = std::max(figures.back().energy_uj, least_uj.front());
    if (Stopped()) return;
    Add(layers_[l].occurrences, figures.back(), &least);
    if (is_uneven) add_to_sum(l, least_uj.back(), &sums.front());
  }
  box->figures.least = Greater(box->figures.least, least);
  if (least.energy_uj == kInfinity || !goal_.constraints().Narrow(&box->figures)) return box->Clear();
  double energy_uj = least.energy_uj;
  if (is_uneven) {
    energy_uj = std::max(energy_uj, sums.front().sum_uj - sums.front().cycle_uj * least.latency_cycles);
  }
  std::vector<double> cycle_uj(kWeights.begin(), kWeights.end());
  for (double& worth : cycle_uj) worth = worth * energy_uj / least.latency_cycles;
  if (is_uneven) cycle_uj.pop_back();
  const std::size_t others = sums.size();
  for (const double worth : cycle_uj) sums.push_back({worth, 0});
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const std::vector<double> least_uj = least_of(layers_[l], cycle_uj);
    if (Stopped()) return;
    for (std::size_t i = 0; i < cycle_uj.size(); ++i) add_to_sum(l, least_uj[i], &sums[others + i]);
  }
  MetricBox without_limits = MetricBox::Unknown(0);
  without_limits.least = least;
  box->objective = std::max({box->objective, goal_.objective().LeastValue(box->figures),
                             LeastOfBoth(box->figures, sums), LeastOfBoth(without_limits, sums)});
}

// Values are multiples of the step, or an end of the parameter's range where that is none.
std::optional<std::pair<ParameterRange, ParameterRange>> BoxSearch::Halves(std::size_t parameter,
                                                                           const ParameterRange& range) const {
  if (range.min >= range.max) return std::nullopt;
  const double step = model_.hardware_template().parameter(static_cast<int>(parameter)).step;
  const double middle = std::floor(std::sqrt(range.min * range.max) / step);
  const double below = std::clamp(middle * step, range.min, range.max);
  const double above = std::clamp((middle + 1) * step, range.min, range.max);
  if (below >= above) return std::nullopt;
  return {{{range.min, below}, {above, range.max}}};
}

std::optional<std::pair<Box, Box>> BoxSearch::Split(const Box& box) {
  std::optional<std::pair<Box, Box>> best;
  double best_gain = 0;
  for (std::size_t p = 0; p < box.ranges.size(); ++p) {
    const auto cut = Halves(p, box.ranges[p]);
    if (!cut.has_value()) continue;
    if (stopped_) return std::nullopt;
    std::vector<ParameterRange> low = box.ranges;
    std::vector<ParameterRange> high = box.ranges;
    low[p] = cut->first;
    high[p] = cut->second;
    std::pair<Box, Box> halves = {Evaluate(std::move(low), box.figures), Evaluate(std::move(high), box.figures)};
    boxes_ += 2;
    const double gain = Gain(box, halves.first) * Gain(box, halves.second);
    if (best.has_value() && gain <= best_gain) continue;
    best = std::move(halves);
    best_gain = gain;
  }
  return best;
}

void BoxSearch::Conclude(const std::vector<Box>& open, const std::vector<Box>& closed, LowerBound* result) const {
  result->objective = result->energy_uj = result->latency_cycles = result->area_mm2 = kInfinity;
  for (const std::vector<Box>* boxes : {&open, &closed}) {
    for (const Box& box : *boxes) {
      result->energy_uj = std::min(result->energy_uj, box.figures.least.energy_uj);
      result->latency_cycles = std::min(result->latency_cycles, box.figures.least.latency_cycles);
      result->area_mm2 = std::min(result->area_mm2, box.figures.least.area_mm2);
      if (result->box.empty() || box.objective < result->objective) result->box = box.ranges;
      result->objective = std::min(result->objective, box.objective);
    }
  }
  result->boxes = boxes_;
}

LowerBound BoxSearch::Run() {
  LowerBound result;
  if (stopped_) {
    result.box = root_.ranges;
    return result;
  }
  std::vector<Box> open = {
      Evaluate(root_.ranges, MetricBox::Unknown(weights_.size()))};  // a heap, least objective first
  std::vector<Box> closed;                                           // too small to split
  boxes_ = 1;
  double least_closed = kInfinity;
  while (!open.empty() && open.front().objective < least_closed && boxes_ < options_.max_boxes) {
    if (Stopped()) break;
    std::pop_heap(open.begin(), open.end(), Lower());
    Box box = std::move(open.back());
    open.pop_back();
    const bool is_root = boxes_ == 1;
    std::optional<std::pair<Box, Box>> halves = Split(box);
    if (stopped_) {
      open.push_back(std::move(box));
      break;
    }
    if (is_root && SizesAreFree(box)) Refine(&box);
    if (!halves.has_value()) {
      if (box.empty()) continue;
      least_closed = std::min(least_closed, box.objective);
      closed.push_back(std::move(box));
      continue;
    }
    for (Box* half : {&halves->first, &halves->second}) {
      if (half->empty()) continue;
      half->figures.least = Greater(half->figures.least, box.figures.least);
      half->objective = std::max({half->objective, box.objective, goal_.objective().LeastValue(half->figures)});
      open.push_back(std::move(*half));
      std::push_heap(open.begin(), open.end(), Lower());
    }
  }
  result.exhausted = !stopped_ && (open.empty() || open.front().objective >= least_closed);
  Conclude(open, closed, &result);
  return result;
}

}  // namespace

std::int64_t MostProofBytes(const Template& hardware_template, const Workload& workload) {
  const LowerBoundOptions options;
  const std::int64_t tiles_of_layer = std::clamp<std::int64_t>(
      options.max_tiles / std::max<std::int64_t>(1, std::ssize(workload.layers)), 1, kMostTilesOfLayer);
  double tiles = 0;
  for (const Layer& layer : workload.layers) {
    if (!UnevenDims(hardware_template, layer.shape).empty()) {
      tiles += static_cast<double>(OuterTraffic::kKeptParts * std::min(tiles_of_layer, OuterTraffic::kMostUnevenTiles));
      continue;
    }
    double of_layer = 1;
    for (const std::int64_t bound : layer.shape.bounds) of_layer *= static_cast<double>(Divisors(bound).size());
    tiles += std::min(of_layer, static_cast<double>(tiles_of_layer));
  }
  tiles *= hardware_template.num_choices();
  // Each tile has a few orders. One layer's are all there before the worse ones are dropped.
  const auto candidates = static_cast<std::int64_t>(
      std::min(kOrdersOfTile * tiles, static_cast<double>(kMostCandidates + 2 * kOrdersOfTile * kMostTilesOfLayer)));
  return candidates * kCandidateBytes + kOtherProofBytes;
}

LowerBound ProveLowerBound(const CostModel& model, const Workload& workload, std::span<const ParameterRange> ranges,
                           const Goal& goal, const LowerBoundOptions& options) {
  return BoxSearch(model, workload, ranges, goal, options).Run();
}

}  // namespace oneloop
