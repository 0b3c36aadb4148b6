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

  // Appends what the start has stored of the sequences [first, end). All of them must be stored.
  absl::Status Append(int start, std::int64_t first, std::int64_t end, std::vector<PointRecord>& points) {
    packs_.Bind(job_id_, start, first);
    while (first < end) {
      ASSIGN_OR_RETURN(const bool has_pack, packs_.Step());
      const std::int64_t rows_end = has_pack ? std::min(end, packs_.Int(0)) : end;
      for (; first < rows_end; ++first) RETURN_IF_ERROR(AppendRow(start, first, points));
      if (!has_pack || first >= end) return absl::OkStatus();
      const std::int64_t pack_end = packs_.Int(1) + 1;
      if (!exact_only_) RETURN_IF_ERROR(AppendPacked(start, first, std::min(end, pack_end), points));
      first = pack_end;
    }
    return absl::OkStatus();
  }

  // The point if it is in a pack.
  absl::Status AppendIfPacked(int start, std::int64_t sequence, std::vector<PointRecord>& points) {
    packs_.Bind(job_id_, start, sequence);
    ASSIGN_OR_RETURN(const bool has_pack, packs_.Step());
    if (!has_pack || packs_.Int(0) > sequence) return absl::OkStatus();
    return AppendPacked(start, sequence, sequence + 1, points);
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
  absl::Status AppendPacked(int start, std::int64_t first, std::int64_t end, std::vector<PointRecord>& points) {
    const PackHead head = {packs_.Int(0), packs_.Int(1), packs_.Int(2), packs_.Int(3)};
    const absl::StatusOr<PackReader> pack = PackReader::Open(head, packs_.Text(5), num_parameters_);
    if (!pack.ok()) return PrefixField(absl::StrCat("job ", job_id_, ", start ", start), pack.status());
    for (; first < end; ++first) {
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

// When points of one job were stored.
class PointRevisions {
 public:
  static absl::StatusOr<PointRevisions> Create(SqliteConnection& connection, std::int64_t job_id, int num_starts) {
    ASSIGN_OR_RETURN(SqliteStatement row,
                     connection.Prepare("SELECT revision FROM point_rows WHERE job_id = ?1 AND number = ?2"));
    ASSIGN_OR_RETURN(SqliteStatement pack,
                     connection.Prepare("SELECT first_sequence, revision FROM point_packs WHERE job_id = ?1 AND "
                                        "start = ?2 AND last_sequence >= ?3 ORDER BY last_sequence LIMIT 1"));
    return PointRevisions(job_id, num_starts, std::move(row), std::move(pack));
  }

  // How many of the start's first `count` points, all stored, are of revisions up to this one. Looks at few: the nearer
  // to the last ones the answer is, the fewer.
  absl::StatusOr<std::int64_t> CountUpTo(int start, std::int64_t count, std::int64_t revision) {
    std::int64_t least = 0;     // so many are
    std::int64_t most = count;  // not more than so many are
    for (std::int64_t step = 1; least < most; step *= 2) {
      const std::int64_t sequence = std::max(least, most - step);
      ASSIGN_OR_RETURN(const std::int64_t stored, Of(start, sequence));
      if (stored <= revision) {
        least = sequence + 1;
        break;
      }
      most = sequence;
    }
    while (least < most) {
      const std::int64_t middle = least + (most - least) / 2;
      ASSIGN_OR_RETURN(const std::int64_t stored, Of(start, middle));
      (stored <= revision ? least : most) = stored <= revision ? middle + 1 : middle;
    }
    return least;
  }

 private:
  PointRevisions(std::int64_t job_id, int num_starts, SqliteStatement row, SqliteStatement pack)
      : job_id_(job_id), num_starts_(num_starts), row_(std::move(row)), pack_(std::move(pack)) {}

  absl::StatusOr<std::int64_t> Of(int start, std::int64_t sequence) {
    const std::int64_t number = sequence * num_starts_ + start;
    row_.Bind(job_id_, number);
    ASSIGN_OR_RETURN(const bool has_row, row_.Step());
    if (has_row) return row_.Int(0);
    pack_.Bind(job_id_, start, sequence);
    ASSIGN_OR_RETURN(const bool has_pack, pack_.Step());
    if (!has_pack || pack_.Int(0) > sequence) return Missing(job_id_, start, number);
    return pack_.Int(1);
  }

  std::int64_t job_id_;
  int num_starts_;
  SqliteStatement row_;
  SqliteStatement pack_;
};

// What the index of exact points or one of the fronts' answers.
absl::StatusOr<std::vector<PointRecord>> ReadPointRows(SqliteConnection& connection, const PointQuery& query) {
  ASSIGN_OR_RETURN(const int num_starts, ReadNumStarts(connection, query.job_id));
  // Whatever is or was on the front is exact.
  const bool of_front = query.front_only || query.ever_on_front;
  const char* const source = query.front_only ? kOnFront : query.ever_on_front ? kEverOnFront : kOfJob;
  // A point enters the front when it is stored, or never.
  const char* const after = query.ever_on_front && !query.front_only ? "AND entered_front_revision > ?3 " : "";
  ASSIGN_OR_RETURN(SqliteStatement rows,
                   connection.Prepare(absl::StrCat(
                       kSelectPointRows, source, "AND number > ?2 ", after, "AND revision > ?3 AND revision <= ?4 ",
                       of_front ? "" : absl::StrCat("AND origin <> ", static_cast<int>(PointOrigin::kDescent), " "),
                       query.start ? "AND start = ?6 " : "", "ORDER BY number LIMIT ?5")));
  if (query.start) {
    rows.Bind(query.job_id, query.after_number, query.after_revision, query.last_revision, query.limit, *query.start);
  } else {
    rows.Bind(query.job_id, query.after_number, query.after_revision, query.last_revision, query.limit);
  }
  std::vector<PointRecord> points;
  RETURN_IF_ERROR(AppendPointRows(rows, num_starts, points));
  return points;
}

// Sequences of one start, from `first` to before `end`.
struct StartRange {
  int start = 0;
  std::int64_t first = 0;
  std::int64_t end = 0;
};

// What was stored of each start in the query's revisions: within a start they rise with the sequences.
absl::StatusOr<std::vector<StartRange>> ReadRanges(SqliteConnection& connection, const PointQuery& query) {
  ASSIGN_OR_RETURN(const std::vector<StartRecord> starts, ReadStarts(connection, query.job_id));
  const auto num_starts = static_cast<std::int64_t>(starts.size());
  ASSIGN_OR_RETURN(PointRevisions revisions,
                   PointRevisions::Create(connection, query.job_id, static_cast<int>(num_starts)));
  ASSIGN_OR_RETURN(const std::int64_t newest, ReadRevision(connection));
  std::vector<StartRange> ranges;
  for (const StartRecord& start : starts) {
    if (query.start && *query.start != start.start) continue;
    StartRange range = {start.start, 0, start.points};
    if (query.last_revision < newest) {
      ASSIGN_OR_RETURN(range.end, revisions.CountUpTo(start.start, start.points, query.last_revision));
    }
    if (query.after_revision > 0) {
      ASSIGN_OR_RETURN(range.first, revisions.CountUpTo(start.start, range.end, query.after_revision));
    }
    const bool none = query.after_number < start.start;
    range.first = std::max(range.first, none ? 0 : (query.after_number - start.start) / num_starts + 1);
    if (range.first < range.end) ranges.push_back(range);
  }
  return ranges;
}

// A few sequences of every start, put in order, make a stretch of the whole list: sequences have no gaps.
absl::StatusOr<std::vector<PointRecord>> ReadStretches(SqliteConnection& connection, const PointQuery& query) {
  // As many points may be looked at for a stretch of exact ones, of which it is not known how far apart they are.
  constexpr std::size_t kMostOfStretch = 65536;
  const auto limit = static_cast<std::size_t>(query.limit);
  ASSIGN_OR_RETURN(StartReader reader, StartReader::Create(connection, query.job_id, query.exact_only));
  ASSIGN_OR_RETURN(std::vector<StartRange> ranges, ReadRanges(connection, query));
  std::vector<PointRecord> points;
  std::int64_t stretch = 0;
  while (points.size() < limit && !ranges.empty()) {
    const auto share = static_cast<std::int64_t>((limit - points.size()) / ranges.size());
    const auto most = static_cast<std::int64_t>(kMostOfStretch / ranges.size());
    // Twice as long as the last one where that had few.
    stretch = std::max({std::int64_t{1}, share, query.exact_only ? std::min(2 * stretch, most) : 0});
    const std::int64_t begin = std::min_element(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) {
                                 return a.first < b.first;
                               })->first;
    const std::int64_t end = begin + stretch;
    const auto old_size = static_cast<std::ptrdiff_t>(points.size());
    for (StartRange& range : ranges) {
      const std::int64_t range_end = std::min(end, range.end);
      if (range.first >= range_end) continue;
      // More starts than are wanted: one sequence of each, by the starts' numbers, is in order.
      if (stretch == 1 && points.size() >= limit) break;
      RETURN_IF_ERROR(reader.Append(range.start, range.first, range_end, points));
      range.first = range_end;
    }
    std::erase_if(ranges, [](const StartRange& range) { return range.first >= range.end; });
    std::sort(points.begin() + old_size, points.end(),
              [](const PointRecord& a, const PointRecord& b) { return a.number < b.number; });
  }
  if (points.size() > limit) points.resize(limit);
  return points;
}

}  // namespace

absl::StatusOr<std::optional<PointRecord>> NextResult(SqliteStatement& rows, int num_starts, std::int64_t& passed) {
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) return std::optional<PointRecord>();
    // Infinite figures are NULL; the text of the parameters is read only where it is needed.
    const bool infinite = rows.IsNull(4) || rows.IsNull(5) || rows.IsNull(6) || rows.IsNull(7);
    if (infinite || static_cast<PointOrigin>(rows.Int(3)) == PointOrigin::kDescent) {
      passed = rows.Int(0);
      continue;
    }
    ASSIGN_OR_RETURN(PointRecord point, PointFromRow(rows, num_starts));
    return std::optional<PointRecord>(std::move(point));
  }
}

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
  const bool of_front = query.front_only || query.ever_on_front;
  const bool all_exact = query.exact_only && !query.start && query.after_revision == 0;
  if (of_front || all_exact) return ReadPointRows(connection, query);
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
