#ifndef ONELOOP_SERVER_SEARCH_LAYER_PROPOSALS_H_
#define ONELOOP_SERVER_SEARCH_LAYER_PROPOSALS_H_

#include <Eigen/Core>
#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "common/base/random.h"
#include "common/mapping/mapping.h"
#include "server/search/gaussian_process.h"
#include "server/search/mapping_features.h"
#include "server/search/mapping_sampler.h"

namespace oneloop {

// The inner loop of Bayesian optimisation: proposes mappings of one layer on one hardware point after another, by the
// expected improvement under a Gaussian process over mapping features. What was observed on one hardware point is
// forgotten with the next; the kernel's hyper-parameters are kept as the beginning of the next fit. The process is
// conditioned on no more than kMaxPoints observations, half of them the best, the rest the latest. Used by one thread.
class LayerProposals {
 public:
  static constexpr std::size_t kMaxPoints = 128;

  LayerProposals(const Template& hardware_template, const LayerShape& shape);

  // Forgets the observations.
  void Clear();
  // `cost` is finite; less is better.
  void Observe(const Mapping& mapping, double cost);
  // The `count` of many random mappings that promise most, the best first; random ones as long as there is nothing to
  // learn from. `sampler` is set to the hardware. Empty when `stop` said to end.
  std::vector<Mapping> Propose(std::size_t count, MappingSampler& sampler, Random& random,
                               const std::function<bool()>& stop);

 private:
  std::vector<std::size_t> TrainingSubset() const;

  const MappingFeatures features_;
  std::vector<Eigen::RowVectorXd> inputs_;
  std::vector<double> costs_;
  std::optional<KernelParameters> parameters_;
  std::size_t fit_at_ = 0;  // observations at which to fit again
};

// Indices of the `count` largest values, descending; the lower index first among equals.
std::vector<std::size_t> Largest(const std::vector<double>& values, std::size_t count);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_LAYER_PROPOSALS_H_
