#include "server/search/layer_search.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "server/search/rounding.h"
#include "server/search/start_point.h"

namespace oneloop {
namespace {

// An improvement below this share is rounding, not progress.
constexpr double kProgress = 1e-9;
// While repairing, an overflow of a factor of 2 weighs as much as this in log2 of the layer's cost.
constexpr double kOverflowWeight = 3;
// Neighbours that are tried in a row without success.
constexpr int kMostTrials = 4;
// Where factors need not divide, neighbours are closer to each other: what fails says more of the next.
constexpr int kMostCloseTrials = 3;
constexpr int kMostKicks = 4;

// Equal for mappings that run the same loops.
std::uint64_t LoopsHash(const Mapping& mapping, int num_levels, int num_axes) {
  std::uint64_t hash = mapping.choice;
  const auto add = [&hash](std::uint64_t value) { hash = MixSeed(hash, value); };
  for (int level = 0; level < num_levels; ++level) {
    for (const Dim dim : kAllDims) add(static_cast<std::uint64_t>(mapping.t(level, dim)));
    for (const Dim dim : mapping.order[static_cast<std::size_t>(level)]) {
      if (level > 0 && mapping.t(level, dim) > 1) add(static_cast<std::uint64_t>(dim));
    }
  }
  for (int axis = 0; axis < num_axes; ++axis) {
    for (const Dim dim : kAllDims) add(static_cast<std::uint64_t>(mapping.s(axis, dim)));
  }
  return hash;
}

}  // namespace

LayerSearch::LayerSearch(Evaluator& evaluator, const SmoothModel& smooth, const MoveSet& moves, Random& random)
    : evaluator_(evaluator),
      smooth_(smooth),
      moves_(moves),
      random_(random),
      neighbourhood_(evaluator.model(), smooth, moves) {}

std::vector<LayerSearch::Slopes> LayerSearch::SlopesOf(const Goal& goal, const WorkloadMetrics& metrics,
                                                       std::size_t num_networks) {
  const LogSlopes log_slopes = goal.MeritSlopes(metrics);
  // A figure of 0 has nothing to gain.
  const auto above = [](double slope) { return std::isfinite(slope) ? std::max(0.0, slope) : 0; };
  std::vector<Slopes> slopes;
  for (std::size_t n = 0; n < num_networks; ++n) {
    const ObjectiveWeights linear = goal.LinearSlopes(metrics, log_slopes, n, 1);
    slopes.push_back({{above(linear.energy), above(linear.latency)}});
  }
  return slopes;
}

LayerDesign LayerSearch::Evaluate(int layer, const Mapping& mapping, const ComponentCosts& costs) {
  LayerDesign design{mapping, evaluator_.EvaluateLayer(layer, mapping), {}};
  design.figures = evaluator_.model().Score(design.use, costs);
  return design;
}

double LayerSearch::LogCost(const LayerFigures& figures) const {
  return evaluator_.weights().Log2Of(figures.energy_uj, figures.latency_cycles);
}

void LayerSearch::ChooseOrders(int layer, const ComponentCosts& costs, LayerDesign* design) {
  for (int level = evaluator_.model().structure().num_levels() - 1; level >= 1; --level) {
    const Mapping base = design->mapping;
    std::vector<Dim> loops;
    for (const Dim dim : kAllDims) {
      if (base.t(level, dim) > 1) loops.push_back(dim);
    }
    if (loops.size() < 2) continue;
    for (const Dim dim : loops) {
      if (evaluator_.Finished()) return;
      Mapping trial = base;
      trial.order[static_cast<std::size_t>(level)] = moves_.orders().Around(level, dim);
      const LayerDesign candidate = Evaluate(layer, trial, costs);
      if (LogCost(candidate.figures) < LogCost(design->figures) - kProgress) *design = candidate;
    }
  }
}

bool LayerSearch::Repair(int layer, const ComponentCosts& costs, LayerDesign* design) {
  double overflow = neighbourhood_.Overflow(design->use.need, costs);
  if (overflow == 0) return true;
  const LayerShape& shape = evaluator_.shape(layer);
  const CostModel& model = evaluator_.model();
  Mapping mapping = design->mapping;
  while (overflow > 0) {
    // A layer of huge bounds has tens of thousands of moves.
    if (evaluator_.Interrupted() || evaluator_.Finished()) return false;
    evaluator_.CountLayer();
    neighbourhood_.RankMoves(layer, shape, mapping, costs, evaluator_.SlopesAt(design->figures));
    const Move* best = nullptr;
    double best_cost = std::numeric_limits<double>::infinity();
    double best_overflow = overflow;
    for (const Neighbourhood::RankedMove& ranked : neighbourhood_.moves()) {
      if (!ranked.frees) continue;
      const double left = neighbourhood_.Overflow(model.Needs(shape, moves_.Apply(shape, mapping, ranked.move)), costs);
      const double cost = ranked.promise + kOverflowWeight * left;
      if (left >= overflow || cost >= best_cost) continue;
      best = &ranked.move;
      best_cost = cost;
      best_overflow = left;
    }
    if (best == nullptr) {
      const std::optional<Mapping> fresh = ConstructiveMapping(model, shape, costs, random_, mapping.choice);
      if (!fresh.has_value()) return false;
      mapping = *fresh;
      break;
    }
    moves_.ApplyTo(*best, shape, &mapping);
    overflow = best_overflow;
  }
  if (evaluator_.Finished()) return false;
  *design = Evaluate(layer, mapping, costs);
  return true;
}

bool LayerSearch::Improve(int layer, const ComponentCosts& costs, const Slopes& slopes, LayerDesign* design) {
  const LayerShape& shape = evaluator_.shape(layer);
  const Template& hardware_template = evaluator_.model().hardware_template();
  const auto is_new = [&](const Mapping& mapping) {
    return tried_
        .insert(LoopsHash(mapping, hardware_template.num_levels(), static_cast<int>(hardware_template.axes().size())))
        .second;
  };
  const int most_trials = moves_.space().perfect() == kEveryDim ? kMostTrials : kMostCloseTrials;
  tried_.clear();
  is_new(design->mapping);
  bool improved = false;
  double cost = slopes.Of(design->figures);
  const auto accept_first = [&](std::span<const Neighbour> neighbours) {
    int trials = 0;
    std::unordered_set<std::uint64_t> kinds;
    for (const Neighbour& neighbour : neighbours) {
      if (evaluator_.Finished()) return false;
      // Of the amounts that may go between the same places the most promising stands for all.
      if (!kinds.insert(neighbourhood_.KindOf(neighbour)).second) continue;
      const Mapping moved = neighbourhood_.Apply(shape, design->mapping, neighbour);
      if (!is_new(moved)) continue;
      if (trials++ == most_trials) return false;
      const LayerDesign trial = Evaluate(layer, moved, costs);
      const double trial_cost = slopes.Of(trial.figures);
      if (!(trial_cost < cost * (1 - kProgress))) continue;
      *design = trial;
      cost = trial_cost;
      return true;
    }
    return false;
  };
  for (bool progress = true; progress && !evaluator_.Finished();) {
    if (evaluator_.Interrupted()) break;
    evaluator_.CountLayer();
    progress = accept_first(neighbourhood_.List(layer, shape, design->mapping, costs, slopes)) ||
               (!evaluator_.Finished() && accept_first(neighbourhood_.ListChains(shape, design->mapping, costs)));
    improved = improved || progress;
  }
  return improved;
}

bool LayerSearch::Disturb(int layer, const ComponentCosts& costs, const Mapping* other, LayerDesign* design) {
  if (evaluator_.Finished()) return false;
  const LayerShape& shape = evaluator_.shape(layer);
  Mapping mapping = design->mapping;
  // What another layer found serves best, if there is one; a new mapping next.
  const std::uint64_t draw = random_.Below(other != nullptr ? 5 : 3);
  if (draw > 2) {
    mapping = RoundToLike(smooth_, shape, *other);
  } else if (draw > 0) {
    const std::optional<Mapping> fresh =
        ConstructiveMapping(evaluator_.model(), shape, costs, random_, RandomChoice(evaluator_.model(), random_));
    if (!fresh.has_value()) return false;
    mapping = *fresh;
  } else {
    const std::uint64_t count = 2 + random_.Below(kMostKicks - 1);
    for (std::uint64_t i = 0; i < count; ++i) {
      moves_.List(shape, mapping, &scratch_);
      if (scratch_.empty()) return false;
      moves_.ApplyTo(scratch_[random_.Below(scratch_.size())], shape, &mapping);
    }
  }
  LayerDesign disturbed = Evaluate(layer, mapping, costs);
  if (!Repair(layer, costs, &disturbed)) return false;
  *design = disturbed;
  return true;
}

}  // namespace oneloop
