#ifndef ONELOOP_SERVER_SEARCH_DESCENT_H_
#define ONELOOP_SERVER_SEARCH_DESCENT_H_

#include <memory>
#include <span>
#include <vector>

#include "common/mapping/mapping.h"
#include "common/model/smooth/smooth_model.h"
#include "server/search/evaluator.h"
#include "server/search/factor_optimizer.h"
#include "server/search/range_projection.h"

namespace oneloop {

// Projected Adam on the factors of all layers at once, in log2 or raw as the job says. Used by one thread.
class Descent {
 public:
  // `model` and `evaluator` must outlive the descent.
  Descent(const SmoothModel& model, Evaluator& evaluator);

  // Takes factors and orders from whole mappings, one a layer, and forgets the momentum.
  void StartFrom(const std::vector<Mapping>& mappings);

  // Evaluations of the whole workload that one step takes: one for each candidate order.
  int samples_per_step() const { return static_cast<int>(orders_.front().candidates.size()); }

  // One step; every few of them the prices of limits are set anew. Reports the point that it evaluated. False when the
  // value or a derivative is not finite.
  bool Step();

  // log2 of each factor, as SmoothModel::index says.
  std::span<const double> x() const { return x_; }
  const SmoothModel& model() const { return model_; }
  const HardwarePoint& hardware() const { return result_.hardware; }
  double value() const { return result_.value; }

 private:
  void SetOrders(const std::vector<Mapping>& mappings);
  void UpdateWeights();

  const SmoothModel& model_;
  Evaluator& evaluator_;
  SmoothModel::WorkspacePtr workspace_;
  std::vector<SmoothModel::Orders> orders_;
  std::vector<double> x_;
  std::vector<double> gradient_;
  std::unique_ptr<FactorOptimizer> optimizer_;
  const RangeProjection ranges_;
  SmoothModel::Result result_;
  std::vector<double> multipliers_;  // by limit, kept from one start to the next
  int steps_ = 0;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_DESCENT_H_
