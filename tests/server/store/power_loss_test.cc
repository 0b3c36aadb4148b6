// Power loss: SQLite works on files that forget what was not synced, and at many moments a copy of what would be left
// is opened again. A killed process never tests this, since the system still writes what the process had written.

#include <atomic>
#include <cstdint>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/mutex.h"
#include "common/base/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/sqlite_connection.h"
#include "server/store/sqlite_run_store.h"
#include "server/store/store_check.h"
#include "tests/server/store/power_loss_disk.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

constexpr int kStarts = 2;
constexpr int kCuts = 200;

std::unique_ptr<RunStore> TryOpenStore(const std::string& directory, const std::string& vfs = "") {
  SqliteRunStore::Options options;
  options.data_dir = directory;
  options.vfs = vfs;
  options.log_bytes = 256 << 10;  // so that power also fails while it is written back
  auto store = SqliteRunStore::Create(options);
  return store.ok() ? *std::move(store) : nullptr;
}

// What the store has promised so far.
struct Promises {
  struct Job {
    std::vector<std::int64_t> points = std::vector<std::int64_t>(kStarts, 0);  // acknowledged, of each start
    // The acknowledged state, and one that was asked for meanwhile; nullopt: deleted.
    std::set<std::optional<JobState>> states;
  };
  std::map<std::int64_t, Job> jobs;
  std::map<std::string, std::int64_t> requests;  // answered, and the job of each
  std::int64_t revision = 0;
};

struct Cut {
  DiskImage image;
  Promises promises;
};

// Uses a store as the daemon does, and at random operations on its files keeps what a power loss would leave.
class Usage {
 public:
  Usage(std::uint64_t seed, bool ignores_syncs)
      : random_(seed),
        cut_random_(MixSeed(seed, 1)),
        disk_({absl::StrCat("usage", seed), ignores_syncs}, [this] { OnOperation(); }) {}

  std::vector<Cut> Run(int cuts) {
    while (taken_ < cuts) UseOnce();
    MutexLock lock(&mutex_);
    cuts_.resize(static_cast<std::size_t>(cuts));
    return std::move(cuts_);
  }
  std::int64_t operations() const { return operations_; }

 private:
  void OnOperation() {
    ++operations_;
    MutexLock lock(&mutex_);
    if (next_cut_-- > 0) return;
    // Opening a new file, the rollback journal's only use, takes few operations: each of them once at first.
    next_cut_ = operations_ < 30 ? 0 : static_cast<std::int64_t>(cut_random_.Below(30));
    const bool with_luck = cut_random_.Below(2) == 0;
    cuts_.push_back({with_luck ? disk_.WithLuck(cut_random_.Next()) : disk_.Promised(), promises_});
    ++taken_;
  }

  // Opens the store, works and closes it, so that also opening and closing are cut.
  void UseOnce() {
    const std::unique_ptr<RunStore> store = TryOpenStore(directory_.path(), disk_.vfs());
    ASSERT_NE(store, nullptr);
    Create(*store);
    for (std::uint64_t left = 20 + random_.Below(20); left > 0; --left) {
      switch (random_.Below(12)) {
        case 0:
          Create(*store);
          break;
        case 1:
          Move(*store);
          break;
        case 2:
          Delete(*store);
          break;
        default:
          AppendSome(*store);
      }
      MutexLock lock(&mutex_);
      promises_.revision = store->revision();
    }
    EXPECT_EQ(store->Close(), absl::OkStatus());
  }

  void Create(RunStore& store) {
    NewJob job = TestJob(kStarts);
    job.request_id = absl::StrCat("request ", ++requests_);
    const auto created = store.CreateJob(job);
    ASSERT_TRUE(created.ok()) << created.status();
    MutexLock lock(&mutex_);
    promises_.jobs[created->record.id].states = {JobState::kPending};
    promises_.requests[job.request_id] = created->record.id;
  }

  // One that is not deleted.
  std::int64_t AnyJob() {
    MutexLock lock(&mutex_);
    for (;;) {
      auto job = promises_.jobs.begin();
      std::advance(job, random_.Below(promises_.jobs.size()));
      if (*job->second.states.begin()) return job->first;
    }
  }

  void AppendSome(RunStore& store) {
    const std::int64_t id = AnyJob();
    const auto job = store.GetJob(id);
    ASSERT_TRUE(job.ok()) << job.status();
    if (IsFinal(job->state) || job->points > 800) return;
    const int start = static_cast<int>(random_.Below(kStarts));
    const auto starts = store.ListStarts(id);
    ASSERT_TRUE(starts.ok()) << starts.status();
    std::int64_t first = starts->at(static_cast<std::size_t>(start)).points;
    if (random_.Below(4) == 0) first = std::max<std::int64_t>(0, first - 20);  // replayed, as after a restart
    const auto count = static_cast<std::int64_t>(1 + random_.Below(60));
    ASSERT_EQ(Append(store, TestBatch(id, start, first, count)), absl::OkStatus());
    MutexLock lock(&mutex_);
    std::int64_t& points = promises_.jobs[id].points.at(static_cast<std::size_t>(start));
    points = std::max(points, first + count);
  }

  void Move(RunStore& store) {
    const std::int64_t id = AnyJob();
    const JobState to = random_.Below(3) == 0 ? JobState::kCancelled : JobState::kPaused;
    {
      MutexLock lock(&mutex_);
      promises_.jobs[id].states.insert(to);
    }
    const bool moved = store.SetJobState(id, {JobState::kPending, JobState::kPaused}, to, "asked", {}).ok();
    MutexLock lock(&mutex_);
    if (moved) {
      promises_.jobs[id].states = {to};
    } else {
      promises_.jobs[id].states = {JobState::kCancelled};
    }
  }

  void Delete(RunStore& store) {
    const std::int64_t id = AnyJob();
    Promises::Job before;
    {
      MutexLock lock(&mutex_);
      if (promises_.jobs.size() < 3) return;
      before = promises_.jobs[id];
      promises_.jobs[id].states.insert(std::nullopt);
    }
    const bool deleted = store.DeleteJob(id, {}).ok();
    MutexLock lock(&mutex_);
    if (deleted) before.states = {std::nullopt};
    promises_.jobs[id] = before;
  }

  Random random_;
  TempDirectory directory_;
  int requests_ = 0;
  std::atomic<int> taken_ = 0;
  std::atomic<std::int64_t> operations_ = 0;

  Mutex mutex_;
  Random cut_random_ ABSL_GUARDED_BY(mutex_);
  std::int64_t next_cut_ ABSL_GUARDED_BY(mutex_) = 0;
  Promises promises_ ABSL_GUARDED_BY(mutex_);
  std::vector<Cut> cuts_ ABSL_GUARDED_BY(mutex_);

  PowerLossDisk disk_;
};

// What is missing in a store of what was promised, in words.
std::vector<std::string> BrokenPromises(RunStore& store, const Promises& promises) {
  std::vector<std::string> broken;
  if (store.revision() < promises.revision) broken.emplace_back("the revision went back");
  for (const auto& [id, promised] : promises.jobs) {
    const auto job = store.GetJob(id);
    if (!job.ok()) {
      if (!promised.states.contains(std::nullopt)) broken.push_back(absl::StrCat("job ", id, " is lost"));
      continue;
    }
    if (!promised.states.contains(job->state)) broken.push_back(absl::StrCat("the state of job ", id, " is lost"));
    const auto starts = store.ListStarts(id);
    for (std::size_t start = 0; start < kStarts; ++start) {
      if (!starts.ok() || starts->at(start).points < promised.points.at(start)) {
        broken.push_back(absl::StrCat("points of job ", id, " are lost"));
      }
    }
  }
  return broken;
}

// Everything else that must hold in a store, whatever happened to it.
void ExpectSound(RunStore& store, const Promises& promises, const std::string& directory) {
  EXPECT_EQ(IntegrityCheck(directory + "/oneloop.db"), "ok");
  std::set<std::string> requests;
  const auto jobs = store.ListJobs({});
  ASSERT_TRUE(jobs.ok()) << jobs.status();
  for (const JobRecord& job : *jobs) {
    EXPECT_TRUE(requests.insert(job.job.request_id).second) << job.job.request_id << " made two jobs";
    const auto promised = promises.requests.find(job.job.request_id);
    if (promised != promises.requests.end()) {
      EXPECT_EQ(job.id, promised->second);
    }
    ExpectConsistent(store, job.id);
  }
  // One more than was answered may have been under way.
  EXPECT_LE(jobs->size(), promises.jobs.size() + 1);
}

TEST(PowerLossTest, NothingAcknowledgedIsLostOrDoubledAtAnyCut) {
  Usage usage(5, /*ignores_syncs=*/false);
  const std::vector<Cut> cuts = usage.Run(kCuts);
  std::size_t lost = 0;
  std::size_t jobs = 0;
  std::int64_t points = 0;
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    SCOPED_TRACE(absl::StrCat("cut ", i));
    const Promises& promises = cuts[i].promises;
    TempDirectory directory;
    WriteImage(cuts[i].image, directory.path());
    std::unique_ptr<RunStore> store = TryOpenStore(directory.path());
    ASSERT_NE(store, nullptr);
    const std::vector<std::string> broken = BrokenPromises(*store, promises);
    EXPECT_THAT(broken, testing::IsEmpty());
    lost += broken.size();
    ExpectSound(*store, promises, directory.path());
    // And it goes on.
    const auto job = store->CreateJob(TestJob(kStarts));
    ASSERT_TRUE(job.ok()) << job.status();
    ASSERT_EQ(Append(*store, TestBatch(job->record.id, 0, 0, 30)), absl::OkStatus());
    store = nullptr;
    const auto report = CheckStore(directory.path());
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_THAT(report->findings, testing::IsEmpty());
    jobs += promises.jobs.size();
    for (const auto& [id, promised] : promises.jobs) points += promised.points[0] + promised.points[1];
    if (HasFailure()) return;
  }
  std::cout << cuts.size() << " cut points in " << usage.operations() << " operations; " << jobs
            << " acknowledged jobs and " << points << " points looked for, " << lost << " lost\n";
}

TEST(PowerLossTest, LossesAreSeenOnADiskThatDoesNotSync) {
  Usage usage(6, /*ignores_syncs=*/true);
  int cuts = 0;
  int lossy = 0;
  for (const Cut& cut : usage.Run(60)) {
    if (cut.promises.requests.empty()) continue;
    ++cuts;
    TempDirectory directory;
    WriteImage(cut.image, directory.path());
    const std::unique_ptr<RunStore> store = TryOpenStore(directory.path());
    if (store == nullptr || !BrokenPromises(*store, cut.promises).empty()) ++lossy;
  }
  EXPECT_GT(cuts, 20);
  EXPECT_GT(lossy, cuts / 2) << "of " << cuts;
}

// The disk by itself, under a plain connection with one of SQLite's levels of syncing.
struct LevelResult {
  int lost = 0;     // rows committed before the cut that are not there after it
  int damaged = 0;  // cuts after which the file is corrupted or no database
};

LevelResult CutAtLevel(const std::string& level) {
  TempDirectory directory;
  int committed = 0;
  int operations = 0;
  std::vector<std::pair<DiskImage, int>> cuts;
  const PowerLossDisk* disk_now = nullptr;
  const PowerLossDisk disk({"level_" + level}, [&] {
    if (committed > 0 && ++operations % 20 == 0) {
      cuts.emplace_back(disk_now->Promised(), committed);
      cuts.emplace_back(disk_now->WithLuck(static_cast<std::uint64_t>(operations)), committed);
    }
  });
  disk_now = &disk;
  {
    auto connection =
        SqliteConnection::Open(directory.path() + "/t.db", SqliteConnection::Mode::kReadWrite, disk.vfs());
    EXPECT_TRUE(connection.ok());
    SqliteConnection& database = **connection;
    EXPECT_EQ(database.Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = " + level +
                               "; PRAGMA wal_autocheckpoint = 20; CREATE TABLE t (x INTEGER PRIMARY KEY, y TEXT)"),
              absl::OkStatus());
    while (committed < 150) {
      EXPECT_EQ(database.Execute("INSERT INTO t (y) VALUES (hex(randomblob(2000)))"), absl::OkStatus());
      ++committed;
    }
  }
  LevelResult result;
  for (const auto& [image, rows] : cuts) {
    TempDirectory restored;
    WriteImage(image, restored.path());
    const auto after = SqliteConnection::Open(restored.path() + "/t.db", SqliteConnection::Mode::kReadWrite, "");
    const auto count = after.ok() ? (*after)->QueryInt("SELECT count(*) FROM t") : after.status();
    result.lost += count.ok() ? std::max<int>(0, rows - static_cast<int>(*count)) : rows;
    if (IntegrityCheck(restored.path() + "/t.db") != "ok") ++result.damaged;
  }
  return result;
}

TEST(PowerLossDiskTest, FullSyncLosesNothing) {
  const LevelResult result = CutAtLevel("FULL");
  EXPECT_EQ(result.lost, 0);
  EXPECT_EQ(result.damaged, 0);
}

TEST(PowerLossDiskTest, NormalSyncLosesCommitsAndDamagesNothing) {
  const LevelResult result = CutAtLevel("NORMAL");
  EXPECT_GT(result.lost, 0);
  EXPECT_EQ(result.damaged, 0);
}

TEST(PowerLossDiskTest, NoSyncDamagesFiles) {
  const LevelResult result = CutAtLevel("OFF");
  EXPECT_GT(result.lost, 0);
  EXPECT_GT(result.damaged, 0);
}

}  // namespace
}  // namespace oneloop
