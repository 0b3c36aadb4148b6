#include "server/store/sqlite_overviews.h"

#include <cstddef>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "server/store/overview_choice.h"
#include "server/store/sqlite_point_queries.h"
#include "server/store/sqlite_queries.h"
#include "server/store/store_errors.h"

namespace oneloop {
namespace {

// Rows that may be looked at for all results, of which there are few: about 100 ms.
constexpr int kMostScannedRows = 300000;
// And for the next result, from one place on.
constexpr int kMostPassedRows = 100;

struct ResultCount {
  int num_starts = 0;
  std::int64_t results = 0;
};

absl::StatusOr<ResultCount> CountResults(SqliteConnection& connection, std::int64_t job_id) {
  ASSIGN_OR_RETURN(SqliteStatement row, connection.Prepare("SELECT num_starts, results FROM jobs WHERE id = ?"));
  row.Bind(job_id);
  ASSIGN_OR_RETURN(const bool found, row.Step());
  if (!found) return NoJob(job_id);
  return ResultCount{static_cast<int>(row.Int(0)), row.Int(1)};
}

// Of the job's first rows.
absl::StatusOr<std::vector<PointRecord>> ReadFirstResults(SqliteConnection& connection, std::int64_t job_id,
                                                          int num_starts) {
  ASSIGN_OR_RETURN(SqliteStatement rows,
                   connection.Prepare(absl::StrCat(kSelectPointRows, kOfJob, "ORDER BY number LIMIT ?2")));
  rows.Bind(job_id, kMostScannedRows);
  std::vector<PointRecord> results;
  for (std::int64_t passed = -1;;) {
    ASSIGN_OR_RETURN(std::optional<PointRecord> point, NextResult(rows, num_starts, passed));
    if (!point) return results;
    results.push_back(*std::move(point));
  }
}

// The best and the greatest.
absl::StatusOr<std::vector<PointRecord>> ReadMarkedResults(SqliteConnection& connection, std::int64_t job_id,
                                                           int num_starts) {
  ASSIGN_OR_RETURN(SqliteStatement rows, connection.Prepare(absl::StrCat(
                                             kSelectPointRows, kOfJob,
                                             "AND number IN (SELECT number FROM greatest_points WHERE job_id = ?1 "
                                             "UNION SELECT best_point FROM jobs WHERE id = ?1)")));
  rows.Bind(job_id);
  std::vector<PointRecord> marked;
  RETURN_IF_ERROR(AppendPointRows(rows, num_starts, marked));
  return marked;
}

absl::StatusOr<std::vector<PointRecord>> ReadFront(SqliteConnection& connection, std::int64_t job_id, int num_starts) {
  ASSIGN_OR_RETURN(SqliteStatement rows, connection.Prepare(absl::StrCat(kSelectPointRows, kOnFront)));
  rows.Bind(job_id);
  std::vector<PointRecord> front;
  RETURN_IF_ERROR(AppendPointRows(rows, num_starts, front));
  return front;
}

absl::StatusOr<std::int64_t> EndOfRows(SqliteConnection& connection, std::int64_t job_id) {
  ASSIGN_OR_RETURN(SqliteStatement row,
                   connection.Prepare("SELECT coalesce(max(number), -1) + 1 FROM point_rows WHERE job_id = ?"));
  row.Bind(job_id);
  RETURN_IF_ERROR(row.Step().status());
  return row.Int(0);
}

// A start's improvements by their places, and one statement for each way to find some.
class ImprovementReader {
 public:
  static absl::StatusOr<ImprovementReader> Create(SqliteConnection& connection, std::int64_t job_id) {
    constexpr char kSelect[] =
        "SELECT ordinal, number, sample, energy_uj, latency_cycles, area_mm2, score, revision FROM improvements WHERE "
        "job_id = ?1 AND start = ?2 ";
    ASSIGN_OR_RETURN(SqliteStatement last, connection.Prepare(absl::StrCat(kSelect, "ORDER BY ordinal DESC LIMIT 1")));
    ASSIGN_OR_RETURN(SqliteStatement all, connection.Prepare(absl::StrCat(kSelect, "ORDER BY ordinal")));
    ASSIGN_OR_RETURN(SqliteStatement one, connection.Prepare(absl::StrCat(kSelect, "AND ordinal = ?3")));
    return ImprovementReader(job_id, std::move(last), std::move(all), std::move(one));
  }

  absl::StatusOr<StartSize> SizeOf(int start) {
    last_.Bind(job_id_, start);
    ASSIGN_OR_RETURN(const bool row, last_.Step());
    if (!row) return StartSize{0, std::numeric_limits<double>::infinity()};
    return StartSize{last_.Int(0) + 1, last_.Real(6)};
  }

  // `share` of the start's `count`.
  absl::Status Read(int start, std::int64_t count, std::int64_t share, std::vector<Improvement>& improvements) {
    if (share < count) {
      for (const std::int64_t ordinal : EvenPlaces(count, share)) {
        one_.Bind(job_id_, start, ordinal);
        ASSIGN_OR_RETURN(const bool row, one_.Step());
        if (!row) {
          return absl::DataLossError(
              absl::StrCat("job ", job_id_, ", start ", start, ": improvement ", ordinal, " is missing"));
        }
        improvements.push_back(FromRow(one_));
      }
      return absl::OkStatus();
    }
    all_.Bind(job_id_, start);
    for (;;) {
      ASSIGN_OR_RETURN(const bool row, all_.Step());
      if (!row) return absl::OkStatus();
      improvements.push_back(FromRow(all_));
    }
  }

 private:
  ImprovementReader(std::int64_t job_id, SqliteStatement last, SqliteStatement all, SqliteStatement one)
      : job_id_(job_id), last_(std::move(last)), all_(std::move(all)), one_(std::move(one)) {}

  static Improvement FromRow(const SqliteStatement& row) {
    return {row.Int(1), row.Int(2), row.Real(3), row.Real(4), row.Real(5), row.Real(6), row.Int(7)};
  }

  std::int64_t job_id_;
  SqliteStatement last_;
  SqliteStatement all_;
  SqliteStatement one_;
};

}  // namespace

absl::StatusOr<PointSample> ReadPointSample(SqliteConnection& connection, std::int64_t job_id, int most) {
  PointSample sample;
  ASSIGN_OR_RETURN(const ResultCount count, CountResults(connection, job_id));
  ASSIGN_OR_RETURN(sample.revision, ReadRevision(connection));
  sample.total = count.results;
  if (sample.total <= most) {
    ASSIGN_OR_RETURN(sample.points, ReadFirstResults(connection, job_id, count.num_starts));
    if (static_cast<std::int64_t>(sample.points.size()) == sample.total) return sample;
  }
  ResultSample choice(most);
  ASSIGN_OR_RETURN(const std::vector<PointRecord> marked, ReadMarkedResults(connection, job_id, count.num_starts));
  ASSIGN_OR_RETURN(std::vector<PointRecord> front, ReadFront(connection, job_id, count.num_starts));
  choice.AddFront(marked, std::move(front));
  ASSIGN_OR_RETURN(const std::int64_t end, EndOfRows(connection, job_id));
  ASSIGN_OR_RETURN(SqliteStatement rows, connection.Prepare(absl::StrCat(kSelectPointRows, kOfJob,
                                                                         "AND number >= ?2 ORDER BY number LIMIT ?3")));
  RETURN_IF_ERROR(choice.Fill(end, [&](std::int64_t number) -> absl::StatusOr<ResultSample::Found> {
    rows.Bind(job_id, number, kMostPassedRows);
    ResultSample::Found found;
    ASSIGN_OR_RETURN(found.point, NextResult(rows, count.num_starts, found.passed));
    return found;
  }));
  sample.points = choice.Take();
  return sample;
}

absl::StatusOr<JobHistory> ReadJobHistory(SqliteConnection& connection, std::int64_t job_id, int most) {
  JobHistory history;
  ASSIGN_OR_RETURN(const std::vector<StartRecord> starts, ReadStarts(connection, job_id));
  ASSIGN_OR_RETURN(history.revision, ReadRevision(connection));
  ASSIGN_OR_RETURN(ImprovementReader reader, ImprovementReader::Create(connection, job_id));
  std::vector<StartRecord> begun;
  std::vector<StartSize> sizes;
  for (const StartRecord& start : starts) {
    if (!HasBegun(start)) continue;
    begun.push_back(start);
    ASSIGN_OR_RETURN(sizes.emplace_back(), reader.SizeOf(start.start));
  }
  const std::vector<std::optional<std::int64_t>> shares = ShareImprovements(sizes, most);
  for (std::size_t i = 0; i < begun.size(); ++i) {
    if (!shares[i]) continue;
    history.starts.push_back({begun[i], {}});
    RETURN_IF_ERROR(reader.Read(begun[i].start, sizes[i].improvements, *shares[i], history.starts.back().improvements));
  }
  return history;
}

absl::Status RestoreOverview(SqliteConnection& connection, std::int64_t job_id, const std::vector<StartRecord>& starts,
                             JobLedger& ledger) {
  ASSIGN_OR_RETURN(ImprovementReader reader, ImprovementReader::Create(connection, job_id));
  for (const StartRecord& start : starts) {
    if (start.points == 0) continue;
    ASSIGN_OR_RETURN(const StartSize size, reader.SizeOf(start.start));
    ledger.RestoreImprovements(start.start, size.improvements, size.best_score);
  }
  ASSIGN_OR_RETURN(SqliteStatement rows,
                   connection.Prepare("SELECT figure, number, energy_uj, latency_cycles, area_mm2 FROM "
                                      "greatest_points JOIN point_rows USING (job_id, number) WHERE job_id = ?"));
  rows.Bind(job_id);
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) return absl::OkStatus();
    NewPoint point;
    point.energy_uj = rows.Real(2);
    point.latency_cycles = rows.Real(3);
    point.area_mm2 = rows.Real(4);
    const auto figure = static_cast<Figure>(rows.Int(0));
    ledger.RestoreGreatest(figure, {rows.Int(1), FigureOf(figure, point)});
  }
}

}  // namespace oneloop
