#include "server/store/store_check.h"

#include <sys/stat.h>

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "server/store/data_directory.h"
#include "server/store/job_check.h"
#include "server/store/sqlite_queries.h"
#include "server/store/sqlite_schema.h"

namespace oneloop {
namespace {

void Add(std::string finding, StoreReport& report) {
  if (report.findings.size() < kMostFindings) {
    report.findings.push_back(std::move(finding));
  } else {
    ++report.omitted;
  }
}

// References between tables, whichever there are. Points of deleted jobs are removed bit by bit and refer to none.
absl::Status CheckReferences(SqliteConnection& connection, StoreReport& report) {
  std::vector<std::pair<std::string, std::string>> checks;  // of each reference: what to say, and the query
  {
    ASSIGN_OR_RETURN(SqliteStatement references,
                     connection.Prepare("SELECT m.name, f.\"from\", f.\"table\", f.\"to\" FROM sqlite_master AS m "
                                        "JOIN pragma_foreign_key_list(m.name) AS f WHERE m.type = 'table'"));
    for (;;) {
      ASSIGN_OR_RETURN(const bool row, references.Step());
      if (!row) break;
      const std::string table(references.Text(0));
      const std::string column(references.Text(1));
      const std::string parent(references.Text(2));
      const std::string key(references.Text(3));
      std::string query = absl::StrCat("SELECT DISTINCT ", column, " FROM ", table, " WHERE ", column,
                                       " IS NOT NULL AND ", column, " NOT IN (SELECT ", key, " FROM ", parent, ")");
      if (parent == "jobs") absl::StrAppend(&query, " AND ", column, " NOT IN (SELECT job_id FROM deleted_jobs)");
      checks.emplace_back(absl::StrCat("table ", table, " refers to ", parent, " "), std::move(query));
    }
  }
  for (const auto& [text, query] : checks) {
    ASSIGN_OR_RETURN(SqliteStatement rows, connection.Prepare(query));
    for (;;) {
      ASSIGN_OR_RETURN(const bool row, rows.Step());
      if (!row) break;
      Add(absl::StrCat(text, ToAbsl(rows.Text(0)), ", which is not there"), report);
    }
  }
  return absl::OkStatus();
}

absl::Status CheckRevisionAndIds(SqliteConnection& connection, StoreReport& report) {
  ASSIGN_OR_RETURN(report.revision, ReadRevision(connection));
  ASSIGN_OR_RETURN(const std::int64_t newest, connection.QueryInt("SELECT coalesce(max(revision), 0) FROM jobs"));
  if (newest > report.revision) {
    Add(absl::StrCat("the store is at revision ", report.revision, ", and a job at ", newest), report);
  }
  ASSIGN_OR_RETURN(const std::int64_t largest, connection.QueryInt("SELECT coalesce(max(id), 0) FROM jobs"));
  ASSIGN_OR_RETURN(const std::int64_t given,
                   connection.QueryInt("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'jobs'"));
  if (given < largest) {
    Add(absl::StrCat("ids up to ", given, " are noted as used, and there is a job ", largest), report);
  }
  return absl::OkStatus();
}

absl::Status CheckJobs(SqliteConnection& connection, StoreReport& report) {
  std::vector<std::int64_t> ids;
  {
    ASSIGN_OR_RETURN(SqliteStatement rows, connection.Prepare("SELECT id FROM jobs ORDER BY id"));
    for (;;) {
      ASSIGN_OR_RETURN(const bool row, rows.Step());
      if (!row) break;
      ids.push_back(rows.Int(0));
    }
  }
  report.jobs = static_cast<std::int64_t>(ids.size());
  for (const std::int64_t id : ids) {
    JobCheck check(connection, id);
    if (const absl::Status read = check.Run(); !read.ok()) {
      Add(absl::StrCat("job ", id, ": cannot be read: ", read.message()), report);
    }
    for (const std::string& finding : check.findings()) Add(finding, report);
    report.points += check.points();
  }
  return absl::OkStatus();
}

// Whose rows of a table are not as they can be; `text` says so of each, before its name.
absl::Status CheckRows(SqliteConnection& connection, const char* text, const std::string& query, StoreReport& report) {
  ASSIGN_OR_RETURN(SqliteStatement rows, connection.Prepare(query));
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) return absl::OkStatus();
    Add(absl::StrCat(text, ToAbsl(rows.Text(0))), report);
  }
}

absl::Status CheckPurges(SqliteConnection& connection, StoreReport& report) {
  return CheckRows(connection, "a purge in a revision that there is not, of project ",
                   "SELECT project FROM purges WHERE revision NOT BETWEEN 1 AND (SELECT revision FROM store)", report);
}

absl::Status CheckCalibrations(SqliteConnection& connection, StoreReport& report) {
  RETURN_IF_ERROR(CheckRows(connection, "a state that there is not, of calibration ",
                            "SELECT name FROM calibrations WHERE state NOT BETWEEN 1 AND 4", report));
  RETURN_IF_ERROR(
      CheckRows(connection, "no project of calibration ", "SELECT name FROM calibrations WHERE project = ''", report));
  RETURN_IF_ERROR(CheckRows(connection, "state and end time contradict each other, of calibration ",
                            "SELECT name FROM calibrations WHERE (state = 1) <> (end_time_us IS NULL)", report));
  RETURN_IF_ERROR(CheckRows(connection, "a state and a model that contradict each other, of calibration ",
                            "SELECT name FROM calibrations WHERE (state = 2) <> (length(model) > 0)", report));
  return CheckRows(connection, "counts below 0, of calibration ",
                   "SELECT name FROM calibrations WHERE rows < 0 OR attempts < 0", report);
}

absl::Status CheckCrashes(SqliteConnection& connection, StoreReport& report) {
  RETURN_IF_ERROR(CheckRows(connection, "what cannot be, of the daemon's deaths with job ",
                            "SELECT job_id FROM job_crashes WHERE activity NOT BETWEEN 0 AND 2 OR "
                            "min(crashes, crash_points, silent_crashes, crash_units) < 0",
                            report));
  return CheckRows(connection, "the daemon's deaths are counted of a job that does not run, job ",
                   "SELECT job_id FROM job_crashes JOIN jobs ON id = job_id WHERE state > 3 OR "
                   "(activity > 0 AND state <> 2)",
                   report);
}

absl::Status CheckContent(SqliteConnection& connection, StoreReport& report) {
  ASSIGN_OR_RETURN(const SqliteTransaction transaction,
                   SqliteTransaction::Begin(&connection, SqliteTransaction::Kind::kRead));
  ASSIGN_OR_RETURN(const std::vector<std::string> problems, connection.ReadIntegrity());
  for (const std::string& problem : problems) Add(absl::StrCat("file: ", problem), report);
  RETURN_IF_ERROR(CheckReferences(connection, report));
  RETURN_IF_ERROR(CheckRevisionAndIds(connection, report));
  RETURN_IF_ERROR(CheckPurges(connection, report));
  RETURN_IF_ERROR(CheckCalibrations(connection, report));
  RETURN_IF_ERROR(CheckCrashes(connection, report));
  return CheckJobs(connection, report);
}

}  // namespace

absl::StatusOr<StoreReport> CheckStore(const std::string& data_dir) {
  const std::string path = data_dir + "/oneloop.db";
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) return absl::NotFoundError(absl::StrCat("there is no store at ", path));
  ASSIGN_OR_RETURN(const std::unique_ptr<DataDirectory> directory, DataDirectory::Open(data_dir));
  StoreReport report;
  // The log of a killed daemon can be read by a connection that might write only; it stays as it is.
  ASSIGN_OR_RETURN(const std::unique_ptr<SqliteConnection> connection,
                   SqliteConnection::Open(path, SqliteConnection::Mode::kReadWrite, ""));
  connection->SetCheckpointOnClose(false);
  absl::Status read = connection->Execute("PRAGMA query_only = 1");
  if (read.ok()) read = CheckSchemaVersion(*connection, StoreSchema());
  if (absl::IsFailedPrecondition(read)) return read;
  if (read.ok()) read = CheckContent(*connection, report);
  // Where SQLite could not read on, the rest could not be looked at.
  if (!read.ok()) Add(absl::StrCat("file: ", read.message()), report);
  return report;
}

}  // namespace oneloop
