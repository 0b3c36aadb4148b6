#ifndef ONELOOP_SERVER_HANDLERS_CALIBRATION_CATALOG_H_
#define ONELOOP_SERVER_HANDLERS_CALIBRATION_CATALOG_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "oneloop/v1/calibration.pb.h"
#include "server/handlers/catalog.h"
#include "server/jobs/calibration_manager.h"
#include "server/store/calibration_store.h"

namespace oneloop {

// The shipped calibrations and those of the store, by name. Thread-safe.
class CalibrationCatalog {
 public:
  // All outlive the catalog. `manager` tells how far a training is.
  CalibrationCatalog(const Catalog* catalog, CalibrationStore* store, const CalibrationManager* manager)
      : catalog_(catalog), store_(store), manager_(manager) {}

  // With its model. NOT_FOUND, which offers the nearest name.
  absl::StatusOr<v1::Calibration> Get(const std::string& name) const;
  // By name, without models.
  absl::StatusOr<std::vector<v1::Calibration>> List() const;
  // The same for one that is to be used: INVALID_ARGUMENT with field "calibration_name" for an unknown one,
  // FAILED_PRECONDITION for one that is not READY.
  absl::StatusOr<v1::Calibration> GetReady(const std::string& name) const;

 private:
  const Catalog* const catalog_;
  CalibrationStore* const store_;
  const CalibrationManager* const manager_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_CALIBRATION_CATALOG_H_
