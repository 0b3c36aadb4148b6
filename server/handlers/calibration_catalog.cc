#include "server/handlers/calibration_catalog.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "server/handlers/calibration_convert.h"

namespace oneloop {
namespace {

v1::Calibration Shipped(v1::Calibration calibration) {
  calibration.set_state(v1::READY);
  calibration.set_progress(1);
  calibration.set_shipped(true);
  return calibration;
}

}  // namespace

absl::StatusOr<v1::Calibration> CalibrationCatalog::Get(const std::string& name) const {
  if (const v1::Calibration* shipped = catalog_->FindCalibration(name)) return Shipped(*shipped);
  const absl::StatusOr<CalibrationRecord> record = store_->GetCalibration(name);
  if (absl::IsNotFound(record.status())) {
    ASSIGN_OR_RETURN(const std::vector<v1::Calibration> all, List());
    std::vector<std::string> names;
    names.reserve(all.size());
    for (const v1::Calibration& calibration : all) names.push_back(calibration.name());
    return absl::NotFoundError(absl::StrCat("there is no calibration '", name, "'", SuggestName(name, names)));
  }
  RETURN_IF_ERROR(record.status());
  return CalibrationToProto(*record, manager_->Progress(name));
}

absl::StatusOr<std::vector<v1::Calibration>> CalibrationCatalog::List() const {
  std::vector<v1::Calibration> all;
  for (const v1::Calibration& shipped : catalog_->library().calibrations()) {
    all.push_back(Shipped(shipped));
    all.back().clear_model();
  }
  ASSIGN_OR_RETURN(const std::vector<CalibrationRecord> records,
                   store_->ListCalibrations("", std::numeric_limits<int>::max()));
  for (const CalibrationRecord& record : records) {
    ASSIGN_OR_RETURN(v1::Calibration message, CalibrationToProto(record, manager_->Progress(record.calibration.name)));
    all.push_back(std::move(message));
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name() < b.name(); });
  return all;
}

absl::StatusOr<v1::Calibration> CalibrationCatalog::GetReady(const std::string& name) const {
  absl::StatusOr<v1::Calibration> calibration = Get(name);
  if (absl::IsNotFound(calibration.status())) return FieldError("calibration_name", Message(calibration.status()));
  RETURN_IF_ERROR(calibration.status());
  if (calibration->state() == v1::READY) return calibration;
  return absl::FailedPreconditionError(absl::StrCat(
      "calibration_name: '", name, "' ",
      calibration->state() == v1::TRAINING ? "is still training; wait for it" : "failed to train; make it anew"));
}

}  // namespace oneloop
