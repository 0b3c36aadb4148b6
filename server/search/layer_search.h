#ifndef ONELOOP_SERVER_SEARCH_LAYER_SEARCH_H_
#define ONELOOP_SERVER_SEARCH_LAYER_SEARCH_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_set>
#include <vector>

#include "common/base/random.h"
#include "common/mapping/mapping.h"
#include "common/model/exact/cost_model.h"
#include "common/model/smooth/smooth_model.h"
#include "server/search/evaluator.h"
#include "server/search/moves.h"
#include "server/search/neighbourhood.h"

namespace oneloop {

// One layer's mapping with its exact figures on some hardware.
struct LayerDesign {
  Mapping mapping;
  LayerUse use;
  LayerFigures figures;
};

// Discrete search over the mapping of one layer on fixed hardware. Every evaluation is counted by the evaluator
// (whether a mapping fits is looked up first and is not one); every method returns early when that has finished. Used
// by one thread.
class LayerSearch {
 public:
  // Linear weights of a layer's energy and latency, as the objective of the whole workload sees them.
  struct Slopes : ObjectiveWeights {
    double Of(const LayerFigures& figures) const {
      return energy * figures.energy_uj + latency * figures.latency_cycles;
    }
  };

  // At a design with these figures, by network; 0 of what the goal would have more of.
  static std::vector<Slopes> SlopesOf(const Goal& goal, const WorkloadMetrics& metrics, std::size_t num_networks);

  // All must outlive the search.
  LayerSearch(Evaluator& evaluator, const SmoothModel& smooth, const MoveSet& moves, Random& random);

  LayerDesign Evaluate(int layer, const Mapping& mapping, const ComponentCosts& costs);

  // Chooses the loop order of each level, from the outermost inwards, by energy times latency (as the objective
  // weighs them).
  void ChooseOrders(int layer, const ComponentCosts& costs, LayerDesign* design);

  // Moves until the layer fits, giving up as little as the gradient says; when no move helps, starts from a
  // constructive mapping. False when nothing fits.
  bool Repair(int layer, const ComponentCosts& costs, LayerDesign* design);

  // Accepts improving neighbours, those first that the gradient ranks first, until none of the best few improves. True
  // when anything improved.
  bool Improve(int layer, const ComponentCosts& costs, const Slopes& slopes, LayerDesign* design);

  // Another mapping that fits, to improve from: the present one after a few random moves, a constructive one, or one
  // like that of another layer, if it is given. False, and nothing is done, when none was found.
  bool Disturb(int layer, const ComponentCosts& costs, const Mapping* other, LayerDesign* design);

 private:
  double LogCost(const LayerFigures& figures) const;

  Evaluator& evaluator_;
  const SmoothModel& smooth_;
  const MoveSet& moves_;
  Random& random_;
  Neighbourhood neighbourhood_;
  std::unordered_set<std::uint64_t> tried_;  // by Improve, since it began
  std::vector<Move> scratch_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_LAYER_SEARCH_H_
