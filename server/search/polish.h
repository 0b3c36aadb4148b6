#ifndef ONELOOP_SERVER_SEARCH_POLISH_H_
#define ONELOOP_SERVER_SEARCH_POLISH_H_

#include <optional>
#include <vector>

#include "common/base/random.h"
#include "server/search/design_state.h"
#include "server/search/evaluator.h"
#include "server/search/layer_search.h"
#include "server/search/moves.h"

namespace oneloop {

// Discrete improvement of a whole design until the budget is used up: moves of single layers on the present hardware,
// then, by turns, changes of one hardware parameter (layers that no longer fit, or can now do better, are fitted
// again) and restarts of single layers from a disturbed mapping. Reports each accepted change. Used by one thread.
class Polish {
 public:
  // All must outlive the polish.
  Polish(Evaluator& evaluator, const MoveSet& moves, Random& random);

  void Run(DesignState* state);

 private:
  LayerSearch::Slopes SlopesOf(const DesignState& state) const;
  // Improves one layer in place; true when it changed.
  bool ImproveLayer(int layer, DesignState* state);
  void ImproveLayers(DesignState* state);
  // Gives back what no layer needs, if that is better; true when it was.
  bool Shrink(DesignState* state);
  void TryHardware(DesignState* state);
  void TryLayer(DesignState* state);
  std::vector<HardwarePoint> NearbyHardware(const DesignState& state);
  bool Refit(const HardwarePoint& hardware, DesignState* state);
  void Report(const DesignState& state);

  Evaluator& evaluator_;
  Random& random_;
  LayerSearch layers_;
  // By layer: where single moves were last found to be exhausted.
  struct Exhausted {
    Mapping mapping;
    HardwarePoint hardware;
  };
  std::vector<std::optional<Exhausted>> exhausted_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_POLISH_H_
