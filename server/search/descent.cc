#include "server/search/descent.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "server/search/adam.h"
#include "server/search/raw_adam.h"

namespace oneloop {
namespace {

// How sharply the softmax strategy prefers cheaper orders: a factor of 2 in energy times latency weighs e^kSharpness.
constexpr double kSharpness = 4;
// Steps in which the factors follow the prices of limits.
constexpr int kMultiplierPeriod = 10;

std::unique_ptr<FactorOptimizer> MakeOptimizer(Parametrization parametrization, const SmoothModel& model) {
  if (parametrization == Parametrization::kRaw) return std::make_unique<RawAdam>(model);
  return std::make_unique<ProjectedAdam>(model);
}

}  // namespace

Descent::Descent(const SmoothModel& model, Evaluator& evaluator)
    : model_(model),
      evaluator_(evaluator),
      workspace_(model.MakeWorkspace()),
      x_(model.size()),
      gradient_(x_.size()),
      optimizer_(MakeOptimizer(evaluator.spec().parametrization, model)),
      ranges_(model),
      multipliers_(evaluator.goal().constraints().size()) {}

void Descent::StartFrom(const std::vector<Mapping>& mappings) {
  x_ = model_.FactorsOf(mappings);
  optimizer_->Reset();
  SetOrders(mappings);
}

void Descent::SetOrders(const std::vector<Mapping>& mappings) {
  orders_.assign(mappings.size(), {});
  for (std::size_t layer = 0; layer < mappings.size(); ++layer) {
    orders_[layer].candidates = {mappings[layer].order};
    if (evaluator_.spec().order_strategy == OrderStrategy::kSoftmax) {
      for (const Tensor tensor : kAllTensors) {
        orders_[layer].candidates.push_back(evaluator_.model().order_space().StationaryOrders(tensor));
      }
    }
    const std::size_t count = orders_[layer].candidates.size();
    orders_[layer].weights.assign(count, 1.0 / static_cast<double>(count));
  }
}

// Softmax over each layer's predicted costs; the weights count as constants in the next step's gradient.
void Descent::UpdateWeights() {
  for (std::size_t layer = 0; layer < orders_.size(); ++layer) {
    const std::vector<double>& costs = result_.candidate_costs[layer];
    if (costs.size() < 2) continue;
    const double least = *std::min_element(costs.begin(), costs.end());
    double sum = 0;
    for (std::size_t c = 0; c < costs.size(); ++c) {
      orders_[layer].weights[c] = std::exp(-kSharpness * (costs[c] - least));
      sum += orders_[layer].weights[c];
    }
    for (double& weight : orders_[layer].weights) weight /= sum;
  }
}

bool Descent::Step() {
  model_.Evaluate(
      x_, orders_, *workspace_, gradient_, &result_, [this] { return evaluator_.Interrupted(); }, multipliers_);
  evaluator_.CountWorkloads(samples_per_step());
  if (!std::isfinite(result_.value)) return false;
  evaluator_.Report(SearchPointOrigin::kDescent, result_.metrics, result_.hardware, nullptr);
  UpdateWeights();
  if (++steps_ % kMultiplierPeriod == 0) evaluator_.goal().UpdateMultipliers(result_.metrics, multipliers_);
  const bool is_finite = optimizer_->Step(evaluator_.spec().learning_rate, gradient_, x_);
  ranges_.Apply(x_);
  return is_finite;
}

}  // namespace oneloop
