#include "server/search/layer_proposals.h"

#include <algorithm>
#include <numeric>

namespace oneloop {
namespace {

constexpr std::size_t kCandidates = 256;
// Of the first fit, and of those that begin from an earlier one.
constexpr int kFirstFitIterations = 40;
constexpr int kFitIterations = 15;
// Below so many observations the process has nothing to say.
constexpr std::size_t kMinPoints = 4;

}  // namespace

std::vector<std::size_t> Largest(const std::vector<double>& values, std::size_t count) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  count = std::min(count, order.size());
  std::partial_sort(
      order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
      [&values](std::size_t a, std::size_t b) { return values[a] > values[b] || (values[a] == values[b] && a < b); });
  order.resize(count);
  return order;
}

LayerProposals::LayerProposals(const Template& hardware_template, const LayerShape& shape)
    : features_(hardware_template, shape) {}

void LayerProposals::Clear() {
  inputs_.clear();
  costs_.clear();
  fit_at_ = 0;
}

void LayerProposals::Observe(const Mapping& mapping, double cost) {
  inputs_.push_back(features_.Of(mapping));
  costs_.push_back(cost);
}

std::vector<std::size_t> LayerProposals::TrainingSubset() const {
  std::vector<std::size_t> subset(costs_.size());
  std::iota(subset.begin(), subset.end(), std::size_t{0});
  if (subset.size() <= kMaxPoints) return subset;
  const std::size_t latest = subset.size() - kMaxPoints / 2;
  std::nth_element(
      subset.begin(), subset.begin() + kMaxPoints / 2, subset.begin() + static_cast<std::ptrdiff_t>(latest),
      [this](std::size_t a, std::size_t b) { return costs_[a] < costs_[b] || (costs_[a] == costs_[b] && a < b); });
  subset.erase(subset.begin() + kMaxPoints / 2, subset.begin() + static_cast<std::ptrdiff_t>(latest));
  std::sort(subset.begin(), subset.end());
  return subset;
}

std::vector<Mapping> LayerProposals::Propose(std::size_t count, MappingSampler& sampler, Random& random,
                                             const std::function<bool()>& stop) {
  const bool informed = costs_.size() >= kMinPoints;
  std::vector<Mapping> candidates;
  for (std::size_t i = 0; i < (informed ? std::max(kCandidates, count) : count); ++i) {
    if (stop()) return {};
    candidates.push_back(sampler.Draw(random));
  }
  if (!informed) return candidates;

  const std::vector<std::size_t> subset = TrainingSubset();
  Eigen::MatrixXd inputs(static_cast<Eigen::Index>(subset.size()), features_.size());
  Eigen::VectorXd targets(inputs.rows());
  for (std::size_t i = 0; i < subset.size(); ++i) {
    inputs.row(static_cast<Eigen::Index>(i)) = inputs_[subset[i]];
    targets[static_cast<Eigen::Index>(i)] = costs_[subset[i]];
  }
  if (costs_.size() >= fit_at_) {
    const bool first = !parameters_.has_value();
    parameters_ =
        GaussianProcess::Fit(inputs, targets, first ? KernelParameters::Default(features_.size()) : *parameters_,
                             first ? kFirstFitIterations : kFitIterations, stop);
    fit_at_ = 2 * costs_.size();
  }
  if (stop()) return {};
  const GaussianProcess process(inputs, targets, *parameters_);
  Eigen::MatrixXd queries(static_cast<Eigen::Index>(candidates.size()), features_.size());
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    queries.row(static_cast<Eigen::Index>(i)) = features_.Of(candidates[i]);
  }
  const GaussianProcess::Prediction prediction = process.Predict(queries);
  const double best = *std::min_element(costs_.begin(), costs_.end());
  std::vector<double> gains;
  for (Eigen::Index i = 0; i < queries.rows(); ++i) {
    gains.push_back(ExpectedImprovement(prediction.mean[i], prediction.deviation[i], best));
  }
  std::vector<Mapping> proposals;
  for (const std::size_t i : Largest(gains, count)) proposals.push_back(candidates[i]);
  return proposals;
}

}  // namespace oneloop
