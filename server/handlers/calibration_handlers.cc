#include "server/handlers/calibration_handlers.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "server/handlers/calibration_convert.h"
#include "server/handlers/list_page.h"
#include "server/handlers/resource_names.h"

namespace oneloop {
namespace {

constexpr char kCollection[] = "calibrations";

}  // namespace

absl::Status CalibrationHandlers::CreateCalibration(const v1::CreateCalibrationRequest& request,
                                                    v1::Calibration* response) const {
  ASSIGN_OR_RETURN(const NewCalibration calibration, PrepareCalibration(request, *options_.catalog));
  if (request.validate_only()) {
    CalibrationRecord preview;
    preview.calibration = calibration;
    ASSIGN_OR_RETURN(*response, CalibrationToProto(preview, 0));
    response->clear_create_time();
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const CalibrationStore::CreateCalibrationResult result, options_.manager->Submit(calibration));
  if (!result.created && result.record.calibration.request != calibration.request) {
    return absl::AlreadyExistsError(absl::StrCat("calibration_id: '", calibration.name,
                                                 "' exists, from other measurements; delete it or use another name"));
  }
  ASSIGN_OR_RETURN(*response, CalibrationToProto(result.record, options_.manager->Progress(calibration.name)));
  return absl::OkStatus();
}

absl::Status CalibrationHandlers::GetCalibration(const v1::GetCalibrationRequest& request,
                                                 v1::Calibration* response) const {
  ASSIGN_OR_RETURN(const std::string name, ParseLibraryName("name", kCollection, request.name()));
  ASSIGN_OR_RETURN(*response, options_.calibrations->Get(name));
  return absl::OkStatus();
}

absl::Status CalibrationHandlers::ListCalibrations(const v1::ListCalibrationsRequest& request,
                                                   v1::ListCalibrationsResponse* response) const {
  ASSIGN_OR_RETURN(const std::vector<v1::Calibration> all, options_.calibrations->List());
  ASSIGN_OR_RETURN(*response->mutable_next_page_token(), CopyPage(request, all, response->mutable_calibrations()));
  return absl::OkStatus();
}

absl::Status CalibrationHandlers::DeleteCalibration(const v1::DeleteCalibrationRequest& request,
                                                    google::protobuf::Empty*) const {
  ASSIGN_OR_RETURN(const std::string name, ParseLibraryName("name", kCollection, request.name()));
  if (options_.catalog->FindCalibration(name) != nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat("calibration '", name, "' is shipped with the service and stays"));
  }
  return options_.manager->Delete(name);
}

}  // namespace oneloop
