#ifndef ONELOOP_SERVER_STORE_RUN_STORE_H_
#define ONELOOP_SERVER_STORE_RUN_STORE_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/results/job_bound.h"
#include "server/results/point_batch.h"
#include "server/store/calibration_store.h"
#include "server/store/job_crashes.h"
#include "server/store/job_filter.h"
#include "server/store/job_news.h"

namespace oneloop {

// Where jobs and their evaluated points live. Every change is one transaction; each commit raises a revision that
// counts through the whole store and never goes back. Implementations pass tests/server/store/run_store_suite.

// The numbers are stored: never reuse one.
enum class JobState { kPending = 1, kRunning = 2, kPaused = 3, kCancelled = 4, kSucceeded = 5, kFailed = 6 };
inline bool IsFinal(JobState state) {
  return state == JobState::kCancelled || state == JobState::kSucceeded || state == JobState::kFailed;
}

// What may change of a job besides its progress. None of it changes what its search finds.
struct JobSettings {
  int priority = 0;  // among the jobs of its owner; higher goes first
  std::map<std::string, std::string> labels;
  std::optional<absl::Time> deadline;  // at which the job is cancelled, unless it is over
  bool pinned = false;                 // kept for ever
};

struct NewJob {
  std::string project;
  std::string request_id;  // "" for none; else unique among its owner's in the project
  std::string owner;       // the user who submitted it; "" for a job older than owners
  std::string spec;        // opaque: as submitted, with defaults
  std::string resolved;    // opaque: workload and template, frozen at submission
  std::string summary;     // opaque: what lists and watches have in the place of a large spec; "" for the spec
  std::string workload_name;
  std::string template_name;
  std::vector<std::string> parameter_names;  // order of PointRecord::parameters
  int num_starts = 1;
  std::int64_t samples_total = 0;
  std::optional<double> stop_gap;      // > 0: distance from the job's bound at which a start ends
  bool starts_wait_for_bound = false;  // what they minimise follows from what is found with the bound
  int num_layers = 1;                  // of the workload
  JobSettings settings;
};

// What is absent stays as it is.
struct JobChange {
  std::optional<int> priority;
  std::optional<std::map<std::string, std::string>> labels;  // instead of all that were there
  std::optional<std::optional<absl::Time>> deadline;         // an inner none takes it away
  std::optional<bool> pinned;
  // Deletes the job, to be purged at that time; an inner none undeletes it. Comes alone.
  std::optional<std::optional<absl::Time>> purge_time;
};

struct JobRecord {
  std::int64_t id = 0;  // never reused
  NewJob job;
  JobState state = JobState::kPending;
  std::string message;
  absl::Time create_time;
  std::optional<absl::Time> start_time;
  std::optional<absl::Time> end_time;
  std::int64_t revision = 0;  // of the last commit that changed this job or its points
  int starts_done = 0;
  std::int64_t samples_done = 0;
  std::int64_t points = 0;
  std::int64_t bytes = 0;  // of its spec and its designs; the rest of a job is small or goes with its points
  std::int64_t front_size = 0;
  std::optional<std::int64_t> best_point;  // the exact point of smallest score; the lowest number among equals
  std::optional<JobBound> bound;           // once computed
  // Of a deleted job, which can be undeleted until it is purged.
  std::optional<absl::Time> delete_time;
  std::optional<absl::Time> purge_time;
};

struct PointRecord {
  std::int64_t number = 0;  // sequence * num_starts + start
  int start = 0;
  NewPoint point;                           // `design` is left empty: see GetDesign
  std::int64_t revision = 0;                // of the commit that stored it
  std::int64_t entered_front_revision = 0;  // 0: never on the front
  std::int64_t left_front_revision = 0;     // 0: never was, or still is
  bool on_front() const { return entered_front_revision != 0 && left_front_revision == 0; }
};

struct StartRecord {
  int start = 0;
  bool done = false;
  std::int64_t points = 0;  // committed: sequences 0 .. points-1
  std::int64_t samples_done = 0;
  bool within_stop_gap = false;  // done, because its best is near enough to the job's bound
};

// A place in a list of jobs.
struct JobCursor {
  std::int64_t key = 0;  // OrderKey
  std::int64_t id = 0;
};

struct JobQuery {
  std::string project;           // "" for all
  std::vector<JobState> states;  // any of these; all when empty
  std::optional<JobFilter> filter;
  bool show_deleted = false;
  JobOrder order = JobOrder::kCreateTime;
  bool ascending = false;          // also among jobs of the same key, by id
  std::optional<JobCursor> after;  // keyset: only those that come later in the list
  int limit = 50;
};

// Jobs of a query's project that changed after a revision, in the order of their last changes: by revision, then id.
struct ChangedJobs {
  struct Entry {
    JobRecord record;     // but of a job that is not wanted only id, project and revision
    bool wanted = false;  // the query finds it
  };
  std::int64_t revision = 0;  // of the store
  std::vector<Entry> jobs;
  bool more = false;  // others after these changed, too
  // A job of the project was purged, of which nothing is known any more. Then there is nothing else.
  bool purged = false;
};

// What the passing of time does to jobs that are over and not pinned.
struct JobSweep {
  std::optional<absl::Duration> retention;        // those that ended longer ago are deleted; none: are kept
  absl::Duration purge_after = absl::Hours(168);  // and those are purged so long after
  int limit = 100;                                // of each kind at a time
};
struct SweptJobs {
  int deleted = 0;
  int purged = 0;
};

struct PointQuery {
  std::int64_t job_id = 0;
  bool front_only = false;
  bool ever_on_front = false;  // on the front now or before
  bool exact_only = false;
  std::optional<int> start;
  // Only points that were stored in the revisions (after_revision, last_revision].
  std::int64_t after_revision = 0;
  std::int64_t last_revision = std::numeric_limits<std::int64_t>::max();
  std::int64_t after_number = -1;  // keyset: only numbers above, in ascending order
  int limit = 1000;
};

// Of a job that is read, its spec and resolved as they are; or `spec` as lists have it and no `resolved`.
enum class SpecDetail { kWhole, kSummary };

// What a user and a project take, for limits.
struct StoreUsage {
  std::int64_t unfinished_jobs_of_owner = 0;  // pending, running and paused, in all projects
  std::int64_t points_of_project = 0;         // of the jobs that are there
  std::int64_t bytes_of_project = 0;          // the sum of JobRecord::bytes over the same
};

// The whole store in a few numbers.
struct StoreTotals {
  std::map<JobState, std::int64_t> jobs;  // by state; states without jobs may be missing
  std::int64_t unfinished_starts = 0;     // of jobs that are pending or running
  std::int64_t wal_bytes = 0;             // of the write-ahead log; 0 for a store that has none
};

struct StateChangeRecord {
  JobState state = JobState::kPending;
  std::int64_t revision = 0;
  std::string message;
};

// Everything that happened to one job in the revisions (after, resume_revision]. State and front changes are complete;
// a point that entered and left the front within that range appears in both lists, one that did both in one commit in
// neither. When more than `limit` front changes happened, the range ends early, at the revision of the last one
// returned; never inside a revision, so that one revision alone may exceed the limit.
struct JobChanges {
  std::int64_t resume_revision = 0;
  std::vector<StateChangeRecord> states;
  std::vector<PointRecord> entered;  // by revision, then number; marked as of resume_revision
  std::vector<std::int64_t> left;    // numbers, by revision, then number
  std::int64_t new_points = 0;
  JobRecord job;  // as committed now
};

// A job's present state and front, and the revision at which they hold together.
struct JobSnapshot {
  std::int64_t revision = 0;
  JobRecord job;
  std::vector<PointRecord> front;  // by number
};

// The best point, and the greatest and the least of four figures.
inline constexpr int kLeastSample = 9;

// A few of a job's results, which are its exact points with a score.
struct PointSample {
  std::int64_t revision = 0;
  std::int64_t total = 0;           // results
  std::vector<PointRecord> points;  // by number
};

// A result of a lower score than all of its start before it.
struct Improvement {
  std::int64_t number = 0;
  std::int64_t sample = 0;
  double energy_uj = 0;
  double latency_cycles = 0;
  double area_mm2 = 0;
  double score = 0;
  std::int64_t revision = 0;  // of the commit that stored it
  bool operator==(const Improvement&) const = default;
};

struct StartHistory {
  StartRecord start;
  std::vector<Improvement> improvements;  // by number
};

struct JobHistory {
  std::int64_t revision = 0;
  std::vector<StartHistory> starts;  // by number
};

// Thread-safe. Reads see only what is committed.
//
// Codes: NOT_FOUND for an unknown job or point, RESOURCE_EXHAUSTED for a full disk, UNAVAILABLE for one that cannot be
// read or written, and after Close, DATA_LOSS for a corrupted file, INTERNAL for any other fault of the storage.
class RunStore : public CalibrationStore, public BatchSink {
 public:
  // Returns once committed. With a request_id that its owner has used in the project, returns that job instead,
  // whatever else is in `job`; the caller compares. `created` says which.
  struct CreateResult {
    JobRecord record;
    bool created = false;
  };
  virtual absl::StatusOr<CreateResult> CreateJob(const NewJob& job) = 0;

  virtual absl::StatusOr<JobRecord> GetJob(std::int64_t id) = 0;
  // The same with a summary of its spec, which a poll can do with.
  virtual absl::StatusOr<JobRecord> GetJobSummary(std::int64_t id) = 0;
  // Jobs of lists, snapshots and changes have summaries of their specs; all others the whole.
  virtual absl::StatusOr<std::vector<JobRecord>> ListJobs(const JobQuery& query) = 0;
  // What changed after the revision `since` and comes after `after`, a place by revision and id: the first query.limit
  // jobs. The query's own order and place are not looked at. INVALID_ARGUMENT when `since` is beyond the current
  // revision.
  virtual absl::StatusOr<ChangedJobs> ListChangedJobs(const JobQuery& query, std::int64_t since,
                                                      const JobCursor& after) = 0;
  // The job that CreateJob would return for this request_id; NOT_FOUND when it would make one.
  virtual absl::StatusOr<JobRecord> FindRequest(const std::string& project, const std::string& owner,
                                                const std::string& request_id) = 0;
  virtual absl::StatusOr<StoreUsage> ReadUsage(const std::string& owner, const std::string& project) = 0;
  // Looks at every job, though not at their points.
  virtual absl::StatusOr<StoreTotals> ReadTotals() = 0;

  // Moves a job from one of `from` to `to`, sets the times that this implies and records a state change. Returns once
  // committed. FAILED_PRECONDITION when the job is in another state, or in a final one, which is never left; ABORTED
  // when expected_revision is set and is not the job's.
  virtual absl::StatusOr<JobRecord> SetJobState(std::int64_t id, const std::vector<JobState>& from, JobState to,
                                                const std::string& message,
                                                std::optional<std::int64_t> expected_revision) = 0;

  // What becomes of jobs when the daemon dies. A job that becomes RUNNING is kRunning with it, one that leaves RUNNING
  // is kIdle, and one at its end is forgotten.
  //
  // Changes activities of jobs that are RUNNING; others are left out. Returns once committed.
  virtual absl::Status NoteActivity(const std::map<std::int64_t, JobActivity>& activities) = 0;
  // For the begin of a daemon: everything that is not kIdle was when the one before died. Counts that and makes it
  // kIdle. Returns, once that is committed, the jobs that are not over and of which anything is known.
  virtual absl::StatusOr<std::vector<JobCrashes>> CountCrashes() = 0;
  // For the end of a daemon: it did not die.
  virtual absl::Status ForgetCrashes() = 0;

  // Keeps the bound with the job; returns once committed. A job that has one keeps that. FAILED_PRECONDITION for a job
  // in a final state.
  virtual absl::Status SetJobBound(std::int64_t id, const JobBound& bound) = 0;

  // Changes what may change of a job; returns once committed. FAILED_PRECONDITION for the priority or the deadline of a
  // job in a final state, for deleting one that is in none or deleted already, for undeleting one that is not deleted,
  // and for any other change of a deleted job; ABORTED as above.
  virtual absl::StatusOr<JobRecord> ChangeJob(std::int64_t id, const JobChange& change,
                                              std::optional<std::int64_t> expected_revision) = 0;

  // Deletes jobs that were kept long enough, and purges the deleted ones whose time has come. Returns once committed.
  virtual absl::StatusOr<SweptJobs> SweepJobs(const JobSweep& sweep) = 0;

  // Purges a job in a final state at once, with its points. FAILED_PRECONDITION and ABORTED as above.
  virtual absl::Status DeleteJob(std::int64_t id, std::optional<std::int64_t> expected_revision) = 0;

  // All starts of the job, also those that have stored nothing yet.
  virtual absl::StatusOr<std::vector<StartRecord>> ListStarts(std::int64_t job_id) = 0;

  // Queues a batch; blocks only while the queue is full. `done` runs on the writer's thread, with OK once the batch
  // is committed or with what went wrong; it must not call the store's writing methods. Points whose sequence is
  // already stored are skipped, so that a start may be run again from its beginning. Batches of one start are kept in
  // order. Points for a job that is deleted or in a final state are dropped and reported as FAILED_PRECONDITION; a
  // batch is stored as a whole or not at all, INVALID_ARGUMENT when it does not fit its job, OUT_OF_RANGE when points
  // before its first are missing (a batch before it failed). After Close, `done` runs in the call.
  void AppendPoints(PointBatch batch, std::function<void(absl::Status)> done) override = 0;

  virtual absl::StatusOr<std::vector<PointRecord>> ListPoints(const PointQuery& query) = 0;
  virtual absl::StatusOr<PointRecord> GetPoint(std::int64_t job_id, std::int64_t number) = 0;
  // NOT_FOUND for a point without design (a step of the descent).
  virtual absl::StatusOr<std::string> GetDesign(std::int64_t job_id, std::int64_t number) = 0;

  virtual absl::StatusOr<JobSnapshot> Snapshot(std::int64_t job_id) = 0;
  // INVALID_ARGUMENT when `after` is beyond the current revision.
  virtual absl::StatusOr<JobChanges> ReadChanges(std::int64_t job_id, std::int64_t after, int limit) = 0;

  // The front as it was after a revision, its points marked as of then. INVALID_ARGUMENT as above.
  virtual absl::StatusOr<std::vector<PointRecord>> FrontAt(std::int64_t job_id, std::int64_t revision) = 0;

  // At most `most` results, and all when there are no more. Otherwise the best, the greatest and the least of each
  // figure (energy, latency, area, EDP), the front, and an even choice of the rest by number, which may be smaller
  // where results are far apart; of a front that is too large an even choice by energy. `most` is at least
  // kLeastSample.
  virtual absl::StatusOr<PointSample> SamplePoints(std::int64_t job_id, int most) = 0;
  // The improvements of the starts that have begun, at most `most` in all: an even choice, with the first and the last
  // of each start; where not even these are few enough, only of the starts with the best scores. `most` is at least 2.
  virtual absl::StatusOr<JobHistory> ReadHistory(std::int64_t job_id, int most) = 0;

  // The last committed revision; 0 for a new store.
  virtual std::int64_t revision() const = 0;
  // Which jobs have changed when; knows of a commit before anybody hears of its outcome.
  virtual const JobNews& news() const = 0;

  // Whether writes get through: the error of the last transaction when that failed within the last minute, UNAVAILABLE
  // while one takes longer than 10 s, and after Close.
  virtual absl::Status CheckWriter() const = 0;

  // `listener` runs on the writer's thread after every commit, with the new revision and the jobs that it changed.
  // At most one listener; empty removes it and waits for a running call to end. Not to be called by the listener.
  using CommitListener = std::function<void(std::int64_t revision, const std::vector<std::int64_t>& job_ids)>;
  virtual void SetCommitListener(CommitListener listener) = 0;

  // Writes what is queued, checkpoints and closes. Later calls return UNAVAILABLE; another Close what the first did.
  virtual absl::Status Close() = 0;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_STORE_RUN_STORE_H_
