#ifndef ONELOOP_SERVER_STORE_SQLITE_POINT_QUERIES_H_
#define ONELOOP_SERVER_STORE_SQLITE_POINT_QUERIES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/run_store.h"
#include "server/store/sqlite_connection.h"

namespace oneloop {

// How a SQLite store reads points, be they packed or in rows of their own. The queries have the codes of RunStore, and
// DATA_LOSS for packs that cannot be read and for points that are missing; each expects to run inside a transaction.

absl::StatusOr<std::vector<PointRecord>> ReadPoints(SqliteConnection& connection, const PointQuery& query);
absl::StatusOr<PointRecord> ReadPoint(SqliteConnection& connection, std::int64_t job_id, std::int64_t number);
absl::StatusOr<std::string> ReadDesign(SqliteConnection& connection, std::int64_t job_id, std::int64_t number);

// Queries of points in rows of their own begin with kSelectPointRows, and one of the conditions: of the job ?1, all,
// those on its front, or those that are or were on it. The front's indexes are named, because the planner prefers to
// look through all of the job's rows.
inline constexpr char kSelectPointRows[] =
    "SELECT number, start, sample, origin, energy_uj, latency_cycles, area_mm2, score, parameters, revision, "
    "entered_front_revision, left_front_revision FROM point_rows ";
inline constexpr char kOfJob[] = "WHERE job_id = ?1 ";
inline constexpr char kOnFront[] =
    "INDEXED BY point_rows_on_front WHERE job_id = ?1 AND entered_front_revision IS NOT NULL AND "
    "left_front_revision IS NULL ";
inline constexpr char kEverOnFront[] =
    "INDEXED BY point_rows_entered_front WHERE job_id = ?1 AND entered_front_revision IS NOT NULL ";

// Steps to the next row of a result; none at the end. `passed` becomes the number of the last other row on the way.
absl::StatusOr<std::optional<PointRecord>> NextResult(SqliteStatement& rows, int num_starts, std::int64_t& passed);
// Steps through all rows.
absl::Status AppendPointRows(SqliteStatement& rows, int num_starts, std::vector<PointRecord>& points);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_STORE_SQLITE_POINT_QUERIES_H_
