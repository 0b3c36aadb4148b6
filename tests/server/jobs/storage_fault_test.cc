// Jobs on a disk that becomes full, cannot be written or cannot be synced, and works again later.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "common/base/status.h"
#include "server/jobs/job_manager.h"
#include "server/store/sqlite_run_store.h"
#include "server/store/store_check.h"
#include "tests/server/jobs/jobs_test_util.h"
#include "tests/server/store/faulty_disk.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

using PointKey = std::tuple<std::int64_t, std::int64_t, double, double, double, bool>;

std::vector<PointKey> PointsOf(RunStore& store, std::int64_t job_id) {
  std::vector<PointKey> keys;
  for (const PointRecord& record : AllPoints(store, job_id)) {
    keys.emplace_back(record.number, record.point.sample, record.point.energy_uj, record.point.latency_cycles,
                      record.point.area_mm2, record.on_front());
  }
  return keys;
}

struct FaultCase {
  FaultyDisk::Fault fault;
  absl::StatusCode code;
  const char* name;
};
void PrintTo(const FaultCase& tested, std::ostream* os) { *os << tested.name; }

class StorageFaultTest : public testing::TestWithParam<FaultCase> {
 protected:
  StorageFaultTest() : disk_(std::string("storage_fault_") + GetParam().name) { OpenStore(); }
  ~StorageFaultTest() override { manager_ = nullptr; }

  void OpenStore() {
    manager_ = nullptr;
    store_ = nullptr;
    SqliteRunStore::Options options;
    options.data_dir = directory_.path();
    options.vfs = disk_.vfs();
    auto store = SqliteRunStore::Create(options);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  void StartManager(JobManager::StartRunner runner, absl::Duration retry_after) {
    JobManager::Options options;
    options.store = store_.get();
    options.decode_spec = [this](const JobRecord&) { return spec_; };
    options.run_start = std::move(runner);
    options.num_threads = 2;
    options.writer.points_per_batch = 7;
    options.stalled = {retry_after, retry_after};
    auto manager = JobManager::Create(std::move(options));
    ASSERT_TRUE(manager.ok()) << manager.status();
    manager_ = *std::move(manager);
  }

  std::int64_t Submit() {
    const auto job = manager_->Submit(JobOf(*spec_));
    EXPECT_TRUE(job.ok()) << job.status();
    return job.ok() ? job->record.id : 0;
  }

  // Runs a job until its starts wait at the gate, then has the disk fail and opens the gate.
  std::int64_t RunIntoFault() {
    const std::int64_t id = Submit();
    gate_.AwaitHeld(2);
    disk_.Set(GetParam().fault);
    gate_.Open();
    while (!manager_->StorageStall(id)) std::this_thread::yield();
    return id;
  }

  JobManager::StartRunner Gated() {
    return [this](const SearchSpec& spec, int start, PointSink& sink) { return gate_.Run(spec, start, sink); };
  }

  TempDirectory directory_;
  FaultyDisk disk_;
  std::shared_ptr<const SearchSpec> spec_ = TestSpec(5, 60);
  GatedRunner gate_{20};
  std::unique_ptr<RunStore> store_;
  std::unique_ptr<JobManager> manager_;
};

INSTANTIATE_TEST_SUITE_P(
    Faults, StorageFaultTest,
    testing::Values(FaultCase{FaultyDisk::Fault::kFull, absl::StatusCode::kResourceExhausted, "Full"},
                    FaultCase{FaultyDisk::Fault::kWriteError, absl::StatusCode::kUnavailable, "WriteError"},
                    FaultCase{FaultyDisk::Fault::kSyncError, absl::StatusCode::kUnavailable, "SyncError"}),
    [](const auto& tested) { return tested.param.name; });

TEST_P(StorageFaultTest, ReadsGoOnAndNothingIsAcknowledgedFalsely) {
  StartManager(Gated(), absl::Hours(1));
  const std::int64_t id = RunIntoFault();
  EXPECT_GT(disk_.failures(), 0);
  const std::int64_t revision = store_->revision();
  const auto points = PointsOf(*store_, id);
  EXPECT_TRUE(store_->GetJob(id).ok());
  EXPECT_TRUE(store_->Snapshot(id).ok());
  EXPECT_TRUE(store_->ListJobs({}).ok());
  EXPECT_EQ(manager_->Submit(JobOf(*spec_)).status().code(), GetParam().code);
  EXPECT_EQ(manager_->Cancel(id, std::nullopt).status().code(), GetParam().code);
  EXPECT_EQ(store_->ListJobs({})->size(), 1u);
  EXPECT_EQ(PointsOf(*store_, id), points);
  EXPECT_EQ(store_->revision(), revision);
  EXPECT_NE(store_->GetJob(id)->state, JobState::kCancelled);
  disk_.Set(FaultyDisk::Fault::kNone);
}

TEST_P(StorageFaultTest, WorkGoesOnByItselfAndEndsWithTheSamePoints) {
  StartManager(Gated(), absl::Milliseconds(1));
  const std::int64_t id = RunIntoFault();
  StoreWatcher watcher(store_.get());
  disk_.Set(FaultyDisk::Fault::kNone);
  watcher.AwaitState(id, JobState::kSucceeded);
  const std::int64_t undisturbed = Submit();
  watcher.AwaitState(undisturbed, JobState::kSucceeded);
  EXPECT_EQ(PointsOf(*store_, id), PointsOf(*store_, undisturbed));
}

TEST_P(StorageFaultTest, WorkGoesOnAfterARestartToo) {
  StartManager(Gated(), absl::Hours(1));
  const std::int64_t id = RunIntoFault();
  manager_ = nullptr;
  // The last checkpoint fails, and is not needed: the log stays.
  store_ = nullptr;
  disk_.Set(FaultyDisk::Fault::kNone);
  const auto report = CheckStore(directory_.path());
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->findings, testing::IsEmpty());
  OpenStore();
  StoreWatcher watcher(store_.get());
  StartManager(FakeRun, absl::Milliseconds(1));
  watcher.AwaitState(id, JobState::kSucceeded);
  const std::int64_t undisturbed = Submit();
  watcher.AwaitState(undisturbed, JobState::kSucceeded);
  EXPECT_EQ(PointsOf(*store_, id), PointsOf(*store_, undisturbed));
  manager_ = nullptr;
}

}  // namespace
}  // namespace oneloop
