#ifndef ONELOOP_COMMON_LATENCY_MEASUREMENTS_H_
#define ONELOOP_COMMON_LATENCY_MEASUREMENTS_H_

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "common/hardware/template.h"
#include "common/mapping/mapping.h"
#include "common/model/exact/cost_model.h"
#include "common/model/latency/latency_features.h"
#include "common/workload/dims.h"
#include "common/workload/workload.h"

namespace oneloop {

// One measured latency.
struct LatencySample {
  LayerShape shape;
  Mapping mapping;
  double cycles = 0;
};

inline constexpr int kFewestMeasurements = 50;

// INVALID_ARGUMENT with the field for a bad shape, a mapping that does not match its bounds or the template, cycles
// that are not finite or not above 0.
absl::Status CheckSample(const Template& hardware_template, const LatencySample& sample);

// Checked measurements of one template at one hardware point, with what predictors are fitted to. Immutable.
class Measurements {
 public:
  // INVALID_ARGUMENT naming the row as a field ("rows[17].cycles", counted from 0): what CheckSample finds, the same
  // layer and mapping with different cycles. INVALID_ARGUMENT naming "rows" for fewer than kFewestMeasurements
  // different ones and for cycles that are all alike. Rows given twice count once. `model` must outlive the
  // measurements.
  static absl::StatusOr<std::unique_ptr<const Measurements>> Create(const CostModel& model,
                                                                    const HardwarePoint& hardware,
                                                                    std::span<const LatencySample> samples);

  const LatencyFeatures& features() const { return features_; }
  const HardwarePoint& hardware() const { return hardware_; }
  int size() const { return static_cast<int>(log_cycles_.size()); }
  // Number of different layer shapes.
  int num_shapes() const { return num_shapes_; }

  // Of one row: LatencyFeatures' inputs, natural logarithm of the cycles, that of the analytical model's, and which
  // shape it has (0 to num_shapes() - 1, in order of appearance).
  std::span<const double> inputs(int row) const {
    return {inputs_.data() + ToIndex(row) * ToIndex(features_.num_inputs()), ToIndex(features_.num_inputs())};
  }
  double log_cycles(int row) const { return log_cycles_[ToIndex(row)]; }
  double log_analytical(int row) const { return log_analytical_[ToIndex(row)]; }
  int shape(int row) const { return shapes_[ToIndex(row)]; }

 private:
  Measurements(const CostModel& model, const HardwarePoint& hardware)
      : features_(model, hardware), hardware_(hardware) {}

  void Add(const LatencySample& sample, const ComponentCosts& costs, int shape);

  LatencyFeatures features_;
  HardwarePoint hardware_;
  std::vector<double> inputs_;  // [row][input]
  std::vector<double> log_cycles_;
  std::vector<double> log_analytical_;
  std::vector<int> shapes_;
  int num_shapes_ = 0;
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_LATENCY_MEASUREMENTS_H_
