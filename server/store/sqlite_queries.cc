#include "server/store/sqlite_queries.h"

#include <cmath>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/status.h"
#include "server/store/number_list.h"
#include "server/store/sqlite_point_queries.h"
#include "server/store/store_errors.h"

namespace oneloop {
namespace {

constexpr char kSelectJobs[] =
    "SELECT id, project, request_id, owner, workload_name, template_name, state, message, create_time_us, "
    "start_time_us, "
    "end_time_us, num_starts, samples_total, starts_done, samples_done, points, front_size, best_point, revision, "
    "stop_gap, bound_boxes, bound_exhausted, lower_bound, energy_uj_bound, latency_cycles_bound, area_mm2_bound, "
    "num_layers, priority, "
    "deadline_us, pinned, delete_time_us, purge_time_us, bytes, starts_wait_for_bound, own_bests, ";
constexpr char kWholeSpec[] = "spec, resolved ";
// Large specs and what they stand for stay where they are.
constexpr char kSpecSummary[] = "coalesce(summary, spec), x'' ";

std::optional<std::int64_t> OptionalInt(const SqliteStatement& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return row.Int(column);
}

std::optional<absl::Time> OptionalTime(const SqliteStatement& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return absl::FromUnixMicros(row.Int(column));
}

std::optional<JobBound> BoundFromRow(const SqliteStatement& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  JobBound bound;
  bound.boxes = static_cast<int>(row.Int(column++));
  bound.exhausted = row.Int(column++) != 0;
  bound.objective = row.Figure(column++);
  bound.energy_uj = row.Figure(column++);
  bound.latency_cycles = row.Figure(column++);
  bound.area_mm2 = row.Figure(column++);
  return bound;
}

// null stands for infinity. What cannot be read is not known.
std::vector<double> OwnBestsFromText(std::string_view text) {
  std::vector<double> bests = ParseNumberList(text).value_or(std::vector<double>());
  for (double& best : bests) best = std::isnan(best) ? std::numeric_limits<double>::infinity() : best;
  return bests;
}

JobRecord JobFromRow(const SqliteStatement& row) {
  int column = 0;
  JobRecord record;
  record.id = row.Int(column++);
  record.job.project = row.Text(column++);
  record.job.request_id = row.Text(column++);
  record.job.owner = row.Text(column++);
  record.job.workload_name = row.Text(column++);
  record.job.template_name = row.Text(column++);
  record.state = static_cast<JobState>(row.Int(column++));
  record.message = row.Text(column++);
  record.create_time = absl::FromUnixMicros(row.Int(column++));
  record.start_time = OptionalTime(row, column++);
  record.end_time = OptionalTime(row, column++);
  record.job.num_starts = static_cast<int>(row.Int(column++));
  record.job.samples_total = row.Int(column++);
  record.starts_done = static_cast<int>(row.Int(column++));
  record.samples_done = row.Int(column++);
  record.points = row.Int(column++);
  record.front_size = row.Int(column++);
  record.best_point = OptionalInt(row, column++);
  record.revision = row.Int(column++);
  if (!row.IsNull(column)) record.job.stop_gap = row.Real(column);
  ++column;
  record.bound = BoundFromRow(row, column);
  column += 6;
  record.job.num_layers = static_cast<int>(row.Int(column++));
  record.job.settings.priority = static_cast<int>(row.Int(column++));
  record.job.settings.deadline = OptionalTime(row, column++);
  record.job.settings.pinned = row.Int(column++) != 0;
  record.delete_time = OptionalTime(row, column++);
  record.purge_time = OptionalTime(row, column++);
  record.bytes = row.Int(column++);
  record.job.starts_wait_for_bound = row.Int(column++) != 0;
  if (record.bound) record.bound->own_bests = OwnBestsFromText(row.Text(column));
  ++column;
  record.job.spec = row.Text(column++);
  record.job.resolved = row.Text(column++);
  return record;
}

absl::Status ReadParameterNames(SqliteConnection& connection, JobRecord& record) {
  ASSIGN_OR_RETURN(SqliteStatement rows,
                   connection.Prepare("SELECT name FROM job_parameters WHERE job_id = ? ORDER BY position"));
  rows.Bind(record.id);
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) return absl::OkStatus();
    record.job.parameter_names.emplace_back(rows.Text(0));
  }
}

absl::Status ReadLabels(SqliteConnection& connection, JobRecord& record) {
  ASSIGN_OR_RETURN(SqliteStatement rows, connection.Prepare("SELECT name, value FROM job_labels WHERE job_id = ?"));
  rows.Bind(record.id);
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) return absl::OkStatus();
    record.job.settings.labels.emplace(rows.Text(0), rows.Text(1));
  }
}

// Of a job, all that filters and orders look at but the labels.
constexpr char kSelectHeads[] =
    "SELECT id, project, owner, workload_name, template_name, state, create_time_us, start_time_us, end_time_us, "
    "priority, deadline_us, pinned, delete_time_us, revision FROM jobs ";

JobRecord HeadFromRow(const SqliteStatement& row) {
  int column = 0;
  JobRecord record;
  record.id = row.Int(column++);
  record.job.project = row.Text(column++);
  record.job.owner = row.Text(column++);
  record.job.workload_name = row.Text(column++);
  record.job.template_name = row.Text(column++);
  record.state = static_cast<JobState>(row.Int(column++));
  record.create_time = absl::FromUnixMicros(row.Int(column++));
  record.start_time = OptionalTime(row, column++);
  record.end_time = OptionalTime(row, column++);
  record.job.settings.priority = static_cast<int>(row.Int(column++));
  record.job.settings.deadline = OptionalTime(row, column++);
  record.job.settings.pinned = row.Int(column++) != 0;
  record.delete_time = OptionalTime(row, column++);
  record.revision = row.Int(column++);
  return record;
}

std::int64_t StateBits(const JobQuery& query) {
  std::int64_t bits = query.states.empty() ? -1 : 0;
  for (const JobState state : query.states) bits |= std::int64_t{1} << static_cast<int>(state);
  return bits;
}

// A statement over kSelectHeads, one of few, with ?3 and ?4 the cursor and ?5 the project.
std::string HeadsSql(const JobQuery& query) {
  std::string sql = absl::StrCat(kSelectHeads, "WHERE (1 << state) & ?1 AND (?2 OR delete_time_us IS NULL) ",
                                 query.project.empty() ? "" : "AND project = ?5 ");
  const char* const comparison = query.ascending ? ">" : "<";
  const char* const direction = query.ascending ? "" : " DESC";
  // By OrderKey. The id alone needs no sorting.
  if (query.order == JobOrder::kCreateTime) {
    absl::StrAppend(&sql, "AND id ", comparison, " ?4 ORDER BY id", direction);
    return sql;
  }
  const std::string key = query.order == JobOrder::kPriority
                              ? "priority"
                              : absl::StrCat("coalesce(end_time_us, ", std::numeric_limits<std::int64_t>::max(), ")");
  absl::StrAppend(&sql, "AND (", key, ", id) ", comparison, " (?3, ?4) ORDER BY ", key, direction, ", id", direction);
  return sql;
}

absl::StatusOr<std::vector<std::int64_t>> FindJobs(SqliteConnection& connection, const JobQuery& query) {
  const std::int64_t state_bits = StateBits(query);
  using Limits = std::numeric_limits<std::int64_t>;
  const std::int64_t before_all = query.ascending ? Limits::min() : Limits::max();
  const auto [key, id] = query.after.value_or(JobCursor{before_all, before_all});
  ASSIGN_OR_RETURN(SqliteStatement rows, connection.Prepare(HeadsSql(query)));
  if (query.project.empty()) {
    rows.Bind(state_bits, query.show_deleted ? 1 : 0, key, id);
  } else {
    rows.Bind(state_bits, query.show_deleted ? 1 : 0, key, id, query.project);
  }
  std::vector<std::int64_t> ids;
  while (ids.size() < static_cast<std::size_t>(query.limit)) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) break;
    JobRecord head = HeadFromRow(rows);
    if (query.filter) {
      RETURN_IF_ERROR(ReadLabels(connection, head));
      if (!Matches(*query.filter, head)) continue;
    }
    ids.push_back(head.id);
  }
  return ids;
}

// Whether a job of the project, "" for any, was purged after the revision.
absl::StatusOr<bool> WasPurged(SqliteConnection& connection, const std::string& project, std::int64_t since) {
  ASSIGN_OR_RETURN(SqliteStatement row,
                   connection.Prepare("SELECT EXISTS (SELECT 1 FROM purges WHERE revision > ?1 AND (?2 = '' OR "
                                      "project = ?2))"));
  row.Bind(since, project);
  RETURN_IF_ERROR(row.Step().status());
  return row.Int(0) != 0;
}

// The heads of the first `count` jobs that changed after the cursor.
absl::StatusOr<std::vector<JobRecord>> ReadChangedHeads(SqliteConnection& connection, const JobQuery& query,
                                                        const JobCursor& after, std::size_t count) {
  ASSIGN_OR_RETURN(SqliteStatement rows,
                   connection.Prepare(absl::StrCat(kSelectHeads,
                                                   "WHERE (revision, id) > (?1, ?2) AND (?3 = '' OR project = ?3) "
                                                   "ORDER BY revision, id LIMIT ?4")));
  rows.Bind(after.key, after.id, query.project, static_cast<std::int64_t>(count));
  std::vector<JobRecord> heads;
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) return heads;
    heads.push_back(HeadFromRow(rows));
    if (query.filter) RETURN_IF_ERROR(ReadLabels(connection, heads.back()));
  }
}

// The revisions of the first `count` front changes after `after`, ascending.
absl::StatusOr<std::vector<std::int64_t>> ReadFrontChangeRevisions(SqliteConnection& connection, std::int64_t job_id,
                                                                   std::int64_t after, std::int64_t count) {
  std::vector<std::int64_t> revisions;
  ASSIGN_OR_RETURN(
      SqliteStatement rows,
      connection.Prepare(
          "SELECT entered_front_revision AS revision FROM point_rows WHERE job_id = ?1 AND entered_front_revision > ?2 "
          "UNION ALL "
          "SELECT left_front_revision FROM point_rows WHERE job_id = ?1 AND left_front_revision > ?2 "
          "ORDER BY revision LIMIT ?3"));
  rows.Bind(job_id, after, count);
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) return revisions;
    revisions.push_back(rows.Int(0));
  }
}

absl::Status ReadEntered(SqliteConnection& connection, std::int64_t after, JobChanges& changes) {
  ASSIGN_OR_RETURN(SqliteStatement rows,
                   connection.Prepare(absl::StrCat(kSelectPointRows, kOfJob,
                                                   "AND entered_front_revision > ?2 AND entered_front_revision <= ?3 "
                                                   "ORDER BY entered_front_revision, number")));
  rows.Bind(changes.job.id, after, changes.resume_revision);
  RETURN_IF_ERROR(AppendPointRows(rows, changes.job.job.num_starts, changes.entered));
  for (PointRecord& point : changes.entered) MarkAsOf(changes.resume_revision, &point);
  return absl::OkStatus();
}

absl::Status ReadLeft(SqliteConnection& connection, std::int64_t after, JobChanges& changes) {
  ASSIGN_OR_RETURN(SqliteStatement rows,
                   connection.Prepare("SELECT number FROM point_rows WHERE job_id = ?1 AND left_front_revision > ?2 "
                                      "AND left_front_revision <= ?3 ORDER BY left_front_revision, number"));
  rows.Bind(changes.job.id, after, changes.resume_revision);
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) return absl::OkStatus();
    changes.left.push_back(rows.Int(0));
  }
}

absl::Status ReadStates(SqliteConnection& connection, std::int64_t after, JobChanges& changes) {
  ASSIGN_OR_RETURN(SqliteStatement rows,
                   connection.Prepare("SELECT state, revision, message FROM job_states WHERE job_id = ?1 "
                                      "AND revision > ?2 AND revision <= ?3 ORDER BY revision, ordinal"));
  rows.Bind(changes.job.id, after, changes.resume_revision);
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) return absl::OkStatus();
    changes.states.push_back({static_cast<JobState>(rows.Int(0)), rows.Int(1), std::string(rows.Text(2))});
  }
}

absl::StatusOr<std::int64_t> ReadPointsAt(SqliteConnection& connection, std::int64_t job_id, std::int64_t revision) {
  ASSIGN_OR_RETURN(SqliteStatement rows,
                   connection.Prepare("SELECT points FROM point_counts WHERE job_id = ? AND revision <= ? "
                                      "ORDER BY revision DESC LIMIT 1"));
  rows.Bind(job_id, revision);
  ASSIGN_OR_RETURN(const bool row, rows.Step());
  return row ? rows.Int(0) : 0;
}

}  // namespace

absl::StatusOr<int> ReadNumStarts(SqliteConnection& connection, std::int64_t job_id) {
  ASSIGN_OR_RETURN(SqliteStatement rows, connection.Prepare("SELECT num_starts FROM jobs WHERE id = ?"));
  rows.Bind(job_id);
  ASSIGN_OR_RETURN(const bool row, rows.Step());
  if (!row) return NoJob(job_id);
  return static_cast<int>(rows.Int(0));
}

absl::StatusOr<std::int64_t> ReadRevision(SqliteConnection& connection) {
  return connection.QueryInt("SELECT revision FROM store");
}

absl::StatusOr<JobRecord> ReadJob(SqliteConnection& connection, std::int64_t id, SpecDetail detail) {
  ASSIGN_OR_RETURN(SqliteStatement rows, connection.Prepare(absl::StrCat(
                                             kSelectJobs, detail == SpecDetail::kWhole ? kWholeSpec : kSpecSummary,
                                             "FROM jobs JOIN job_specs ON job_id = id WHERE id = ?")));
  rows.Bind(id);
  ASSIGN_OR_RETURN(const bool row, rows.Step());
  if (!row) return NoJob(id);
  JobRecord record = JobFromRow(rows);
  RETURN_IF_ERROR(ReadParameterNames(connection, record));
  RETURN_IF_ERROR(ReadLabels(connection, record));
  return record;
}

absl::StatusOr<std::vector<JobRecord>> ReadJobs(SqliteConnection& connection, const JobQuery& query) {
  RETURN_IF_ERROR(CheckLimit(query.limit));
  ASSIGN_OR_RETURN(const std::vector<std::int64_t> ids, FindJobs(connection, query));
  std::vector<JobRecord> records;
  for (const std::int64_t id : ids) {
    ASSIGN_OR_RETURN(JobRecord record, ReadJob(connection, id, SpecDetail::kSummary));
    records.push_back(std::move(record));
  }
  return records;
}

absl::StatusOr<ChangedJobs> ReadChangedJobs(SqliteConnection& connection, const JobQuery& query, std::int64_t since,
                                            const JobCursor& after) {
  RETURN_IF_ERROR(CheckLimit(query.limit));
  ChangedJobs changed;
  ASSIGN_OR_RETURN(changed.revision, ReadRevision(connection));
  RETURN_IF_ERROR(CheckAfter(since, changed.revision));
  ASSIGN_OR_RETURN(changed.purged, WasPurged(connection, query.project, since));
  if (changed.purged) return changed;
  const auto limit = static_cast<std::size_t>(query.limit);
  ASSIGN_OR_RETURN(std::vector<JobRecord> heads, ReadChangedHeads(connection, query, after, limit + 1));
  changed.more = heads.size() > limit;
  if (changed.more) heads.pop_back();
  for (const JobRecord& head : heads) {
    ChangedJobs::Entry& entry = changed.jobs.emplace_back();
    entry.wanted = IsWanted(query, head);
    if (entry.wanted) {
      ASSIGN_OR_RETURN(entry.record, ReadJob(connection, head.id, SpecDetail::kSummary));
    } else {
      entry.record = HeadOf(head);
    }
  }
  return changed;
}

absl::StatusOr<JobRecord> ReadRequestedJob(SqliteConnection& connection, const std::string& project,
                                           const std::string& owner, const std::string& request_id) {
  ASSIGN_OR_RETURN(SqliteStatement row,
                   connection.Prepare("SELECT id FROM jobs WHERE project = ? AND owner = ? AND request_id = ?"));
  row.Bind(project, owner, request_id);
  ASSIGN_OR_RETURN(const bool found, row.Step());
  if (!found) return NoRequest(project, owner, request_id);
  return ReadJob(connection, row.Int(0));
}

absl::StatusOr<StoreUsage> ReadStoreUsage(SqliteConnection& connection, const std::string& owner,
                                          const std::string& project) {
  StoreUsage usage;
  ASSIGN_OR_RETURN(SqliteStatement jobs,
                   connection.Prepare("SELECT count(*) FROM jobs WHERE owner = ? AND state <= 3"));
  jobs.Bind(owner);
  RETURN_IF_ERROR(jobs.Step().status());
  usage.unfinished_jobs_of_owner = jobs.Int(0);
  ASSIGN_OR_RETURN(SqliteStatement points,
                   connection.Prepare("SELECT coalesce(sum(points), 0), coalesce(sum(bytes), 0) FROM jobs WHERE "
                                      "project = ?"));
  points.Bind(project);
  RETURN_IF_ERROR(points.Step().status());
  usage.points_of_project = points.Int(0);
  usage.bytes_of_project = points.Int(1);
  return usage;
}

absl::StatusOr<StoreTotals> ReadStoreTotals(SqliteConnection& connection) {
  StoreTotals totals;
  ASSIGN_OR_RETURN(
      SqliteStatement rows,
      connection.Prepare("SELECT state, count(*), sum(num_starts - starts_done) FROM jobs GROUP BY state"));
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) return totals;
    const auto state = static_cast<JobState>(rows.Int(0));
    totals.jobs[state] = rows.Int(1);
    if (state == JobState::kPending || state == JobState::kRunning) totals.unfinished_starts += rows.Int(2);
  }
}

absl::StatusOr<std::vector<StartRecord>> ReadStarts(SqliteConnection& connection, std::int64_t job_id) {
  ASSIGN_OR_RETURN(const int num_starts, ReadNumStarts(connection, job_id));
  std::vector<StartRecord> starts(static_cast<std::size_t>(num_starts));
  for (int i = 0; i < num_starts; ++i) starts[static_cast<std::size_t>(i)].start = i;
  ASSIGN_OR_RETURN(
      SqliteStatement rows,
      connection.Prepare("SELECT start, points, samples_done, done, within_stop_gap FROM starts WHERE job_id = ?"));
  rows.Bind(job_id);
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) return starts;
    if (rows.Int(0) < 0 || rows.Int(0) >= num_starts) {
      return absl::DataLossError(
          absl::StrCat("job ", job_id, " has ", num_starts, " starts, and progress of start ", rows.Int(0)));
    }
    StartRecord& start = starts[static_cast<std::size_t>(rows.Int(0))];
    start.points = rows.Int(1);
    start.samples_done = rows.Int(2);
    start.done = rows.Int(3) != 0;
    start.within_stop_gap = rows.Int(4) != 0;
  }
}

absl::StatusOr<JobSnapshot> ReadSnapshot(SqliteConnection& connection, std::int64_t job_id) {
  JobSnapshot snapshot;
  ASSIGN_OR_RETURN(snapshot.job, ReadJob(connection, job_id, SpecDetail::kSummary));
  ASSIGN_OR_RETURN(snapshot.revision, ReadRevision(connection));
  ASSIGN_OR_RETURN(SqliteStatement rows,
                   connection.Prepare(absl::StrCat(kSelectPointRows, kOnFront, "ORDER BY number")));
  rows.Bind(job_id);
  RETURN_IF_ERROR(AppendPointRows(rows, snapshot.job.job.num_starts, snapshot.front));
  return snapshot;
}

absl::StatusOr<JobChanges> ReadJobChanges(SqliteConnection& connection, std::int64_t job_id, std::int64_t after,
                                          int limit) {
  RETURN_IF_ERROR(CheckLimit(limit));
  JobChanges changes;
  ASSIGN_OR_RETURN(changes.job, ReadJob(connection, job_id, SpecDetail::kSummary));
  ASSIGN_OR_RETURN(const std::int64_t revision, ReadRevision(connection));
  RETURN_IF_ERROR(CheckAfter(after, revision));
  changes.resume_revision = revision;
  if (changes.job.revision <= after) return changes;
  ASSIGN_OR_RETURN(const std::vector<std::int64_t> revisions,
                   ReadFrontChangeRevisions(connection, job_id, after, std::int64_t{limit} + 1));
  changes.resume_revision = EndOfChanges(revisions, limit, revision);
  RETURN_IF_ERROR(ReadStates(connection, after, changes));
  RETURN_IF_ERROR(ReadEntered(connection, after, changes));
  RETURN_IF_ERROR(ReadLeft(connection, after, changes));
  ASSIGN_OR_RETURN(const std::int64_t points_before, ReadPointsAt(connection, job_id, after));
  ASSIGN_OR_RETURN(const std::int64_t points_now, ReadPointsAt(connection, job_id, changes.resume_revision));
  changes.new_points = points_now - points_before;
  return changes;
}

absl::StatusOr<std::vector<PointRecord>> ReadFrontAt(SqliteConnection& connection, std::int64_t job_id,
                                                     std::int64_t revision) {
  ASSIGN_OR_RETURN(const int num_starts, ReadNumStarts(connection, job_id));
  ASSIGN_OR_RETURN(const std::int64_t newest, ReadRevision(connection));
  RETURN_IF_ERROR(CheckAfter(revision, newest));
  ASSIGN_OR_RETURN(SqliteStatement rows,
                   connection.Prepare(absl::StrCat(kSelectPointRows, kEverOnFront,
                                                   "AND entered_front_revision <= ?2 AND "
                                                   "(left_front_revision IS NULL OR left_front_revision > ?2) "
                                                   "ORDER BY number")));
  rows.Bind(job_id, revision);
  std::vector<PointRecord> front;
  RETURN_IF_ERROR(AppendPointRows(rows, num_starts, front));
  for (PointRecord& point : front) MarkAsOf(revision, &point);
  return front;
}

}  // namespace oneloop
