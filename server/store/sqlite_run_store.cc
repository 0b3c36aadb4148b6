#include "server/store/sqlite_run_store.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/mutex.h"
#include "common/base/status.h"
#include "server/store/data_directory.h"
#include "server/store/queued_run_store.h"
#include "server/store/reader_pool.h"
#include "server/store/sqlite_calibrations.h"
#include "server/store/sqlite_connection.h"
#include "server/store/sqlite_overviews.h"
#include "server/store/sqlite_point_queries.h"
#include "server/store/sqlite_queries.h"
#include "server/store/sqlite_schema.h"
#include "server/store/sqlite_writer.h"
#include "server/store/write_queue.h"

namespace oneloop {
namespace {

constexpr char kStoreName[] = "oneloop.db";

// Lets no commit pass for stored when its directory has gone.
class WatchedBackend final : public WriteBackend {
 public:
  WatchedBackend(const DataDirectory* directory, SqliteWriter* writer, std::function<void(const absl::Status&)> on_lost)
      : directory_(directory), writer_(writer), on_lost_(std::move(on_lost)) {}

  absl::StatusOr<Commit> Apply(const std::vector<Write*>& writes) override {
    RETURN_IF_ERROR(Check());
    absl::StatusOr<Commit> commit = writer_->Apply(writes);
    // What went before it may have been written into a file that nobody will find.
    RETURN_IF_ERROR(Check());
    return commit;
  }
  bool CleanUp() override { return lost_.ok() && writer_->CleanUp(); }

 private:
  absl::Status Check() {
    if (!lost_.ok()) return lost_;
    const absl::Status there = directory_->CheckStillThere();
    if (there.ok()) return absl::OkStatus();
    lost_ = absl::UnavailableError(there.message());
    Log(LogLevel::kError, Message(there));
    // Closing would remove the log of whatever store is at the path now.
    writer_->Abandon();
    if (on_lost_) on_lost_(there);
    return lost_;
  }

  const DataDirectory* const directory_;
  SqliteWriter* const writer_;
  const std::function<void(const absl::Status&)> on_lost_;
  absl::Status lost_;
};

class SqliteRunStoreImpl final : public QueuedRunStore {
 public:
  SqliteRunStoreImpl(std::unique_ptr<DataDirectory> directory, std::unique_ptr<SqliteWriter> writer,
                     std::unique_ptr<ReaderPool> readers, std::string wal_path, const WriteQueue::Options& options,
                     std::function<void(const absl::Status&)> on_lost)
      : QueuedRunStore(&queue_),
        directory_(std::move(directory)),
        wal_path_(std::move(wal_path)),
        readers_(std::move(readers)),
        writer_(std::move(writer)),
        backend_(directory_.get(), writer_.get(), std::move(on_lost)),
        queue_(options, &backend_, writer_->revision()) {}
  ~SqliteRunStoreImpl() override { Close().IgnoreError(); }

  absl::StatusOr<JobRecord> GetJob(std::int64_t id) override {
    return readers_->Read([&](SqliteConnection& connection) { return ReadJob(connection, id); });
  }

  absl::StatusOr<JobRecord> GetJobSummary(std::int64_t id) override {
    return readers_->Read([&](SqliteConnection& connection) { return ReadJob(connection, id, SpecDetail::kSummary); });
  }

  absl::StatusOr<std::vector<JobRecord>> ListJobs(const JobQuery& query) override {
    return readers_->Read([&](SqliteConnection& connection) { return ReadJobs(connection, query); });
  }

  absl::StatusOr<ChangedJobs> ListChangedJobs(const JobQuery& query, std::int64_t since,
                                              const JobCursor& after) override {
    return readers_->Read(
        [&](SqliteConnection& connection) { return ReadChangedJobs(connection, query, since, after); });
  }

  absl::StatusOr<JobRecord> FindRequest(const std::string& project, const std::string& owner,
                                        const std::string& request_id) override {
    return readers_->Read(
        [&](SqliteConnection& connection) { return ReadRequestedJob(connection, project, owner, request_id); });
  }

  absl::StatusOr<StoreUsage> ReadUsage(const std::string& owner, const std::string& project) override {
    return readers_->Read([&](SqliteConnection& connection) { return ReadStoreUsage(connection, owner, project); });
  }

  absl::StatusOr<StoreTotals> ReadTotals() override {
    absl::StatusOr<StoreTotals> totals = readers_->Read(ReadStoreTotals);
    std::error_code missing;
    const std::uintmax_t bytes = std::filesystem::file_size(wal_path_, missing);
    if (totals.ok() && !missing) totals->wal_bytes = static_cast<std::int64_t>(bytes);
    return totals;
  }

  absl::StatusOr<std::vector<StartRecord>> ListStarts(std::int64_t job_id) override {
    return readers_->Read([&](SqliteConnection& connection) { return ReadStarts(connection, job_id); });
  }

  absl::StatusOr<std::vector<PointRecord>> ListPoints(const PointQuery& query) override {
    return readers_->Read([&](SqliteConnection& connection) { return ReadPoints(connection, query); });
  }

  absl::StatusOr<PointRecord> GetPoint(std::int64_t job_id, std::int64_t number) override {
    return readers_->Read([&](SqliteConnection& connection) { return ReadPoint(connection, job_id, number); });
  }

  absl::StatusOr<std::string> GetDesign(std::int64_t job_id, std::int64_t number) override {
    return readers_->Read([&](SqliteConnection& connection) { return ReadDesign(connection, job_id, number); });
  }

  absl::StatusOr<JobSnapshot> Snapshot(std::int64_t job_id) override {
    return readers_->Read([&](SqliteConnection& connection) { return ReadSnapshot(connection, job_id); });
  }

  absl::StatusOr<JobChanges> ReadChanges(std::int64_t job_id, std::int64_t after, int limit) override {
    return readers_->Read(
        [&](SqliteConnection& connection) { return ReadJobChanges(connection, job_id, after, limit); });
  }

  absl::StatusOr<std::vector<PointRecord>> FrontAt(std::int64_t job_id, std::int64_t revision) override {
    return readers_->Read([&](SqliteConnection& connection) { return ReadFrontAt(connection, job_id, revision); });
  }

  absl::StatusOr<PointSample> SamplePoints(std::int64_t job_id, int most) override {
    return readers_->Read([&](SqliteConnection& connection) { return ReadPointSample(connection, job_id, most); });
  }

  absl::StatusOr<JobHistory> ReadHistory(std::int64_t job_id, int most) override {
    return readers_->Read([&](SqliteConnection& connection) { return ReadJobHistory(connection, job_id, most); });
  }

  absl::StatusOr<CalibrationRecord> GetCalibration(const std::string& project, const std::string& name) override {
    return readers_->Read([&](SqliteConnection& connection) { return ReadCalibration(connection, project, name); });
  }

  absl::StatusOr<std::vector<CalibrationRecord>> ListCalibrations(const std::string& project, const std::string& after,
                                                                  int limit) override {
    return readers_->Read(
        [&](SqliteConnection& connection) { return ReadCalibrations(connection, project, after, limit); });
  }

  absl::StatusOr<std::vector<CalibrationRecord>> ListTrainings() override {
    return readers_->Read([](SqliteConnection& connection) { return ReadTrainings(connection); });
  }

  absl::Status Close() override {
    queue_.Close();
    readers_->Close();
    MutexLock lock(&close_mutex_);
    if (!close_result_) close_result_ = writer_->Close();
    return *close_result_;
  }

 private:
  const std::unique_ptr<DataDirectory> directory_;
  const std::string wal_path_;
  const std::unique_ptr<ReaderPool> readers_;
  const std::unique_ptr<SqliteWriter> writer_;  // used by the queue's thread until Close has ended it
  WatchedBackend backend_;                      // the same

  Mutex close_mutex_;
  std::optional<absl::Status> close_result_ ABSL_GUARDED_BY(close_mutex_);

  WriteQueue queue_;
};

absl::Status SetWriteAheadLog(std::int64_t log_bytes, SqliteConnection* connection) {
  {
    ASSIGN_OR_RETURN(SqliteStatement mode, connection->Prepare("PRAGMA journal_mode = WAL"));
    ASSIGN_OR_RETURN(const bool row, mode.Step());
    if (!row || mode.Text(0) != "wal") {
      return absl::FailedPreconditionError(absl::StrCat(connection->path(),
                                                        ": this file system cannot hold a SQLite "
                                                        "database in WAL mode; use a local one"));
    }
  }
  RETURN_IF_ERROR(connection->Execute("PRAGMA synchronous = FULL"));
  // Deleted rows are overwritten only where that costs no write of its own.
  RETURN_IF_ERROR(connection->Execute("PRAGMA secure_delete = FAST"));
  // A page that many commits change is written back once for all of them.
  ASSIGN_OR_RETURN(const std::int64_t page_bytes, connection->QueryInt("PRAGMA page_size"));
  RETURN_IF_ERROR(connection->Execute(
      absl::StrCat("PRAGMA wal_autocheckpoint = ", std::max<std::int64_t>(1, log_bytes / page_bytes))));
  // A log that grew while a long read held it back does not keep its size.
  return connection->Execute(absl::StrCat("PRAGMA journal_size_limit = ", log_bytes));
}

absl::StatusOr<std::unique_ptr<SqliteConnection>> OpenWriter(const std::string& path,
                                                             const SqliteRunStore::Options& options) {
  ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> connection,
                   SqliteConnection::Open(path, SqliteConnection::Mode::kReadWrite, options.vfs));
  // A file that is refused stays as it is: also its log is not written back.
  connection->SetCheckpointOnClose(false);
  RETURN_IF_ERROR(PrepareSchema(connection.get(), StoreSchema()));
  RETURN_IF_ERROR(SetWriteAheadLog(options.log_bytes, connection.get()));
  connection->SetCheckpointOnClose(true);
  return connection;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RunStore>> SqliteRunStore::Create(const Options& options) {
  if (options.readers < 1) return FieldError("readers", "must be at least 1");
  ASSIGN_OR_RETURN(std::unique_ptr<DataDirectory> directory, DataDirectory::Open(options.data_dir));
  const std::string path = absl::StrCat(options.data_dir, "/", kStoreName);
  ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> connection, OpenWriter(path, options));
  RETURN_IF_ERROR(directory->Keep(kStoreName));
  ASSIGN_OR_RETURN(std::unique_ptr<SqliteWriter> writer, SqliteWriter::Create(std::move(connection), options.clock));
  ASSIGN_OR_RETURN(std::unique_ptr<ReaderPool> readers, ReaderPool::Create(path, options.vfs, options.readers));
  WriteQueue::Options queue_options;
  queue_options.max_delay = options.max_delay;
  queue_options.max_queued_rows = options.max_queued_rows;
  queue_options.metrics = options.metrics;
  return std::make_unique<SqliteRunStoreImpl>(std::move(directory), std::move(writer), std::move(readers),
                                              path + "-wal", queue_options, options.on_lost);
}

}  // namespace oneloop
