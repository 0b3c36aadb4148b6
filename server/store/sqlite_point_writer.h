#ifndef ONELOOP_SERVER_STORE_SQLITE_POINT_WRITER_H_
#define ONELOOP_SERVER_STORE_SQLITE_POINT_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/job_ledger.h"
#include "server/store/run_store.h"
#include "server/store/sqlite_connection.h"

namespace oneloop {

// A figure as SQLite keeps it: NULL stands for infinity.
std::optional<double> StoredFigure(double value);

// Puts points into their tables and takes them out. Exact ones get a row each and their design another; long runs of
// descent steps are packed. Used by one thread at a time.
class SqlitePointWriter {
 public:
  // `connection` outlives the writer.
  explicit SqlitePointWriter(SqliteConnection* connection) : connection_(connection) {}

  // The points of the batch from `first_new` on, which `ledger` has numbered. Within the caller's transaction.
  absl::Status Insert(const PointBatch& batch, std::size_t first_new, const JobLedger& ledger, std::int64_t revision);

  // What overviews of the job show: new improvements, and points of greatest figures. Within the same transaction.
  absl::Status InsertOverview(std::int64_t job_id, const JobLedger::Changes& changes, std::int64_t revision);

  // Some of the points of a job that was deleted, in a transaction of its own that others need not wait long for. False
  // when there are none left.
  absl::StatusOr<bool> RemoveSomeOfDeletedJobs();

 private:
  absl::Status InsertRow(const PointBatch& batch, const NewPoint& point, std::int64_t number, std::int64_t revision);
  absl::Status InsertPack(const PointBatch& batch, std::span<const NewPoint> points, std::int64_t revision);

  SqliteConnection* const connection_;
  std::string buffer_;  // for one value after the other
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_STORE_SQLITE_POINT_WRITER_H_
