#ifndef ONELOOP_SERVER_SEARCH_GRADIENT_SEARCH_H_
#define ONELOOP_SERVER_SEARCH_GRADIENT_SEARCH_H_

#include <optional>

#include "common/base/random.h"
#include "server/search/design_state.h"
#include "server/search/evaluator.h"
#include "server/search/start_summary.h"

namespace oneloop {

// One start of the gradient search: random hardware and a mapping made for it, descent with a rounding every
// round_period steps, then discrete polish of the best rounded design.
StartSummary RunGradientStart(Evaluator& evaluator, Random& random);

// The same in one stage of the evaluator, by its goal. Returns the design that it ends with; nothing when it found
// none.
std::optional<DesignState> RunGradientStage(Evaluator& evaluator, Random& random, StartSummary* summary);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_GRADIENT_SEARCH_H_
