#include "server/search/layer_search.h"

#include <cmath>
#include <cstddef>
#include <limits>

#include "common/mapping/orders.h"
#include "server/search/start_point.h"

namespace oneloop {
namespace {

// An improvement below this share is rounding, not progress.
constexpr double kProgress = 1e-9;
// While repairing, an overflow of a factor of 2 weighs as much as this in log2 of the layer's cost.
constexpr double kOverflowWeight = 3;

}  // namespace

LayerSearch::LayerSearch(Evaluator& evaluator, const MoveSet& moves, Random& random)
    : evaluator_(evaluator), moves_(moves), random_(random) {}

LayerDesign LayerSearch::Evaluate(int layer, const Mapping& mapping, const ComponentCosts& costs) {
  LayerDesign design{mapping, evaluator_.EvaluateLayer(layer, mapping), {}};
  design.figures = evaluator_.model().Score(design.use, costs);
  return design;
}

double LayerSearch::LogCost(const LayerFigures& figures) const {
  return WeighedLog2(WeightsOf(evaluator_.spec().objective), figures.energy_uj, figures.latency_cycles);
}

double LayerSearch::Overflow(const ResourceNeeds& need, const ComponentCosts& costs) const {
  double overflow = 0;
  for (std::size_t r = 0; r < evaluator_.model().hardware_template().resources().size(); ++r) {
    if (need[r] > costs.limit[r]) overflow += std::log2(need[r] / costs.limit[r]);
  }
  return overflow;
}

void LayerSearch::ChooseOrders(int layer, const ComponentCosts& costs, LayerDesign* design) {
  for (int level = evaluator_.model().hierarchy().num_levels - 1; level >= 1; --level) {
    const Mapping base = design->mapping;
    std::vector<Dim> loops;
    for (const Dim dim : kAllDims) {
      if (base.t(level, dim) > 1) loops.push_back(dim);
    }
    if (loops.size() < 2) continue;
    for (const Dim dim : loops) {
      if (evaluator_.Finished()) return;
      Mapping trial = base;
      trial.order[static_cast<std::size_t>(level)] = OrderAround(dim);
      const LayerDesign candidate = Evaluate(layer, trial, costs);
      if (LogCost(candidate.figures) < LogCost(design->figures) - kProgress) *design = candidate;
    }
  }
}

bool LayerSearch::Fits(int layer, const Mapping& mapping, const ComponentCosts& costs) const {
  const CostModel& model = evaluator_.model();
  return model.FirstShortage(model.Needs(evaluator_.shape(layer), mapping), costs) < 0;
}

bool LayerSearch::Repair(int layer, const ComponentCosts& costs, LayerDesign* design) {
  std::vector<Move> moves;
  double overflow = Overflow(design->use.need, costs);
  while (overflow > 0) {
    moves_.List(design->mapping, &moves);
    LayerDesign best;
    double best_cost = std::numeric_limits<double>::infinity();
    double best_overflow = overflow;
    for (const Move& move : moves) {
      if (move.kind != Move::Kind::kFactor) continue;
      if (evaluator_.Finished()) return false;
      const Mapping moved = MoveSet::Apply(design->mapping, move);
      const double left = Overflow(evaluator_.model().Needs(evaluator_.shape(layer), moved), costs);
      if (left >= overflow) continue;
      const LayerDesign trial = Evaluate(layer, moved, costs);
      const double cost = LogCost(trial.figures) + kOverflowWeight * left;
      if (cost < best_cost) {
        best_cost = cost;
        best_overflow = left;
        best = trial;
      }
    }
    if (best_overflow >= overflow) {
      const std::optional<Mapping> fresh =
          ConstructiveMapping(evaluator_.model(), evaluator_.shape(layer), costs, random_);
      if (!fresh.has_value() || evaluator_.Finished()) return false;
      *design = Evaluate(layer, *fresh, costs);
      ChooseOrders(layer, costs, design);
      return true;
    }
    *design = best;
    overflow = best_overflow;
  }
  return true;
}

bool LayerSearch::Improve(int layer, const ComponentCosts& costs, const Slopes& slopes, LayerDesign* design) {
  bool improved = false;
  double cost = slopes.Of(design->figures);
  for (bool progress = true; progress;) {
    progress = false;
    moves_.List(design->mapping, &scratch_);
    Shuffle(&scratch_, random_);
    for (const Move& move : scratch_) {
      if (evaluator_.Finished()) return improved;
      const Mapping moved = MoveSet::Apply(design->mapping, move);
      if (move.kind == Move::Kind::kFactor && !Fits(layer, moved, costs)) continue;
      const LayerDesign trial = Evaluate(layer, moved, costs);
      const double trial_cost = slopes.Of(trial.figures);
      if (!(trial_cost < cost * (1 - kProgress))) continue;
      *design = trial;
      cost = trial_cost;
      improved = progress = true;
      break;
    }
  }
  return improved;
}

void LayerSearch::Kick(int layer, int count, const ComponentCosts& costs, LayerDesign* design) {
  Mapping mapping = design->mapping;
  for (int i = 0; i < count; ++i) {
    moves_.List(mapping, &scratch_);
    if (scratch_.empty()) return;
    mapping = MoveSet::Apply(mapping, scratch_[random_.Below(scratch_.size())]);
  }
  *design = Evaluate(layer, mapping, costs);
}

}  // namespace oneloop
