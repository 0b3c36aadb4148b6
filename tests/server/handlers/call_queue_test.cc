#include "server/handlers/call_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/synchronization/notification.h"
#include "common/base/limit_error.h"
#include "common/base/mutex.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

CallQueue::Options OneThreadEach() {
  CallQueue::Options options;
  options.lanes = {CallQueue::Lane{1, 1}, CallQueue::Lane{1, 1}, CallQueue::Lane{1, 1}};
  return options;
}

// Names in the order in which they are added.
class Record {
 public:
  void Add(const std::string& name) {
    MutexLock lock(&mutex_);
    names_.push_back(name);
  }
  std::vector<std::string> names() {
    MutexLock lock(&mutex_);
    return names_;
  }

 private:
  Mutex mutex_;
  std::vector<std::string> names_ ABSL_GUARDED_BY(mutex_);
};

// Holds a lane's thread until it is let go.
class Blocker {
 public:
  Blocker(CallQueue* queue, CallCost cost, const std::string& user) {
    EXPECT_EQ(queue->Submit(cost, user,
                            [this] {
                              running_.Notify();
                              go_on_.WaitForNotification();
                            }),
              absl::OkStatus());
    running_.WaitForNotification();
  }
  void LetGo() { go_on_.Notify(); }

 private:
  absl::Notification running_;
  absl::Notification go_on_;
};

TEST(CallQueueTest, TurnsGoRoundTheUsers) {
  Record record;
  CallQueue queue(OneThreadEach());
  Blocker blocker(&queue, CallCost::kRead, "zoe");
  for (const std::string name : {"ada1", "ada2", "ada3", "bob1", "bob2"}) {
    EXPECT_EQ(queue.Submit(CallCost::kRead, name.substr(0, 3), [&, name] { record.Add(name); }), absl::OkStatus());
  }
  EXPECT_EQ(queue.waiting(), 5);
  EXPECT_EQ(queue.running(), 1);
  blocker.LetGo();
  queue.Drain();
  EXPECT_THAT(record.names(), ElementsAre("ada1", "bob1", "ada2", "bob2", "ada3"));
}

TEST(CallQueueTest, WhatTakesLongHoldsUpNothingElse) {
  CallQueue queue(OneThreadEach());
  Blocker heavy(&queue, CallCost::kHeavy, "ada");
  Blocker change(&queue, CallCost::kChange, "ada");
  absl::Notification read;
  EXPECT_EQ(queue.Submit(CallCost::kRead, "ada", [&] { read.Notify(); }), absl::OkStatus());
  read.WaitForNotification();
  heavy.LetGo();
  change.LetGo();
}

TEST(CallQueueTest, NoUserHasMoreThanTheirShareOfALane) {
  CallQueue::Options options = OneThreadEach();
  options.lanes[static_cast<std::size_t>(CallCost::kHeavy)] = {2, 1};
  CallQueue queue(options);
  Blocker first(&queue, CallCost::kHeavy, "ada");
  Record record;
  EXPECT_EQ(queue.Submit(CallCost::kHeavy, "ada", [&] { record.Add("ada"); }), absl::OkStatus());
  absl::Notification other;
  EXPECT_EQ(queue.Submit(CallCost::kHeavy, "bob",
                         [&] {
                           record.Add("bob");
                           other.Notify();
                         }),
            absl::OkStatus());
  other.WaitForNotification();
  EXPECT_THAT(record.names(), ElementsAre("bob"));
  first.LetGo();
  queue.Drain();
  EXPECT_THAT(record.names(), ElementsAre("bob", "ada"));
}

TEST(CallQueueTest, TooManyOfOneUserAreToldToComeBackAndOthersAreNot) {
  CallQueue::Options options = OneThreadEach();
  options.most_waiting_per_user = 2;
  options.most_waiting = 3;
  CallQueue queue(options);
  Blocker blocker(&queue, CallCost::kRead, "zoe");
  const auto submit = [&](const std::string& user) { return queue.Submit(CallCost::kRead, user, [] {}); };
  EXPECT_EQ(submit("ada"), absl::OkStatus());
  EXPECT_EQ(submit("ada"), absl::OkStatus());
  const absl::Status refused = submit("ada");
  ASSERT_TRUE(LimitOf(refused).has_value()) << refused;
  EXPECT_EQ(LimitOf(refused)->limit, "waiting_calls_per_user");
  EXPECT_LT(LimitOf(refused)->retry_after, absl::InfiniteDuration());
  EXPECT_THAT(Message(refused), HasSubstr("user ada has 2"));
  EXPECT_EQ(submit("bob"), absl::OkStatus());
  ASSERT_TRUE(LimitOf(submit("eve")).has_value());
  EXPECT_EQ(LimitOf(submit("eve"))->limit, "waiting_calls");
  blocker.LetGo();
}

TEST(CallQueueTest, DrainRunsWhatWaitsAndTakesNothingMore) {
  Record record;
  CallQueue queue(OneThreadEach());
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(queue.Submit(CallCost::kChange, "ada", [&] { record.Add("done"); }), absl::OkStatus());
  }
  queue.Drain();
  EXPECT_EQ(record.names().size(), 100u);
  EXPECT_EQ(queue.Submit(CallCost::kChange, "ada", [] {}).code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace oneloop
