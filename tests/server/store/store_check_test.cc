#include "server/store/store_check.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/sqlite_connection.h"
#include "server/store/sqlite_run_store.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int kStarts = 3;

class StoreCheckTest : public testing::Test {
 protected:
  // Job 1 has ended; job 2 runs, with points in rows and in packs; job 3 is deleted, its points not yet.
  StoreCheckTest() : path_(directory_.path() + "/oneloop.db") {
    const std::unique_ptr<RunStore> store = OpenStore(directory_.path());
    for (int job = 1; job <= 3; ++job) EXPECT_TRUE(store->CreateJob(TestJob(kStarts)).ok());
    for (int start = 0; start < kStarts; ++start) {
      PointBatch whole = TestBatch(1, start, 0, 70);
      whole.start_done = true;
      EXPECT_EQ(Append(*store, whole), absl::OkStatus());
      for (std::int64_t first = 0; first < 400; first += 100) {
        EXPECT_EQ(Append(*store, TestBatch(2, start, first, 100)), absl::OkStatus());
      }
    }
    EXPECT_TRUE(store->SetJobState(1, {JobState::kPending}, JobState::kSucceeded, "", {}).ok());
    EXPECT_TRUE(store->SetJobState(2, {JobState::kPending}, JobState::kRunning, "", {}).ok());
    EXPECT_TRUE(store->SetJobState(3, {JobState::kPending}, JobState::kCancelled, "", {}).ok());
    EXPECT_EQ(store->DeleteJob(3, {}), absl::OkStatus());
    EXPECT_TRUE(store->CreateCalibration({"chip", "", "", "team", "ada", 60}).ok());
    EXPECT_EQ(store->Close(), absl::OkStatus());
  }

  void RunSql(const std::string& sql) const {
    auto connection = SqliteConnection::Open(path_, SqliteConnection::Mode::kReadWrite, "");
    ASSERT_TRUE(connection.ok()) << connection.status();
    ASSERT_EQ((*connection)->Execute(sql), absl::OkStatus());
    ASSERT_GT((*connection)->changed_rows(), 0) << "the damage does nothing";
  }

  std::vector<std::string> Findings() const {
    const auto report = CheckStore(directory_.path());
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? report->findings : std::vector<std::string>{"no report"};
  }

  TempDirectory directory_;
  const std::string path_;
};

TEST_F(StoreCheckTest, SoundStoreHasNoFindingsAndIsCounted) {
  const auto report = CheckStore(directory_.path());
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->findings, IsEmpty());
  EXPECT_EQ(report->jobs, 2);
  EXPECT_EQ(report->points, kStarts * (400 + 70));
  EXPECT_GT(report->revision, 10);
}

TEST_F(StoreCheckTest, ChangesNothing) {
  const auto before = std::filesystem::last_write_time(path_);
  EXPECT_THAT(Findings(), IsEmpty());
  EXPECT_EQ(std::filesystem::last_write_time(path_), before);
}

struct Damage {
  const char* sql;
  const char* finding;
};

TEST_F(StoreCheckTest, EveryKindOfDamageIsFound) {
  const Damage damages[] = {
      {"UPDATE jobs SET points = points + 1 WHERE id = 1", "job 1: counts 211 points"},
      {"UPDATE jobs SET bytes = bytes - 1 WHERE id = 1", "bytes, and its spec and designs have"},
      {"UPDATE jobs SET front_size = front_size - 1 WHERE id = 2", "job 2: counts"},
      {"UPDATE jobs SET starts_done = 1 WHERE id = 1", "job 1: counts 1 starts done, and its starts have 3"},
      {"UPDATE jobs SET samples_done = 5 WHERE id = 1", "job 1: counts 5 samples"},
      {"UPDATE jobs SET best_point = best_point + 1 WHERE id = 1", "job 1: its best point is"},
      {"UPDATE jobs SET best_score = 0 WHERE id = 1", "job 1: its best point is"},
      {"UPDATE jobs SET state = 2 WHERE id = 1", "job 1: its state is 2, and its last change was to 5"},
      {"UPDATE jobs SET end_time_us = 5 WHERE id = 2", "job 2: its state and its end time contradict each other"},
      {"UPDATE jobs SET num_starts = 0 WHERE id = 2", "job 2: has 0 starts"},
      {"UPDATE jobs SET revision = 100000 WHERE id = 2", "the store is at revision"},
      {"UPDATE store SET revision = 1", "the store is at revision 1"},
      {"UPDATE sqlite_sequence SET seq = 1 WHERE name = 'jobs'", "ids up to 1 are noted as used"},
      {"DELETE FROM job_states WHERE job_id = 1", "job 1: its changes of state are missing"},
      {"INSERT INTO job_states SELECT job_id, revision, ordinal + 1, 2, '', 0 FROM job_states WHERE state = 5",
       "job 1: changed its state after its end"},
      {"UPDATE job_states SET revision = 100000 WHERE job_id = 2 AND state = 2", "job 2: a state of revision 100000"},
      {"UPDATE starts SET points = points - 1 WHERE job_id = 2 AND start = 1", "job 2: start 1 counts 399 points"},
      {"UPDATE starts SET start = 7 WHERE job_id = 2 AND start = 1", "job 2 has 3 starts, and progress of start 7"},
      {"UPDATE starts SET within_stop_gap = 1 WHERE job_id = 2 AND start = 1", "job 2: start 1 met the stop gap"},
      {"DELETE FROM point_rows WHERE job_id = 2 AND number = 30", "job 2: start 0 lacks its points of sequences 10"},
      {"UPDATE point_rows SET number = number + 3 WHERE job_id = 1 AND number = (SELECT max(number) FROM point_rows "
       "WHERE job_id = 1)",
       "job 1: start 0 lacks its points"},
      {"UPDATE point_rows SET start = 2 WHERE job_id = 2 AND number = 30", "job 2: point 30 belongs to no start"},
      {"UPDATE point_rows SET parameters = '[1,' WHERE job_id = 2 AND number = 30", "the parameters of point 30"},
      {"UPDATE point_rows SET parameters = '[1]' WHERE job_id = 2 AND number = 30", "the parameters of point 30"},
      {"UPDATE point_rows SET revision = 100000 WHERE job_id = 2 AND number = 30", "point 30 is of revision 100000"},
      {"UPDATE point_rows SET entered_front_revision = 1 WHERE job_id = 2 AND entered_front_revision IS NOT NULL AND "
       "left_front_revision IS NULL",
       "entered the front in revision 1"},
      {"UPDATE point_rows SET left_front_revision = entered_front_revision WHERE job_id = 2 AND "
       "entered_front_revision IS NOT NULL AND left_front_revision IS NULL",
       "left the front in revision"},
      {"UPDATE point_rows SET entered_front_revision = NULL WHERE job_id = 2 AND left_front_revision IS NULL",
       "belongs on the front and is not marked"},
      {"UPDATE point_rows SET left_front_revision = NULL WHERE job_id = 2 AND left_front_revision IS NOT NULL",
       "is marked as on the front, and point"},
      {"UPDATE point_rows SET energy_uj = 1, latency_cycles = 1, area_mm2 = 0.1 WHERE job_id = 2 AND number = "
       "(SELECT max(number) FROM point_rows WHERE job_id = 2 AND origin <> 1 AND score IS NOT NULL)",
       "belongs on the front and is not marked"},
      {"UPDATE point_rows SET score = NULL WHERE job_id = 2 AND left_front_revision IS NULL AND "
       "entered_front_revision IS NOT NULL",
       "was on the front and is no result"},
      {"UPDATE point_packs SET data = X'00' WHERE id = 2", "cannot be read"},
      {"UPDATE point_packs SET data = CAST(substr(data, 1, 40) || X'55' || substr(data, 42) AS BLOB) WHERE id = 2",
       "cannot be read"},
      {"UPDATE point_packs SET start = 9 WHERE id = 2", "belongs nowhere"},
      {"UPDATE point_packs SET revision = 100000 WHERE id = 2", "is of revision 100000"},
      {"INSERT INTO point_packs SELECT NULL, job_id, start, first_sequence, last_sequence, first_sample, sample_step, "
       "revision, data FROM point_packs WHERE id = 2",
       "twice"},
      {"DELETE FROM point_packs WHERE id = 2", "lacks its points of sequences"},
      {"UPDATE point_counts SET points = 1 WHERE job_id = 2", "job 2: counts 1 points after revision"},
      {"DELETE FROM point_counts WHERE job_id = 2", "job 2: counts 1200 points, and 0 after its last commit"},
      {"INSERT INTO designs VALUES (2, 100000, X'00')", "job 2: has a design of point 100000"},
      {"INSERT INTO designs VALUES (77, 1, X'00')", "table designs refers to jobs 77, which is not there"},
      {"UPDATE job_specs SET job_id = 78 WHERE job_id = 1", "table job_specs refers to jobs 78"},
      {"UPDATE jobs SET results = results + 1 WHERE id = 2", "results, and has"},
      {"DELETE FROM improvements WHERE job_id = 2 AND start = 1 AND ordinal = 0",
       "job 2: start 1 has an improvement 1 in the place of 0"},
      {"DELETE FROM improvements WHERE job_id = 1", "job 1: start 0 has 0 improvements, and its points"},
      {"INSERT INTO improvements SELECT job_id, start, ordinal + 100, number, sample, energy_uj, latency_cycles, "
       "area_mm2, score, revision FROM improvements WHERE job_id = 1 AND ordinal = 0",
       "job 1: start 0 has an improvement 100"},
      {"UPDATE improvements SET score = 2 * score WHERE job_id = 2 AND ordinal = 0", "that its points do not have"},
      {"UPDATE improvements SET start = 9 WHERE job_id = 2 AND start = 1", "belongs to no start, and says 9"},
      {"UPDATE greatest_points SET number = number + 1 WHERE job_id = 2 AND figure = 4",
       "job 2: its points of the greatest figures"},
      {"DELETE FROM greatest_points WHERE job_id = 1", "job 1: its points of the greatest figures"},
      {"INSERT OR REPLACE INTO purges VALUES ('team', 100000)",
       "a purge in a revision that there is not, of project team"},
      {"UPDATE calibrations SET state = 7", "a state that there is not, of calibration chip"},
      {"UPDATE calibrations SET project = ''", "no project of calibration chip"},
      {"UPDATE calibrations SET state = 2", "state and end time contradict each other, of calibration chip"},
      {"UPDATE calibrations SET model = X'00'", "a state and a model that contradict each other, of calibration chip"},
      {"UPDATE calibrations SET attempts = -1", "counts below 0, of calibration chip"},
      {"UPDATE job_crashes SET activity = 3", "what cannot be, of the daemon's deaths with job 2"},
      {"UPDATE job_crashes SET crashes = -1", "what cannot be, of the daemon's deaths with job 2"},
      {"UPDATE job_crashes SET job_id = 1", "counted of a job that does not run, job 1"},
      {"UPDATE job_crashes SET job_id = 80", "table job_crashes refers to jobs 80"},
      {"UPDATE point_rows SET job_id = 79 WHERE job_id = 2 AND number = 30", "table point_rows refers to jobs 79"},
  };
  const std::string sound = directory_.path() + "/sound.db";
  std::filesystem::copy_file(path_, sound);
  for (const Damage& damage : damages) {
    SCOPED_TRACE(damage.sql);
    std::filesystem::copy_file(sound, path_, std::filesystem::copy_options::overwrite_existing);
    RunSql(damage.sql);
    EXPECT_THAT(Findings(), Contains(HasSubstr(damage.finding)));
  }
}

TEST_F(StoreCheckTest, DamagedPagesAreFound) {
  std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(path_));
  for (std::int64_t offset = std::int64_t{16} * 4096; offset + 100 < size; offset += 4096) {
    file.seekp(offset);
    file << std::string(100, 'x');
  }
  file.close();
  EXPECT_THAT(Findings(), Contains(HasSubstr("file: ")));
}

TEST_F(StoreCheckTest, FindingsAreBounded) {
  RunSql("UPDATE point_rows SET parameters = ''");
  RunSql("UPDATE point_rows SET revision = 100000");
  const auto report = CheckStore(directory_.path());
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->findings.size(), kMostFindings);
  EXPECT_GT(report->omitted, 0);
}

TEST_F(StoreCheckTest, StoreInUseIsRefused) {
  const auto store = OpenStore(directory_.path());
  const auto report = CheckStore(directory_.path());
  EXPECT_EQ(report.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(report.status().message()), HasSubstr("in use by process"));
}

TEST_F(StoreCheckTest, OtherVersionsAreRefusedWithTheFix) {
  RunSql("UPDATE store SET revision = revision; PRAGMA user_version = 99");
  EXPECT_EQ(CheckStore(directory_.path()).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(StoreCheckTest, MissingStoreIsNotFoundAndNotMade) {
  TempDirectory empty;
  EXPECT_EQ(CheckStore(empty.path()).status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(std::filesystem::is_empty(empty.path()));
  EXPECT_EQ(CheckStore(empty.path() + "/missing").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace oneloop
