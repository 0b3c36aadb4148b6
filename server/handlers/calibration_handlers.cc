#include "server/handlers/calibration_handlers.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "server/handlers/calibration_convert.h"
#include "server/handlers/list_page.h"
#include "server/handlers/resource_names.h"

namespace oneloop {
namespace {

// "" stands for the default project.
absl::StatusOr<std::string> ProjectFor(const std::string& parent, const Caller& caller) {
  std::string project = kDefaultProject;
  if (!parent.empty()) {
    ASSIGN_OR_RETURN(project, ParseProjectName("parent", parent));
  }
  if (project == "-") return FieldError("parent", "is 'projects/-'; name one project");
  if (caller.MayUseProject(project)) return project;
  return absl::NotFoundError(absl::StrCat("parent: there is no project ", project, " for user ", caller.user));
}

absl::StatusOr<CalibrationName> Find(const std::string& resource_name, const Caller& caller,
                                     const CalibrationCatalog& calibrations) {
  ASSIGN_OR_RETURN(CalibrationName name, ParseCalibrationName("name", resource_name));
  if (caller.MayUseProject(name.project) || calibrations.IsShipped(name.name)) return name;
  return absl::NotFoundError(absl::StrCat("there is no calibration '", name.name, "' in project ", name.project));
}

}  // namespace

absl::Status CalibrationHandlers::CreateCalibration(const v1::CreateCalibrationRequest& request, const Caller& caller,
                                                    v1::Calibration* response) const {
  ASSIGN_OR_RETURN(const std::string project, ProjectFor(request.parent(), caller));
  ASSIGN_OR_RETURN(NewCalibration calibration, PrepareCalibration(request, *options_.catalog));
  calibration.project = project;
  calibration.owner = caller.user;
  if (request.validate_only()) {
    CalibrationRecord preview;
    preview.calibration = calibration;
    ASSIGN_OR_RETURN(*response, CalibrationToProto(preview, 0));
    response->clear_create_time();
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const CalibrationStore::CreateCalibrationResult result, options_.manager->Submit(calibration));
  if (!result.created && result.record.calibration.request != calibration.request) {
    return absl::AlreadyExistsError(absl::StrCat("calibration_id: '", calibration.name, "' exists in project ", project,
                                                 ", from other measurements; delete it or use another name"));
  }
  ASSIGN_OR_RETURN(*response, CalibrationToProto(result.record, options_.manager->Progress(result.record.id)));
  return absl::OkStatus();
}

absl::Status CalibrationHandlers::GetCalibration(const v1::GetCalibrationRequest& request, const Caller& caller,
                                                 v1::Calibration* response) const {
  ASSIGN_OR_RETURN(const CalibrationName name, Find(request.name(), caller, *options_.calibrations));
  ASSIGN_OR_RETURN(*response, options_.calibrations->Get(name));
  return absl::OkStatus();
}

absl::Status CalibrationHandlers::ListCalibrations(const v1::ListCalibrationsRequest& request, const Caller& caller,
                                                   v1::ListCalibrationsResponse* response) const {
  ASSIGN_OR_RETURN(const std::string project, ProjectFor(request.parent(), caller));
  ASSIGN_OR_RETURN(const std::vector<v1::Calibration> all, options_.calibrations->List(project));
  ASSIGN_OR_RETURN(*response->mutable_next_page_token(), CopyPage(request, all, response->mutable_calibrations()));
  return absl::OkStatus();
}

absl::StatusOr<CalibrationName> CalibrationHandlers::FindOwn(const std::string& resource_name,
                                                             const Caller& caller) const {
  ASSIGN_OR_RETURN(CalibrationName name, Find(resource_name, caller, *options_.calibrations));
  if (options_.calibrations->IsShipped(name.name)) {
    return absl::FailedPreconditionError(
        absl::StrCat("calibration '", name.name, "' is shipped with the service and stays"));
  }
  ASSIGN_OR_RETURN(const std::string owner, options_.calibrations->OwnerOf(resource_name));
  if (caller.scope == Scope::kAdmin || caller.user == owner) return name;
  return absl::PermissionDeniedError(absl::StrCat(
      "calibration '", name.name, "' needs who has it trained, ", owner.empty() ? "which it has not" : owner,
      ", or an admin of project ", name.project, "; user ", caller.user, " is neither"));
}

absl::Status CalibrationHandlers::CancelCalibration(const v1::CancelCalibrationRequest& request, const Caller& caller,
                                                    v1::Calibration* response) const {
  ASSIGN_OR_RETURN(const CalibrationName name, FindOwn(request.name(), caller));
  ASSIGN_OR_RETURN(const CalibrationRecord record, options_.manager->Cancel(name.project, name.name));
  ASSIGN_OR_RETURN(*response, CalibrationToProto(record, std::nullopt));
  return absl::OkStatus();
}

absl::Status CalibrationHandlers::DeleteCalibration(const v1::DeleteCalibrationRequest& request, const Caller& caller,
                                                    google::protobuf::Empty*) const {
  ASSIGN_OR_RETURN(const CalibrationName name, FindOwn(request.name(), caller));
  return options_.manager->Delete(name.project, name.name);
}

}  // namespace oneloop
