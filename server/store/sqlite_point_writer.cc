#include "server/store/sqlite_point_writer.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <utility>

#include "common/base/failpoint.h"
#include "common/base/status.h"
#include "server/store/number_list.h"
#include "server/store/point_pack.h"

namespace oneloop {

std::optional<double> StoredFigure(double value) {
  if (!std::isfinite(value)) return std::nullopt;
  return value;
}

absl::Status SqlitePointWriter::Insert(const PointBatch& batch, std::size_t first_new, const JobLedger& ledger,
                                       std::int64_t revision) {
  std::span<const NewPoint> points(batch.points);
  for (points = points.subspan(first_new); !points.empty();) {
    const std::size_t packed = PackLength(points);
    if (packed == 0) {
      RETURN_IF_ERROR(InsertRow(batch, points[0], ledger.Number(batch.start, points[0].sequence), revision));
    } else {
      RETURN_IF_ERROR(InsertPack(batch, points.first(packed), revision));
    }
    points = points.subspan(std::max<std::size_t>(1, packed));
  }
  return absl::OkStatus();
}

absl::Status SqlitePointWriter::InsertRow(const PointBatch& batch, const NewPoint& point, std::int64_t number,
                                          std::int64_t revision) {
  ASSIGN_OR_RETURN(
      SqliteStatement insert,
      connection_->Prepare("INSERT INTO point_rows (job_id, number, start, sample, origin, energy_uj, latency_cycles, "
                           "area_mm2, score, parameters, revision) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  FormatNumberList(point.parameters, buffer_);
  RETURN_IF_ERROR(insert.Run(batch.job_id, number, batch.start, point.sample, static_cast<int>(point.origin),
                             StoredFigure(point.energy_uj), StoredFigure(point.latency_cycles),
                             StoredFigure(point.area_mm2), StoredFigure(point.score), buffer_, revision));
  if (point.design.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(SqliteStatement insert_design,
                   connection_->Prepare("INSERT INTO designs (job_id, number, design) VALUES (?, ?, ?)"));
  return insert_design.Run(batch.job_id, number, Blob{point.design});
}

absl::Status SqlitePointWriter::InsertPack(const PointBatch& batch, std::span<const NewPoint> points,
                                           std::int64_t revision) {
  ASSIGN_OR_RETURN(
      SqliteStatement insert,
      connection_->Prepare("INSERT INTO point_packs (job_id, start, first_sequence, last_sequence, first_sample, "
                           "sample_step, revision, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"));
  const PackHead head = EncodePack(points, buffer_);
  return insert.Run(batch.job_id, batch.start, head.first_sequence, head.last_sequence, head.first_sample,
                    head.sample_step, revision, Blob{buffer_});
}

absl::Status SqlitePointWriter::InsertOverview(std::int64_t job_id, const JobLedger::Changes& changes,
                                               std::int64_t revision) {
  ASSIGN_OR_RETURN(SqliteStatement improve,
                   connection_->Prepare("INSERT INTO improvements (job_id, start, ordinal, number, sample, energy_uj, "
                                        "latency_cycles, area_mm2, score, revision) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, "
                                        "?)"));
  for (const auto& [start, ordinal, improvement] : changes.improvements) {
    RETURN_IF_ERROR(improve.Run(job_id, start, ordinal, improvement.number, improvement.sample, improvement.energy_uj,
                                improvement.latency_cycles, improvement.area_mm2, improvement.score, revision));
  }
  ASSIGN_OR_RETURN(SqliteStatement mark, connection_->Prepare("INSERT OR REPLACE INTO greatest_points (job_id, figure, "
                                                              "number) VALUES (?, ?, ?)"));
  for (const auto& [figure, number] : changes.greatest) {
    RETURN_IF_ERROR(mark.Run(job_id, static_cast<int>(figure), number));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> SqlitePointWriter::RemoveSomeOfDeletedJobs() {
  // A transaction of about 10 ms, so that writes need not wait long; a pack is a page of its own.
  constexpr std::int64_t kRows = 2000;
  constexpr std::int64_t kPacks = 500;
  ASSIGN_OR_RETURN(const std::int64_t id, connection_->QueryInt("SELECT coalesce(min(job_id), 0) FROM deleted_jobs"));
  if (id == 0) return false;
  ASSIGN_OR_RETURN(SqliteTransaction transaction,
                   SqliteTransaction::Begin(connection_, SqliteTransaction::Kind::kWrite));
  std::int64_t deleted = 0;
  for (const auto& [sql, rows] : std::initializer_list<std::pair<const char*, std::int64_t>>{
           {"DELETE FROM designs WHERE rowid IN (SELECT rowid FROM designs WHERE job_id = ?1 LIMIT ?2)", kRows},
           {"DELETE FROM point_packs WHERE id IN (SELECT id FROM point_packs WHERE job_id = ?1 LIMIT ?2)", kPacks},
           {"DELETE FROM point_counts WHERE job_id = ?1 AND revision IN "
            "(SELECT revision FROM point_counts WHERE job_id = ?1 ORDER BY revision LIMIT ?2)",
            kRows},
           {"DELETE FROM improvements WHERE job_id = ?1 AND (start, ordinal) IN "
            "(SELECT start, ordinal FROM improvements WHERE job_id = ?1 ORDER BY start, ordinal LIMIT ?2)",
            kRows},
           {"DELETE FROM point_rows WHERE job_id = ?1 AND number IN "
            "(SELECT number FROM point_rows WHERE job_id = ?1 ORDER BY number LIMIT ?2)",
            kRows}}) {
    ASSIGN_OR_RETURN(SqliteStatement statement, connection_->Prepare(sql));
    RETURN_IF_ERROR(statement.Run(id, rows));
    deleted += connection_->changed_rows();
  }
  if (deleted == 0) {
    ASSIGN_OR_RETURN(SqliteStatement finish, connection_->Prepare("DELETE FROM deleted_jobs WHERE job_id = ?"));
    RETURN_IF_ERROR(finish.Run(id));
  }
  Failpoint("store.before_clean_up_commit");
  RETURN_IF_ERROR(transaction.Commit());
  return true;
}

}  // namespace oneloop
