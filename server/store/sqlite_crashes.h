#ifndef ONELOOP_SERVER_STORE_SQLITE_CRASHES_H_
#define ONELOOP_SERVER_STORE_SQLITE_CRASHES_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/job_crashes.h"
#include "server/store/sqlite_connection.h"

namespace oneloop {

// The table of jobs that may bring the daemon down. Each within the caller's transaction.

// Of a job that is RUNNING; for another it does nothing.
absl::Status SetActivity(SqliteConnection& connection, std::int64_t job_id, JobActivity activity);
// Of a job that is not RUNNING any more.
absl::Status ClearActivity(SqliteConnection& connection, std::int64_t job_id);
absl::Status RemoveCrashes(SqliteConnection& connection, std::int64_t job_id);
absl::Status RemoveAllCrashes(SqliteConnection& connection);

// As RunStore::CountCrashes.
absl::StatusOr<std::vector<JobCrashes>> CountAllCrashes(SqliteConnection& connection);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_STORE_SQLITE_CRASHES_H_
