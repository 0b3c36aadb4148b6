#ifndef ONELOOP_SERVER_STORE_SQLITE_QUERIES_H_
#define ONELOOP_SERVER_STORE_SQLITE_QUERIES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/run_store.h"
#include "server/store/sqlite_connection.h"

namespace oneloop {

// The reading half of a SQLite store. Each function is one query of RunStore, with its codes, and expects to run
// inside a transaction, so that its statements see one state of the file. Points: sqlite_point_queries.h.

absl::StatusOr<std::int64_t> ReadRevision(SqliteConnection& connection);
absl::StatusOr<int> ReadNumStarts(SqliteConnection& connection, std::int64_t job_id);  // NOT_FOUND
absl::StatusOr<JobRecord> ReadJob(SqliteConnection& connection, std::int64_t id,
                                  SpecDetail detail = SpecDetail::kWhole);
absl::StatusOr<std::vector<JobRecord>> ReadJobs(SqliteConnection& connection, const JobQuery& query);
absl::StatusOr<ChangedJobs> ReadChangedJobs(SqliteConnection& connection, const JobQuery& query, std::int64_t since,
                                            const JobCursor& after);
absl::StatusOr<JobRecord> ReadRequestedJob(SqliteConnection& connection, const std::string& project,
                                           const std::string& owner, const std::string& request_id);
absl::StatusOr<StoreUsage> ReadStoreUsage(SqliteConnection& connection, const std::string& owner,
                                          const std::string& project);
// But for the log's size.
absl::StatusOr<StoreTotals> ReadStoreTotals(SqliteConnection& connection);
absl::StatusOr<std::vector<StartRecord>> ReadStarts(SqliteConnection& connection, std::int64_t job_id);
absl::StatusOr<JobSnapshot> ReadSnapshot(SqliteConnection& connection, std::int64_t job_id);
absl::StatusOr<JobChanges> ReadJobChanges(SqliteConnection& connection, std::int64_t job_id, std::int64_t after,
                                          int limit);
absl::StatusOr<std::vector<PointRecord>> ReadFrontAt(SqliteConnection& connection, std::int64_t job_id,
                                                     std::int64_t revision);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_STORE_SQLITE_QUERIES_H_
