#ifndef ONELOOP_SERVER_STORE_SQLITE_CALIBRATIONS_H_
#define ONELOOP_SERVER_STORE_SQLITE_CALIBRATIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/store/calibration_store.h"
#include "server/store/sqlite_connection.h"

namespace oneloop {

// The table of calibrations.

// NOT_FOUND.
absl::StatusOr<CalibrationRecord> ReadCalibration(SqliteConnection& connection, const std::string& project,
                                                  const std::string& name);
absl::StatusOr<CalibrationState> ReadCalibrationState(SqliteConnection& connection, std::int64_t id);
absl::StatusOr<std::vector<CalibrationRecord>> ReadCalibrations(SqliteConnection& connection,
                                                                const std::string& project, const std::string& after,
                                                                int limit);
absl::StatusOr<std::vector<CalibrationRecord>> ReadTrainings(SqliteConnection& connection);

// Each within the caller's transaction.
absl::Status InsertCalibration(SqliteConnection& connection, const NewCalibration& calibration, absl::Time now);
absl::Status UpdateCalibration(SqliteConnection& connection, const CalibrationOutcome& outcome, absl::Time now);
absl::Status UpdateAttempts(SqliteConnection& connection, std::int64_t id, int attempts);
absl::Status RemoveCalibration(SqliteConnection& connection, const std::string& project, const std::string& name);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_STORE_SQLITE_CALIBRATIONS_H_
