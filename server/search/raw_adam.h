#ifndef ONELOOP_SERVER_SEARCH_RAW_ADAM_H_
#define ONELOOP_SERVER_SEARCH_RAW_ADAM_H_

#include <cstddef>
#include <span>
#include <vector>

#include "common/model/smooth/smooth_model.h"
#include "server/search/factor_optimizer.h"

namespace oneloop {

// Adam as published, with a second moment for each variable, on the factors themselves: f = 2^x, with ∂value/∂f =
// ∂value/∂x / (f ln 2). The first step moves a factor by the rate, whatever its size. Then ProjectProduct for each
// layer and dimension.
class RawAdam : public FactorOptimizer {
 public:
  explicit RawAdam(const SmoothModel& model);

  void Reset() override;
  bool Step(double rate, std::span<const double> gradient, std::span<double> x) override;

 private:
  // Factors of one layer and dimension, by their places in x.
  struct Group {
    std::vector<std::size_t> places;
    double bound = 1;
  };

  // A factor after its step, before the projection.
  double Moved(double rate, double factor, double slope, std::size_t place);

  std::vector<Group> groups_;
  std::vector<double> first_moment_;
  std::vector<double> second_moment_;
  double power1_ = 1;  // decay rates to the power of the steps
  double power2_ = 1;
};

// Moves factors, each ≥ 1, to the nearest ones whose product is at most `bound`, which is ≥ 1. That set is not convex:
// it is the nearest point that is reached by shrinking the factors together, along which each goes down to half of
// itself and then at once to 1.
void ProjectProduct(double bound, std::span<double> factors);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_RAW_ADAM_H_
