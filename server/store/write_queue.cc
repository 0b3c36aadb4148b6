#include "server/store/write_queue.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/time/time.h"
#include "common/base/failpoint.h"

namespace oneloop {
namespace {

// A transaction under way for longer, or one that has failed within this time, is the disk's trouble.
constexpr absl::Duration kSlowCommit = absl::Seconds(10);
constexpr absl::Duration kFreshFailure = absl::Seconds(60);

absl::Status Closed() { return absl::UnavailableError("the store is closed"); }

std::int64_t RowsOf(const PointBatch& batch) {
  constexpr std::size_t kBytesOfRow = 256;
  std::size_t rows = batch.points.size();
  for (const NewPoint& point : batch.points) rows += point.design.size() / kBytesOfRow;
  // An empty batch takes room too.
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(rows));
}

// A copy that shares nothing with other threads': TSan cannot see into the packaged Abseil's counts.
void SetResult(Write& write, const absl::Status& status) {
  std::visit([&status](auto& request) { request.result = absl::Status(status.code(), status.message()); }, write);
}

}  // namespace

JobRecord* RecordOf(Write& write) {
  if (auto* create = std::get_if<CreateJobWrite>(&write); create != nullptr && create->result.ok()) {
    return &create->result->record;
  }
  if (auto* set = std::get_if<SetJobStateWrite>(&write); set != nullptr && set->result.ok()) return &*set->result;
  if (auto* change = std::get_if<ChangeJobWrite>(&write); change != nullptr && change->result.ok()) {
    return &*change->result;
  }
  return nullptr;
}

WriteQueue::WriteQueue(const Options& options, WriteBackend* backend, std::int64_t revision)
    : options_(options), backend_(backend), revision_(revision), news_(revision) {
  MutexLock lock(&thread_mutex_);
  writer_ = std::thread([this] { WriterLoop(); });
}

WriteQueue::~WriteQueue() { Close(); }

template <class W>
W WriteQueue::RunAndWait(W write) {
  Waiter waiter;
  MutexLock lock(&mutex_);
  if (closing_) {
    write.result = Closed();
    return write;
  }
  queue_.push_back({std::move(write), &waiter, 0, SteadyNow()});
  ++queued_waiters_;
  work_.Signal();
  while (!waiter.finished) finished_.Wait(mutex_);
  return std::get<W>(*std::move(waiter.finished));
}

absl::StatusOr<RunStore::CreateResult> WriteQueue::Run(CreateJobWrite write) {
  return RunAndWait(std::move(write)).result;
}

absl::StatusOr<JobRecord> WriteQueue::Run(SetJobStateWrite write) { return RunAndWait(std::move(write)).result; }

absl::Status WriteQueue::Run(SetJobBoundWrite write) { return RunAndWait(std::move(write)).result; }

absl::StatusOr<JobRecord> WriteQueue::Run(ChangeJobWrite write) { return RunAndWait(std::move(write)).result; }

absl::StatusOr<SweptJobs> WriteQueue::Run(SweepJobsWrite write) { return RunAndWait(std::move(write)).result; }

absl::Status WriteQueue::Run(DeleteJobWrite write) { return RunAndWait(std::move(write)).result; }

absl::StatusOr<CalibrationStore::CreateCalibrationResult> WriteQueue::Run(CalibrationWrite write) {
  return RunAndWait(std::move(write)).result;
}

absl::StatusOr<std::vector<JobCrashes>> WriteQueue::Run(CrashWrite write) {
  return RunAndWait(std::move(write)).result;
}

void WriteQueue::Append(PointBatch batch, std::function<void(absl::Status)> done) {
  const std::int64_t rows = RowsOf(batch);
  {
    MutexLock lock(&mutex_);
    while (!closing_ && queued_rows_ > 0 && queued_rows_ + rows > options_.max_queued_rows) room_.Wait(mutex_);
    if (!closing_) {
      queue_.push_back({AppendPointsWrite{std::move(batch), std::move(done)}, nullptr, rows,
                        SteadyNow() + absl::FromChrono(options_.max_delay)});
      queued_rows_ += rows;
      work_.Signal();
      return;
    }
  }
  if (done) done(Closed());
}

void WriteQueue::SetCommitListener(RunStore::CommitListener listener) {
  MutexLock lock(&listener_mutex_);
  listener_ = std::move(listener);
}

void WriteQueue::Close() {
  {
    MutexLock lock(&mutex_);
    closing_ = true;
    work_.Signal();
    room_.SignalAll();
  }
  MutexLock lock(&thread_mutex_);
  if (writer_.joinable()) writer_.join();
}

void WriteQueue::WriterLoop() {
  bool clean_up = true;
  for (;;) {
    std::vector<Entry> entries = Take(/*wait=*/!clean_up);
    if (entries.empty() && !clean_up) return;
    if (!entries.empty()) {
      Commit(std::move(entries));
      clean_up = true;
    }
    {
      MutexLock lock(&mutex_);
      if (closing_) clean_up = false;
    }
    clean_up = clean_up && backend_->CleanUp();
  }
}

std::vector<WriteQueue::Entry> WriteQueue::Take(bool wait) {
  MutexLock lock(&mutex_);
  while (wait && queue_.empty() && !closing_) work_.Wait(mutex_);
  if (!queue_.empty()) WaitForCompany();
  std::vector<Entry> entries;
  std::int64_t rows = 0;
  while (!queue_.empty() && (entries.empty() || rows + queue_.front().rows <= options_.max_transaction_rows)) {
    rows += queue_.front().rows;
    queued_waiters_ -= queue_.front().waiter != nullptr ? 1 : 0;
    entries.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  queued_rows_ -= rows;
  room_.SignalAll();
  return entries;
}

void WriteQueue::WaitForCompany() {
  const SteadyTime deadline = queue_.front().deadline;
  const std::int64_t enough_rows = std::min(options_.enough_rows, options_.max_queued_rows / 2);
  while (!closing_ && queued_waiters_ == 0 && queued_rows_ < enough_rows) {
    const absl::Duration left = deadline - SteadyNow();
    if (left <= absl::ZeroDuration()) return;
    work_.WaitFor(mutex_, left);
  }
}

void WriteQueue::Commit(std::vector<Entry> entries) {
  std::vector<Write*> writes;
  writes.reserve(entries.size());
  for (Entry& entry : entries) writes.push_back(&entry.write);
  {
    MutexLock lock(&outcome_mutex_);
    committing_since_ = SteadyNow();
  }
  const absl::StatusOr<WriteBackend::Commit> commit = ApplyAndCount(writes);
  {
    MutexLock lock(&outcome_mutex_);
    committing_since_.reset();
    last_outcome_ = commit.status();
    last_end_ = SteadyNow();
  }
  if (!commit.ok()) {
    // Also the results of refused writes may rest on what was rolled back.
    for (Write* write : writes) SetResult(*write, commit.status());
    Acknowledge(std::move(entries));
    return;
  }
  if (!commit->job_ids.empty()) news_.OnCommit(commit->revision, commit->job_ids);
  revision_.store(commit->revision, std::memory_order_release);
  Failpoint("queue.before_acknowledge");
  Acknowledge(std::move(entries));
  Failpoint("queue.after_acknowledge");
  if (commit->job_ids.empty()) return;
  MutexLock lock(&listener_mutex_);
  if (listener_) listener_(commit->revision, commit->job_ids);
}

absl::Status WriteQueue::CheckWriter() const {
  {
    MutexLock lock(&mutex_);
    if (closing_) return Closed();
  }
  MutexLock lock(&outcome_mutex_);
  if (committing_since_.has_value() && SteadyNow() - *committing_since_ > kSlowCommit) {
    return absl::UnavailableError("the disk takes no writes");
  }
  return SteadyNow() - last_end_ <= kFreshFailure ? last_outcome_ : absl::OkStatus();
}

absl::StatusOr<WriteBackend::Commit> WriteQueue::ApplyAndCount(const std::vector<Write*>& writes) {
  DaemonMetrics* const metrics = options_.metrics;
  if (metrics == nullptr) return backend_->Apply(writes);
  const SteadyTime begin = SteadyNow();
  absl::StatusOr<WriteBackend::Commit> commit = backend_->Apply(writes);
  metrics->commits.Observe(SteadyNow() - begin);
  if (commit.ok()) {
    metrics->points.Add(commit->new_points);
  } else {
    metrics->failed_commits.Add();
  }
  return commit;
}

void WriteQueue::Acknowledge(std::vector<Entry> entries) {
  bool served = false;
  for (Entry& entry : entries) {
    if (entry.waiter != nullptr) {
      MutexLock lock(&mutex_);
      entry.waiter->finished = std::move(entry.write);
      served = true;
    } else if (auto& append = std::get<AppendPointsWrite>(entry.write); append.done) {
      append.done(append.result);
    }
  }
  if (served) finished_.SignalAll();
}

}  // namespace oneloop
