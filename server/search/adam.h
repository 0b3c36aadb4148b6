#ifndef ONELOOP_SERVER_SEARCH_ADAM_H_
#define ONELOOP_SERVER_SEARCH_ADAM_H_

#include <cstddef>
#include <span>
#include <vector>

#include "common/model/smooth/smooth_model.h"
#include "server/search/factor_optimizer.h"

namespace oneloop {

// As published.
inline constexpr double kAdamDecay1 = 0.9;    // of the first moment, a step
inline constexpr double kAdamDecay2 = 0.999;  // of the second moment, a step
inline constexpr double kAdamEpsilon = 1e-8;

// Adam (Kingma and Ba, ICLR 2015) on log2 of the factors, with one second moment for each layer, projected onto factors
// ≥ 1 whose product per layer and dimension stays within the bound: the nearest such point in log2. Factors of one
// layer compete for a bound and for room, which a scale of its own for each factor would decide by sign instead of
// size. The same bits on every vector width.
class ProjectedAdam : public FactorOptimizer {
 public:
  explicit ProjectedAdam(const SmoothModel& model);

  void Reset() override;
  bool Step(double rate, std::span<const double> gradient, std::span<double> x) override;

 private:
  std::size_t num_blocks_;
  std::size_t num_slots_;
  std::vector<std::vector<std::size_t>> groups_;  // slots of one dimension
  std::vector<double> room_;                      // log2 of the bound, like x
  std::vector<double> first_moment_;
  std::vector<double> second_moment_;
  double power1_ = 1;  // decay rates to the power of the steps
  double power2_ = 1;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_ADAM_H_
