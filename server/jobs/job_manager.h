#ifndef ONELOOP_SERVER_JOBS_JOB_MANAGER_H_
#define ONELOOP_SERVER_JOBS_JOB_MANAGER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "server/jobs/active_job.h"
#include "server/jobs/housekeeper.h"
#include "server/jobs/job_units.h"
#include "server/jobs/lease_book.h"
#include "server/jobs/queue_forecast.h"
#include "server/jobs/stalled_jobs.h"
#include "server/jobs/suspects.h"
#include "server/store/run_store.h"
#include "server/work/lease_source.h"
#include "server/work/memory_gate.h"
#include "server/work/outcome.h"
#include "server/work/worker.h"

namespace oneloop {

// Moves jobs through their states: admits them, leases their starts and the proof of their lower bound to workers, by
// LeaseQueue's turns of users and their jobs, and does what follows from how these end. The first worker is its own,
// with threads of this process. A job has SUCCEEDED once its bound and its starts are done, in any order; with a stop
// gap the bound comes first and StopRule says which starts run. What has to survive a crash is in the store only;
// Create takes up every job that was under way. A start that did not finish is run again from its beginning and yields
// the same points, of which the store skips those it has. Thread-safe. No lock is held while a search or a proof runs,
// and none that workers need while the store is called.
//
// A job that is likely to have brought a daemon down is not taken up again: see Suspects. For that the store has,
// before a worker begins with a job, that it runs, and from time to time whether it is heard of.
//
// While the storage takes nothing (a full disk, one that fails or became read-only) jobs are paused with the reason,
// and go on by themselves once it does, also with another manager. What cannot even be paused in the store is held.
class JobManager {
 public:
  // Builds the search of a stored job. Called on any thread.
  using SpecDecoder = std::function<absl::StatusOr<std::shared_ptr<const SearchSpec>>(const JobRecord&)>;
  using StartRunner = oneloop::StartRunner;
  using BoundProver = oneloop::BoundProver;

  static constexpr int kNoThreads = -1;

  struct Options {
    RunStore* store = nullptr;  // outlives the manager
    SpecDecoder decode_spec;
    StartRunner run_start = RunStart;
    BoundProver prove_bound = ProveSearchBound;
    int num_threads = 0;  // of the local worker; 0: as many as the machine runs at once; kNoThreads: none
    // Of the starts and proofs that run at a time, by EstimateSearchBytes; others wait. 0: DefaultSearchBytes().
    std::int64_t max_search_bytes = 0;
    std::size_t max_unfinished_jobs = 10000;
    FairShare::Options fair_share;
    JobSweep sweep;  // what happens to jobs that are over
    PointWriter::Options writer;
    StalledJobs::Options stalled;
    std::function<absl::Time()> clock = WallNow;           // for deadlines and what people see
    std::function<SteadyTime()> steady_clock = SteadyNow;  // for turns, intervals and leases
  };

  static absl::StatusOr<std::unique_ptr<JobManager>> Create(Options options);
  // Drains without a deadline.
  ~JobManager();
  JobManager(const JobManager&) = delete;
  JobManager& operator=(const JobManager&) = delete;

  // Stores a job and queues its bound and its starts; with a request_id that was seen before, returns that job.
  // INVALID_ARGUMENT for counts out of range, RESOURCE_EXHAUSTED for too many unfinished jobs, UNAVAILABLE while
  // draining.
  absl::StatusOr<RunStore::CreateResult> Submit(const NewJob& job);

  // Each ends what runs of the job promptly. Codes as in RunStore::SetJobState. A job that waits for the storage may be
  // paused, too, and then does not go on by itself.
  absl::StatusOr<JobRecord> Cancel(std::int64_t job_id, std::optional<std::int64_t> expected_revision);
  absl::StatusOr<JobRecord> Pause(std::int64_t job_id, std::optional<std::int64_t> expected_revision);
  // Any error leaves the job as it was. UNAVAILABLE while draining.
  absl::StatusOr<JobRecord> Resume(std::int64_t job_id, std::optional<std::int64_t> expected_revision);

  // Changes settings of a job, and its turns with them. Not for deletion. Codes as in RunStore::ChangeJob.
  absl::StatusOr<JobRecord> Update(std::int64_t job_id, const JobChange& change,
                                   std::optional<std::int64_t> expected_revision);

  // Where a job that waits for its first worker stands, and when it will probably have it; none for another, and for
  // one far behind. Up to a second old.
  std::optional<ExpectedStart> ExpectedStartOf(std::int64_t job_id);

  // Notes which jobs are not heard of, cancels those whose deadlines have passed and sweeps the store, as happens by
  // itself every quarter of a second.
  void KeepHouse() { housekeeper_.RunOnce(); }

  // Refuses new jobs and stops every start and proof at its next safe point, with its points committed. The jobs keep
  // their states and go on with the next manager on the store. DEADLINE_EXCEEDED when some still run after `timeout`.
  absl::Status Drain(absl::Duration timeout);

  // Runs other work on the caller's thread as MemoryGate::Run does, within the memory of the starts and proofs.
  absl::Status RunWithinMemory(std::int64_t bytes, const std::function<bool()>& stopped,
                               const std::function<void()>& work) {
    return memory_.Run(bytes, stopped, work);
  }

  // For workers elsewhere, whom `holder` names, not the local one. A lease at once, which is lost when it is not
  // renewed before `expiry`; none when there is nothing to do now, or the holder has `most` already. UNAVAILABLE while
  // draining.
  absl::StatusOr<std::optional<HeldLease>> TakeLease(const std::string& holder, int most, SteadyTime expiry);
  enum class LeaseState { kHeld, kStopped, kLost };
  // kStopped: it is the holder's still, but nothing more is wanted of it, and it is not renewed any more.
  LeaseState RenewLease(const std::string& holder, const Lease& lease, std::uint64_t epoch, SteadyTime expiry);
  // The search of a lease that the holder has. FAILED_PRECONDITION for another.
  absl::StatusOr<std::shared_ptr<const SearchSpec>> SearchOf(const std::string& holder, const Lease& lease,
                                                             std::uint64_t epoch);
  // As HeldLease::points of the local worker's, and renews the lease, as what comes gets on. FAILED_PRECONDITION when
  // the holder has not the lease, INVALID_ARGUMENT when the start was said to be done. How many of the start's samples
  // are new.
  std::int64_t AppendPoints(const std::string& holder, std::uint64_t epoch, SteadyTime expiry, PointBatch batch,
                            std::function<void(absl::Status)> done);
  // As LeaseSource::End. OK also when the holder has not the lease; then nothing happens. INVALID_ARGUMENT for a start
  // that is over before the holder has told of all its points.
  absl::Status EndLease(const std::string& holder, const Lease& lease, std::uint64_t epoch,
                        const absl::StatusOr<Outcome>& outcome);
  // Queues again what the holder has.
  void TakeBack(const std::string& holder);
  // All that are out, of the local worker, too; and how many wait for a taker.
  std::vector<LeaseBook::Taken> LeasesOut();
  std::int64_t num_waiting();

  // Why the job waits for the storage, when it does; the store may not have taken this.
  std::optional<std::string> StorageStall(std::int64_t job_id) { return stalled_.ReasonOf(job_id); }
  // All jobs that it has a reason for.
  std::vector<std::int64_t> StalledJobIds() { return stalled_.ids(); }

  int num_threads() const { return num_threads_; }
  absl::Duration purge_after() const { return options_.sweep.purge_after; }

 private:
  // Leases for the threads of this process.
  class LocalLeases final : public LeaseSource {
   public:
    explicit LocalLeases(JobManager* jobs) : jobs_(jobs) {}
    std::optional<HeldLease> Take() override { return jobs_->AwaitLease(); }
    void End(const HeldLease& held, const absl::StatusOr<Outcome>& outcome) override { jobs_->EndLocal(held, outcome); }

   private:
    JobManager* const jobs_;
  };

  explicit JobManager(Options options);

  absl::Status Recover();
  // Takes up the jobs that were under way, but those that have been the daemon's death too often.
  absl::Status TakeUp(const std::map<std::int64_t, JobCrashes>& crashes);
  // Of the jobs that are queued, those that may have been, so that one of them runs at a time.
  void HoldSuspects(const std::map<std::int64_t, JobCrashes>& crashes);
  void ClearSuspect(std::int64_t job_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Tells the store which jobs are not heard of.
  void LookAfter();
  // For LookAfter: what changed since its last call.
  std::map<std::int64_t, JobActivity> ListenToWorkers() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ForgetCrashes();
  // Queues what is left of a job, or ends it when nothing is, or nothing can come of it. `starts`: as stored; whoever
  // changes the job's state reads them before, so that nothing can fail between the two.
  void EnqueueRest(const JobRecord& record, const std::vector<StartRecord>& starts);
  // Those that are not done, or not listed, are queued.
  void Enqueue(const JobRecord& record, const std::vector<StartRecord>& starts);
  // Lets the queue lease what the job's stop rule allows by now.
  void LimitStarts(std::int64_t job_id, const ActiveJob& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CheckOpen() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<JobRecord> SetPaused(std::int64_t job_id, const std::vector<JobState>& from, const std::string& reason,
                                      std::optional<std::int64_t> expected_revision)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(control_mutex_);
  // False when the store could not tell or keep it.
  bool CancelOverdue(std::int64_t job_id);
  void Forget(std::int64_t job_id);

  absl::Status AwaitLocalWork(SteadyTime deadline);
  std::optional<HeldLease> AwaitLease();
  void EndLocal(const HeldLease& held, const absl::StatusOr<Outcome>& outcome);
  void OnLocalWorkEnded();
  // There may be more to do, as after a lease ended.
  void WakeWorkers();
  // What its holder needs to know of a lease, with the job marked as running; none when that fails, which is settled.
  std::optional<HeldLease> Prepare(const LeaseBook::Taken& taken);
  absl::StatusOr<std::shared_ptr<const SearchSpec>> PrepareJob(std::int64_t job_id);
  absl::Status MarkRunning(std::int64_t job_id);
  // The same of a job that is RUNNING since before this manager.
  absl::Status NoteRunning(std::int64_t job_id);
  // Takes a lease back and does what follows. False when its holder has lost it: nothing follows then.
  bool SettleLease(const Lease& lease, std::uint64_t epoch, const absl::StatusOr<Outcome>& outcome);
  // Null when the holder has not the lease.
  const LeaseBook::Grant* GrantOf(const std::string& holder, const Lease& lease, std::uint64_t epoch)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Queues again the leases that were not renewed.
  void TakeBackExpired();
  absl::Status StoreBound(std::int64_t job_id, const JobBound& bound);
  // Logs what a start says of its end, and keeps it for the job's message.
  void Remark(const Lease& lease, const std::string& text);
  void Settle(const Lease& lease, Ending ending);
  // The same of the last lease of a job: its end, or first a diagnosis.
  void SettleLast(const Lease& lease);
  // Whether a job that this lease is the last of found nothing, and nobody knows why.
  bool WantsDiagnosis(const Lease& lease);
  void SettleFailure(const Lease& lease, const absl::Status& status);
  // The store would not have the lease's job run, or what was found.
  void SettleRefused(const Lease& lease);
  void SettleStorageTrouble(const Lease& lease, std::string_view problem);
  // As StalledJobs::Retry: the change of state is the probe.
  bool RetryStalled(std::int64_t job_id);
  // OK once the job goes on, or nothing is left to do.
  absl::Status GoOn(std::int64_t job_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(control_mutex_);
  // With what `end_message` says, or whether the search converged.
  // Whether the job is for a front, of which no one design says how far it has come.
  bool SeeksFront(std::int64_t job_id);
  void Succeed(std::int64_t job_id, const std::string& end_message, const StartRemarks& remarks);
  void FailJob(std::int64_t job_id, const std::string& reason);
  // Of a job of which no worker has anything any more. What cannot be stored now is stored later.
  void EndJob(std::int64_t job_id, const JobEnd& end);
  // OK also for a job that is over or gone.
  absl::Status StoreEnd(std::int64_t job_id, const JobEnd& end);

  const Options options_;
  const int num_threads_;
  LocalLeases local_leases_{this};

  // Held while a state is changed in the store and then in the queue, so that both see the changes in one order. Taken
  // before mutex_; never while a search runs.
  Mutex control_mutex_;

  Mutex mutex_;
  CondVar work_;  // there may be a lease, or the manager drains
  CondVar idle_;  // local work ended
  LeaseBook book_ ABSL_GUARDED_BY(mutex_);
  std::map<std::int64_t, ActiveJob> active_ ABSL_GUARDED_BY(mutex_);
  Suspects suspects_ ABSL_GUARDED_BY(mutex_);               // all but the current one are held
  std::set<std::int64_t> silent_ ABSL_GUARDED_BY(mutex_);   // as the store has it
  int local_work_ ABSL_GUARDED_BY(mutex_) = 0;              // leases that are out here, or are being settled
  std::int64_t queue_changes_ ABSL_GUARDED_BY(mutex_) = 0;  // jobs that came, went or got another place
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool crashes_forgotten_ ABSL_GUARDED_BY(mutex_) = false;

  ForecastCache forecast_;
  Housekeeper housekeeper_;
  StalledJobs stalled_;
  MemoryGate memory_;

  std::unique_ptr<Worker> worker_;  // set once in Create
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_JOBS_JOB_MANAGER_H_
