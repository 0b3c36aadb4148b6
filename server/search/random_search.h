#ifndef ONELOOP_SERVER_SEARCH_RANDOM_SEARCH_H_
#define ONELOOP_SERVER_SEARCH_RANDOM_SEARCH_H_

#include "common/base/random.h"
#include "server/search/evaluator.h"
#include "server/search/start_summary.h"

namespace oneloop {

// One start of the random search: random hardware points, one for about every 1,000 samples, and on each as many
// random mappings of each layer as it has samples. One sample evaluates one mapping of each layer and is one point;
// whenever the layers' best mappings so far make a better design, that is a point too.
StartSummary RunRandomStart(Evaluator& evaluator, Random& random);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_RANDOM_SEARCH_H_
