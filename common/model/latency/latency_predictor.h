#ifndef ONELOOP_COMMON_MODEL_LATENCY_LATENCY_PREDICTOR_H_
#define ONELOOP_COMMON_MODEL_LATENCY_LATENCY_PREDICTOR_H_

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/hardware/template.h"
#include "common/mapping/mapping.h"
#include "common/model/exact/cost_model.h"
#include "common/model/latency/latency_features.h"
#include "common/workload/workload.h"

namespace oneloop {

inline constexpr int kMaxLatencyMembers = 16;
inline constexpr int kMaxLatencyUnits = 32;  // of one hidden layer of one member

// Cycles by work, transfers and start-up costs: the p-norm of what runs side by side, and what nothing hides.
struct LatencyPhysics {
  std::vector<double> coefficients;  // cycles, by LatencyFeatures::parameters()
  double p = 2;                      // ≥ 1; 1 adds up, infinity takes the slowest
};

// An ensemble of small networks, each with two hidden layers of rational tanh units. All arrays are row by row.
struct LatencyNetworks {
  int members = 0;
  int first_units = 0;  // hidden units of each member
  int second_units = 0;
  std::vector<int> inputs;          // which of the features' inputs are used
  std::vector<double> first;        // [input][member][first unit]
  std::vector<double> first_bias;   // [member][first unit]
  std::vector<double> second;       // [member][first unit][second unit]
  std::vector<double> second_bias;  // [member][second unit]
  std::vector<double> last;         // [member][second unit]
  std::vector<double> last_bias;    // [member]
};

// Where the networks' word counts: what they saw, and how their disagreement is weighed.
struct LatencyTrust {
  std::vector<double> low;  // least and greatest value of each used input among the measurements, and its spread
  std::vector<double> high;
  std::vector<double> scale;
  double most_correction = 1;  // of the natural logarithm
  double agreement = 1;        // standard deviation over members at which half a correction is left
  double sigma = 0;            // of held-out errors of the natural logarithm, where members agree
  double untrusted_sigma = 0;  // the same without a correction
};

// A fitted predictor. Without physics, the networks alone give the natural logarithm of the cycles, less `offset`.
struct LatencyParameters {
  bool has_physics = true;
  double offset = 0;
  LatencyPhysics physics;
  LatencyNetworks networks;
  LatencyTrust trust;
};

struct LatencyPrediction {
  double cycles = 0;
  double log_sigma = 0;  // standard deviation of the natural logarithm: about the relative error
  double trust = 0;      // 0 to 1: how much of the learned correction was let in
};

// Predicts the latency of one layer's mapping on the hardware that was measured (docs/MODEL.md, "Learned latency"):
//
//   ln cycles = max(ln peak, ln physics + trust · most · R(mean / most))       R: rational tanh
//   trust = 1 / (1 + (variance of the members / agreement²)²) / (1 + Σ (distance outside of the inputs' range)²)
//
// so that far from the measurements the physical part is left, the correction is bounded everywhere, and nothing is
// faster than all multiply-accumulate units at work (peak), whatever was measured. Differentiable in log2 of the
// factors; kinked where the counts are, at the peak, at the size of an axis, and at the ends of a range (slope
// continuous). Immutable; thread-safe; predictions allocate nothing.
class LatencyPredictor {
 public:
  // INVALID_ARGUMENT naming the field: sizes that do not belong together, numbers that are not finite or out of range.
  // `model` must outlive the predictor. `hardware`: where latencies were measured.
  static absl::StatusOr<std::unique_ptr<const LatencyPredictor>> Create(const CostModel& model,
                                                                        const HardwarePoint& hardware,
                                                                        LatencyParameters parameters);

  const LatencyFeatures& features() const { return features_; }
  const LatencyParameters& parameters() const { return parameters_; }

  // Precondition: ValidateMapping is OK; `use` is CostModel::Use of the mapping.
  LatencyPrediction Predict(const LayerShape& shape, const Mapping& mapping, const LayerUse& use) const;
  // From LatencyFeatures::SetInputs.
  LatencyPrediction PredictInputs(std::span<const double> inputs) const;
  // Sets gradient[i] = ∂ ln cycles / ∂ input i; returns ln cycles.
  double LogCycles(std::span<const double> inputs, std::span<double> gradient) const;

  // The physical part alone: ln cycles; adds its derivatives to `gradient` unless that is empty.
  static double LogPhysics(const LatencyFeatures& features, const LatencyPhysics& physics,
                           std::span<const double> inputs, std::span<double> gradient);

 private:
  LatencyPredictor(const CostModel& model, const HardwarePoint& hardware, LatencyParameters parameters);

  struct Activations;
  void RunNetworks(std::span<const double> inputs, Activations* activations) const;
  void RunNetworksBack(const Activations& activations, std::span<const double> output_slopes,
                       std::span<double> gradient) const;

  LatencyFeatures features_;
  LatencyParameters parameters_;
};

// A rational function in the place of tanh: x (27 + x²) / (27 + 9 x²) up to |x| = 3, ±1 beyond. Its slope is
// continuous.
struct RationalTanh {
  static double Value(double x);
  static double Slope(double x);
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_LATENCY_LATENCY_PREDICTOR_H_
