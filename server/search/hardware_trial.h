#ifndef ONELOOP_SERVER_SEARCH_HARDWARE_TRIAL_H_
#define ONELOOP_SERVER_SEARCH_HARDWARE_TRIAL_H_

#include <optional>
#include <vector>

#include "common/base/random.h"
#include "common/mapping/mapping.h"
#include "common/model/exact/cost_model.h"
#include "server/search/evaluator.h"
#include "server/search/mapping_sampler.h"
#include "server/search/search_point.h"

namespace oneloop {

// Samplers of every layer, in the order of the workload; fewer once the start is stopped.
std::vector<MappingSampler> MakeSamplers(Evaluator& evaluator, Random& random);

// Random hardware on which every layer fits in single elements and that keeps the limit on area; the largest hardware
// of the spec's range when many draws find none. Nothing when layers do not fit that either, or the start is stopped.
std::optional<HardwarePoint> DrawHardware(Evaluator& evaluator, const std::vector<MappingSampler>& samplers,
                                          Random& random);

// Whole-workload samples on one hardware point, which stays as it is, and the design made of each layer's best mapping.
// A sample is reported as a point; so is each improvement of the best design, which asks the model for nothing and
// therefore costs no sample. Used by one thread.
class HardwareTrial {
 public:
  // `evaluator` must outlive the trial.
  HardwareTrial(Evaluator& evaluator, SearchPointOrigin origin, HardwarePoint hardware);

  const HardwarePoint& hardware() const { return hardware_; }
  const ComponentCosts& costs() const { return costs_; }

  // Evaluates and reports one mapping of each layer: one sample, which the budget must hold. The mappings must fit.
  void Sample(const std::vector<Mapping>& mappings);

  // Figures of each layer at the last sample.
  const std::vector<LayerFigures>& figures() const { return figures_; }
  // log2 of what the search minimises for one layer alone.
  double LogCost(const LayerFigures& figures) const;
  // Of the best design so far; infinite before the first sample.
  double merit() const { return merit_; }

 private:
  // What a layer's mappings are compared by: log2 energy and log2 latency, weighed.
  struct Criterion {
    ObjectiveWeights weights;
    std::vector<LayerFigures> figures;
    std::vector<double> costs;
    std::vector<Mapping> mappings;
    bool mixed = false;  // the mappings come from more than one sample
  };

  void Keep(const std::vector<Mapping>& mappings, Criterion* criterion);
  WorkloadMetrics Sum(const std::vector<LayerFigures>& figures) const;

  Evaluator& evaluator_;
  const SearchPointOrigin origin_;
  const HardwarePoint hardware_;
  const ComponentCosts costs_;
  std::vector<LayerFigures> figures_;
  std::vector<Criterion> criteria_;  // the objective's first, then one for each limited figure
  double merit_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_HARDWARE_TRIAL_H_
