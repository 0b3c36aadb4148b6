#include "server/store/sqlite_crashes.h"

#include <cstddef>

#include "common/base/status.h"
#include "server/store/run_store.h"

namespace oneloop {
namespace {

// A job's progress, beside what is known of its crashes.
struct CrashRow {
  JobCrashes crashes;
  std::int64_t points = 0;
  std::int64_t units_done = 0;
};

absl::StatusOr<std::vector<CrashRow>> ReadCrashes(SqliteConnection& connection) {
  std::vector<CrashRow> result;
  ASSIGN_OR_RETURN(
      SqliteStatement rows,
      connection.Prepare("SELECT job_id, activity, crashes, crash_points, silent_crashes, crash_units, jobs.points, "
                         "jobs.starts_done + (jobs.bound_boxes IS NOT NULL) "
                         "FROM job_crashes JOIN jobs ON jobs.id = job_id ORDER BY job_id"));
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) return result;
    CrashRow& read = result.emplace_back();
    read.crashes.job_id = rows.Int(0);
    read.crashes.activity = static_cast<JobActivity>(rows.Int(1));
    read.crashes.crashes = static_cast<int>(rows.Int(2));
    read.crashes.points = rows.Int(3);
    read.crashes.silent_crashes = static_cast<int>(rows.Int(4));
    read.crashes.units_done = rows.Int(5);
    read.points = rows.Int(6);
    read.units_done = rows.Int(7);
  }
}

}  // namespace

absl::Status SetActivity(SqliteConnection& connection, std::int64_t job_id, JobActivity activity) {
  ASSIGN_OR_RETURN(SqliteStatement set,
                   connection.Prepare("INSERT INTO job_crashes (job_id, activity) SELECT id, ?2 FROM jobs "
                                      "WHERE id = ?1 AND state = ?3 "
                                      "ON CONFLICT (job_id) DO UPDATE SET activity = ?2"));
  return set.Run(job_id, static_cast<int>(activity), static_cast<int>(JobState::kRunning));
}

absl::Status ClearActivity(SqliteConnection& connection, std::int64_t job_id) {
  ASSIGN_OR_RETURN(SqliteStatement set, connection.Prepare("UPDATE job_crashes SET activity = 0 WHERE job_id = ?"));
  return set.Run(job_id);
}

absl::Status RemoveCrashes(SqliteConnection& connection, std::int64_t job_id) {
  ASSIGN_OR_RETURN(SqliteStatement remove, connection.Prepare("DELETE FROM job_crashes WHERE job_id = ?"));
  return remove.Run(job_id);
}

absl::Status RemoveAllCrashes(SqliteConnection& connection) { return connection.Execute("DELETE FROM job_crashes"); }

absl::StatusOr<std::vector<JobCrashes>> CountAllCrashes(SqliteConnection& connection) {
  ASSIGN_OR_RETURN(std::vector<CrashRow> rows, ReadCrashes(connection));
  ASSIGN_OR_RETURN(SqliteStatement update,
                   connection.Prepare("UPDATE job_crashes SET activity = ?2, crashes = ?3, crash_points = ?4, "
                                      "silent_crashes = ?5, crash_units = ?6 WHERE job_id = ?1"));
  std::vector<JobCrashes> counted;
  counted.reserve(rows.size());
  for (CrashRow& row : rows) {
    JobCrashes& job = row.crashes;
    CountCrash(row.points, row.units_done, &job);
    RETURN_IF_ERROR(update.Run(job.job_id, static_cast<int>(job.activity), job.crashes, job.points, job.silent_crashes,
                               job.units_done));
    counted.push_back(job);
  }
  return counted;
}

}  // namespace oneloop
