// Stores of every earlier version of the schema, each as SQL in schemas/vN.sql with jobs in it: the present program
// opens them, keeps all that they hold and the file as it was.
//
// Before the step that follows version N, write that version's fixture:
//   export ONELOOP_FIXTURE=tests/server/store/schemas/vN.sql
//   server_store_schema_migration_test --gtest_also_run_disabled_tests --gtest_filter='*WriteFixture'

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/failpoint.h"
#include "common/base/read_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/sqlite_connection.h"
#include "server/store/sqlite_run_store.h"
#include "server/store/sqlite_schema.h"
#include "server/store/store_check.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

std::atomic<const char*> deadly_failpoint = nullptr;
std::atomic<int> hits_left = 0;

}  // namespace

// In the place of the empty one: only in children that are to die.
void Failpoint(const char* name) {
  const char* const deadly = deadly_failpoint;
  if (deadly != nullptr && std::string(deadly) == name && --hits_left == 0) kill(getpid(), SIGKILL);
}

namespace {

// The newest version that needs a fixture.
int LastFixture() { return std::max(1, StoreSchema().version() - 1); }

constexpr int kStarts = 2;
constexpr std::int64_t kPoints = 165;  // of each start of the running job; the last ones are in a pack

std::unique_ptr<SqliteConnection> Connect(const std::string& path) {
  auto connection = SqliteConnection::Open(path, SqliteConnection::Mode::kReadWrite, "");
  EXPECT_TRUE(connection.ok()) << connection.status();
  return *std::move(connection);
}

// All rows of a query, the columns of each joined.
std::vector<std::string> Rows(SqliteConnection& connection, const std::string& sql, int columns) {
  std::vector<std::string> result;
  auto rows = connection.Prepare(sql);
  EXPECT_TRUE(rows.ok()) << rows.status();
  for (;;) {
    const auto row = rows->Step();
    EXPECT_TRUE(row.ok()) << row.status();
    if (!row.ok() || !*row) return result;
    std::vector<std::string> cells;
    cells.reserve(static_cast<std::size_t>(columns));
    for (int column = 0; column < columns; ++column) cells.emplace_back(rows->Text(column));
    result.push_back(absl::StrJoin(cells, " "));
  }
}

std::string FixturePath(int version) {
  const char* const root = std::getenv("ONELOOP_SOURCE_DIR");
  return absl::StrCat(root == nullptr ? "." : root, "/tests/server/store/schemas/v", version, ".sql");
}

// Makes the file of a fixture.
void LoadFixture(int version, const std::string& path) {
  const absl::StatusOr<std::string> script = ReadFile(FixturePath(version));
  ASSERT_TRUE(script.ok()) << script.status() << "; see the head of this file";
  ASSERT_EQ(Connect(path)->Execute(*script), absl::OkStatus());
}

// What every fixture holds: job 1 has succeeded, job 2 runs, job 3 is paused and without points. Since version 3 also
// two calibrations, one that is ready and one that trains.
void FillStore(RunStore& store) {
  for (int job = 1; job <= 3; ++job) {
    NewJob asked = TestJob(kStarts);
    asked.request_id = absl::StrCat("request-", job);
    ASSERT_TRUE(store.CreateJob(asked).ok());
  }
  for (int start = 0; start < kStarts; ++start) {
    PointBatch whole = TestBatch(1, start, 0, 12);
    whole.start_done = true;
    ASSERT_EQ(Append(store, whole), absl::OkStatus());
    ASSERT_EQ(Append(store, TestBatch(2, start, 0, kPoints)), absl::OkStatus());
  }
  ASSERT_EQ(store.SetJobBound(1, {1, 2, 3, 4, true}), absl::OkStatus());
  ASSERT_TRUE(store.SetJobState(1, {JobState::kPending}, JobState::kRunning, "", {}).ok());
  ASSERT_TRUE(store.SetJobState(1, {JobState::kRunning}, JobState::kSucceeded, "converged", {}).ok());
  ASSERT_TRUE(store.SetJobState(2, {JobState::kPending}, JobState::kRunning, "", {}).ok());
  ASSERT_TRUE(store.SetJobState(3, {JobState::kPending}, JobState::kPaused, "paused on request", {}).ok());
  ASSERT_TRUE(store.CreateCalibration({"chip", "summary of chip", "request of chip", kDefaultProject, "", 60}).ok());
  ASSERT_TRUE(store.CreateCalibration({"slow", "summary of slow", "request of slow", kDefaultProject, "", 60}).ok());
  ASSERT_EQ(store.FinishCalibration({1, CalibrationState::kReady, "", "report of chip", "model of chip"}),
            absl::OkStatus());
}

// Those of before projects had calibrations of their own.
void ExpectCalibrations(RunStore& store) {
  const auto ready = store.GetCalibration(kDefaultProject, "chip");
  ASSERT_TRUE(ready.ok()) << ready.status();
  EXPECT_EQ(ready->state, CalibrationState::kReady);
  EXPECT_EQ(ready->model, "model of chip");
  EXPECT_EQ(ready->calibration.summary, "report of chip");
  EXPECT_EQ(ready->calibration.request, "request of chip");
  EXPECT_EQ(ready->calibration.owner, "");
  EXPECT_EQ(store.GetCalibration(kDefaultProject, "slow")->state, CalibrationState::kTraining);
  // Numbers are not reused.
  EXPECT_EQ(store.CreateCalibration({"new", "", "", kDefaultProject, "", 60})->record.id, 3);
}

void ExpectFixturesContent(RunStore& store) {
  ExpectConsistent(store, 1);
  ExpectConsistent(store, 2);
  const auto jobs = store.ListJobs({});
  ASSERT_TRUE(jobs.ok()) << jobs.status();
  ASSERT_EQ(jobs->size(), 3u);
  EXPECT_EQ(store.GetJob(1)->state, JobState::kSucceeded);
  EXPECT_EQ(store.GetJob(1)->message, "converged");
  EXPECT_EQ(store.GetJob(1)->points, 12 * kStarts);
  ASSERT_TRUE(store.GetJob(1)->bound.has_value());
  EXPECT_EQ(store.GetJob(1)->bound->boxes, 4);
  EXPECT_EQ(store.GetJob(1)->bound->area_mm2, 0) << "nothing was proven of it";
  EXPECT_EQ(store.GetJob(2)->state, JobState::kRunning);
  EXPECT_EQ(store.GetJob(2)->points, kPoints * kStarts);
  EXPECT_EQ(store.GetJob(3)->state, JobState::kPaused);
  EXPECT_EQ(store.GetJob(3)->job.request_id, "request-3");
  EXPECT_EQ(store.GetJob(3)->job.spec, TestJob(kStarts).spec);
  EXPECT_EQ(store.GetJob(3)->job.parameter_names, TestJob(kStarts).parameter_names);
}

TEST(SchemaMigrationTest, StoresOfEveryVersionGoOn) {
  for (int version = 1; version <= LastFixture(); ++version) {
    SCOPED_TRACE(absl::StrCat("version ", version));
    TempDirectory directory;
    const std::string path = directory.path() + "/oneloop.db";
    LoadFixture(version, path);
    if (HasFatalFailure()) return;
    {
      const auto store = OpenStore(directory.path());
      ASSERT_NE(store, nullptr);
      ExpectFixturesContent(*store);
      if (version >= 3) ExpectCalibrations(*store);
      // Requests are known by who made them.
      EXPECT_EQ(store->FindRequest("team", store->GetJob(3)->job.owner, "request-3")->id, 3);
      // The running job goes on, a replay of stored points included, and ends.
      for (int start = 0; start < kStarts; ++start) {
        PointBatch rest = TestBatch(2, start, kPoints - 20, 40);
        rest.start_done = true;
        EXPECT_EQ(Append(*store, rest), absl::OkStatus());
      }
      EXPECT_TRUE(store->SetJobState(2, {JobState::kRunning}, JobState::kSucceeded, "", {}).ok());
      ExpectConsistent(*store, 2);
      EXPECT_EQ(store->CreateJob(TestJob(1))->record.id, 4);
    }
    const auto report = CheckStore(directory.path());
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_THAT(report->findings, testing::IsEmpty());
    if (version == StoreSchema().version()) continue;
    const auto backup = Connect(BackupPath(path, version));
    EXPECT_THAT(Rows(*backup, "PRAGMA user_version", 1), testing::ElementsAre(absl::StrCat(version)));
    EXPECT_THAT(Rows(*backup, "SELECT sum(points) FROM jobs", 1),
                testing::ElementsAre(absl::StrCat((12 + kPoints) * kStarts)));
    EXPECT_EQ(backup->CheckIntegrity(), absl::OkStatus());
  }
}

// Tables with their columns, indexes and views, however they came to be.
std::set<std::string> Structure(SqliteConnection& connection) {
  std::set<std::string> parts;
  for (const std::string& column :
       Rows(connection,
            "SELECT m.name, c.name, c.type, c.\"notnull\", ifnull(c.dflt_value, '-'), c.pk FROM sqlite_master AS m "
            "JOIN pragma_table_xinfo(m.name) AS c WHERE m.type = 'table'",
            6)) {
    parts.insert("column " + column);
  }
  for (const std::string& index : Rows(connection,
                                       "SELECT m.name, l.name, l.\"unique\", l.partial, i.seqno, i.name "
                                       "FROM sqlite_master AS m JOIN pragma_index_list(m.name) AS l "
                                       "JOIN pragma_index_info(l.name) AS i WHERE m.type = 'table'",
                                       6)) {
    parts.insert("index " + index);
  }
  for (const std::string& view : Rows(connection, "SELECT name, sql FROM sqlite_master WHERE type = 'view'", 2)) {
    parts.insert("view " + view);
  }
  return parts;
}

TEST(SchemaMigrationTest, MigratedStoresAreBuiltAsNewOnes) {
  TempDirectory fresh;
  OpenStore(fresh.path());
  const std::set<std::string> expected = Structure(*Connect(fresh.path() + "/oneloop.db"));
  EXPECT_GT(expected.size(), 50u);
  for (int version = 1; version <= LastFixture(); ++version) {
    TempDirectory directory;
    LoadFixture(version, directory.path() + "/oneloop.db");
    if (HasFatalFailure()) return;
    OpenStore(directory.path());
    EXPECT_EQ(Structure(*Connect(directory.path() + "/oneloop.db")), expected) << "from version " << version;
  }
}

// --- Killed during a migration ---

// Two versions ahead of the present one.
const Schema& FutureSchema() {
  static const Schema& schema = *new Schema([] {
    Schema future = StoreSchema();
    future.steps.emplace_back("ALTER TABLE jobs ADD COLUMN colour TEXT; UPDATE jobs SET colour = 'blue'");
    future.steps.emplace_back(
        "CREATE TABLE notes (job_id INTEGER NOT NULL REFERENCES jobs (id), text TEXT NOT NULL) STRICT;"
        "INSERT INTO notes SELECT id, colour || message FROM jobs;"
        "UPDATE point_rows SET energy_uj = 2 * energy_uj");
    return future;
  }());
  return schema;
}

// In a child that dies at the failpoint; false when it did not.
bool MigrateAndDie(const std::string& path, const char* failpoint, int hit) {
  const pid_t child = fork();
  if (child == 0) {
    hits_left = hit;
    deadly_failpoint = failpoint;
    auto connection = SqliteConnection::Open(path, SqliteConnection::Mode::kReadWrite, "");
    const bool migrated = connection.ok() && PrepareSchema(connection->get(), FutureSchema()).ok();
    _exit(migrated ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status);
}

struct Death {
  const char* failpoint;
  int hit;
};

TEST(SchemaMigrationTest, MigrationThatWasKilledIsFinishedByTheNextProgram) {
  const Death deaths[] = {{"backup.before_rename", 1},      {"backup.after_rename", 1},
                          {"schema.before_step_commit", 1}, {"schema.after_step_commit", 1},
                          {"schema.before_step_commit", 2}, {"schema.after_step_commit", 2}};
  for (const bool in_wal_mode : {false, true}) {
    for (const Death& death : deaths) {
      SCOPED_TRACE(absl::StrCat(death.failpoint, " ", death.hit, in_wal_mode ? " with a log" : ""));
      TempDirectory directory;
      const std::string path = directory.path() + "/oneloop.db";
      LoadFixture(1, path);
      if (HasFatalFailure()) return;
      const auto before = Rows(*Connect(path), "SELECT number, energy_uj FROM point_rows ORDER BY job_id, number", 2);
      const std::string mode = in_wal_mode ? "WAL" : "DELETE";
      ASSERT_EQ(Connect(path)->Execute("PRAGMA journal_mode = " + mode), absl::OkStatus());
      ASSERT_TRUE(MigrateAndDie(path, death.failpoint, death.hit));

      const auto connection = Connect(path);
      ASSERT_EQ(PrepareSchema(connection.get(), FutureSchema()), absl::OkStatus());
      EXPECT_EQ(connection->CheckIntegrity(), absl::OkStatus());
      EXPECT_THAT(Rows(*connection, "PRAGMA user_version", 1),
                  testing::ElementsAre(absl::StrCat(StoreSchema().version() + 2)));
      EXPECT_THAT(Rows(*connection, "SELECT text FROM notes ORDER BY job_id", 1),
                  testing::ElementsAre("blueconverged", "blue", "bluepaused on request"));
      EXPECT_EQ(Rows(*connection, "SELECT number, energy_uj / 2 FROM point_rows ORDER BY job_id, number", 2), before)
          << "no step twice";
      const auto backup = Connect(BackupPath(path, 1));
      EXPECT_EQ(backup->CheckIntegrity(), absl::OkStatus());
      EXPECT_EQ(Rows(*backup, "SELECT number, energy_uj FROM point_rows ORDER BY job_id, number", 2), before);
    }
  }
}

// --- Writing a fixture ---

// The rows that `full` has and the script that made it has not put there.
std::string InsertsOf(SqliteConnection& full, SqliteConnection& empty) {
  std::string text;
  for (const std::string& table :
       Rows(full, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid",
            1)) {
    if (Rows(empty, absl::StrCat("SELECT count(*) FROM ", table), 1).front() != "0") continue;
    const auto columns = Rows(full, absl::StrCat("SELECT name FROM pragma_table_info('", table, "')"), 1);
    const std::string values = absl::StrCat("quote(", absl::StrJoin(columns, ") || ', ' || quote("), ")");
    for (const std::string& row : Rows(full, absl::StrCat("SELECT ", values, " FROM ", table), 1)) {
      absl::StrAppend(&text, "INSERT INTO ", table, " VALUES (", row, ");\n");
    }
  }
  const std::string revision = Rows(full, "SELECT revision FROM store", 1).front();
  return absl::StrCat(text, "UPDATE store SET revision = ", revision, ";\n");
}

TEST(SchemaMigrationTest, DISABLED_WriteFixture) {
  const char* const target = std::getenv("ONELOOP_FIXTURE");
  ASSERT_NE(target, nullptr) << "ONELOOP_FIXTURE names the file to write";
  TempDirectory directory;
  TempDirectory empty;
  OpenStore(empty.path());
  {
    const auto store = OpenStore(directory.path());
    FillStore(*store);
  }
  std::ofstream file(target);
  file << "-- A store of schema version " << StoreSchema().version() << "; written by schema_migration_test.\n"
       << "BEGIN;\n"
       << StoreSchema().create << "PRAGMA application_id = " << kStoreApplicationId << ";\n"
       << "PRAGMA user_version = " << StoreSchema().version() << ";\n"
       << InsertsOf(*Connect(directory.path() + "/oneloop.db"), *Connect(empty.path() + "/oneloop.db")) << "COMMIT;\n";
  EXPECT_TRUE(file.good());
}

}  // namespace
}  // namespace oneloop
