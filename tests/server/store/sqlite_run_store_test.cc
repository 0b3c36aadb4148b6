#include "server/store/sqlite_run_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "common/base/random.h"
#include "common/base/read_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/sqlite_connection.h"
#include "server/store/sqlite_schema.h"
#include "server/store/store_check.h"
#include "tests/server/store/faulty_disk.h"
#include "tests/server/store/run_store_suite.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

INSTANTIATE_TEST_SUITE_P(Sqlite, RunStoreSuite,
                         ::testing::Values(StoreKind{"Sqlite", [](const StoreKind::Options& options) {
                                                       SqliteRunStore::Options sqlite;
                                                       sqlite.data_dir = options.directory;
                                                       sqlite.clock = options.clock;
                                                       sqlite.max_queued_rows = options.max_queued_rows;
                                                       auto store = SqliteRunStore::Create(sqlite);
                                                       EXPECT_TRUE(store.ok()) << store.status();
                                                       return store.ok() ? *std::move(store) : nullptr;
                                                     }}));

SqliteRunStore::Options In(const std::string& directory, const std::string& vfs = "") {
  SqliteRunStore::Options options;
  options.data_dir = directory;
  options.vfs = vfs;
  return options;
}

std::int64_t CreateTestJob(RunStore& store, int num_starts) {
  const auto job = store.CreateJob(TestJob(num_starts));
  EXPECT_TRUE(job.ok()) << job.status();
  return job.ok() ? job->record.id : 0;
}

std::string DatabasePath(const TempDirectory& directory) { return directory.path() + "/oneloop.db"; }

void WriteFile(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

// As a person with SQLite's shell would: on a connection of its own.
void RunSql(const std::string& path, const std::string& sql) {
  auto connection = SqliteConnection::Open(path, SqliteConnection::Mode::kReadWrite, "");
  ASSERT_TRUE(connection.ok()) << connection.status();
  EXPECT_EQ((*connection)->Execute(sql), absl::OkStatus());
}

std::string QueryText(const std::string& path, const std::string& sql) {
  const auto connection = SqliteConnection::Open(path, SqliteConnection::Mode::kReadOnly, "");
  EXPECT_TRUE(connection.ok()) << connection.status();
  auto rows = (*connection)->Prepare(sql);
  EXPECT_TRUE(rows.ok()) << rows.status();
  const auto row = rows->Step();
  EXPECT_TRUE(row.ok() && *row) << row.status();
  return std::string(rows->Text(0));
}

// --- Opening ---

TEST(SqliteRunStoreTest, EverythingIsThereAfterReopening) {
  TempDirectory directory;
  std::int64_t id = 0;
  std::int64_t revision = 0;
  JobRecord before;
  {
    const auto store = OpenStore(directory.path());
    id = CreateTestJob(*store, 2);
    ASSERT_TRUE(Append(*store, TestBatch(id, 0, 0, 100)).ok());
    PointBatch last = TestBatch(id, 1, 0, 60);
    last.start_done = last.within_stop_gap = true;
    ASSERT_TRUE(Append(*store, last).ok());
    ASSERT_TRUE(store->SetJobBound(id, {10, 5, 2, 3, true}).ok());
    before = *store->GetJob(id);
    revision = store->revision();
    EXPECT_EQ(store->Close(), absl::OkStatus());
  }
  EXPECT_FALSE(std::filesystem::exists(DatabasePath(directory) + "-wal")) << "Close writes the log back";
  const auto store = OpenStore(directory.path());
  EXPECT_EQ(store->revision(), revision);
  EXPECT_EQ(store->GetJob(id)->job.spec, before.job.spec);
  EXPECT_EQ(store->GetJob(id)->best_point, before.best_point);
  ASSERT_TRUE(store->GetJob(id)->bound.has_value());
  EXPECT_EQ(store->GetJob(id)->bound->objective, 10);
  ExpectConsistent(*store, id);
  // Front and best go on from what the file holds.
  ASSERT_TRUE(Append(*store, TestBatch(id, 1, 40, 200)).ok());
  ASSERT_TRUE(Append(*store, TestBatch(id, 0, 0, 300)).ok());
  ExpectConsistent(*store, id);
  EXPECT_EQ(store->GetJob(id)->points, 540);
  EXPECT_TRUE(store->ListStarts(id)->at(1).within_stop_gap) << "what is appended later does not forget it";
}

TEST(SqliteRunStoreTest, IdsAreNotReusedAfterReopening) {
  TempDirectory directory;
  std::int64_t id = 0;
  {
    const auto store = OpenStore(directory.path());
    id = CreateTestJob(*store, 1);
    ASSERT_TRUE(store->SetJobState(id, {JobState::kPending}, JobState::kCancelled, "", {}).ok());
    ASSERT_TRUE(store->DeleteJob(id, {}).ok());
  }
  EXPECT_GT(CreateTestJob(*OpenStore(directory.path()), 1), id);
}

TEST(SqliteRunStoreTest, PointsOfDeletedJobsAreRemovedInTheEnd) {
  TempDirectory directory;
  {
    const auto store = OpenStore(directory.path());
    const std::int64_t id = CreateTestJob(*store, 1);
    ASSERT_TRUE(Append(*store, TestBatch(id, 0, 0, 9000)).ok());
    ASSERT_TRUE(store->SetJobState(id, {JobState::kPending}, JobState::kCancelled, "", {}).ok());
    ASSERT_TRUE(store->DeleteJob(id, {}).ok());
    // Every commit is followed by some removal; so is opening.
    for (int i = 0; i < 8; ++i) CreateTestJob(*store, 1);
  }
  OpenStore(directory.path());
  const auto store = OpenStore(directory.path());
  for (int i = 0; i < 8; ++i) CreateTestJob(*store, 1);
  EXPECT_EQ(QueryText(DatabasePath(directory), "SELECT count(*) FROM point_rows"), "0");
  EXPECT_EQ(QueryText(DatabasePath(directory), "SELECT count(*) FROM point_packs"), "0");
  EXPECT_EQ(QueryText(DatabasePath(directory), "SELECT count(*) FROM designs"), "0");
  EXPECT_EQ(QueryText(DatabasePath(directory), "SELECT count(*) FROM improvements"), "0");
  EXPECT_EQ(QueryText(DatabasePath(directory), "SELECT count(*) FROM greatest_points"), "0");
  EXPECT_EQ(QueryText(DatabasePath(directory), "SELECT count(*) FROM deleted_jobs"), "0");
}

TEST(SqliteRunStoreTest, DirectoryIsMadeForItsOwnerOnly) {
  TempDirectory parent;
  const std::string path = parent.path() + "/data";
  OpenStore(path);
  struct stat info = {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST(SqliteRunStoreTest, SecondStoreOnOneDirectoryIsRefused) {
  TempDirectory directory;
  auto first = OpenStore(directory.path());
  const absl::Status second = SqliteRunStore::Create(In(directory.path())).status();
  EXPECT_EQ(second.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.message()),
              AllOf(HasSubstr(directory.path()), HasSubstr("process " + std::to_string(getpid()))));
  EXPECT_GT(CreateTestJob(*first, 1), 0) << "the first goes on";
  first = nullptr;
  EXPECT_TRUE(SqliteRunStore::Create(In(directory.path())).ok());
}

TEST(SqliteRunStoreTest, NothingIsAcknowledgedOnceTheDirectoryHasGone) {
  const auto rename = [](const std::string& from, const std::string& to) { std::filesystem::rename(from, to); };
  const std::vector<std::function<void(const std::string&)>> losses = {
      [](const std::string& path) { std::filesystem::remove_all(path); },
      [&](const std::string& path) { rename(path, path + "2"); },
      [&](const std::string& path) {
        rename(path, path + "2");
        OpenStore(path);
      },
      [](const std::string& path) { std::filesystem::remove(path + "/oneloop.lock"); },
      [&](const std::string& path) {
        std::filesystem::copy_file(path + "/oneloop.db", path + "/copy");
        rename(path + "/copy", path + "/oneloop.db");
      },
  };
  for (std::size_t i = 0; i < losses.size(); ++i) {
    const TempDirectory directory;
    SqliteRunStore::Options options;
    options.data_dir = directory.path() + "/data";
    std::vector<absl::Status> reasons;
    options.on_lost = [&](const absl::Status& reason) { reasons.push_back(reason); };
    auto store = SqliteRunStore::Create(options).value();
    ASSERT_TRUE(store->CreateJob(TestJob(1)).ok());
    losses[i](options.data_dir);
    for (int change = 0; change < 2; ++change) {
      const absl::Status status = store->CreateJob(TestJob(1)).status();
      EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << i;
      EXPECT_THAT(std::string(status.message()), HasSubstr(options.data_dir)) << i;
    }
    EXPECT_EQ(Append(*store, TestBatch(1, 0, 0, 1)).code(), absl::StatusCode::kUnavailable) << i;
    store = nullptr;
    ASSERT_EQ(reasons.size(), 1u) << i;
    EXPECT_EQ(reasons[0].code(), absl::StatusCode::kDataLoss) << i;
  }
}

TEST(SqliteRunStoreTest, UnusablePathsAreRefusedByName) {
  TempDirectory directory;
  const std::string file = directory.path() + "/file";
  WriteFile(file, "text");
  for (const std::string& path :
       {directory.path() + "/missing/data", file + "/data", file, std::string("/proc/data"), std::string()}) {
    const absl::Status status = SqliteRunStore::Create(In(path)).status();
    EXPECT_FALSE(status.ok()) << path;
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("data directory"), HasSubstr(path)));
  }
  EXPECT_FALSE(std::filesystem::exists(directory.path() + "/missing"));
  EXPECT_EQ(ReadFile(file).value(), "text");
}

TEST(SqliteRunStoreTest, DirectoryWithoutWritePermissionIsRefused) {
  if (geteuid() == 0) GTEST_SKIP() << "permissions do not bind root";
  TempDirectory directory;
  ASSERT_EQ(chmod(directory.path().c_str(), 0500), 0);
  const absl::Status status = SqliteRunStore::Create(In(directory.path())).status();
  ASSERT_EQ(chmod(directory.path().c_str(), 0700), 0);
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(status.message()), HasSubstr("not writable"));
}

// --- Files that are not ours, damaged, older or newer ---

TEST(SqliteRunStoreTest, FileThatIsNoDatabaseIsDataLossAndStays) {
  TempDirectory directory;
  const std::string content(8192, 'x');
  WriteFile(DatabasePath(directory), content);
  const absl::Status status = SqliteRunStore::Create(In(directory.path())).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr(DatabasePath(directory)));
  EXPECT_EQ(ReadFile(DatabasePath(directory)).value(), content);
}

TEST(SqliteRunStoreTest, AnotherProgramsDatabaseIsRefusedAndStays) {
  TempDirectory directory;
  RunSql(DatabasePath(directory), "CREATE TABLE songs (title TEXT)");
  const std::string content = ReadFile(DatabasePath(directory)).value();
  const absl::Status status = SqliteRunStore::Create(In(directory.path())).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("not a OneLoop store"));
  EXPECT_EQ(ReadFile(DatabasePath(directory)).value(), content);
}

TEST(SqliteRunStoreTest, DamagedPagesAreDataLoss) {
  TempDirectory directory;
  std::int64_t id = 0;
  {
    const auto store = OpenStore(directory.path());
    id = CreateTestJob(*store, 1);
    ASSERT_TRUE(Append(*store, TestBatch(id, 0, 0, 5000)).ok());
  }
  std::string content = ReadFile(DatabasePath(directory)).value();
  constexpr std::size_t kPage = 4096;
  // Behind the tables' roots and the tables of constants, which are made first.
  for (std::size_t page = 80; (page + 1) * kPage <= content.size(); ++page)
    content.replace(page * kPage, 64, 64, '\xa5');
  WriteFile(DatabasePath(directory), content);
  const auto store = OpenStore(directory.path());
  PointQuery query;
  query.job_id = id;
  query.limit = 10000;
  EXPECT_EQ(store->ListPoints(query).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(store->GetJob(id).ok()) << "what is whole can be read";
}

TEST(SqliteRunStoreTest, DamagedPackIsDataLossAndTheRestCanBeRead) {
  for (const std::string& damage :
       {std::string("data = substr(data, 1, length(data) - 8)"), std::string("data = X''"),
        std::string("data = CAST(X'02' || substr(data, 2) AS BLOB)"),
        std::string("data = CAST(substr(data, 1, 20) || X'00' || substr(data, 22) AS BLOB)"),
        std::string("first_sample = first_sample + 1"), std::string("sample_step = -1"),
        std::string("first_sequence = first_sequence - 1"), std::string("last_sequence = last_sequence + 1000")}) {
    TempDirectory directory;
    const auto store = OpenStore(directory.path());
    const std::int64_t id = CreateTestJob(*store, 2);
    ASSERT_TRUE(Append(*store, TestBatch(id, 1, 0, 350)).ok());
    RunSql(DatabasePath(directory),
           "UPDATE point_packs SET " + damage + " WHERE 170 BETWEEN first_sequence AND last_sequence");
    const auto packed = store->GetPoint(id, 2 * 170 + 1);
    EXPECT_EQ(packed.status().code(), absl::StatusCode::kDataLoss) << damage;
    EXPECT_THAT(std::string(packed.status().message()), AllOf(HasSubstr("job 1"), HasSubstr("start 1"))) << damage;
    PointQuery query;
    query.job_id = id;
    EXPECT_EQ(store->ListPoints(query).status().code(), absl::StatusCode::kDataLoss) << damage;
    query.start = 1;
    EXPECT_EQ(store->ListPoints(query).status().code(), absl::StatusCode::kDataLoss) << damage;
    query.limit = 100;
    EXPECT_TRUE(store->ListPoints(query).ok()) << damage;
    EXPECT_TRUE(store->GetPoint(id, 2 * 3 + 1).ok()) << damage;
    EXPECT_TRUE(store->Snapshot(id).ok()) << damage;
  }
}

TEST(SqliteRunStoreTest, MissingPointIsDataLoss) {
  TempDirectory directory;
  const auto store = OpenStore(directory.path());
  const std::int64_t id = CreateTestJob(*store, 1);
  ASSERT_TRUE(Append(*store, TestBatch(id, 0, 0, 350)).ok());
  RunSql(DatabasePath(directory), "DELETE FROM point_packs WHERE 170 BETWEEN first_sequence AND last_sequence");
  PointQuery query;
  query.job_id = id;
  EXPECT_EQ(store->ListPoints(query).status().code(), absl::StatusCode::kDataLoss);
  const absl::Status status = store->GetPoint(id, 170).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("job 1, start 0: point 170 is missing"));
}

TEST(SqliteRunStoreTest, StartGoesOnInsideALongRunAfterReopening) {
  TempDirectory directory;
  std::int64_t id = 0;
  {
    const auto store = OpenStore(directory.path());
    id = CreateTestJob(*store, 2);
    ASSERT_TRUE(Append(*store, TestBatch(id, 1, 0, 200)).ok());
  }
  for (std::int64_t stored = 200; stored < 500; stored += 37) {
    const auto store = OpenStore(directory.path());
    EXPECT_EQ(store->ListStarts(id)->at(1).points, stored);
    // As a start that runs again from its beginning, in batches of another size.
    for (std::int64_t first = 0; first < stored + 37; first += 111) {
      const std::int64_t count = std::min<std::int64_t>(111, stored + 37 - first);
      ASSERT_TRUE(Append(*store, TestBatch(id, 1, first, count)).ok());
    }
    ExpectConsistent(*store, id);
  }
  EXPECT_EQ(QueryText(DatabasePath(directory), "PRAGMA integrity_check"), "ok");
}

TEST(SqliteRunStoreTest, TruncatedFileIsDataLoss) {
  TempDirectory directory;
  {
    const auto store = OpenStore(directory.path());
    ASSERT_TRUE(Append(*store, TestBatch(CreateTestJob(*store, 1), 0, 0, 5000)).ok());
  }
  std::filesystem::resize_file(DatabasePath(directory), std::uintmax_t{3} * 4096);
  EXPECT_EQ(SqliteRunStore::Create(In(directory.path())).status().code(), absl::StatusCode::kDataLoss);
}

TEST(SqliteRunStoreTest, NewerSchemaIsRefusedAndTheFileStays) {
  TempDirectory directory;
  OpenStore(directory.path());
  {
    // As a newer program that was killed would leave it: the last commits only in the log.
    const auto newer = SqliteConnection::Open(DatabasePath(directory), SqliteConnection::Mode::kReadWrite, "");
    ASSERT_TRUE(newer.ok()) << newer.status();
    (*newer)->SetCheckpointOnClose(false);
    ASSERT_EQ((*newer)->Execute("PRAGMA user_version = 99"), absl::OkStatus());
  }
  const std::string content = ReadFile(DatabasePath(directory)).value();
  const std::string log = ReadFile(DatabasePath(directory) + "-wal").value();
  EXPECT_FALSE(log.empty());
  const absl::Status status = SqliteRunStore::Create(In(directory.path())).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("version 99"), HasSubstr("up to " + std::to_string(StoreSchema().version()))));
  EXPECT_EQ(ReadFile(DatabasePath(directory)).value(), content);
  EXPECT_EQ(ReadFile(DatabasePath(directory) + "-wal").value(), log);
}

// --- Migration, with schemas made for the test ---

const Schema& SongsOfVersion(int version) {
  static const std::vector<Schema>& versions = *new std::vector<Schema>{
      {"CREATE TABLE songs (title TEXT); INSERT INTO songs VALUES ('Clair de lune')", {}},
      {"unused", {"ALTER TABLE songs ADD COLUMN year INTEGER DEFAULT 1905"}},
      {"unused",
       {"ALTER TABLE songs ADD COLUMN year INTEGER DEFAULT 1905",
        "UPDATE songs SET year = year + 1; ALTER TABLE songs RENAME COLUMN year TO published"}},
      {"unused",
       {"ALTER TABLE songs ADD COLUMN year INTEGER DEFAULT 1905", "ALTER TABLE songs RENAME COLUMN year TO published",
        "DELETE FROM songs; ALTER TABLE no_such_table ADD COLUMN x"}}};
  return versions[static_cast<std::size_t>(version - 1)];
}

absl::Status Prepare(const std::string& path, const Schema& schema) {
  const auto connection = SqliteConnection::Open(path, SqliteConnection::Mode::kReadWrite, "");
  EXPECT_TRUE(connection.ok()) << connection.status();
  return PrepareSchema(connection->get(), schema);
}

TEST(SqliteSchemaTest, OlderFileIsMigratedStepByStepAndKeptAsItWas) {
  TempDirectory directory;
  const std::string path = DatabasePath(directory);
  ASSERT_EQ(Prepare(path, SongsOfVersion(1)), absl::OkStatus());
  ASSERT_EQ(Prepare(path, SongsOfVersion(3)), absl::OkStatus());
  EXPECT_EQ(QueryText(path, "SELECT title || published FROM songs"), "Clair de lune1906");
  EXPECT_EQ(QueryText(path, "PRAGMA user_version"), "3");
  EXPECT_EQ(QueryText(BackupPath(path, 1), "SELECT title FROM songs"), "Clair de lune");
  EXPECT_EQ(QueryText(BackupPath(path, 1), "PRAGMA user_version"), "1");
  EXPECT_EQ(QueryText(BackupPath(path, 1), "PRAGMA integrity_check"), "ok");
}

// Back to version 1.
constexpr char kVersionOne[] =
    "DROP INDEX jobs_by_revision; DROP TABLE purges; DROP TABLE improvements; DROP TABLE greatest_points; "
    "ALTER TABLE jobs DROP COLUMN results; "
    "ALTER TABLE job_specs DROP COLUMN summary; ALTER TABLE jobs DROP COLUMN starts_wait_for_bound; "
    "ALTER TABLE jobs DROP COLUMN own_bests; ALTER TABLE jobs DROP COLUMN area_mm2_bound; DROP TABLE calibrations; "
    "DROP TABLE job_crashes; DROP INDEX "
    "jobs_by_request; "
    "CREATE UNIQUE INDEX jobs_by_request ON jobs (project, request_id) WHERE request_id IS NOT NULL; "
    "DROP INDEX jobs_unfinished_by_owner; ALTER TABLE jobs DROP COLUMN owner; "
    "DROP INDEX jobs_to_purge; DROP INDEX jobs_by_end; DROP TABLE job_labels; "
    "ALTER TABLE jobs DROP COLUMN num_layers; ALTER TABLE jobs DROP COLUMN priority; "
    "ALTER TABLE jobs DROP COLUMN deadline_us; ALTER TABLE jobs DROP COLUMN pinned; "
    "ALTER TABLE jobs DROP COLUMN delete_time_us; ALTER TABLE jobs DROP COLUMN purge_time_us; "
    "ALTER TABLE jobs DROP COLUMN undelete_time_us; ALTER TABLE jobs DROP COLUMN bytes; PRAGMA user_version = 1;";

TEST(SqliteSchemaTest, JobsOfAVersionWithoutSettingsHaveTheDefaults) {
  const TempDirectory directory;
  std::int64_t id = 0;
  {
    const auto store = OpenStore(directory.path());
    id = CreateTestJob(*store, 1);
    ASSERT_EQ(store->Close(), absl::OkStatus());
  }
  RunSql(DatabasePath(directory), kVersionOne);
  const auto store = OpenStore(directory.path());
  const JobRecord job = store->GetJob(id).value();
  EXPECT_EQ(job.job.settings.priority, 0);
  EXPECT_TRUE(job.job.settings.labels.empty());
  EXPECT_EQ(job.job.settings.deadline, std::nullopt);
  EXPECT_FALSE(job.job.settings.pinned);
  EXPECT_EQ(job.delete_time, std::nullopt);
  JobChange change;
  change.labels = std::map<std::string, std::string>{{"chip", "a1"}};
  EXPECT_EQ(store->ChangeJob(id, change, {})->job.settings.labels, *change.labels);
}

// Version 6 brought what overviews show.
constexpr char kVersionFive[] =
    "DROP INDEX jobs_by_revision; DROP TABLE purges; DROP TABLE improvements; DROP TABLE greatest_points; "
    "ALTER TABLE jobs DROP COLUMN results; PRAGMA user_version = 5;";

// All rows of what overviews show, as text.
std::string OverviewsOf(const std::string& path) {
  return QueryText(path, "SELECT (SELECT group_concat(id || ' ' || results) FROM jobs)") + "\n" +
         QueryText(path,
                   "SELECT ifnull(group_concat(job_id || ' ' || figure || ' ' || number), '') FROM "
                   "(SELECT * FROM greatest_points ORDER BY job_id, figure)") +
         "\n" +
         QueryText(path,
                   "SELECT ifnull(group_concat(job_id || ' ' || start || ' ' || ordinal || ' ' || number || ' ' || "
                   "sample || ' ' || energy_uj || ' ' || latency_cycles || ' ' || area_mm2 || ' ' || score || ' ' || "
                   "revision), '') FROM (SELECT * FROM improvements ORDER BY job_id, start, ordinal)");
}

// With equal scores and figures, steps, points beyond a limit, a start and a job without any result.
TEST(SqliteSchemaTest, OverviewsOfAVersionWithoutThemAreWhatTheWriterWouldHaveStored) {
  const TempDirectory directory;
  {
    const auto store = OpenStore(directory.path());
    for (int job = 0; job < 3; ++job) CreateTestJob(*store, 3);
    for (std::int64_t id = 1; id <= 2; ++id) {
      for (std::int64_t first = 0; first < 400; first += 50) {
        for (int start = 0; start < 2; ++start) ASSERT_TRUE(Append(*store, TestBatch(id, start, first, 50)).ok());
      }
    }
    // Equal to the best so far, and to the greatest.
    PointBatch equal{2, 2, {ExactPoint(0, 1, 9, 4), ExactPoint(1, 9, 1, 4), ExactPoint(2, 1, 9, 4)}, 3, false};
    ASSERT_TRUE(Append(*store, equal).ok());
    ASSERT_EQ(store->Close(), absl::OkStatus());
  }
  const std::string written = OverviewsOf(DatabasePath(directory));
  RunSql(DatabasePath(directory), kVersionFive);
  ASSERT_EQ(OpenStore(directory.path())->Close(), absl::OkStatus());
  EXPECT_EQ(OverviewsOf(DatabasePath(directory)), written);
  const auto report = CheckStore(directory.path());
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->findings, testing::IsEmpty());
}

TEST(SqliteRunStoreTest, OverviewsGoOnAfterReopening) {
  const TempDirectory directory;
  std::int64_t id = 0;
  const auto append = [&](std::int64_t sequence, double energy, double latency, double area) {
    const auto store = OpenStore(directory.path());
    if (id == 0) id = CreateTestJob(*store, 1);
    ASSERT_TRUE(Append(*store, {id, 0, {ExactPoint(sequence, energy, latency, area)}, sequence + 1, false}).ok());
  };
  append(0, 5, 5, 9);
  append(1, 6, 5, 8);  // neither better nor of the greatest area
  append(2, 4, 5, 9);  // better, and as large as the first
  append(3, 4, 5, 2);
  const auto store = OpenStore(directory.path());
  const JobHistory history = store->ReadHistory(id, 100).value();
  std::vector<std::int64_t> numbers;
  for (const Improvement& improvement : history.starts.at(0).improvements) numbers.push_back(improvement.number);
  EXPECT_THAT(numbers, testing::ElementsAre(0, 2));
  EXPECT_EQ(store->SamplePoints(id, 9)->total, 4);
  ASSERT_EQ(store->Close(), absl::OkStatus());
  EXPECT_EQ(QueryText(DatabasePath(directory), "SELECT group_concat(number) FROM greatest_points ORDER BY figure"),
            "1,0,0,1");
}

TEST(SqliteRunStoreTest, JobsOfAStoreWithoutOwnersBelongToNobody) {
  TempDirectory directory;
  std::int64_t id = 0;
  {
    const auto store = OpenStore(directory.path());
    id = CreateTestJob(*store, 1);
  }
  {
    const auto older = SqliteConnection::Open(DatabasePath(directory), SqliteConnection::Mode::kReadWrite, "");
    ASSERT_TRUE(older.ok()) << older.status();
    ASSERT_EQ((*older)->Execute(kVersionOne), absl::OkStatus());
  }
  const auto store = OpenStore(directory.path());
  EXPECT_EQ(store->GetJob(id)->job.owner, "");
  EXPECT_EQ(store->GetJob(CreateTestJob(*store, 1))->job.owner, "ada");
}

TEST(SqliteSchemaTest, UpToDateFileIsLeftAlone) {
  TempDirectory directory;
  const std::string path = DatabasePath(directory);
  ASSERT_EQ(Prepare(path, SongsOfVersion(1)), absl::OkStatus());
  const std::string content = ReadFile(path).value();
  ASSERT_EQ(Prepare(path, SongsOfVersion(1)), absl::OkStatus());
  EXPECT_EQ(ReadFile(path).value(), content);
  EXPECT_FALSE(std::filesystem::exists(BackupPath(path, 1)));
}

TEST(SqliteSchemaTest, FailedStepIsRolledBackAndNamesTheBackup) {
  TempDirectory directory;
  const std::string path = DatabasePath(directory);
  ASSERT_EQ(Prepare(path, SongsOfVersion(1)), absl::OkStatus());
  const absl::Status status = Prepare(path, SongsOfVersion(4));
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("from version 3 to 4"), HasSubstr(BackupPath(path, 1))));
  EXPECT_EQ(QueryText(path, "SELECT title FROM songs"), "Clair de lune") << "the failed step left nothing";
  EXPECT_EQ(QueryText(path, "PRAGMA user_version"), "3");
}

TEST(SqliteSchemaTest, FileIsUntouchedWhenItCannotBeBackedUp) {
  TempDirectory directory;
  const std::string path = DatabasePath(directory);
  ASSERT_EQ(Prepare(path, SongsOfVersion(1)), absl::OkStatus());
  const std::string content = ReadFile(path).value();
  std::filesystem::create_directory(BackupPath(path, 1));
  EXPECT_FALSE(Prepare(path, SongsOfVersion(2)).ok());
  EXPECT_EQ(ReadFile(path).value(), content);
  EXPECT_FALSE(std::filesystem::exists(BackupPath(path, 1) + ".partial"));
}

// --- For people ---

TEST(SqliteRunStoreTest, ViewsReadWell) {
  TempDirectory directory;
  const auto store = OpenStore(directory.path());
  const std::int64_t id = CreateTestJob(*store, 1);
  ASSERT_TRUE(Append(*store, {id, 0, {ExactPoint(0, 5, 5, 5), ExactPoint(1, 4, 3, 2)}, 2, false}).ok());
  EXPECT_EQ(QueryText(DatabasePath(directory), "SELECT number || ' ' || edp || ' ' || parameters FROM pareto"),
            R"(1 12.0 {"pe_dim":16,"scratchpad_kib":128})");
  ASSERT_TRUE(store->SetJobBound(id, {10, 3, 2, 7, true}).ok());
  EXPECT_EQ(QueryText(DatabasePath(directory),
                      "SELECT state || ' ' || points || ' ' || front_size || ' ' || lower_bound || ' ' || "
                      "round(gap, 6) FROM job_overview"),
            "pending 2 1 10.0 0.2");
}

// Every column of the view `points` against what the store lists; bit for bit.
void ExpectSamePointsInSql(RunStore& store, const std::string& path, std::int64_t job_id) {
  const auto connection = SqliteConnection::Open(path, SqliteConnection::Mode::kReadOnly, "");
  ASSERT_TRUE(connection.ok()) << connection.status();
  auto rows = (*connection)
                  ->Prepare(
                      "SELECT number, start, sample, origin, revision, energy_uj, latency_cycles, area_mm2, "
                      "score, json_extract(parameters, '$[0]'), json_extract(parameters, '$[1]'), "
                      "entered_front_revision, left_front_revision FROM points WHERE job_id = ? ORDER BY number");
  ASSERT_TRUE(rows.ok()) << rows.status();
  rows->Bind(job_id);
  const auto figure = [&rows](int column) {
    return rows->IsNull(column) ? std::numeric_limits<double>::infinity() : rows->Real(column);
  };
  for (const PointRecord& record : AllPoints(store, job_id)) {
    ASSERT_TRUE(rows->Step().value());
    EXPECT_EQ(rows->Int(0), record.number);
    EXPECT_EQ(rows->Int(1), record.start);
    EXPECT_EQ(rows->Int(2), record.point.sample);
    EXPECT_EQ(rows->Int(3), static_cast<int>(record.point.origin));
    EXPECT_EQ(rows->Int(4), record.revision);
    EXPECT_EQ(figure(5), record.point.energy_uj);
    EXPECT_EQ(figure(6), record.point.latency_cycles);
    EXPECT_EQ(figure(7), record.point.area_mm2);
    EXPECT_EQ(figure(8), record.point.score);
    EXPECT_DOUBLE_EQ(rows->Real(9), record.point.parameters[0]);
    EXPECT_DOUBLE_EQ(rows->Real(10), record.point.parameters[1]);
    EXPECT_EQ(rows->Int(11), record.entered_front_revision);
    EXPECT_EQ(rows->Int(12), record.left_front_revision);
  }
  EXPECT_FALSE(rows->Step().value());
}

TEST(SqliteRunStoreTest, ViewOfPointsGivesEachOneExactly) {
  TempDirectory directory;
  const auto store = OpenStore(directory.path());
  const std::int64_t id = CreateTestJob(*store, 3);
  const std::int64_t other = CreateTestJob(*store, 1);
  ASSERT_TRUE(Append(*store, TestBatch(other, 0, 0, 200)).ok());
  for (int start = 2; start >= 0; --start) ASSERT_TRUE(Append(*store, TestBatch(id, start, 0, 400)).ok());
  ExpectSamePointsInSql(*store, DatabasePath(directory), id);
  EXPECT_EQ(QueryText(DatabasePath(directory), "SELECT count(*) FROM points"), "1400");
  EXPECT_NE(QueryText(DatabasePath(directory), "SELECT count(*) FROM point_packs"), "0");
}

TEST(SqliteRunStoreTest, ViewOfPointsKnowsEveryDouble) {
  TempDirectory directory;
  const auto store = OpenStore(directory.path());
  const std::int64_t id = CreateTestJob(*store, 1);
  using Limits = std::numeric_limits<double>;
  PointBatch batch{id, 0, {}, 400, false};
  Random random(5);
  for (std::int64_t i = 0; i < 400; ++i) {
    NewPoint point = DescentPoint(0, i);
    point.energy_uj = std::bit_cast<double>(random.Next());
    point.latency_cycles = std::ldexp(1.0, static_cast<int>(6 * i) - 1100);
    batch.points.push_back(point);
  }
  constexpr double kExtremes[] = {
      Limits::denorm_min(), -Limits::denorm_min(), Limits::min(), Limits::max(), -Limits::max(), 0, -0.0,
      Limits::infinity(),   Limits::quiet_NaN()};
  for (std::size_t i = 0; i < std::size(kExtremes); ++i) batch.points[i].area_mm2 = kExtremes[i];
  ASSERT_TRUE(Append(*store, batch).ok());
  ExpectSamePointsInSql(*store, DatabasePath(directory), id);
}

TEST(SqliteRunStoreTest, ViewOfPointsSpellsParametersAsJson) {
  TempDirectory directory;
  const auto store = OpenStore(directory.path());
  NewJob job = TestJob(1);
  job.parameter_names = {"a", "b", "c"};
  const std::int64_t id = store->CreateJob(job)->record.id;
  NewPoint point = DescentPoint(0, 0);
  point.parameters = {0.1, 16, std::numeric_limits<double>::quiet_NaN()};
  ASSERT_TRUE(Append(*store, {id, 0, {point}, 1, false}).ok());
  EXPECT_EQ(QueryText(DatabasePath(directory), "SELECT parameters FROM points"), "[0.10000000000000001,16.0,null]");
  job.parameter_names.clear();
  const std::int64_t bare = store->CreateJob(job)->record.id;
  point.parameters.clear();
  ASSERT_TRUE(Append(*store, {bare, 0, {point}, 1, false}).ok());
  EXPECT_EQ(QueryText(DatabasePath(directory), "SELECT parameters FROM points WHERE job_id = 2"), "[]");
}

TEST(SqliteRunStoreTest, FileIsInWalMode) {
  TempDirectory directory;
  const auto store = OpenStore(directory.path());
  EXPECT_EQ(QueryText(DatabasePath(directory), "PRAGMA journal_mode"), "wal");
}

// --- Failures while running ---

TEST(SqliteRunStoreTest, FullDiskFailsTheTransactionAndTheStoreGoesOn) {
  TempDirectory directory;
  FaultyDisk disk("full");
  auto store = OpenStore(directory.path(), disk.vfs());
  const std::int64_t id = CreateTestJob(*store, 2);
  ASSERT_TRUE(Append(*store, TestBatch(id, 0, 0, 100)).ok());
  ASSERT_TRUE(Append(*store, TestBatch(id, 0, 0, 100)).ok()) << "replayed: the writer is past its last commit";
  const std::int64_t revision = store->revision();
  int commits = 0;
  store->SetCommitListener([&commits](std::int64_t, const std::vector<std::int64_t>&) { ++commits; });

  disk.Set(FaultyDisk::Fault::kFull);
  EXPECT_EQ(Append(*store, TestBatch(id, 1, 0, 500)).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Append(*store, TestBatch(id, 1, 500, 10)).code(), absl::StatusCode::kOutOfRange) << "not with a hole";
  EXPECT_EQ(store->CreateJob(TestJob(1)).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(store->SetJobState(id, {JobState::kPending}, JobState::kSucceeded, "", {}).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(store->revision(), revision);
  ExpectConsistent(*store, id);
  disk.Set(FaultyDisk::Fault::kNone);

  EXPECT_TRUE(Append(*store, TestBatch(id, 1, 0, 500)).ok()) << "the job did not end";
  EXPECT_EQ(store->revision(), revision + 1);
  EXPECT_TRUE(Append(*store, TestBatch(id, 1, 0, 500)).ok()) << "replayed: no commit";
  store->SetCommitListener(nullptr);
  EXPECT_EQ(commits, 1);
  ExpectConsistent(*store, id);
  store = nullptr;
  ExpectConsistent(*OpenStore(directory.path()), id);
  EXPECT_EQ(QueryText(DatabasePath(directory), "PRAGMA integrity_check"), "ok");
}

TEST(SqliteRunStoreTest, LastCheckpointThatFailsLosesNothing) {
  FaultyDisk disk("last_checkpoint");
  for (const FaultyDisk::Fault fault : {FaultyDisk::Fault::kFull, FaultyDisk::Fault::kWriteError,
                                        FaultyDisk::Fault::kSyncError, FaultyDisk::Fault::kTruncateError}) {
    SCOPED_TRACE(static_cast<int>(fault));
    TempDirectory directory;
    auto store = OpenStore(directory.path(), disk.vfs());
    const std::int64_t id = CreateTestJob(*store, 2);
    ASSERT_TRUE(Append(*store, TestBatch(id, 0, 0, 300)).ok());
    const std::int64_t failures = disk.failures();
    disk.Set(fault);
    store->Close().IgnoreError();
    store = nullptr;
    EXPECT_GT(disk.failures(), failures);
    disk.Set(FaultyDisk::Fault::kNone);
    const auto reopened = OpenStore(directory.path());
    EXPECT_EQ(reopened->GetJob(id)->points, 300);
    ExpectConsistent(*reopened, id);
  }
}

TEST(SqliteRunStoreTest, FileThatSomebodyLocksIsUnavailable) {
  TempDirectory directory;
  { const auto store = OpenStore(directory.path()); }
  const auto person = SqliteConnection::Open(DatabasePath(directory), SqliteConnection::Mode::kReadWrite, "");
  const auto other = SqliteConnection::Open(DatabasePath(directory), SqliteConnection::Mode::kReadWrite, "");
  ASSERT_TRUE(person.ok() && other.ok());
  ASSERT_EQ((*person)->Execute("BEGIN IMMEDIATE"), absl::OkStatus());
  ASSERT_EQ((*other)->Execute("PRAGMA busy_timeout = 0"), absl::OkStatus());
  EXPECT_EQ((*other)->Execute("BEGIN IMMEDIATE").code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace oneloop
