#ifndef ONELOOP_SERVER_HANDLERS_CALIBRATION_CATALOG_H_
#define ONELOOP_SERVER_HANDLERS_CALIBRATION_CATALOG_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "oneloop/v1/calibration.pb.h"
#include "server/access/caller.h"
#include "server/handlers/catalog.h"
#include "server/handlers/resource_names.h"
#include "server/jobs/calibration_manager.h"
#include "server/store/calibration_store.h"

namespace oneloop {

// The shipped calibrations, which are in every project, and those of the store, by project and name. Thread-safe.
class CalibrationCatalog {
 public:
  // All outlive the catalog. `manager` tells how far a training is.
  CalibrationCatalog(const Catalog* catalog, CalibrationStore* store, const CalibrationManager* manager)
      : catalog_(catalog), store_(store), manager_(manager) {}

  // With its model. NOT_FOUND, which offers the nearest name of the project.
  absl::StatusOr<v1::Calibration> Get(const CalibrationName& name) const;
  // Of a project by name, without models.
  absl::StatusOr<std::vector<v1::Calibration>> List(const std::string& project) const;

  // One that is to be used, as field "calibration_name" gives it: INVALID_ARGUMENT for an unknown one,
  // FAILED_PRECONDITION for one that is not READY. For a job of a project: by its name alone, or with that project's.
  absl::StatusOr<v1::Calibration> GetReady(const std::string& project, const std::string& reference) const;
  // For a call that is in no project: by its name alone, which is of the default one, or with a project, if the caller
  // may use it.
  absl::StatusOr<v1::Calibration> GetReady(const Caller& caller, const std::string& reference) const;

  // Who may change the calibration of that resource name, beside admins of its project: who has it trained, "" for
  // nobody. INVALID_ARGUMENT for another form, NOT_FOUND.
  absl::StatusOr<std::string> OwnerOf(std::string_view resource_name) const;

  bool IsShipped(const std::string& name) const { return catalog_->FindCalibration(name) != nullptr; }

 private:
  const Catalog* const catalog_;
  CalibrationStore* const store_;
  const CalibrationManager* const manager_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_CALIBRATION_CATALOG_H_
