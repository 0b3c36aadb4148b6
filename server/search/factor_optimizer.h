#ifndef ONELOOP_SERVER_SEARCH_FACTOR_OPTIMIZER_H_
#define ONELOOP_SERVER_SEARCH_FACTOR_OPTIMIZER_H_

#include <span>

namespace oneloop {

// How a descent moves the factors of all layers. Vectors are laid out as SmoothModel::index says, and x is log2 of the
// factors whatever is moved; after a step all factors are ≥ 1 and their product per layer and dimension is within the
// bound. The same bits on every machine. Used by one thread.
class FactorOptimizer {
 public:
  virtual ~FactorOptimizer() = default;

  // Forgets the momentum.
  virtual void Reset() = 0;

  // Moves x against the gradient, ∂value/∂x. False, with x of no use, when a derivative is not finite.
  virtual bool Step(double rate, std::span<const double> gradient, std::span<double> x) = 0;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_FACTOR_OPTIMIZER_H_
