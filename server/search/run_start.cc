#include "server/search/run_start.h"

#include <cstdint>

#include "common/base/random.h"
#include "common/model/exact/cost_model.h"
#include "server/search/bayesian_search.h"
#include "server/search/costless_parameters.h"
#include "server/search/default_tiler.h"
#include "server/search/distinct_layers.h"
#include "server/search/evaluator.h"
#include "server/search/front_search.h"
#include "server/search/gradient_search.h"
#include "server/search/random_search.h"

namespace oneloop {
namespace {

// Says how the algorithm itself ended; what every start has in common is filled in by the caller.
StartSummary RunAlgorithm(Evaluator& evaluator, int start, Random& random) {
  switch (evaluator.spec().algorithm) {
    case Algorithm::kRandom:
      return RunRandomStart(evaluator, random);
    case Algorithm::kBayesian:
      return RunBayesianStart(evaluator, random);
    case Algorithm::kDefaultTiling:
      return RunDefaultTilerStart(evaluator);
    case Algorithm::kGradient:
      break;
  }
  return evaluator.spec().front.has_value() ? RunFrontStart(evaluator, start, random)
                                            : RunGradientStart(evaluator, random);
}

}  // namespace

StartSummary RunStart(const SearchSpec& spec, int start, PointSink& sink) {
  const CostModel model(spec.hardware_template);
  DistinctLayers layers(spec, sink);
  CostlessRoom room(layers.spec(), model, layers);
  Evaluator evaluator(room.spec(), model, room);
  Random random(MixSeed(spec.seed, static_cast<std::uint64_t>(start)));
  StartSummary summary = RunAlgorithm(evaluator, start, random);
  // A start that was stopped may have missed points before its last one.
  if (evaluator.stopped()) {
    summary.termination = StartSummary::Termination::kStopped;
  } else if (evaluator.stop_score_reached()) {
    summary.termination = StartSummary::Termination::kStopScoreReached;
  }
  summary.samples = evaluator.samples();
  summary.points = evaluator.points();
  summary.best_score = evaluator.best_score();
  return summary;
}

}  // namespace oneloop
