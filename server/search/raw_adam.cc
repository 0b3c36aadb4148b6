#include "server/search/raw_adam.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "server/search/adam.h"

namespace oneloop {
namespace {

constexpr int kBisections = 40;

// Where (f − factor)² / 2 + multiplier · ln f has its local minimum in f ≥ 1; at 1 when it has none above.
double Reduced(double factor, double multiplier) {
  const double square = factor * factor - 4 * multiplier;
  return square > 0 ? std::max(1.0, (factor + std::sqrt(square)) / 2) : 1.0;
}

double ProductOf(std::span<const double> factors, double multiplier) {
  double product = 1;
  for (const double factor : factors) product *= Reduced(factor, multiplier);
  return product;
}

}  // namespace

void ProjectProduct(double bound, std::span<double> factors) {
  if (ProductOf(factors, 0) <= bound) return;
  // The multiplier of the constraint: the product falls as it grows.
  double too_small = 0;
  double enough = 0;
  for (const double factor : factors) enough = std::max(enough, factor * factor);
  for (int i = 0; i < kBisections; ++i) {
    const double middle = (too_small + enough) / 2;
    (ProductOf(factors, middle) <= bound ? enough : too_small) = middle;
  }
  for (double& factor : factors) factor = Reduced(factor, enough);
}

RawAdam::RawAdam(const SmoothModel& model) : first_moment_(model.size()), second_moment_(model.size()) {
  for (int layer = 0; layer < model.num_layers(); ++layer) {
    for (const Dim dim : kAllDims) {
      Group group;
      for (int s = 0; s < model.num_slots(); ++s) {
        if (model.slots()[static_cast<std::size_t>(s)].dim != dim || !model.IsActive(layer, s)) continue;
        group.places.push_back(model.index(layer, s));
        group.bound = std::exp2(model.log2_bound(layer, s));
      }
      if (!group.places.empty()) groups_.push_back(std::move(group));
    }
  }
}

void RawAdam::Reset() {
  std::fill(first_moment_.begin(), first_moment_.end(), 0.0);
  std::fill(second_moment_.begin(), second_moment_.end(), 0.0);
  power1_ = power2_ = 1;
}

double RawAdam::Moved(double rate, double factor, double slope, std::size_t place) {
  double& first = first_moment_[place];
  double& second = second_moment_[place];
  first = kAdamDecay1 * first + (1 - kAdamDecay1) * slope;
  second = kAdamDecay2 * second + (1 - kAdamDecay2) * slope * slope;
  const double scale = std::sqrt(second / (1 - power2_)) + kAdamEpsilon;
  return std::max(1.0, factor - rate * first / ((1 - power1_) * scale));
}

bool RawAdam::Step(double rate, std::span<const double> gradient, std::span<double> x) {
  power1_ *= kAdamDecay1;
  power2_ *= kAdamDecay2;
  bool finite = true;
  std::vector<double> factors;
  for (const Group& group : groups_) {
    factors.clear();
    for (const std::size_t place : group.places) {
      const double factor = std::exp2(x[place]);
      const double slope = gradient[place] / (factor * std::numbers::ln2);
      finite = finite && std::isfinite(slope);
      factors.push_back(Moved(rate, factor, slope, place));
    }
    ProjectProduct(group.bound, factors);
    for (std::size_t i = 0; i < factors.size(); ++i) x[group.places[i]] = std::log2(factors[i]);
  }
  return finite;
}

}  // namespace oneloop
