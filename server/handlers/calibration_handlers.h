#ifndef ONELOOP_SERVER_HANDLERS_CALIBRATION_HANDLERS_H_
#define ONELOOP_SERVER_HANDLERS_CALIBRATION_HANDLERS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/empty.pb.h"
#include "oneloop/v1/calibration_service.pb.h"
#include "server/access/caller.h"
#include "server/handlers/calibration_catalog.h"
#include "server/handlers/catalog.h"
#include "server/jobs/calibration_manager.h"

namespace oneloop {

// The methods of CalibrationService, without a network: check, convert, call. What is of a project that the caller may
// not use is NOT_FOUND; what they may not change, PERMISSION_DENIED. Thread-safe.
class CalibrationHandlers {
 public:
  // Everything outlives the handlers.
  struct Options {
    const Catalog* catalog = nullptr;
    CalibrationManager* manager = nullptr;
    const CalibrationCatalog* calibrations = nullptr;
  };
  explicit CalibrationHandlers(const Options& options) : options_(options) {}

  absl::Status CreateCalibration(const v1::CreateCalibrationRequest& request, const Caller& caller,
                                 v1::Calibration* response) const;
  absl::Status GetCalibration(const v1::GetCalibrationRequest& request, const Caller& caller,
                              v1::Calibration* response) const;
  absl::Status ListCalibrations(const v1::ListCalibrationsRequest& request, const Caller& caller,
                                v1::ListCalibrationsResponse* response) const;
  absl::Status CancelCalibration(const v1::CancelCalibrationRequest& request, const Caller& caller,
                                 v1::Calibration* response) const;
  absl::Status DeleteCalibration(const v1::DeleteCalibrationRequest& request, const Caller& caller,
                                 google::protobuf::Empty* response) const;

 private:
  // One that the caller may change.
  absl::StatusOr<CalibrationName> FindOwn(const std::string& resource_name, const Caller& caller) const;

  const Options options_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_CALIBRATION_HANDLERS_H_
