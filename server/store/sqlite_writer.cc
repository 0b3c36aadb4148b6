#include "server/store/sqlite_writer.h"

#include <cstddef>
#include <optional>
#include <utility>
#include <variant>

#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "server/store/number_list.h"
#include "server/store/sqlite_calibrations.h"
#include "server/store/sqlite_crashes.h"
#include "server/store/sqlite_overviews.h"
#include "server/store/sqlite_queries.h"
#include "server/store/store_errors.h"

namespace oneloop {
namespace {

std::optional<std::int64_t> Micros(const std::optional<absl::Time>& time) {
  if (!time.has_value()) return std::nullopt;
  return absl::ToUnixMicros(*time);
}

// The numbers in it, to the last row; ends the statement.
absl::StatusOr<std::vector<std::int64_t>> FirstColumn(SqliteStatement rows) {
  std::vector<std::int64_t> numbers;
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) return numbers;
    numbers.push_back(rows.Int(0));
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteWriter>> SqliteWriter::Create(std::unique_ptr<SqliteConnection> connection,
                                                                   std::function<absl::Time()> clock) {
  ASSIGN_OR_RETURN(const std::int64_t revision, ReadRevision(*connection));
  return std::unique_ptr<SqliteWriter>(new SqliteWriter(std::move(connection), std::move(clock), revision));
}

absl::StatusOr<WriteBackend::Commit> SqliteWriter::Apply(const std::vector<Write*>& writes) {
  next_revision_ = revision_ + 1;
  absl::StatusOr<Commit> commit = ApplyInTransaction(writes);
  if (commit.ok()) {
    revision_ = commit->revision;
    for (const std::int64_t id : ended_jobs_) ledgers_.erase(id);
  } else {
    for (const std::int64_t id : used_ledgers_) ledgers_.erase(id);
    Log(LogLevel::kError, "a transaction of the store failed: " + Message(commit.status()));
  }
  changed_jobs_.clear();
  used_ledgers_.clear();
  ended_jobs_.clear();
  state_changes_ = 0;
  new_points_ = 0;
  others_changed_ = false;
  return commit;
}

absl::StatusOr<WriteBackend::Commit> SqliteWriter::ApplyInTransaction(const std::vector<Write*>& writes) {
  ASSIGN_OR_RETURN(SqliteTransaction transaction,
                   SqliteTransaction::Begin(connection_.get(), SqliteTransaction::Kind::kWrite));
  for (Write* write : writes) {
    RETURN_IF_ERROR(std::visit([this](auto& request) { return Apply(request); }, *write));
  }
  if (changed_jobs_.empty() && !others_changed_) return Commit{revision_, {}};
  RETURN_IF_ERROR(WriteChanges());
  for (Write* write : writes) RETURN_IF_ERROR(RefreshResult(*write));
  Failpoint("store.before_commit");
  RETURN_IF_ERROR(transaction.Commit());
  Failpoint("store.after_commit");
  return Commit{next_revision_, {changed_jobs_.begin(), changed_jobs_.end()}, new_points_};
}

absl::Status SqliteWriter::Apply(CreateJobWrite& write) {
  if (const absl::Status refusal = CheckNewJob(write.job); !refusal.ok()) {
    write.result = refusal;
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(std::int64_t id, FindRequest(write.job));
  const bool created = id == 0;
  if (created) {
    ASSIGN_OR_RETURN(id, InsertJob(write.job));
    RETURN_IF_ERROR(InsertStateChange(id, JobState::kPending, ""));
  }
  ASSIGN_OR_RETURN(JobRecord record, ReadJob(*connection_, id));
  write.result = RunStore::CreateResult{std::move(record), created};
  return absl::OkStatus();
}

absl::StatusOr<std::int64_t> SqliteWriter::FindRequest(const NewJob& job) {
  if (job.request_id.empty()) return 0;
  ASSIGN_OR_RETURN(SqliteStatement rows,
                   connection_->Prepare("SELECT id FROM jobs WHERE project = ? AND owner = ? AND request_id = ?"));
  rows.Bind(job.project, job.owner, job.request_id);
  ASSIGN_OR_RETURN(const bool row, rows.Step());
  return row ? rows.Int(0) : 0;
}

absl::StatusOr<std::int64_t> SqliteWriter::InsertJob(const NewJob& job) {
  ASSIGN_OR_RETURN(SqliteStatement insert,
                   connection_->Prepare(
                       "INSERT INTO jobs (project, request_id, owner, workload_name, template_name, state, message, "
                       "create_time_us, num_starts, samples_total, stop_gap, num_layers, priority, deadline_us, "
                       "pinned, bytes, starts_wait_for_bound, starts_done, samples_done, points, front_size, revision) "
                       "VALUES (?, ?, ?, ?, ?, ?, '', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, ?)"));
  const std::optional<std::string> request_id =
      job.request_id.empty() ? std::nullopt : std::optional<std::string>(job.request_id);
  RETURN_IF_ERROR(insert.Run(job.project, request_id, job.owner, job.workload_name, job.template_name,
                             static_cast<int>(JobState::kPending), absl::ToUnixMicros(clock_()), job.num_starts,
                             job.samples_total, job.stop_gap, job.num_layers, job.settings.priority,
                             Micros(job.settings.deadline), job.settings.pinned ? 1 : 0, SpecBytes(job),
                             job.starts_wait_for_bound ? 1 : 0, next_revision_));
  const std::int64_t id = connection_->last_insert_id();
  const std::optional<Blob> summary = job.summary.empty() ? std::nullopt : std::optional<Blob>(Blob{job.summary});
  ASSIGN_OR_RETURN(SqliteStatement insert_spec,
                   connection_->Prepare("INSERT INTO job_specs (job_id, spec, resolved, summary) VALUES (?, ?, ?, ?)"));
  RETURN_IF_ERROR(insert_spec.Run(id, Blob{job.spec}, Blob{job.resolved}, summary));
  ASSIGN_OR_RETURN(SqliteStatement insert_name,
                   connection_->Prepare("INSERT INTO job_parameters (job_id, position, name) VALUES (?, ?, ?)"));
  for (std::size_t i = 0; i < job.parameter_names.size(); ++i) {
    RETURN_IF_ERROR(insert_name.Run(id, static_cast<std::int64_t>(i), job.parameter_names[i]));
  }
  RETURN_IF_ERROR(ReplaceLabels(id, job.settings.labels));
  return id;
}

absl::Status SqliteWriter::ReplaceLabels(std::int64_t id, const std::map<std::string, std::string>& labels) {
  ASSIGN_OR_RETURN(SqliteStatement clear, connection_->Prepare("DELETE FROM job_labels WHERE job_id = ?"));
  RETURN_IF_ERROR(clear.Run(id));
  ASSIGN_OR_RETURN(SqliteStatement insert,
                   connection_->Prepare("INSERT INTO job_labels (job_id, name, value) VALUES (?, ?, ?)"));
  for (const auto& [name, value] : labels) RETURN_IF_ERROR(insert.Run(id, name, value));
  return absl::OkStatus();
}

absl::Status SqliteWriter::InsertStateChange(std::int64_t id, JobState state, const std::string& message) {
  ASSIGN_OR_RETURN(SqliteStatement insert,
                   connection_->Prepare("INSERT INTO job_states (job_id, revision, ordinal, state, message, time_us) "
                                        "VALUES (?, ?, ?, ?, ?, ?)"));
  RETURN_IF_ERROR(
      insert.Run(id, next_revision_, state_changes_++, static_cast<int>(state), message, absl::ToUnixMicros(clock_())));
  changed_jobs_.insert(id);
  return absl::OkStatus();
}

absl::StatusOr<SqliteWriter::JobHead> SqliteWriter::ReadHead(std::int64_t id) {
  ASSIGN_OR_RETURN(SqliteStatement rows, connection_->Prepare("SELECT state, revision FROM jobs WHERE id = ?"));
  rows.Bind(id);
  ASSIGN_OR_RETURN(const bool row, rows.Step());
  if (!row) return NoJob(id);
  const bool changed = changed_jobs_.count(id) != 0;
  return JobHead{static_cast<JobState>(rows.Int(0)), changed ? next_revision_ : rows.Int(1)};
}

absl::Status SqliteWriter::Apply(SetJobStateWrite& write) {
  const absl::StatusOr<JobHead> head = ReadHead(write.id);
  absl::Status refusal = head.status();
  if (head.ok()) refusal = CheckRevision(write.id, head->revision, write.expected_revision);
  if (refusal.ok()) refusal = CheckStateChange(write.id, head->state, write.from, write.to);
  if (!refusal.ok()) {
    write.result = refusal;
    return head.ok() || absl::IsNotFound(refusal) ? absl::OkStatus() : refusal;
  }
  const std::int64_t now = absl::ToUnixMicros(clock_());
  const auto when = [now](bool condition) { return condition ? std::optional<std::int64_t>(now) : std::nullopt; };
  ASSIGN_OR_RETURN(SqliteStatement update,
                   connection_->Prepare("UPDATE jobs SET state = ?2, message = ?3, revision = ?4, "
                                        "start_time_us = coalesce(start_time_us, ?5), end_time_us = ?6 WHERE id = ?1"));
  RETURN_IF_ERROR(update.Run(write.id, static_cast<int>(write.to), write.message, next_revision_,
                             when(write.to == JobState::kRunning), when(IsFinal(write.to))));
  RETURN_IF_ERROR(InsertStateChange(write.id, write.to, write.message));
  RETURN_IF_ERROR(FollowState(write.id, write.to));
  if (IsFinal(write.to)) ended_jobs_.insert(write.id);
  ASSIGN_OR_RETURN(JobRecord record, ReadJob(*connection_, write.id));
  write.result = std::move(record);
  return absl::OkStatus();
}

absl::Status SqliteWriter::FollowState(std::int64_t id, JobState state) {
  if (IsFinal(state)) return RemoveCrashes(*connection_, id);
  if (state == JobState::kRunning) return SetActivity(*connection_, id, JobActivity::kRunning);
  return ClearActivity(*connection_, id);
}

absl::Status SqliteWriter::Apply(CrashWrite& write) {
  std::vector<JobCrashes> counted;
  if (std::holds_alternative<CrashWrite::Count>(write.change)) {
    ASSIGN_OR_RETURN(counted, CountAllCrashes(*connection_));
    others_changed_ = others_changed_ || !counted.empty();
  } else if (const auto* activities = std::get_if<std::map<std::int64_t, JobActivity>>(&write.change)) {
    for (const auto& [id, activity] : *activities) RETURN_IF_ERROR(SetActivity(*connection_, id, activity));
    others_changed_ = true;
  } else {
    RETURN_IF_ERROR(RemoveAllCrashes(*connection_));
    others_changed_ = others_changed_ || connection_->changed_rows() != 0;
  }
  write.result = std::move(counted);
  return absl::OkStatus();
}

absl::Status SqliteWriter::Apply(SetJobBoundWrite& write) {
  const absl::StatusOr<JobHead> head = ReadHead(write.id);
  write.result = head.ok() ? CheckUnfinished(write.id, head->state) : head.status();
  if (!write.result.ok()) return head.ok() || absl::IsNotFound(write.result) ? absl::OkStatus() : write.result;
  ASSIGN_OR_RETURN(
      SqliteStatement update,
      connection_->Prepare("UPDATE jobs SET bound_boxes = ?2, bound_exhausted = ?3, lower_bound = ?4, "
                           "energy_uj_bound = ?5, latency_cycles_bound = ?6, revision = ?7, own_bests = ?8, "
                           "area_mm2_bound = ?9 "
                           "WHERE id = ?1 AND bound_boxes IS NULL"));
  const JobBound& bound = write.bound;
  std::string own_bests;
  FormatNumberList(bound.own_bests, own_bests);
  RETURN_IF_ERROR(update.Run(write.id, bound.boxes, bound.exhausted ? 1 : 0, StoredFigure(bound.objective),
                             StoredFigure(bound.energy_uj), StoredFigure(bound.latency_cycles), next_revision_,
                             own_bests, StoredFigure(bound.area_mm2)));
  if (connection_->changed_rows() != 0) changed_jobs_.insert(write.id);
  return absl::OkStatus();
}

absl::Status SqliteWriter::Apply(ChangeJobWrite& write) {
  const absl::StatusOr<JobHead> head = ReadHead(write.id);
  if (!head.ok()) {
    write.result = head.status();
    return absl::IsNotFound(head.status()) ? absl::OkStatus() : head.status();
  }
  ASSIGN_OR_RETURN(JobRecord record, ReadJob(*connection_, write.id));
  absl::Status refusal = CheckRevision(write.id, head->revision, write.expected_revision);
  if (refusal.ok()) refusal = CheckJobChange(record, write.change);
  if (!refusal.ok()) {
    write.result = refusal;
    return absl::OkStatus();
  }
  ApplyJobChange(write.change, clock_(), &record);
  RETURN_IF_ERROR(UpdateSettings(record, write.change));
  ASSIGN_OR_RETURN(record, ReadJob(*connection_, write.id));
  write.result = std::move(record);
  return absl::OkStatus();
}

absl::Status SqliteWriter::UpdateSettings(const JobRecord& record, const JobChange& change) {
  const bool undeleted = change.purge_time && !*change.purge_time;
  ASSIGN_OR_RETURN(
      SqliteStatement update,
      connection_->Prepare("UPDATE jobs SET priority = ?2, deadline_us = ?3, pinned = ?4, delete_time_us = ?5, "
                           "purge_time_us = ?6, undelete_time_us = coalesce(?7, undelete_time_us), revision = ?8 "
                           "WHERE id = ?1"));
  const JobSettings& settings = record.job.settings;
  RETURN_IF_ERROR(update.Run(record.id, settings.priority, Micros(settings.deadline), settings.pinned ? 1 : 0,
                             Micros(record.delete_time), Micros(record.purge_time),
                             undeleted ? Micros(clock_()) : std::nullopt, next_revision_));
  changed_jobs_.insert(record.id);
  return change.labels ? ReplaceLabels(record.id, settings.labels) : absl::OkStatus();
}

absl::Status SqliteWriter::Apply(SweepJobsWrite& write) {
  const std::int64_t now_us = absl::ToUnixMicros(clock_());
  SweptJobs swept;
  ASSIGN_OR_RETURN(swept.purged, PurgeJobs(write.sweep, now_us));
  ASSIGN_OR_RETURN(swept.deleted, DeleteKeptJobs(write.sweep, now_us));
  write.result = swept;
  return absl::OkStatus();
}

absl::StatusOr<int> SqliteWriter::PurgeJobs(const JobSweep& sweep, std::int64_t now_us) {
  ASSIGN_OR_RETURN(SqliteStatement rows,
                   connection_->Prepare("SELECT id FROM jobs WHERE purge_time_us <= ? ORDER BY id LIMIT ?"));
  rows.Bind(now_us, sweep.limit);
  ASSIGN_OR_RETURN(const std::vector<std::int64_t> ids, FirstColumn(std::move(rows)));
  for (const std::int64_t id : ids) RETURN_IF_ERROR(RemoveJob(id));
  return static_cast<int>(ids.size());
}

absl::StatusOr<int> SqliteWriter::DeleteKeptJobs(const JobSweep& sweep, std::int64_t now_us) {
  if (!sweep.retention) return 0;
  const std::int64_t before_us = now_us - absl::ToInt64Microseconds(*sweep.retention);
  ASSIGN_OR_RETURN(SqliteStatement rows,
                   connection_->Prepare("SELECT id FROM jobs WHERE end_time_us <= ?1 AND end_time_us IS NOT NULL AND "
                                        "delete_time_us IS NULL AND pinned = 0 AND "
                                        "coalesce(undelete_time_us, end_time_us) <= ?1 ORDER BY id LIMIT ?2"));
  rows.Bind(before_us, sweep.limit);
  ASSIGN_OR_RETURN(const std::vector<std::int64_t> ids, FirstColumn(std::move(rows)));
  ASSIGN_OR_RETURN(SqliteStatement remove,
                   connection_->Prepare("UPDATE jobs SET delete_time_us = ?2, purge_time_us = ?3, revision = ?4 "
                                        "WHERE id = ?1"));
  for (const std::int64_t id : ids) {
    RETURN_IF_ERROR(remove.Run(id, now_us, now_us + absl::ToInt64Microseconds(sweep.purge_after), next_revision_));
    changed_jobs_.insert(id);
  }
  return static_cast<int>(ids.size());
}

absl::Status SqliteWriter::Apply(DeleteJobWrite& write) {
  const absl::StatusOr<JobHead> head = ReadHead(write.id);
  write.result = head.status();
  if (head.ok()) write.result = CheckRevision(write.id, head->revision, write.expected_revision);
  if (write.result.ok()) write.result = CheckDeletable(write.id, head->state);
  if (!write.result.ok()) return head.ok() || absl::IsNotFound(write.result) ? absl::OkStatus() : write.result;
  return RemoveJob(write.id);
}

absl::Status SqliteWriter::RemoveJob(std::int64_t id) {
  ASSIGN_OR_RETURN(SqliteStatement note, connection_->Prepare("INSERT OR REPLACE INTO purges (project, revision) "
                                                              "SELECT project, ?2 FROM jobs WHERE id = ?1"));
  RETURN_IF_ERROR(note.Run(id, next_revision_));
  for (const char* sql : {"DELETE FROM job_crashes WHERE job_id = ?", "DELETE FROM job_labels WHERE job_id = ?",
                          "DELETE FROM job_specs WHERE job_id = ?", "DELETE FROM job_parameters WHERE job_id = ?",
                          "DELETE FROM job_states WHERE job_id = ?", "DELETE FROM starts WHERE job_id = ?",
                          "DELETE FROM greatest_points WHERE job_id = ?", "DELETE FROM jobs WHERE id = ?",
                          "INSERT INTO deleted_jobs (job_id) VALUES (?)"}) {
    ASSIGN_OR_RETURN(SqliteStatement statement, connection_->Prepare(sql));
    RETURN_IF_ERROR(statement.Run(id));
  }
  // The job may have ended in this very transaction, with points that nobody will read.
  ledgers_.erase(id);
  changed_jobs_.insert(id);
  return absl::OkStatus();
}

absl::StatusOr<JobLedger*> SqliteWriter::FindLedger(std::int64_t id) {
  if (ended_jobs_.count(id) != 0) return nullptr;
  auto ledger = ledgers_.find(id);
  if (ledger == ledgers_.end()) {
    ASSIGN_OR_RETURN(std::unique_ptr<JobLedger> loaded, LoadLedger(id));
    if (loaded == nullptr) return nullptr;
    ledger = ledgers_.emplace(id, std::move(loaded)).first;
  }
  used_ledgers_.insert(id);
  return ledger->second.get();
}

absl::StatusOr<std::unique_ptr<JobLedger>> SqliteWriter::LoadLedger(std::int64_t id) {
  ASSIGN_OR_RETURN(SqliteStatement job,
                   connection_->Prepare("SELECT state, num_starts, best_point, best_score, "
                                        "(SELECT count(*) FROM job_parameters WHERE job_id = id), "
                                        "bytes, energy_uj * latency_cycles, area_mm2, results FROM jobs "
                                        "LEFT JOIN point_rows ON job_id = id AND number = "
                                        "best_point WHERE id = ?"));
  job.Bind(id);
  ASSIGN_OR_RETURN(const bool found, job.Step());
  if (!found || IsFinal(static_cast<JobState>(job.Int(0)))) return nullptr;
  auto ledger = std::make_unique<JobLedger>(static_cast<int>(job.Int(1)), static_cast<std::size_t>(job.Int(4)));
  ledger->RestoreBytes(job.Int(5));
  if (!job.IsNull(2)) ledger->RestoreBest({job.Int(2), job.Real(3), job.Real(6), job.Real(7)});
  ledger->RestoreResults(job.Int(8));
  ASSIGN_OR_RETURN(const std::vector<StartRecord> starts, ReadStarts(*connection_, id));
  for (const StartRecord& start : starts) ledger->RestoreStart(start);
  RETURN_IF_ERROR(RestoreOverview(*connection_, id, starts, *ledger));
  ASSIGN_OR_RETURN(SqliteStatement front,
                   connection_->Prepare("SELECT number, energy_uj, latency_cycles, area_mm2 FROM point_rows WHERE "
                                        "job_id = ? AND entered_front_revision IS NOT NULL AND "
                                        "left_front_revision IS NULL"));
  front.Bind(id);
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, front.Step());
    if (!row) return ledger;
    ledger->RestoreFrontPoint({front.Int(0), front.Real(1), front.Real(2), front.Real(3)});
  }
}

absl::Status SqliteWriter::Apply(CalibrationWrite& write) {
  return std::visit([&](const auto& change) { return Change(change, write); }, write.change);
}

absl::Status SqliteWriter::Change(const NewCalibration& calibration, CalibrationWrite& write) {
  const absl::StatusOr<CalibrationRecord> existing =
      ReadCalibration(*connection_, calibration.project, calibration.name);
  if (existing.ok()) {
    write.result = CalibrationStore::CreateCalibrationResult{*existing, false};
    return absl::OkStatus();
  }
  if (!absl::IsNotFound(existing.status())) return existing.status();
  RETURN_IF_ERROR(InsertCalibration(*connection_, calibration, clock_()));
  others_changed_ = true;
  ASSIGN_OR_RETURN(CalibrationRecord record, ReadCalibration(*connection_, calibration.project, calibration.name));
  write.result = CalibrationStore::CreateCalibrationResult{std::move(record), true};
  return absl::OkStatus();
}

absl::Status SqliteWriter::Change(const CalibrationOutcome& outcome, CalibrationWrite& write) {
  const absl::StatusOr<CalibrationState> state = ReadCalibrationState(*connection_, outcome.id);
  if (absl::Status refusal = state.ok() ? CheckTraining(outcome.id, *state) : state.status(); !refusal.ok()) {
    write.result = refusal;
    return state.ok() || absl::IsNotFound(refusal) ? absl::OkStatus() : refusal;
  }
  RETURN_IF_ERROR(UpdateCalibration(*connection_, outcome, clock_()));
  others_changed_ = true;
  write.result = CalibrationStore::CreateCalibrationResult{};
  return absl::OkStatus();
}

absl::Status SqliteWriter::Change(const CalibrationWrite::Deletion& deletion, CalibrationWrite& write) {
  RETURN_IF_ERROR(RemoveCalibration(*connection_, deletion.project, deletion.name));
  if (connection_->changed_rows() == 0) {
    write.result = NoCalibration(deletion.name);
    return absl::OkStatus();
  }
  others_changed_ = true;
  write.result = CalibrationStore::CreateCalibrationResult{};
  return absl::OkStatus();
}

absl::Status SqliteWriter::Change(const CalibrationWrite::Attempts& attempts, CalibrationWrite& write) {
  RETURN_IF_ERROR(UpdateAttempts(*connection_, attempts.id, attempts.attempts));
  if (connection_->changed_rows() == 0) {
    write.result = NoCalibration(attempts.id);
    return absl::OkStatus();
  }
  others_changed_ = true;
  write.result = CalibrationStore::CreateCalibrationResult{};
  return absl::OkStatus();
}

absl::Status SqliteWriter::Apply(AppendPointsWrite& write) {
  ASSIGN_OR_RETURN(JobLedger* const ledger, FindLedger(write.batch.job_id));
  write.result = ledger != nullptr ? ledger->Check(write.batch) : NoUnfinishedJob(write.batch.job_id);
  if (!write.result.ok()) return absl::OkStatus();
  for (NewPoint& point : write.batch.points) NormalizeFigures(point);
  const std::size_t first_new = ledger->Add(write.batch);
  new_points_ += static_cast<std::int64_t>(write.batch.points.size() - first_new);
  if (ledger->has_changes()) changed_jobs_.insert(write.batch.job_id);
  return points_.Insert(write.batch, first_new, *ledger, next_revision_);
}

absl::Status SqliteWriter::WriteChanges() {
  for (const std::int64_t id : changed_jobs_) {
    const auto ledger = ledgers_.find(id);
    if (ledger != ledgers_.end() && ledger->second->has_changes()) RETURN_IF_ERROR(WriteLedger(id, *ledger->second));
  }
  ASSIGN_OR_RETURN(SqliteStatement update, connection_->Prepare("UPDATE store SET revision = ?"));
  return update.Run(next_revision_);
}

absl::Status SqliteWriter::WriteLedger(std::int64_t id, JobLedger& ledger) {
  const JobLedger::Changes changes = ledger.TakeChanges();
  ASSIGN_OR_RETURN(SqliteStatement enter, connection_->Prepare("UPDATE point_rows SET entered_front_revision = ? "
                                                               "WHERE job_id = ? AND number = ?"));
  for (const std::int64_t number : changes.entered_front) RETURN_IF_ERROR(enter.Run(next_revision_, id, number));
  ASSIGN_OR_RETURN(SqliteStatement leave, connection_->Prepare("UPDATE point_rows SET left_front_revision = ? "
                                                               "WHERE job_id = ? AND number = ?"));
  for (const std::int64_t number : changes.left_front) RETURN_IF_ERROR(leave.Run(next_revision_, id, number));
  ASSIGN_OR_RETURN(SqliteStatement put_start,
                   connection_->Prepare("INSERT OR REPLACE INTO starts (job_id, start, points, samples_done, done, "
                                        "within_stop_gap) VALUES (?, ?, ?, ?, ?, ?)"));
  for (const StartRecord& start : changes.starts) {
    RETURN_IF_ERROR(put_start.Run(id, start.start, start.points, start.samples_done, start.done ? 1 : 0,
                                  start.within_stop_gap ? 1 : 0));
  }
  if (changes.new_points != 0) {
    ASSIGN_OR_RETURN(SqliteStatement count, connection_->Prepare("INSERT INTO point_counts (job_id, revision, points) "
                                                                 "VALUES (?, ?, ?)"));
    RETURN_IF_ERROR(count.Run(id, next_revision_, ledger.points()));
  }
  RETURN_IF_ERROR(points_.InsertOverview(id, changes, next_revision_));
  const std::optional<JobLedger::Best>& best = ledger.best();
  ASSIGN_OR_RETURN(SqliteStatement update,
                   connection_->Prepare("UPDATE jobs SET starts_done = ?2, samples_done = ?3, points = ?4, "
                                        "front_size = ?5, best_point = ?6, best_score = ?7, revision = ?8, bytes = ?9, "
                                        "results = ?10 "
                                        "WHERE id = ?1"));
  return update.Run(
      id, ledger.starts_done(), ledger.samples_done(), ledger.points(),
      static_cast<std::int64_t>(ledger.front().size()), best ? std::optional<std::int64_t>(best->number) : std::nullopt,
      best ? std::optional<double>(best->score) : std::nullopt, next_revision_, ledger.bytes(), ledger.results());
}

absl::Status SqliteWriter::RefreshResult(Write& write) {
  JobRecord* const record = RecordOf(write);
  if (record == nullptr) return absl::OkStatus();
  absl::StatusOr<JobRecord> fresh = ReadJob(*connection_, record->id);
  // Deleted later in the same transaction: the record as it was before that is right.
  if (absl::IsNotFound(fresh.status())) return absl::OkStatus();
  RETURN_IF_ERROR(fresh.status());
  *record = *std::move(fresh);
  return absl::OkStatus();
}

bool SqliteWriter::CleanUp() {
  const absl::StatusOr<bool> more = points_.RemoveSomeOfDeletedJobs();
  if (!more.ok()) Log(LogLevel::kWarning, "cannot remove points of deleted jobs: " + Message(more.status()));
  return more.ok() && *more;
}

absl::Status SqliteWriter::Close() {
  Failpoint("store.before_last_checkpoint");
  absl::Status status = connection_->QueryInt("PRAGMA wal_checkpoint(TRUNCATE)").status();
  Failpoint("store.after_last_checkpoint");
  connection_.reset();
  return status;
}

}  // namespace oneloop
