#include "tests/server/store/memory_run_store.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>
#include <variant>

#include "common/base/status.h"
#include "server/store/store_errors.h"

namespace oneloop {
namespace {

// What SQLite keeps of a time.
absl::Time WholeMicros(absl::Time time) { return absl::FromUnixMicros(absl::ToUnixMicros(time)); }

PointRecord WithoutDesign(PointRecord record) {
  record.point.design.clear();
  return record;
}

bool Matches(const PointQuery& query, const PointRecord& record) {
  if (query.front_only && !record.on_front()) return false;
  if (query.ever_on_front && record.entered_front_revision == 0) return false;
  if (record.revision <= query.after_revision || record.revision > query.last_revision) return false;
  if (query.exact_only && record.point.origin == PointOrigin::kDescent) return false;
  return !query.start || *query.start == record.start;
}

// As readers get it: the summary stands in the spec's place, or nowhere.
JobRecord WithWholeSpec(JobRecord record) {
  record.job.summary.clear();
  return record;
}
JobRecord WithSummary(JobRecord record) {
  if (!record.job.summary.empty()) record.job.spec = std::move(record.job.summary);
  record.job.summary.clear();
  record.job.resolved.clear();
  return record;
}

}  // namespace

MemoryRunStore::MemoryRunStore(std::function<absl::Time()> clock, const WriteQueue::Options& options)
    : QueuedRunStore(&queue_), clock_(std::move(clock)), queue_(options, this, 0) {}

MemoryRunStore::~MemoryRunStore() { queue_.Close(); }

void MemoryRunStore::SetWriteError(absl::Status error) {
  MutexLock lock(&mutex_);
  write_error_ = std::move(error);
}

absl::Status MemoryRunStore::Close() {
  queue_.Close();
  MutexLock lock(&mutex_);
  closed_ = true;
  return absl::OkStatus();
}

absl::StatusOr<WriteBackend::Commit> MemoryRunStore::Apply(const std::vector<Write*>& writes) {
  MutexLock lock(&mutex_);
  if (!write_error_.ok()) return write_error_;
  next_revision_ = revision_ + 1;
  changed_jobs_.clear();
  others_changed_ = false;
  for (Write* write : writes) {
    // By hand, because the thread-safety analysis does not look through std::visit.
    if (auto* create = std::get_if<CreateJobWrite>(write)) Apply(*create);
    if (auto* set = std::get_if<SetJobStateWrite>(write)) Apply(*set);
    if (auto* bound = std::get_if<SetJobBoundWrite>(write)) Apply(*bound);
    if (auto* change = std::get_if<ChangeJobWrite>(write)) Apply(*change);
    if (auto* sweep = std::get_if<SweepJobsWrite>(write)) Apply(*sweep);
    if (auto* remove = std::get_if<DeleteJobWrite>(write)) Apply(*remove);
    if (auto* calibration = std::get_if<CalibrationWrite>(write)) Apply(*calibration);
    if (auto* crash = std::get_if<CrashWrite>(write)) Apply(*crash);
    if (auto* append = std::get_if<AppendPointsWrite>(write)) Apply(*append);
  }
  if (changed_jobs_.empty() && !others_changed_) return Commit{revision_, {}};
  for (const std::int64_t id : changed_jobs_) {
    if (Job* job = Find(id)) RecordLedger(*job);
  }
  for (Write* write : writes) {
    JobRecord* const record = RecordOf(*write);
    if (const Job* job = record != nullptr ? Find(record->id) : nullptr) *record = job->record;
  }
  revision_ = next_revision_;
  return Commit{revision_, {changed_jobs_.begin(), changed_jobs_.end()}};
}

void MemoryRunStore::Apply(CreateJobWrite& write) {
  if (const absl::Status refusal = CheckNewJob(write.job); !refusal.ok()) {
    write.result = refusal;
    return;
  }
  for (const auto& [id, job] : jobs_) {
    const NewJob& known = job.record.job;
    if (!write.job.request_id.empty() && known.project == write.job.project && known.owner == write.job.owner &&
        known.request_id == write.job.request_id) {
      write.result = CreateResult{job.record, false};
      return;
    }
  }
  JobRecord record;
  record.id = ++last_id_;
  record.job = write.job;
  if (record.job.settings.deadline) record.job.settings.deadline = WholeMicros(*record.job.settings.deadline);
  record.create_time = WholeMicros(clock_());
  Job& job = jobs_.try_emplace(record.id, record, JobLedger(write.job.num_starts, write.job.parameter_names.size()))
                 .first->second;
  job.record.bytes = SpecBytes(write.job);
  job.ledger.RestoreBytes(job.record.bytes);
  RecordState(job, JobState::kPending, "");
  write.result = CreateResult{job.record, true};
}

void MemoryRunStore::Apply(SetJobStateWrite& write) {
  Job* job = Find(write.id);
  absl::Status refusal = job != nullptr ? absl::OkStatus() : NoJob(write.id);
  if (refusal.ok()) refusal = CheckRevision(write.id, job->record.revision, write.expected_revision);
  if (refusal.ok()) refusal = CheckStateChange(write.id, job->record.state, write.from, write.to);
  if (!refusal.ok()) {
    write.result = refusal;
    return;
  }
  const absl::Time now = WholeMicros(clock_());
  if (write.to == JobState::kRunning && !job->record.start_time) job->record.start_time = now;
  if (IsFinal(write.to)) job->record.end_time = now;
  RecordState(*job, write.to, write.message);
  FollowState(*job);
  write.result = job->record;
}

void MemoryRunStore::Apply(SetJobBoundWrite& write) {
  Job* job = Find(write.id);
  write.result = job != nullptr ? CheckUnfinished(write.id, job->record.state) : NoJob(write.id);
  if (!write.result.ok() || job->record.bound) return;
  job->record.bound = write.bound;
  job->record.revision = next_revision_;
  changed_jobs_.insert(write.id);
}

void MemoryRunStore::Apply(ChangeJobWrite& write) {
  Job* job = Find(write.id);
  absl::Status refusal = job != nullptr ? absl::OkStatus() : NoJob(write.id);
  if (refusal.ok()) refusal = CheckRevision(write.id, job->record.revision, write.expected_revision);
  if (refusal.ok()) refusal = CheckJobChange(job->record, write.change);
  if (!refusal.ok()) {
    write.result = refusal;
    return;
  }
  JobChange change = write.change;
  if (change.deadline && *change.deadline) change.deadline = WholeMicros(**change.deadline);
  if (change.purge_time && *change.purge_time) change.purge_time = WholeMicros(**change.purge_time);
  const absl::Time now = WholeMicros(clock_());
  ApplyJobChange(change, now, &job->record);
  if (change.purge_time && !*change.purge_time) job->undelete_time = now;
  job->record.revision = next_revision_;
  changed_jobs_.insert(write.id);
  write.result = job->record;
}

void MemoryRunStore::Apply(SweepJobsWrite& write) {
  const absl::Time now = WholeMicros(clock_());
  SweptJobs swept;
  for (auto it = jobs_.begin(); it != jobs_.end() && swept.purged < write.sweep.limit;) {
    const std::int64_t id = it->first;
    const bool purge = it->second.record.purge_time && *it->second.record.purge_time <= now;
    ++it;
    if (purge) Purge(id);
    swept.purged += purge ? 1 : 0;
  }
  for (auto& [id, job] : jobs_) {
    const JobRecord& record = job.record;
    if (!write.sweep.retention || swept.deleted == write.sweep.limit) break;
    if (!record.end_time || record.delete_time || record.job.settings.pinned) continue;
    const absl::Time kept_since = std::max(*record.end_time, job.undelete_time.value_or(absl::InfinitePast()));
    if (kept_since > now - *write.sweep.retention) continue;
    JobChange change;
    change.purge_time = WholeMicros(now + write.sweep.purge_after);
    ApplyJobChange(change, now, &job.record);
    job.record.revision = next_revision_;
    changed_jobs_.insert(id);
    ++swept.deleted;
  }
  write.result = swept;
}

void MemoryRunStore::Apply(DeleteJobWrite& write) {
  const Job* job = Find(write.id);
  write.result = job != nullptr ? absl::OkStatus() : NoJob(write.id);
  if (write.result.ok()) write.result = CheckRevision(write.id, job->record.revision, write.expected_revision);
  if (write.result.ok()) write.result = CheckDeletable(write.id, job->record.state);
  if (!write.result.ok()) return;
  Purge(write.id);
}

void MemoryRunStore::Purge(std::int64_t id) {
  purges_[jobs_.at(id).record.job.project] = next_revision_;
  jobs_.erase(id);
  changed_jobs_.insert(id);
}

void MemoryRunStore::Apply(AppendPointsWrite& write) {
  PointBatch& batch = write.batch;
  Job* job = Find(batch.job_id);
  const bool open = job != nullptr && !IsFinal(job->record.state);
  write.result = open ? job->ledger.Check(batch) : NoUnfinishedJob(batch.job_id);
  if (!write.result.ok()) return;
  for (NewPoint& point : batch.points) NormalizeFigures(point);
  const std::size_t first_new = job->ledger.Add(batch);
  for (std::size_t i = first_new; i < batch.points.size(); ++i) {
    PointRecord record;
    record.number = job->ledger.Number(batch.start, batch.points[i].sequence);
    record.start = batch.start;
    record.point = std::move(batch.points[i]);
    record.revision = next_revision_;
    const std::int64_t number = record.number;
    job->points.emplace(number, std::move(record));
  }
  if (!job->ledger.has_changes()) return;
  job->record.revision = next_revision_;
  changed_jobs_.insert(batch.job_id);
}

void MemoryRunStore::RecordState(Job& job, JobState state, const std::string& message) {
  job.record.state = state;
  job.record.message = message;
  job.record.revision = next_revision_;
  job.states.push_back({state, next_revision_, message});
  changed_jobs_.insert(job.record.id);
}

void MemoryRunStore::RecordLedger(Job& job) {
  const JobLedger::Changes changes = job.ledger.TakeChanges();
  for (const std::int64_t number : changes.entered_front) {
    job.points.at(number).entered_front_revision = next_revision_;
    job.front_changes.push_back({next_revision_, number, true});
  }
  for (const std::int64_t number : changes.left_front) {
    job.points.at(number).left_front_revision = next_revision_;
    job.front_changes.push_back({next_revision_, number, false});
  }
  for (const StartRecord& start : changes.starts) job.starts[start.start] = start;
  for (const auto& [start, ordinal, improvement] : changes.improvements) {
    job.improvements[start].push_back(improvement);
    job.improvements[start].back().revision = next_revision_;
  }
  for (const auto& [figure, number] : changes.greatest) job.greatest[figure] = number;
  job.record.starts_done = job.ledger.starts_done();
  job.record.samples_done = job.ledger.samples_done();
  job.record.points = job.ledger.points();
  job.record.bytes = job.ledger.bytes();
  job.record.front_size = static_cast<std::int64_t>(job.ledger.front().size());
  if (job.ledger.best()) job.record.best_point = job.ledger.best()->number;
}

MemoryRunStore::Job* MemoryRunStore::Find(std::int64_t id) {
  const auto job = jobs_.find(id);
  return job != jobs_.end() ? &job->second : nullptr;
}

absl::Status MemoryRunStore::CheckOpen() const {
  return closed_ ? absl::UnavailableError("the store is closed") : absl::OkStatus();
}

absl::StatusOr<MemoryRunStore::Job*> MemoryRunStore::FindToRead(std::int64_t id) {
  RETURN_IF_ERROR(CheckOpen());
  Job* job = Find(id);
  if (job == nullptr) return NoJob(id);
  return job;
}

absl::StatusOr<JobRecord> MemoryRunStore::GetJob(std::int64_t id) {
  MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(const Job* const job, FindToRead(id));
  return WithWholeSpec(job->record);
}

absl::StatusOr<JobRecord> MemoryRunStore::GetJobSummary(std::int64_t id) {
  MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(const Job* const job, FindToRead(id));
  return WithSummary(job->record);
}

absl::StatusOr<std::vector<JobRecord>> MemoryRunStore::ListJobs(const JobQuery& query) {
  MutexLock lock(&mutex_);
  RETURN_IF_ERROR(CheckOpen());
  RETURN_IF_ERROR(CheckLimit(query.limit));
  const auto place = [&query](const JobRecord& record) { return std::pair(OrderKey(query.order, record), record.id); };
  std::vector<JobRecord> records;
  for (const auto& [id, job] : jobs_) {
    const JobRecord& record = job.record;
    if (query.after) {
      const std::pair after(query.after->key, query.after->id);
      if (query.ascending ? place(record) <= after : place(record) >= after) continue;
    }
    if (IsWanted(query, record)) records.push_back(record);
  }
  std::sort(records.begin(), records.end(), [&](const JobRecord& a, const JobRecord& b) {
    return query.ascending ? place(a) < place(b) : place(b) < place(a);
  });
  if (records.size() > static_cast<std::size_t>(query.limit)) records.resize(static_cast<std::size_t>(query.limit));
  for (JobRecord& record : records) record = WithSummary(record);
  return records;
}

absl::StatusOr<ChangedJobs> MemoryRunStore::ListChangedJobs(const JobQuery& query, std::int64_t since,
                                                            const JobCursor& after) {
  MutexLock lock(&mutex_);
  RETURN_IF_ERROR(CheckOpen());
  RETURN_IF_ERROR(CheckLimit(query.limit));
  RETURN_IF_ERROR(CheckAfter(since, revision_));
  ChangedJobs changed;
  changed.revision = revision_;
  changed.purged = std::any_of(purges_.begin(), purges_.end(), [&](const auto& purge) {
    return purge.second > since && (query.project.empty() || query.project == purge.first);
  });
  if (changed.purged) return changed;
  std::map<std::pair<std::int64_t, std::int64_t>, const JobRecord*> in_order;
  for (const auto& [id, job] : jobs_) {
    const std::pair place(job.record.revision, id);
    const bool of_project = query.project.empty() || job.record.job.project == query.project;
    if (of_project && place > std::pair(after.key, after.id)) in_order.emplace(place, &job.record);
  }
  for (const auto& [place, record] : in_order) {
    changed.more = changed.jobs.size() == static_cast<std::size_t>(query.limit);
    if (changed.more) break;
    const bool wanted = IsWanted(query, *record);
    changed.jobs.push_back({wanted ? WithSummary(*record) : HeadOf(*record), wanted});
  }
  return changed;
}

absl::StatusOr<JobRecord> MemoryRunStore::FindRequest(const std::string& project, const std::string& owner,
                                                      const std::string& request_id) {
  MutexLock lock(&mutex_);
  RETURN_IF_ERROR(CheckOpen());
  for (const auto& [id, job] : jobs_) {
    const NewJob& known = job.record.job;
    if (known.project == project && known.owner == owner && known.request_id == request_id) return job.record;
  }
  return NoRequest(project, owner, request_id);
}

absl::StatusOr<StoreUsage> MemoryRunStore::ReadUsage(const std::string& owner, const std::string& project) {
  MutexLock lock(&mutex_);
  RETURN_IF_ERROR(CheckOpen());
  StoreUsage usage;
  for (const auto& [id, job] : jobs_) {
    if (job.record.job.owner == owner && !IsFinal(job.record.state)) ++usage.unfinished_jobs_of_owner;
    if (job.record.job.project != project) continue;
    usage.points_of_project += job.record.points;
    usage.bytes_of_project += job.record.bytes;
  }
  return usage;
}

absl::StatusOr<StoreTotals> MemoryRunStore::ReadTotals() {
  MutexLock lock(&mutex_);
  RETURN_IF_ERROR(CheckOpen());
  StoreTotals totals;
  for (const auto& [id, job] : jobs_) {
    const JobState state = job.record.state;
    ++totals.jobs[state];
    if (state != JobState::kPending && state != JobState::kRunning) continue;
    totals.unfinished_starts += job.record.job.num_starts - job.record.starts_done;
  }
  return totals;
}

absl::StatusOr<std::vector<StartRecord>> MemoryRunStore::ListStarts(std::int64_t job_id) {
  MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(const Job* const job, FindToRead(job_id));
  std::vector<StartRecord> starts(static_cast<std::size_t>(job->record.job.num_starts));
  for (std::size_t i = 0; i < starts.size(); ++i) starts[i].start = static_cast<int>(i);
  for (const auto& [index, start] : job->starts) starts[static_cast<std::size_t>(index)] = start;
  return starts;
}

absl::StatusOr<std::vector<PointRecord>> MemoryRunStore::ListPoints(const PointQuery& query) {
  MutexLock lock(&mutex_);
  RETURN_IF_ERROR(CheckLimit(query.limit));
  ASSIGN_OR_RETURN(const Job* const job, FindToRead(query.job_id));
  std::vector<PointRecord> records;
  for (auto it = job->points.upper_bound(query.after_number); it != job->points.end(); ++it) {
    if (!Matches(query, it->second)) continue;
    records.push_back(WithoutDesign(it->second));
    if (records.size() == static_cast<std::size_t>(query.limit)) break;
  }
  return records;
}

absl::StatusOr<PointRecord> MemoryRunStore::GetPoint(std::int64_t job_id, std::int64_t number) {
  MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(const Job* const job, FindToRead(job_id));
  const auto point = job->points.find(number);
  if (point == job->points.end()) return NoPoint(job_id, number);
  return WithoutDesign(point->second);
}

absl::StatusOr<std::string> MemoryRunStore::GetDesign(std::int64_t job_id, std::int64_t number) {
  MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(const Job* const job, FindToRead(job_id));
  const auto point = job->points.find(number);
  if (point == job->points.end()) return NoPoint(job_id, number);
  if (point->second.point.design.empty()) return NoDesign(job_id, number);
  return point->second.point.design;
}

absl::StatusOr<JobSnapshot> MemoryRunStore::Snapshot(std::int64_t job_id) {
  MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(const Job* const job, FindToRead(job_id));
  JobSnapshot snapshot;
  snapshot.revision = revision_;
  snapshot.job = WithSummary(job->record);
  for (const auto& [number, point] : job->points) {
    if (point.on_front()) snapshot.front.push_back(WithoutDesign(point));
  }
  return snapshot;
}

absl::StatusOr<JobChanges> MemoryRunStore::ReadChanges(std::int64_t job_id, std::int64_t after, int limit) {
  MutexLock lock(&mutex_);
  RETURN_IF_ERROR(CheckLimit(limit));
  ASSIGN_OR_RETURN(const Job* const job, FindToRead(job_id));
  RETURN_IF_ERROR(CheckAfter(after, revision_));
  std::vector<std::int64_t> revisions;
  for (const FrontChange& change : job->front_changes) {
    if (change.revision > after && revisions.size() <= static_cast<std::size_t>(limit)) {
      revisions.push_back(change.revision);
    }
  }
  JobChanges changes;
  changes.job = WithSummary(job->record);
  const std::int64_t end = EndOfChanges(revisions, limit, revision_);
  changes.resume_revision = end;
  const auto in_range = [after, end](std::int64_t revision) { return revision > after && revision <= end; };
  for (const StateChangeRecord& state : job->states) {
    if (in_range(state.revision)) changes.states.push_back(state);
  }
  for (const FrontChange& change : job->front_changes) {
    if (!in_range(change.revision)) continue;
    if (!change.entered) {
      changes.left.push_back(change.number);
      continue;
    }
    changes.entered.push_back(WithoutDesign(job->points.at(change.number)));
    MarkAsOf(end, &changes.entered.back());
  }
  changes.new_points = std::count_if(job->points.begin(), job->points.end(),
                                     [&](const auto& entry) { return in_range(entry.second.revision); });
  return changes;
}

absl::StatusOr<std::vector<PointRecord>> MemoryRunStore::FrontAt(std::int64_t job_id, std::int64_t revision) {
  MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(const Job* const job, FindToRead(job_id));
  RETURN_IF_ERROR(CheckAfter(revision, revision_));
  std::vector<PointRecord> front;
  for (const auto& [number, point] : job->points) {
    if (point.entered_front_revision == 0 || point.entered_front_revision > revision) continue;
    if (point.left_front_revision != 0 && point.left_front_revision <= revision) continue;
    front.push_back(WithoutDesign(point));
    MarkAsOf(revision, &front.back());
  }
  return front;
}

}  // namespace oneloop
