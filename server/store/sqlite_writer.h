#ifndef ONELOOP_SERVER_STORE_SQLITE_WRITER_H_
#define ONELOOP_SERVER_STORE_SQLITE_WRITER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/store/job_ledger.h"
#include "server/store/run_store.h"
#include "server/store/sqlite_connection.h"
#include "server/store/sqlite_point_writer.h"
#include "server/store/write_queue.h"

namespace oneloop {

// The writing half of a SQLite store: applies writes on the only connection that writes and checkpoints. Ledgers of
// the unfinished jobs that receive points stay in memory; after a failed transaction those it used are forgotten, and
// read back from the file when they are needed. Used by one thread at a time.
class SqliteWriter final : public WriteBackend {
 public:
  // `connection`: open for writing, with the store's schema.
  static absl::StatusOr<std::unique_ptr<SqliteWriter>> Create(std::unique_ptr<SqliteConnection> connection,
                                                              std::function<absl::Time()> clock);

  absl::StatusOr<Commit> Apply(const std::vector<Write*>& writes) override;
  // Removes some points of deleted jobs.
  bool CleanUp() override;

  // The last commit's.
  std::int64_t revision() const { return revision_; }
  // Close will touch no file by its name: neither write the log back nor remove it.
  void Abandon() { connection_->SetCheckpointOnClose(false); }
  // Writes the log back into the file and closes the connection. No other call may follow.
  absl::Status Close();

 private:
  SqliteWriter(std::unique_ptr<SqliteConnection> connection, std::function<absl::Time()> clock, std::int64_t revision)
      : connection_(std::move(connection)), points_(connection_.get()), clock_(std::move(clock)), revision_(revision) {}

  absl::StatusOr<Commit> ApplyInTransaction(const std::vector<Write*>& writes);

  // Each sets the write's result when it is carried out or refused, and returns an error when the storage fails.
  absl::Status Apply(CreateJobWrite& write);
  absl::Status Apply(SetJobStateWrite& write);
  absl::Status Apply(SetJobBoundWrite& write);
  absl::Status Apply(ChangeJobWrite& write);
  absl::Status Apply(SweepJobsWrite& write);
  absl::Status Apply(DeleteJobWrite& write);
  absl::Status Apply(CalibrationWrite& write);
  absl::Status Apply(CrashWrite& write);
  absl::Status Apply(AppendPointsWrite& write);

  absl::Status Change(const NewCalibration& calibration, CalibrationWrite& write);
  absl::Status Change(const CalibrationOutcome& outcome, CalibrationWrite& write);
  absl::Status Change(const CalibrationWrite::Deletion& deletion, CalibrationWrite& write);
  absl::Status Change(const CalibrationWrite::Attempts& attempts, CalibrationWrite& write);

  absl::StatusOr<std::int64_t> FindRequest(const NewJob& job);  // 0: none
  absl::StatusOr<std::int64_t> InsertJob(const NewJob& job);
  absl::Status ReplaceLabels(std::int64_t id, const std::map<std::string, std::string>& labels);
  absl::Status UpdateSettings(const JobRecord& record, const JobChange& change);
  // Everything of it but its points, which CleanUp removes.
  absl::Status RemoveJob(std::int64_t id);
  absl::StatusOr<int> PurgeJobs(const JobSweep& sweep, std::int64_t now_us);
  absl::StatusOr<int> DeleteKeptJobs(const JobSweep& sweep, std::int64_t now_us);
  absl::Status InsertStateChange(std::int64_t id, JobState state, const std::string& message);
  // What a death of the daemon would be taken for from now on.
  absl::Status FollowState(std::int64_t id, JobState state);

  // State and revision as this transaction sees them.
  struct JobHead {
    JobState state;
    std::int64_t revision;
  };
  absl::StatusOr<JobHead> ReadHead(std::int64_t id);  // NOT_FOUND

  // The job's ledger, from memory or the file; null for a job that takes no points.
  absl::StatusOr<JobLedger*> FindLedger(std::int64_t id);
  absl::StatusOr<std::unique_ptr<JobLedger>> LoadLedger(std::int64_t id);

  // Writes what the ledgers gathered, and the revision.
  absl::Status WriteChanges();
  absl::Status WriteLedger(std::int64_t id, JobLedger& ledger);
  // Fills in what later writes of the transaction changed.
  absl::Status RefreshResult(Write& write);

  std::unique_ptr<SqliteConnection> connection_;
  SqlitePointWriter points_;
  const std::function<absl::Time()> clock_;
  std::int64_t revision_;
  std::map<std::int64_t, std::unique_ptr<JobLedger>> ledgers_;

  // Of the transaction that runs.
  std::int64_t next_revision_ = 0;
  std::set<std::int64_t> changed_jobs_;
  std::set<std::int64_t> used_ledgers_;
  std::set<std::int64_t> ended_jobs_;
  int state_changes_ = 0;
  std::int64_t new_points_ = 0;
  bool others_changed_ = false;  // what belongs to no job, or that nobody waits for
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_STORE_SQLITE_WRITER_H_
