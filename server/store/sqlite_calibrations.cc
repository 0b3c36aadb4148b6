#include "server/store/sqlite_calibrations.h"

#include "common/base/status.h"
#include "server/store/store_errors.h"

namespace oneloop {
namespace {

CalibrationRecord FromRow(const SqliteStatement& row) {
  int column = 0;
  CalibrationRecord record;
  record.id = row.Int(column++);
  record.calibration.name = row.Text(column++);
  record.state = static_cast<CalibrationState>(row.Int(column++));
  record.message = row.Text(column++);
  record.calibration.summary = row.Text(column++);
  record.create_time = absl::FromUnixMicros(row.Int(column++));
  if (!row.IsNull(column)) record.end_time = absl::FromUnixMicros(row.Int(column));
  return record;
}

}  // namespace

absl::StatusOr<CalibrationRecord> ReadCalibration(SqliteConnection& connection, const std::string& name) {
  ASSIGN_OR_RETURN(SqliteStatement rows,
                   connection.Prepare("SELECT id, name, state, message, summary, create_time_us, end_time_us, request, "
                                      "model FROM calibrations WHERE name = ?"));
  rows.Bind(name);
  ASSIGN_OR_RETURN(const bool row, rows.Step());
  if (!row) return NoCalibration(name);
  CalibrationRecord record = FromRow(rows);
  record.calibration.request = rows.Text(7);
  record.model = rows.Text(8);
  return record;
}

absl::StatusOr<CalibrationState> ReadCalibrationState(SqliteConnection& connection, std::int64_t id) {
  ASSIGN_OR_RETURN(SqliteStatement rows, connection.Prepare("SELECT state FROM calibrations WHERE id = ?"));
  rows.Bind(id);
  ASSIGN_OR_RETURN(const bool row, rows.Step());
  if (!row) return NoCalibration(id);
  return static_cast<CalibrationState>(rows.Int(0));
}

absl::StatusOr<std::vector<CalibrationRecord>> ReadCalibrations(SqliteConnection& connection, const std::string& after,
                                                                int limit) {
  RETURN_IF_ERROR(CheckLimit(limit));
  std::vector<CalibrationRecord> records;
  ASSIGN_OR_RETURN(SqliteStatement rows,
                   connection.Prepare("SELECT id, name, state, message, summary, create_time_us, end_time_us "
                                      "FROM calibrations WHERE name > ? ORDER BY name LIMIT ?"));
  rows.Bind(after, limit);
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) return records;
    records.push_back(FromRow(rows));
  }
}

absl::Status InsertCalibration(SqliteConnection& connection, const NewCalibration& calibration, absl::Time now) {
  ASSIGN_OR_RETURN(SqliteStatement insert,
                   connection.Prepare("INSERT INTO calibrations (name, state, message, summary, request, model, "
                                      "create_time_us) VALUES (?, ?, '', ?, ?, x'', ?)"));
  return insert.Run(calibration.name, static_cast<int>(CalibrationState::kTraining), Blob{calibration.summary},
                    Blob{calibration.request}, absl::ToUnixMicros(now));
}

absl::Status UpdateCalibration(SqliteConnection& connection, const CalibrationOutcome& outcome, absl::Time now) {
  ASSIGN_OR_RETURN(SqliteStatement update,
                   connection.Prepare("UPDATE calibrations SET state = ?2, message = ?3, summary = ?4, model = ?5, "
                                      "end_time_us = ?6 WHERE id = ?1"));
  return update.Run(outcome.id, static_cast<int>(outcome.state), outcome.message, Blob{outcome.summary},
                    Blob{outcome.model}, absl::ToUnixMicros(now));
}

absl::Status RemoveCalibration(SqliteConnection& connection, const std::string& name) {
  ASSIGN_OR_RETURN(SqliteStatement remove, connection.Prepare("DELETE FROM calibrations WHERE name = ?"));
  return remove.Run(name);
}

}  // namespace oneloop
