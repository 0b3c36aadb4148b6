#ifndef ONELOOP_SERVER_STORE_WRITE_QUEUE_H_
#define ONELOOP_SERVER_STORE_WRITE_QUEUE_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "server/metrics/instruments.h"
#include "server/store/run_store.h"

namespace oneloop {

// Requests to change a store, each with the place for its outcome.
struct CreateJobWrite {
  NewJob job;
  absl::StatusOr<RunStore::CreateResult> result = absl::UnknownError("not run");
};
struct SetJobStateWrite {
  std::int64_t id = 0;
  std::vector<JobState> from;
  JobState to = JobState::kPending;
  std::string message;
  std::optional<std::int64_t> expected_revision;
  absl::StatusOr<JobRecord> result = absl::UnknownError("not run");
};
struct SetJobBoundWrite {
  std::int64_t id = 0;
  JobBound bound;
  absl::Status result = absl::UnknownError("not run");
};
struct ChangeJobWrite {
  std::int64_t id = 0;
  JobChange change;
  std::optional<std::int64_t> expected_revision;
  absl::StatusOr<JobRecord> result = absl::UnknownError("not run");
};
struct SweepJobsWrite {
  JobSweep sweep;
  absl::StatusOr<SweptJobs> result = absl::UnknownError("not run");
};
struct DeleteJobWrite {
  std::int64_t id = 0;
  std::optional<std::int64_t> expected_revision;
  absl::Status result = absl::UnknownError("not run");
};
struct AppendPointsWrite {
  PointBatch batch;
  std::function<void(absl::Status)> done;
  absl::Status result = absl::UnknownError("not run");
};
struct CalibrationWrite {
  struct Deletion {
    std::string project;
    std::string name;
  };
  struct Attempts {
    std::int64_t id = 0;
    int attempts = 0;
  };
  std::variant<NewCalibration, CalibrationOutcome, Deletion, Attempts> change;
  absl::StatusOr<CalibrationStore::CreateCalibrationResult> result = absl::UnknownError("not run");
};
struct CrashWrite {
  struct Count {};
  struct Forget {};
  std::variant<std::map<std::int64_t, JobActivity>, Count, Forget> change;
  absl::StatusOr<std::vector<JobCrashes>> result = absl::UnknownError("not run");
};
using Write = std::variant<CreateJobWrite, SetJobStateWrite, SetJobBoundWrite, ChangeJobWrite, SweepJobsWrite,
                           DeleteJobWrite, CalibrationWrite, CrashWrite, AppendPointsWrite>;

// The job that the write's result tells of, which later writes of its transaction may change; null for another write,
// and for one that was refused.
JobRecord* RecordOf(Write& write);

// The part that makes a write durable. Called by one thread at a time, the queue's writer.
class WriteBackend {
 public:
  struct Commit {
    std::int64_t revision = 0;
    std::vector<std::int64_t> job_ids;  // changed jobs, ascending; none: the listener has nothing to hear
    std::int64_t new_points = 0;        // that were not stored before
  };

  virtual ~WriteBackend() = default;

  // Runs the writes in order, in one transaction, and sets their results. A write that is refused has its reason as
  // result and changes nothing; the others go on. An error means that the storage failed and none of them happened.
  virtual absl::StatusOr<Commit> Apply(const std::vector<Write*>& writes) = 0;

  // Does a little work that nobody waits for; false when there is none left.
  virtual bool CleanUp() { return false; }
};

// A bounded queue of writes and the thread that hands them to a backend: many writes per transaction, outcomes and
// the commit listener only after the commit. The part of a store's promises that has to do with threads. Thread-safe.
//
// Points are measured in rows: one for each, and one more for every 256 bytes of its design.
class WriteQueue {
 public:
  struct Options {
    std::int64_t enough_rows = 8000;            // are committed at once; so is half a queue
    std::chrono::milliseconds max_delay{10};    // for which fewer wait for company
    std::int64_t max_transaction_rows = 32768;  // of what came during the last commit; a larger batch gets its own
    std::int64_t max_queued_rows = 65536;       // beyond it Append blocks
    DaemonMetrics* metrics = nullptr;           // counts transactions and points; outlives the queue
  };

  // `backend` outlives the queue; `revision` is its last commit.
  WriteQueue(const Options& options, WriteBackend* backend, std::int64_t revision);
  ~WriteQueue();
  WriteQueue(const WriteQueue&) = delete;
  WriteQueue& operator=(const WriteQueue&) = delete;

  // Blocks until the write is committed or refused, and returns its result. UNAVAILABLE after Close.
  absl::StatusOr<RunStore::CreateResult> Run(CreateJobWrite write);
  absl::StatusOr<JobRecord> Run(SetJobStateWrite write);
  absl::Status Run(SetJobBoundWrite write);
  absl::StatusOr<JobRecord> Run(ChangeJobWrite write);
  absl::StatusOr<SweptJobs> Run(SweepJobsWrite write);
  absl::Status Run(DeleteJobWrite write);
  // The record only for one that creates.
  absl::StatusOr<CalibrationStore::CreateCalibrationResult> Run(CalibrationWrite write);
  // The jobs only for one that counts.
  absl::StatusOr<std::vector<JobCrashes>> Run(CrashWrite write);

  // As RunStore::AppendPoints.
  void Append(PointBatch batch, std::function<void(absl::Status)> done);

  std::int64_t revision() const { return revision_.load(std::memory_order_acquire); }
  const JobNews& news() const { return news_; }
  // As RunStore::CheckWriter.
  absl::Status CheckWriter() const;
  void SetCommitListener(RunStore::CommitListener listener);

  // Refuses new writes, waits until those queued are committed, and ends the thread. Later calls do nothing.
  void Close();

 private:
  // A caller that waits; the writer moves the finished write there.
  struct Waiter {
    std::optional<Write> finished;
  };
  struct Entry {
    Write write;
    Waiter* waiter;  // null for points
    std::int64_t rows;
    SteadyTime deadline;  // at which it is due
  };

  template <class W>
  W RunAndWait(W write);
  void WriterLoop();
  // The next transaction's writes; none when the queue is closed and empty, or empty and `wait` is false.
  std::vector<Entry> Take(bool wait);
  void WaitForCompany() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Commit(std::vector<Entry> entries);
  absl::StatusOr<WriteBackend::Commit> ApplyAndCount(const std::vector<Write*>& writes);
  void Acknowledge(std::vector<Entry> entries);

  const Options options_;
  WriteBackend* const backend_;

  std::atomic<std::int64_t> revision_;
  JobNews news_;

  mutable Mutex outcome_mutex_;
  std::optional<SteadyTime> committing_since_ ABSL_GUARDED_BY(outcome_mutex_);
  SteadyTime last_end_ ABSL_GUARDED_BY(outcome_mutex_);
  absl::Status last_outcome_ ABSL_GUARDED_BY(outcome_mutex_);

  mutable Mutex mutex_;
  CondVar work_;      // for the writer: something queued, or closing
  CondVar room_;      // for Append: rows taken, or closing
  CondVar finished_;  // for Run: a waiter is served
  std::deque<Entry> queue_ ABSL_GUARDED_BY(mutex_);
  std::int64_t queued_rows_ ABSL_GUARDED_BY(mutex_) = 0;
  int queued_waiters_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;

  Mutex listener_mutex_;  // held while the listener runs
  RunStore::CommitListener listener_ ABSL_GUARDED_BY(listener_mutex_);

  Mutex thread_mutex_;
  std::thread writer_ ABSL_GUARDED_BY(thread_mutex_);
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_STORE_WRITE_QUEUE_H_
