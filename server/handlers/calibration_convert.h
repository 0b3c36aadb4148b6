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

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_CALIBRATION_CONVERT_H_
