#ifndef ONELOOP_SERVER_HANDLERS_CALIBRATION_CONVERT_H_
#define ONELOOP_SERVER_HANDLERS_CALIBRATION_CONVERT_H_

#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/hardware/template.h"
#include "common/model/exact/cost_model.h"
#include "common/model/latency/latency_predictor.h"
#include "oneloop/v1/calibration.pb.h"
#include "oneloop/v1/calibration_service.pb.h"
#include "server/handlers/catalog.h"
#include "server/store/calibration_store.h"

namespace oneloop {

// Checks measurements and makes them ready to be stored, but for project and owner. INVALID_ARGUMENT with the field's
// path, for example "rows[17].cycles", for anything that cannot be trained from.
absl::StatusOr<NewCalibration> PrepareCalibration(const v1::CreateCalibrationRequest& request, const Catalog& catalog);

// A CalibrationManager::Trainer: the held-out report first, then a model from all rows. A pure function of the stored
// request. INVALID_ARGUMENT, DATA_LOSS when that cannot be used; CANCELLED when should_stop says so.
absl::StatusOr<CalibrationOutcome> TrainCalibration(const CalibrationRecord& record,
                                                    const std::function<bool(double)>& should_stop);

// `progress`: of one that trains; none for one that waits to.
absl::StatusOr<v1::Calibration> CalibrationToProto(const CalibrationRecord& record, std::optional<double> progress);

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

#endif  // ONELOOP_SERVER_HANDLERS_CALIBRATION_CONVERT_H_
