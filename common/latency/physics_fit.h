#ifndef ONELOOP_COMMON_LATENCY_PHYSICS_FIT_H_
#define ONELOOP_COMMON_LATENCY_PHYSICS_FIT_H_

#include <functional>
#include <span>

#include "absl/status/statusor.h"
#include "common/latency/measurements.h"
#include "common/model/latency/latency_predictor.h"

namespace oneloop {

// Fits the physical part of a latency predictor to some rows: the minimum over logarithms of the coefficients and of
// p − 1 of
//
//   Σ w · huber(ln predicted − ln measured) + prior_weight · rows · Σ ((θ − θ_prior) / σ_prior)² / 2
//   w = (cycles of the shape's fastest row / cycles)^efficiency, scaled to mean 1;  huber(r) = δ² (√(1 + (r/δ)²) − 1)
//
// Efficient mappings weigh more, since that is where a search goes; what a start-up cost does to bad ones is learned on
// top. Levenberg-Marquardt with reweighting; deterministic; without rows it returns the prior. Thread-safe.
struct PhysicsFitOptions {
  double efficiency = 2;
  double delta = 0.3;
  double prior_weight = 1e-3;
  int most_iterations = 60;
};

// `should_stop` is asked before every step, and may be empty; CANCELLED when it says so.
absl::StatusOr<LatencyPhysics> FitPhysics(const Measurements& measurements, std::span<const int> rows,
                                          const PhysicsFitOptions& options,
                                          const std::function<bool()>& should_stop = nullptr);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_LATENCY_PHYSICS_FIT_H_
