#include "server/store/sqlite_point_queries.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "server/store/number_list.h"
#include "server/store/point_pack.h"
#include "server/store/sqlite_queries.h"
#include "server/store/store_errors.h"

namespace oneloop {
namespace {

absl::StatusOr<PointRecord> PointFromRow(const SqliteStatement& row, int num_starts) {
  int column = 0;
  PointRecord record;
  record.number = row.Int(column++);
  record.start = static_cast<int>(row.Int(column++));
  record.point.sequence = record.number / num_starts;
  record.point.sample = row.Int(column++);
  record.point.origin = static_cast<PointOrigin>(row.Int(column++));
  record.point.energy_uj = row.Figure(column++);
  record.point.latency_cycles = row.Figure(column++);
  record.point.area_mm2 = row.Figure(column++);
  record.point.score = row.Figure(column++);
  ASSIGN_OR_RETURN(const std::vector<double> parameters, ParseNumberList(row.Text(column++)));
  record.point.parameters.assign(parameters.begin(), parameters.end());
  record.revision = row.Int(column++);
  record.entered_front_revision = row.Int(column++);
  record.left_front_revision = row.Int(column++);
  return record;
}

absl::StatusOr<std::size_t> ReadNumParameters(SqliteConnection& connection, std::int64_t job_id) {
  ASSIGN_OR_RETURN(SqliteStatement rows, connection.Prepare("SELECT count(*) FROM job_parameters WHERE job_id = ?"));
  rows.Bind(job_id);
  RETURN_IF_ERROR(rows.Step().status());
  return static_cast<std::size_t>(rows.Int(0));
}

absl::Status Missing(std::int64_t job_id, int start, std::int64_t number) {
  return absl::DataLossError(absl::StrCat("job ", job_id, ", start ", start, ": point ", number, " is missing"));
}

// Reads one start's points after the other, by their sequences.
class StartReader {
 public:
  // Of one job; with `exact_only` leaves the steps of the descent out.
  static absl::StatusOr<StartReader> Create(SqliteConnection& connection, std::int64_t job_id, bool exact_only) {
    ASSIGN_OR_RETURN(const int num_starts, ReadNumStarts(connection, job_id));
    ASSIGN_OR_RETURN(const std::size_t num_parameters, ReadNumParameters(connection, job_id));
    // The index holds the sequences: without the data no pack is read.
    ASSIGN_OR_RETURN(
        SqliteStatement packs,
        connection.Prepare(absl::StrCat(
            "SELECT first_sequence, last_sequence", exact_only ? " " : ", first_sample, sample_step, revision, data ",
            "FROM point_packs WHERE job_id = ?1 AND start = ?2 AND last_sequence >= ?3 ORDER BY last_sequence")));
    ASSIGN_OR_RETURN(SqliteStatement row,
                     connection.Prepare(absl::StrCat(kSelectPointRows, kOfJob, "AND number = ?2")));
    return StartReader(job_id, num_starts, num_parameters, exact_only, std::move(packs), std::move(row));
  }

  int num_starts() const { return num_starts_; }

  // Appends what the start has stored of the sequences [first, end), until there are `limit` points in all. All of
  // them must be stored.
  absl::Status Append(int start, std::int64_t first, std::int64_t end, std::size_t limit,
                      std::vector<PointRecord>& points) {
    packs_.Bind(job_id_, start, first);
    while (first < end && points.size() < limit) {
      ASSIGN_OR_RETURN(const bool has_pack, packs_.Step());
      const std::int64_t rows_end = has_pack ? std::min(end, packs_.Int(0)) : end;
      for (; first < rows_end && points.size() < limit; ++first) RETURN_IF_ERROR(AppendRow(start, first, points));
      if (!has_pack || first < rows_end || first >= end) return absl::OkStatus();
      const std::int64_t pack_end = packs_.Int(1) + 1;
      if (!exact_only_) RETURN_IF_ERROR(AppendPacked(start, first, std::min(end, pack_end), limit, points));
      first = pack_end;
    }
    return absl::OkStatus();
  }

  // The point if it is in a pack.
  absl::Status AppendIfPacked(int start, std::int64_t sequence, std::vector<PointRecord>& points) {
    packs_.Bind(job_id_, start, sequence);
    ASSIGN_OR_RETURN(const bool has_pack, packs_.Step());
    if (!has_pack || packs_.Int(0) > sequence) return absl::OkStatus();
    return AppendPacked(start, sequence, sequence + 1, points.size() + 1, points);
  }

 private:
  StartReader(std::int64_t job_id, int num_starts, std::size_t num_parameters, bool exact_only, SqliteStatement packs,
              SqliteStatement row)
      : job_id_(job_id),
        num_starts_(num_starts),
        num_parameters_(num_parameters),
        exact_only_(exact_only),
        packs_(std::move(packs)),
        row_(std::move(row)) {}

  std::int64_t Number(int start, std::int64_t sequence) const { return sequence * num_starts_ + start; }

  absl::Status AppendRow(int start, std::int64_t sequence, std::vector<PointRecord>& points) {
    const std::int64_t number = Number(start, sequence);
    row_.Bind(job_id_, number);
    ASSIGN_OR_RETURN(const bool found, row_.Step());
    if (!found) return Missing(job_id_, start, number);
    ASSIGN_OR_RETURN(PointRecord record, PointFromRow(row_, num_starts_));
    if (exact_only_ && record.point.origin == PointOrigin::kDescent) return absl::OkStatus();
    points.push_back(std::move(record));
    return absl::OkStatus();
  }

  // Of the pack that packs_ is at.
  absl::Status AppendPacked(int start, std::int64_t first, std::int64_t end, std::size_t limit,
                            std::vector<PointRecord>& points) {
    const PackHead head = {packs_.Int(0), packs_.Int(1), packs_.Int(2), packs_.Int(3)};
    const absl::StatusOr<PackReader> pack = PackReader::Open(head, packs_.Text(5), num_parameters_);
    if (!pack.ok()) return PrefixField(absl::StrCat("job ", job_id_, ", start ", start), pack.status());
    for (; first < end && points.size() < limit; ++first) {
      PointRecord& record = points.emplace_back();
      record.number = Number(start, first);
      record.start = start;
      record.point = pack->Point(first);
      record.revision = packs_.Int(4);
    }
    return absl::OkStatus();
  }

  std::int64_t job_id_;
  int num_starts_;
  std::size_t num_parameters_;
  bool exact_only_;
  SqliteStatement packs_;  // those that end at or after a sequence of one start
  SqliteStatement row_;    // of one number
};

// What the index of exact points or of the front answers.
absl::StatusOr<std::vector<PointRecord>> ReadPointRows(SqliteConnection& connection, const PointQuery& query) {
  ASSIGN_OR_RETURN(const int num_starts, ReadNumStarts(connection, query.job_id));
  // Whatever is on the front is exact.
  const bool skip_descent = query.exact_only && !query.front_only;
  ASSIGN_OR_RETURN(SqliteStatement rows,
                   connection.Prepare(absl::StrCat(
                       kSelectPointRows, query.front_only ? kOnFront : kOfJob, "AND number > ?2 ",
                       skip_descent ? absl::StrCat("AND origin <> ", static_cast<int>(PointOrigin::kDescent), " ") : "",
                       query.start ? "AND start = ?4 " : "", "ORDER BY number LIMIT ?3")));
  if (query.start) {
    rows.Bind(query.job_id, query.after_number, query.limit, *query.start);
  } else {
    rows.Bind(query.job_id, query.after_number, query.limit);
  }
  std::vector<PointRecord> points;
  RETURN_IF_ERROR(AppendPointRows(rows, num_starts, points));
  return points;
}

// The starts that a query may find points of.
absl::StatusOr<std::vector<StartRecord>> ReadStartsOf(SqliteConnection& connection, const PointQuery& query) {
  ASSIGN_OR_RETURN(std::vector<StartRecord> starts, ReadStarts(connection, query.job_id));
  if (!query.start) return starts;
  if (*query.start < 0 || *query.start >= static_cast<int>(starts.size())) return std::vector<StartRecord>();
  return std::vector<StartRecord>{starts[static_cast<std::size_t>(*query.start)]};
}

// Sequences have no gaps, so that a few of every start, put in order, make a stretch of the whole list.
absl::StatusOr<std::vector<PointRecord>> ReadStretches(SqliteConnection& connection, const PointQuery& query) {
  // Of one start's exact points it is not known how far apart they are.
  constexpr std::int64_t kShortestStretch = 4096;
  const auto limit = static_cast<std::size_t>(query.limit);
  ASSIGN_OR_RETURN(StartReader reader, StartReader::Create(connection, query.job_id, query.exact_only));
  ASSIGN_OR_RETURN(std::vector<StartRecord> starts, ReadStartsOf(connection, query));
  std::vector<PointRecord> points;
  std::int64_t sequence = std::max<std::int64_t>(0, query.after_number / reader.num_starts());
  while (points.size() < limit) {
    std::erase_if(starts, [sequence](const StartRecord& start) { return start.points <= sequence; });
    if (starts.empty()) break;
    const auto share = static_cast<std::int64_t>((limit - points.size()) / starts.size());
    const std::int64_t end = sequence + std::max<std::int64_t>(share, query.exact_only ? kShortestStretch : 1);
    const std::size_t begin = points.size();
    for (const StartRecord& start : starts) {
      const bool passed = sequence * reader.num_starts() + start.start <= query.after_number;
      RETURN_IF_ERROR(
          reader.Append(start.start, sequence + (passed ? 1 : 0), std::min(end, start.points), limit, points));
    }
    std::sort(points.begin() + static_cast<std::ptrdiff_t>(begin), points.end(),
              [](const PointRecord& a, const PointRecord& b) { return a.number < b.number; });
    sequence = end;
  }
  return points;
}

}  // namespace

absl::Status AppendPointRows(SqliteStatement& rows, int num_starts, std::vector<PointRecord>& points) {
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) return absl::OkStatus();
    ASSIGN_OR_RETURN(PointRecord point, PointFromRow(rows, num_starts));
    points.push_back(std::move(point));
  }
}

absl::StatusOr<std::vector<PointRecord>> ReadPoints(SqliteConnection& connection, const PointQuery& query) {
  RETURN_IF_ERROR(CheckLimit(query.limit));
  if (query.front_only || (query.exact_only && !query.start)) return ReadPointRows(connection, query);
  return ReadStretches(connection, query);
}

absl::StatusOr<PointRecord> ReadPoint(SqliteConnection& connection, std::int64_t job_id, std::int64_t number) {
  std::vector<PointRecord> points;
  {
    ASSIGN_OR_RETURN(const int num_starts, ReadNumStarts(connection, job_id));
    ASSIGN_OR_RETURN(SqliteStatement rows,
                     connection.Prepare(absl::StrCat(kSelectPointRows, kOfJob, "AND number = ?2")));
    rows.Bind(job_id, number);
    RETURN_IF_ERROR(AppendPointRows(rows, num_starts, points));
  }
  if (!points.empty()) return std::move(points.front());
  if (number < 0) return NoPoint(job_id, number);
  ASSIGN_OR_RETURN(StartReader reader, StartReader::Create(connection, job_id, /*exact_only=*/false));
  const int start = static_cast<int>(number % reader.num_starts());
  const std::int64_t sequence = number / reader.num_starts();
  RETURN_IF_ERROR(reader.AppendIfPacked(start, sequence, points));
  if (!points.empty()) return std::move(points.front());
  ASSIGN_OR_RETURN(const std::vector<StartRecord> starts, ReadStarts(connection, job_id));
  const bool stored = sequence < starts[static_cast<std::size_t>(start)].points;
  return stored ? Missing(job_id, start, number) : NoPoint(job_id, number);
}

absl::StatusOr<std::string> ReadDesign(SqliteConnection& connection, std::int64_t job_id, std::int64_t number) {
  RETURN_IF_ERROR(ReadPoint(connection, job_id, number).status());
  ASSIGN_OR_RETURN(SqliteStatement rows,
                   connection.Prepare("SELECT design FROM designs WHERE job_id = ? AND number = ?"));
  rows.Bind(job_id, number);
  ASSIGN_OR_RETURN(const bool row, rows.Step());
  if (!row) return NoDesign(job_id, number);
  return std::string(rows.Text(0));
}

}  // namespace oneloop
