#ifndef ONELOOP_SERVER_SEARCH_DESIGN_PROBE_H_
#define ONELOOP_SERVER_SEARCH_DESIGN_PROBE_H_

#include <cstdint>
#include <functional>

#include "common/base/random.h"
#include "common/model/smooth/smooth_model.h"
#include "server/search/design_state.h"
#include "server/search/evaluator.h"
#include "server/search/layer_search.h"
#include "server/search/moves.h"
#include "server/search/null_sink.h"
#include "server/search/search_spec.h"

namespace oneloop {

// A look at what a known design becomes on other hardware or under other limits, on a spec and a budget of its own:
// first what the gradient promises, or a search. Used by one thread.
class DesignProbe {
 public:
  // `model`, `smooth` (of the spec's layers) and `moves` must outlive the probe. `stream` tells apart the random
  // sequences of probes with one seed.
  DesignProbe(SearchSpec spec, const CostModel& model, const SmoothModel& smooth, const MoveSet& moves,
              std::function<bool()> stop_requested, std::uint64_t stream);
  DesignProbe(const DesignProbe&) = delete;
  DesignProbe& operator=(const DesignProbe&) = delete;

  Evaluator& evaluator() { return evaluator_; }

  // Moves a design to other hardware and re-tiles its layers along the gradient: those that do not fit give up what it
  // says is cheapest, then each takes what promises to pay until nothing does. False when some layer fits nowhere, or
  // the budget ends before all do.
  bool Follow(const HardwarePoint& hardware, DesignState* state);
  // The same from so many other tilings of each layer: new ones, and those of other layers.
  void FollowFromOthers(std::int64_t tilings, DesignState* state);
  // Polish (polish.h) with what is left of the budget.
  void Search(DesignState* state);
  // What another design does better for a layer, where it fits.
  void TakeFrom(const DesignState& other, DesignState* state);

 private:
  const Mapping* OtherThan(int layer, const DesignState& state);
  bool Improve(int layer, LayerDesign design, DesignState* state);
  bool Take(int layer, const LayerDesign& design, DesignState* state);

  const SearchSpec spec_;
  NullSink sink_;
  Evaluator evaluator_;
  Random random_;
  LayerSearch layers_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_DESIGN_PROBE_H_
