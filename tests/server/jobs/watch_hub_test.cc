#include "server/jobs/watch_hub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>

#include "common/base/random.h"
#include "common/base/status.h"
#include "tests/server/store/memory_run_store.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

// A client: keeps what it is told, and says it is ready when the test lets it.
class Client : public WatchSink {
 public:
  void OnUpdate(const WatchUpdate& update) override {
    MutexLock lock(&mutex_);
    updates_.push_back(update);
    changed_.SignalAll();
    if (hub_ != nullptr) hub_->Ready(id_);
  }
  void OnEnd(const absl::Status& status) override {
    MutexLock lock(&mutex_);
    EXPECT_FALSE(end_.has_value()) << "the end was told twice";
    end_ = status;
    changed_.SignalAll();
  }

  // Takes every message at once from now on.
  void Connect(WatchHub* hub, WatchHub::WatchId id) {
    MutexLock lock(&mutex_);
    hub_ = hub;
    id_ = id;
    if (!updates_.empty()) hub->Ready(id);
  }
  void Disconnect() {
    MutexLock lock(&mutex_);
    hub_ = nullptr;
  }
  std::vector<WatchUpdate> AwaitUpdates(std::size_t count) {
    MutexLock lock(&mutex_);
    while (updates_.size() < count && !end_.has_value()) changed_.Wait(mutex_);
    return updates_;
  }
  // Waits until the client knows of everything up to a revision.
  void AwaitRevision(std::int64_t revision) {
    MutexLock lock(&mutex_);
    while (updates_.empty() || updates_.back().changes.resume_revision < revision) changed_.Wait(mutex_);
  }
  absl::Status AwaitEnd() {
    MutexLock lock(&mutex_);
    while (!end_.has_value()) changed_.Wait(mutex_);
    return *end_;
  }
  std::vector<WatchUpdate> updates() {
    MutexLock lock(&mutex_);
    return updates_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  WatchHub* hub_ ABSL_GUARDED_BY(mutex_) = nullptr;
  WatchHub::WatchId id_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<WatchUpdate> updates_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
};

// What a user's screen shows after applying updates; complains about anything missed or seen twice.
class Screen {
 public:
  void Apply(const WatchUpdate& update) {
    const JobChanges& changes = update.changes;
    EXPECT_GE(changes.resume_revision, resume_);
    resume_ = changes.resume_revision;
    if (update.snapshot) {
      front_.clear();
    } else {
      for (const StateChangeRecord& change : changes.states) {
        EXPECT_TRUE(state_revisions_.insert(change.revision).second) << "state told twice: " << change.revision;
      }
    }
    for (const PointRecord& point : changes.entered) {
      EXPECT_TRUE(front_.insert(point.number).second) << "entered twice: " << point.number;
    }
    for (const std::int64_t number : changes.left) {
      EXPECT_EQ(front_.erase(number), 1u) << "left without having entered: " << number;
    }
    points_ = update.snapshot ? changes.job.points : points_ + changes.new_points;
  }
  std::vector<std::int64_t> front() const { return {front_.begin(), front_.end()}; }
  std::int64_t resume() const { return resume_; }
  std::int64_t points() const { return points_; }

 private:
  std::set<std::int64_t> front_;
  std::set<std::int64_t> state_revisions_;
  std::int64_t resume_ = 0;
  std::int64_t points_ = 0;
};

class WatchHubTest : public testing::Test {
 protected:
  WatchHubTest() { StartHub(WatchHub::Options()); }

  void StartHub(WatchHub::Options options) {
    hub_.reset();
    options.store = &store_;
    options.min_interval = absl::ZeroDuration();
    options.clock = [this] { return clock_.Steady(); };
    hub_ = WatchHub::Create(std::move(options)).value();
  }

  std::int64_t NewRunningJob(int num_starts = 1) {
    const std::int64_t id = store_.CreateJob(TestJob(num_starts))->record.id;
    SetState(id, JobState::kRunning);
    return id;
  }
  void SetState(std::int64_t id, JobState state) {
    ASSERT_TRUE(store_.SetJobState(id, {JobState::kPending, JobState::kRunning}, state, "", std::nullopt).ok());
  }
  void AddPoint(std::int64_t id, std::int64_t sequence, double energy_uj, double latency_cycles) {
    PointBatch batch;
    batch.job_id = id;
    batch.points = {ExactPoint(sequence, energy_uj, latency_cycles, 1)};
    batch.samples_done = sequence + 1;
    ASSERT_TRUE(Append(store_, std::move(batch)).ok());
  }
  std::shared_ptr<Client> Watch(std::int64_t job_id, std::int64_t start_revision) {
    auto client = std::make_shared<Client>();
    id_ = hub_->Add(job_id, start_revision, client);
    client->Connect(hub_.get(), id_);
    return client;
  }
  void AdvanceClock(absl::Duration by) {
    clock_.Advance(by);
    hub_->Poke();
  }

  FakeClock clock_;
  MemoryRunStore store_;
  std::unique_ptr<WatchHub> hub_;
  WatchHub::WatchId id_ = 0;  // of the last Watch
};

TEST_F(WatchHubTest, LateWatcherGetsASnapshotThenEveryChangeOnce) {
  const std::int64_t job = NewRunningJob();
  AddPoint(job, 0, 5, 5);
  const auto client = Watch(job, 0);
  const WatchUpdate snapshot = client->AwaitUpdates(1)[0];
  EXPECT_TRUE(snapshot.snapshot);
  EXPECT_EQ(Numbers(snapshot.changes.entered), std::vector<std::int64_t>{0});
  ASSERT_EQ(snapshot.changes.states.size(), 1u);
  EXPECT_EQ(snapshot.changes.states[0].state, JobState::kRunning);
  EXPECT_EQ(snapshot.best->number, 0);

  AddPoint(job, 1, 4, 4);
  const WatchUpdate change = client->AwaitUpdates(2)[1];
  EXPECT_FALSE(change.snapshot);
  EXPECT_EQ(Numbers(change.changes.entered), std::vector<std::int64_t>{1});
  EXPECT_EQ(change.changes.left, std::vector<std::int64_t>{0});
  EXPECT_EQ(change.changes.new_points, 1);
  EXPECT_EQ(change.best->number, 1);
}

TEST_F(WatchHubTest, FinalStateEndsTheStreamAfterItsEvent) {
  const std::int64_t job = NewRunningJob();
  const auto client = Watch(job, 0);
  client->AwaitUpdates(1);
  SetState(job, JobState::kSucceeded);
  EXPECT_TRUE(client->AwaitEnd().ok());
  const WatchUpdate last = client->updates().back();
  ASSERT_EQ(last.changes.states.size(), 1u);
  EXPECT_EQ(last.changes.states[0].state, JobState::kSucceeded);
}

TEST_F(WatchHubTest, WatchOfAFinishedJobTellsTheStateAndEnds) {
  const std::int64_t job = NewRunningJob();
  SetState(job, JobState::kSucceeded);
  const auto client = Watch(job, 0);
  EXPECT_TRUE(client->AwaitEnd().ok());
  EXPECT_EQ(client->updates().size(), 1u);
  const auto again = Watch(job, client->updates()[0].changes.resume_revision);
  EXPECT_TRUE(again->AwaitEnd().ok());
}

TEST_F(WatchHubTest, UnknownJobIsNotFound) {
  EXPECT_EQ(Watch(77, 0)->AwaitEnd().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Watch(77, 1)->AwaitEnd().code(), absl::StatusCode::kNotFound);
}

TEST_F(WatchHubTest, RevisionInTheFutureIsRefused) {
  const std::int64_t job = NewRunningJob();
  const absl::Status status = Watch(job, store_.revision() + 1000)->AwaitEnd();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FieldOf(status), "start_revision");
}

TEST_F(WatchHubTest, IdleWatcherGetsASignOfLifeEveryTenSeconds) {
  const std::int64_t job = NewRunningJob();
  const auto client = Watch(job, 0);
  client->AwaitUpdates(1);
  for (std::size_t i = 2; i < 5; ++i) {
    AdvanceClock(absl::Seconds(10));
    const WatchUpdate sign = client->AwaitUpdates(i)[i - 1];
    EXPECT_TRUE(sign.changes.states.empty());
    EXPECT_EQ(sign.changes.new_points, 0);
    EXPECT_EQ(sign.changes.job.id, job);
  }
}

TEST_F(WatchHubTest, CommitsOfOtherJobsAreNotTold) {
  const std::int64_t job = NewRunningJob();
  const auto client = Watch(job, 0);
  client->AwaitUpdates(1);
  const std::int64_t other = NewRunningJob();
  AddPoint(other, 0, 1, 1);
  AddPoint(job, 0, 1, 1);
  EXPECT_EQ(client->AwaitUpdates(2).size(), 2u);
}

TEST_F(WatchHubTest, WatcherThatTakesNothingIsClosedWithItsResumePoint) {
  const std::int64_t job = NewRunningJob();
  const auto client = std::make_shared<Client>();
  const std::int64_t resume = store_.revision();
  hub_->Add(job, resume, client);
  client->AwaitUpdates(1);
  AddPoint(job, 0, 1, 1);
  const auto live = Watch(job, 0);
  live->AwaitUpdates(1);
  AdvanceClock(absl::Seconds(29));
  live->AwaitUpdates(2);
  EXPECT_EQ(client->updates().size(), 1u);
  AdvanceClock(absl::Seconds(1));
  const absl::Status status = client->AwaitEnd();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(Message(status), HasSubstr("start_revision " + std::to_string(resume)));
}

TEST_F(WatchHubTest, WallClockSetBackNeitherHoldsUpNorClosesAWatch) {
  const std::int64_t job = NewRunningJob();
  const auto client = Watch(job, 0);
  client->AwaitUpdates(1);
  clock_.SetWall(-absl::Hours(1));
  AddPoint(job, 0, 1, 1);
  client->AwaitUpdates(2);
  AdvanceClock(absl::Seconds(10));
  EXPECT_EQ(client->AwaitUpdates(3).size(), 3u) << "a sign of life";
  clock_.SetWall(absl::Hours(2));
  hub_->Poke();
  AddPoint(job, 1, 0.5, 0.5);
  EXPECT_EQ(client->AwaitUpdates(4).size(), 4u);
}

TEST_F(WatchHubTest, SlowWatcherGetsOneMessageForAllThatItMissed) {
  const std::int64_t job = NewRunningJob();
  const auto client = std::make_shared<Client>();
  const WatchHub::WatchId id = hub_->Add(job, 0, client);
  client->AwaitUpdates(1);
  for (int i = 0; i < 20; ++i) AddPoint(job, i, 100 - i, 100 - i);
  const auto live = Watch(job, 0);
  live->AwaitRevision(store_.revision());
  EXPECT_EQ(client->updates().size(), 1u);
  client->Connect(hub_.get(), id);
  const std::vector<WatchUpdate> updates = client->AwaitUpdates(2);
  EXPECT_EQ(updates[1].changes.new_points, 20);
  EXPECT_EQ(updates[1].changes.resume_revision, store_.revision());
  Screen screen;
  for (const WatchUpdate& update : updates) screen.Apply(update);
  EXPECT_EQ(screen.front(), std::vector<std::int64_t>{19});
}

TEST_F(WatchHubTest, MoreChangesThanFitInOneMessageFollowInTheNext) {
  WatchHub::Options options;
  options.changes_per_update = 3;
  StartHub(std::move(options));
  const std::int64_t job = NewRunningJob();
  const std::int64_t before = store_.revision();
  for (int i = 0; i < 20; ++i) AddPoint(job, i, 100 - i, 100 + i);
  SetState(job, JobState::kSucceeded);
  const auto client = Watch(job, before);
  EXPECT_TRUE(client->AwaitEnd().ok());
  EXPECT_GT(client->updates().size(), 5u);
  Screen screen;
  for (const WatchUpdate& update : client->updates()) screen.Apply(update);
  EXPECT_EQ(screen.front().size(), 20u);
  EXPECT_EQ(screen.points(), 20);
}

TEST_F(WatchHubTest, DrainEndsEveryWatchWithItsResumePoint) {
  const std::int64_t job = NewRunningJob();
  const auto live = Watch(job, 0);
  live->AwaitUpdates(1);
  const auto slow = std::make_shared<Client>();
  hub_->Add(job, 0, slow);
  slow->AwaitUpdates(1);
  hub_->Drain();
  EXPECT_EQ(live->AwaitEnd().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(Message(live->AwaitEnd()), HasSubstr("start_revision " + std::to_string(store_.revision())));
  EXPECT_EQ(slow->AwaitEnd().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Watch(job, 0)->AwaitEnd().code(), absl::StatusCode::kUnavailable);
}

TEST_F(WatchHubTest, RemovedWatcherHearsNothingMore) {
  const std::int64_t job = NewRunningJob();
  const auto client = Watch(job, 0);
  client->AwaitUpdates(1);
  client->Disconnect();
  hub_->Remove(id_);
  AddPoint(job, 0, 1, 1);
  const auto live = Watch(job, 0);
  live->AwaitRevision(store_.revision());
  EXPECT_EQ(client->updates().size(), 1u);
}

TEST_F(WatchHubTest, DeletedJobEndsItsWatch) {
  const std::int64_t job = NewRunningJob();
  const auto client = std::make_shared<Client>();
  const WatchHub::WatchId id = hub_->Add(job, 0, client);
  client->AwaitUpdates(1);
  SetState(job, JobState::kCancelled);
  ASSERT_TRUE(store_.DeleteJob(job, std::nullopt).ok());
  client->Connect(hub_.get(), id);
  EXPECT_EQ(client->AwaitEnd().code(), absl::StatusCode::kNotFound);
}

// Watchers that come, go and come back with the revision they saw, while points are written: each ends with the front
// and the number of points that the store has.
TEST_F(WatchHubTest, ReconnectingWatchersMissNothingAndSeeNothingTwice) {
  constexpr int kStarts = 3;
  constexpr int kBatches = 150;
  constexpr int kWatchers = 4;
  const std::int64_t job = NewRunningJob(kStarts);
  std::thread writer([&] {
    for (int i = 0; i < kBatches; ++i) {
      for (int start = 0; start < kStarts; ++start) {
        EXPECT_TRUE(Append(store_, TestBatch(job, start, std::int64_t{i} * 4, 4)).ok());
      }
    }
    SetState(job, JobState::kSucceeded);
  });
  std::vector<std::thread> watchers;
  watchers.reserve(kWatchers);
  for (int w = 0; w < kWatchers; ++w) {
    watchers.emplace_back([&, w] {
      Random random(static_cast<std::uint64_t>(w));
      Screen screen;
      for (bool ended = false; !ended;) {
        const auto client = std::make_shared<Client>();
        const WatchHub::WatchId id = hub_->Add(job, screen.resume(), client);
        client->Connect(hub_.get(), id);
        const std::size_t wanted = 1 + random.Below(8);
        client->AwaitUpdates(wanted);
        client->Disconnect();
        hub_->Remove(id);
        for (const WatchUpdate& update : client->updates()) {
          screen.Apply(update);
          ended = update.changes.job.state == JobState::kSucceeded &&
                  update.changes.resume_revision >= update.changes.job.revision;
        }
      }
      PointQuery front;
      front.job_id = job;
      front.front_only = true;
      EXPECT_EQ(screen.front(), Numbers(store_.ListPoints(front).value()));
      EXPECT_EQ(screen.points(), kStarts * kBatches * 4);
    });
  }
  writer.join();
  for (std::thread& watcher : watchers) watcher.join();
}

}  // namespace
}  // namespace oneloop
