#include "server/jobs/training_queue.h"

#include <gtest/gtest.h>

namespace oneloop {
namespace {

constexpr auto kShort = TrainingLane::kShort;
constexpr auto kAny = TrainingLane::kAny;

TEST(TrainingQueueTest, UsersTakeTurnsHoweverManyTheyHave) {
  TrainingQueue queue;
  for (int id = 1; id <= 3; ++id) queue.Add({id, "ada", false});
  queue.Add({4, "otto", false});
  queue.Add({5, "otto", false});
  std::vector<std::int64_t> order;
  while (const auto id = queue.Take(kAny)) {
    order.push_back(*id);
    queue.Remove(*id);
  }
  EXPECT_EQ(order, (std::vector<std::int64_t>{1, 4, 2, 5, 3}));
}

TEST(TrainingQueueTest, UserHasOneShortAndOneLongTrainingAtATime) {
  TrainingQueue queue;
  queue.Add({1, "ada", true});
  queue.Add({2, "ada", true});
  queue.Add({3, "ada", false});
  queue.Add({4, "ada", false});
  EXPECT_EQ(queue.Take(kShort), 1);
  EXPECT_EQ(queue.Take(kShort), std::nullopt);
  EXPECT_EQ(queue.Take(kAny), 3);
  EXPECT_EQ(queue.Take(kAny), std::nullopt);
  queue.Remove(1);
  EXPECT_EQ(queue.Take(kShort), 2);
}

TEST(TrainingQueueTest, LongTrainingsKeepOffTheShortLaneAndShortOnesHelpThemselvesToBoth) {
  TrainingQueue queue;
  queue.Add({1, "ada", false});
  EXPECT_EQ(queue.Take(kShort), std::nullopt);
  EXPECT_EQ(queue.Take(kAny), 1);
  queue.Remove(1);
  queue.Add({2, "ada", true});
  queue.Add({3, "otto", true});
  EXPECT_EQ(queue.Take(kAny), 2);
  EXPECT_EQ(queue.Take(kShort), 3);
}

TEST(TrainingQueueTest, RemovedTrainingHasNoTurn) {
  TrainingQueue queue;
  queue.Add({1, "ada", true});
  queue.Add({2, "ada", true});
  queue.Remove(1);
  EXPECT_EQ(queue.Take(kShort), 2);
}

}  // namespace
}  // namespace oneloop
