#include "server/store/sqlite_calibrations.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "server/store/store_errors.h"

namespace oneloop {
namespace {

// What lists show, in the order of FromRow.
constexpr char kSelect[] =
    "SELECT id, name, state, message, summary, create_time_us, end_time_us, project, owner, rows, attempts ";

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
  ++column;
  record.calibration.project = row.Text(column++);
  record.calibration.owner = row.Text(column++);
  record.calibration.rows = row.Int(column++);
  record.attempts = static_cast<int>(row.Int(column++));
  return record;
}

absl::StatusOr<std::vector<CalibrationRecord>> ReadAll(SqliteStatement rows) {
  std::vector<CalibrationRecord> records;
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) return records;
    records.push_back(FromRow(rows));
  }
}

}  // namespace

absl::StatusOr<CalibrationRecord> ReadCalibration(SqliteConnection& connection, const std::string& project,
                                                  const std::string& name) {
  ASSIGN_OR_RETURN(SqliteStatement rows,
                   connection.Prepare(absl::StrCat(kSelect,
                                                   ", request, model FROM calibrations WHERE project = ? AND "
                                                   "name = ?")));
  rows.Bind(project, name);
  ASSIGN_OR_RETURN(const bool row, rows.Step());
  if (!row) return NoCalibration(name);
  CalibrationRecord record = FromRow(rows);
  record.calibration.request = rows.Text(11);
  record.model = rows.Text(12);
  return record;
}

absl::StatusOr<CalibrationState> ReadCalibrationState(SqliteConnection& connection, std::int64_t id) {
  ASSIGN_OR_RETURN(SqliteStatement rows, connection.Prepare("SELECT state FROM calibrations WHERE id = ?"));
  rows.Bind(id);
  ASSIGN_OR_RETURN(const bool row, rows.Step());
  if (!row) return NoCalibration(id);
  return static_cast<CalibrationState>(rows.Int(0));
}

absl::StatusOr<std::vector<CalibrationRecord>> ReadCalibrations(SqliteConnection& connection,
                                                                const std::string& project, const std::string& after,
                                                                int limit) {
  RETURN_IF_ERROR(CheckLimit(limit));
  ASSIGN_OR_RETURN(SqliteStatement rows,
                   connection.Prepare(absl::StrCat(
                       kSelect, "FROM calibrations WHERE project = ? AND name > ? ORDER BY name LIMIT ?")));
  rows.Bind(project, after, limit);
  return ReadAll(std::move(rows));
}

absl::StatusOr<std::vector<CalibrationRecord>> ReadTrainings(SqliteConnection& connection) {
  ASSIGN_OR_RETURN(SqliteStatement rows,
                   connection.Prepare(absl::StrCat(kSelect, "FROM calibrations WHERE state = ? ORDER BY id")));
  rows.Bind(static_cast<int>(CalibrationState::kTraining));
  return ReadAll(std::move(rows));
}

absl::Status InsertCalibration(SqliteConnection& connection, const NewCalibration& calibration, absl::Time now) {
  ASSIGN_OR_RETURN(SqliteStatement insert,
                   connection.Prepare("INSERT INTO calibrations (name, state, message, summary, request, model, "
                                      "create_time_us, project, owner, rows) VALUES (?, ?, '', ?, ?, x'', ?, ?, ?, "
                                      "?)"));
  return insert.Run(calibration.name, static_cast<int>(CalibrationState::kTraining), Blob{calibration.summary},
                    Blob{calibration.request}, absl::ToUnixMicros(now), calibration.project, calibration.owner,
                    calibration.rows);
}

absl::Status UpdateCalibration(SqliteConnection& connection, const CalibrationOutcome& outcome, absl::Time now) {
  ASSIGN_OR_RETURN(SqliteStatement update,
                   connection.Prepare("UPDATE calibrations SET state = ?2, message = ?3, summary = ?4, model = ?5, "
                                      "end_time_us = ?6, attempts = 0 WHERE id = ?1"));
  return update.Run(outcome.id, static_cast<int>(outcome.state), outcome.message, Blob{outcome.summary},
                    Blob{outcome.model}, absl::ToUnixMicros(now));
}

absl::Status UpdateAttempts(SqliteConnection& connection, std::int64_t id, int attempts) {
  ASSIGN_OR_RETURN(SqliteStatement update, connection.Prepare("UPDATE calibrations SET attempts = ?2 WHERE id = ?1"));
  return update.Run(id, attempts);
}

absl::Status RemoveCalibration(SqliteConnection& connection, const std::string& project, const std::string& name) {
  ASSIGN_OR_RETURN(SqliteStatement remove,
                   connection.Prepare("DELETE FROM calibrations WHERE project = ? AND name = ?"));
  return remove.Run(project, name);
}

}  // namespace oneloop
