#ifndef ONELOOP_SERVER_WIRE_PREDICTOR_H_
#define ONELOOP_SERVER_WIRE_PREDICTOR_H_

#include <memory>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/hardware/template.h"
#include "common/model/latency/latency_predictor.h"
#include "oneloop/v1/calibration.pb.h"

namespace oneloop {

// INVALID_ARGUMENT with field "predictor" for an unknown one, and one that needs a calibration when there is none.
absl::Status CheckPredictor(v1::Predictor predictor, bool has_calibration);

// What predicts latencies, which keeps alive what it needs, and where they were measured. No predictor stands for the
// analytical latency.
struct CalibratedLatency {
  std::shared_ptr<const LatencyPredictor> predictor;
  HardwarePoint measured;
};

// Of a calibration that is READY; no predictor for ANALYTICAL, and for PREDICTOR_UNSPECIFIED without a calibration.
// INVALID_ARGUMENT as CheckPredictor, or with "calibration_name" for one of another hierarchy; DATA_LOSS for a damaged
// model, UNIMPLEMENTED for a newer one.
absl::StatusOr<CalibratedLatency> LoadLatency(const v1::Calibration* calibration, v1::Predictor predictor,
                                              const std::shared_ptr<const Template>& hardware_template);
// INVALID_ARGUMENT naming the parameter in `ranges` that is not as measured.
absl::Status CheckMeasured(const CalibratedLatency& latency, const Template& hardware_template,
                           std::span<const ParameterRange> ranges);
// Both at once.
absl::StatusOr<std::shared_ptr<const LatencyPredictor>> MakePredictor(
    const v1::Calibration* calibration, v1::Predictor predictor,
    const std::shared_ptr<const Template>& hardware_template, std::span<const ParameterRange> ranges);

// The predictor that a request means.
v1::Predictor EffectivePredictor(v1::Predictor predictor, bool has_calibration);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_WIRE_PREDICTOR_H_
