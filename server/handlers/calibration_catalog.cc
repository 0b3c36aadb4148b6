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

// What a field "calibration_name" means, a name alone being of `project`.
absl::StatusOr<CalibrationName> ParseReference(const std::string& project, const std::string& reference) {
  if (reference.find('/') == std::string::npos) return CalibrationName{project, reference};
  return ParseCalibrationName("calibration_name", reference);
}

absl::StatusOr<v1::Calibration> CheckReady(absl::StatusOr<v1::Calibration> calibration) {
  if (absl::IsNotFound(calibration.status())) return FieldError("calibration_name", Message(calibration.status()));
  RETURN_IF_ERROR(calibration.status());
  if (calibration->state() == v1::READY) return calibration;
  return absl::FailedPreconditionError(absl::StrCat(
      "calibration_name: '", calibration->name(), "' ",
      calibration->state() == v1::TRAINING ? "is still training; wait for it" : "was not trained; make it anew"));
}

}  // namespace

absl::StatusOr<v1::Calibration> CalibrationCatalog::Get(const CalibrationName& name) const {
  if (const v1::Calibration* shipped = catalog_->FindCalibration(name.name)) return Shipped(*shipped);
  const absl::StatusOr<CalibrationRecord> record = store_->GetCalibration(name.project, name.name);
  if (absl::IsNotFound(record.status())) {
    ASSIGN_OR_RETURN(const std::vector<v1::Calibration> all, List(name.project));
    std::vector<std::string> names;
    names.reserve(all.size());
    for (const v1::Calibration& calibration : all) names.push_back(calibration.name());
    return absl::NotFoundError(absl::StrCat("there is no calibration '", name.name, "' in project ", name.project,
                                            SuggestName(name.name, names)));
  }
  RETURN_IF_ERROR(record.status());
  return CalibrationToProto(*record, manager_->Progress(record->id));
}

absl::StatusOr<std::vector<v1::Calibration>> CalibrationCatalog::List(const std::string& project) const {
  std::vector<v1::Calibration> all;
  for (const v1::Calibration& shipped : catalog_->library().calibrations()) {
    all.push_back(Shipped(shipped));
    all.back().clear_model();
  }
  ASSIGN_OR_RETURN(const std::vector<CalibrationRecord> records,
                   store_->ListCalibrations(project, "", std::numeric_limits<int>::max()));
  for (const CalibrationRecord& record : records) {
    ASSIGN_OR_RETURN(v1::Calibration message, CalibrationToProto(record, manager_->Progress(record.id)));
    all.push_back(std::move(message));
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name() < b.name(); });
  return all;
}

absl::StatusOr<v1::Calibration> CalibrationCatalog::GetReady(const std::string& project,
                                                             const std::string& reference) const {
  ASSIGN_OR_RETURN(const CalibrationName name, ParseReference(project, reference));
  if (name.project == project || IsShipped(name.name)) return CheckReady(Get(name));
  return FieldError("calibration_name", absl::StrCat("is '", reference, "'; a job may use those of its own project, ",
                                                     project, ", and the shipped ones"));
}

absl::StatusOr<v1::Calibration> CalibrationCatalog::GetReady(const Caller& caller, const std::string& reference) const {
  ASSIGN_OR_RETURN(const CalibrationName name, ParseReference(kDefaultProject, reference));
  if (caller.MayUseProject(name.project) || IsShipped(name.name)) return CheckReady(Get(name));
  return FieldError("calibration_name",
                    absl::StrCat("there is no calibration '", name.name, "' in project ", name.project));
}

absl::StatusOr<std::string> CalibrationCatalog::OwnerOf(std::string_view resource_name) const {
  ASSIGN_OR_RETURN(const CalibrationName name, ParseCalibrationName("name", resource_name));
  if (IsShipped(name.name)) return std::string();
  ASSIGN_OR_RETURN(const CalibrationRecord record, store_->GetCalibration(name.project, name.name));
  return record.calibration.owner;
}

}  // namespace oneloop
