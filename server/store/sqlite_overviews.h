#ifndef ONELOOP_SERVER_STORE_SQLITE_OVERVIEWS_H_
#define ONELOOP_SERVER_STORE_SQLITE_OVERVIEWS_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/job_ledger.h"
#include "server/store/run_store.h"
#include "server/store/sqlite_connection.h"

namespace oneloop {

// What a SQLite store shows of jobs with many points, in a time that hardly depends on how many. Each is a query of
// RunStore, with its codes, and expects to run inside a transaction.

absl::StatusOr<PointSample> ReadPointSample(SqliteConnection& connection, std::int64_t job_id, int most);
absl::StatusOr<JobHistory> ReadJobHistory(SqliteConnection& connection, std::int64_t job_id, int most);

// Gives a ledger what overviews of its job show, of the starts that it has.
absl::Status RestoreOverview(SqliteConnection& connection, std::int64_t job_id, const std::vector<StartRecord>& starts,
                             JobLedger& ledger);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_STORE_SQLITE_OVERVIEWS_H_
