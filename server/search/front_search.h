#ifndef ONELOOP_SERVER_SEARCH_FRONT_SEARCH_H_
#define ONELOOP_SERVER_SEARCH_FRONT_SEARCH_H_

#include "common/base/random.h"
#include "server/search/evaluator.h"
#include "server/search/start_summary.h"

namespace oneloop {

// One start of the gradient search for a front. It begins at a place of its own: an ordinary start within a budget for
// one figure, or, where only energy and latency are asked for, for a product of them. Budgets are a low-discrepancy
// sequence by the start's index, so that few starts are far apart and more of them come between. Then it walks along
// the front in stages of equal samples: FrontGaps says where a design is missed, and the designs on either side are
// polished for it. So the front comes before any one of its points, `best` included. Precondition: the spec has a
// front.
StartSummary RunFrontStart(Evaluator& evaluator, int start, Random& random);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_FRONT_SEARCH_H_
