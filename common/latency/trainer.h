#ifndef ONELOOP_COMMON_LATENCY_TRAINER_H_
#define ONELOOP_COMMON_LATENCY_TRAINER_H_

#include <functional>
#include <span>

#include "absl/status/statusor.h"
#include "common/latency/measurements.h"
#include "common/latency/network_fit.h"
#include "common/latency/physics_fit.h"
#include "common/model/latency/latency_predictor.h"

namespace oneloop {

struct TrainerOptions {
  PhysicsFitOptions physics;
  NetworkFitOptions networks;
  // Standard deviation over the members, of the natural logarithm, at which half of a correction is left.
  double agreement = 0.6;
};

// INVALID_ARGUMENT naming the field: a number that is not finite or out of range.
absl::Status ValidateTrainerOptions(const TrainerOptions& options);

// The analytical model's form with fitted coefficients, times a learned correction that is let in where the ensemble
// agrees. `rows` of the measurements. should_stop as for FitNetworks. The same arguments give the same bits.
absl::StatusOr<LatencyParameters> TrainCombined(const Measurements& measurements, std::span<const int> rows,
                                                const TrainerOptions& options,
                                                const std::function<bool(double)>& should_stop);

// From factors and extents alone, without the analytical model's form or counts: for comparison.
absl::StatusOr<LatencyParameters> TrainLearned(const Measurements& measurements, std::span<const int> rows,
                                               const TrainerOptions& options,
                                               const std::function<bool(double)>& should_stop);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_LATENCY_TRAINER_H_
