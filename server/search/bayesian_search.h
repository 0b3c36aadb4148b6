#ifndef ONELOOP_SERVER_SEARCH_BAYESIAN_SEARCH_H_
#define ONELOOP_SERVER_SEARCH_BAYESIAN_SEARCH_H_

#include <cstdint>

#include "common/base/random.h"
#include "server/search/evaluator.h"
#include "server/search/start_summary.h"

namespace oneloop {

// Samples that a start spends on one hardware point at most: all when the hardware is `fixed`.
std::int64_t MostSamplesOnOneHardware(std::int64_t samples_per_start, bool fixed);

// One start of Bayesian optimisation in two loops. Outside, a Gaussian process over log2 of the hardware parameters
// predicts the best design's merit and proposes the next hardware point by expected improvement. Inside, about 100
// samples on that hardware: first random mappings, then small batches that each layer's own process proposes
// (LayerProposals). Samples and points as in the random search.
StartSummary RunBayesianStart(Evaluator& evaluator, Random& random);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_BAYESIAN_SEARCH_H_
