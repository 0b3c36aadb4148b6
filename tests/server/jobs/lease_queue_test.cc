#include "server/jobs/lease_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace oneloop {
namespace {

using ::testing::ElementsAre;

const SteadyTime kNow = SteadyTime() + absl::Hours(1);

QueuedJob Job(std::int64_t id, const std::string& owner = "ada") { return {id, owner, 0, 1000, false}; }

std::vector<Lease> TakeAll(LeaseQueue& queue) {
  std::vector<Lease> leases;
  while (const std::optional<Lease> lease = queue.Take(kNow)) leases.push_back(*lease);
  return leases;
}

TEST(LeaseQueueTest, TurnsGoRoundTheJobsOldestFirst) {
  LeaseQueue queue;
  queue.Add(Job(7), {0, 1}, kNow);
  queue.Add(Job(3), {0, 1, 2}, kNow);
  EXPECT_THAT(TakeAll(queue), ElementsAre(Lease{3, 0}, Lease{7, 0}, Lease{3, 1}, Lease{7, 1}, Lease{3, 2}));
}

TEST(LeaseQueueTest, NewJobDoesNotWaitForAnOlderOneToEnd) {
  LeaseQueue queue;
  queue.Add(Job(1), {0, 1, 2, 3}, kNow);
  EXPECT_EQ(queue.Take(kNow), (Lease{1, 0}));
  queue.Add(Job(2), {0}, kNow);
  EXPECT_EQ(queue.Take(kNow), (Lease{2, 0}));
}

TEST(LeaseQueueTest, StartGivenBackIsLeasedAgainAndOneOutIsNot) {
  LeaseQueue queue;
  queue.Add(Job(1), {0}, kNow);
  const Lease lease = queue.Take(kNow).value();
  queue.Add(Job(1), {0}, kNow);
  EXPECT_EQ(queue.Take(kNow), std::nullopt);
  queue.GiveBack(lease);
  EXPECT_EQ(queue.Take(kNow), lease);
}

TEST(LeaseQueueTest, HeldJobGetsNoLeaseUntilReleased) {
  LeaseQueue queue;
  queue.Add(Job(1), {0}, kNow);
  queue.Hold(1);
  EXPECT_EQ(queue.Take(kNow), std::nullopt);
  queue.Release(1);
  EXPECT_EQ(queue.Take(kNow), (Lease{1, 0}));
}

TEST(LeaseQueueTest, JobIsFinishedWhenItsLastLeaseIs) {
  LeaseQueue queue;
  queue.Add(Job(1), {0, 1}, kNow);
  const Lease first = queue.Take(kNow).value();
  const Lease second = queue.Take(kNow).value();
  queue.Complete(second);
  EXPECT_FALSE(queue.IsFinished(1));
  queue.Complete(first);
  EXPECT_TRUE(queue.IsFinished(1));
}

TEST(LeaseQueueTest, BoundGoesBeforeTheStartsAndIsLeasedOnce) {
  LeaseQueue queue;
  queue.Add(Job(1), {0, 1}, kNow);
  queue.Add(Job(1), {kBoundUnit}, kNow);
  const Lease bound = queue.Take(kNow).value();
  EXPECT_EQ(bound, (Lease{1, kBoundUnit}));
  queue.Add(Job(1), {kBoundUnit}, kNow);
  EXPECT_EQ(queue.Take(kNow), (Lease{1, 0})) << "it does not hold up the starts";
  queue.GiveBack(bound);
  EXPECT_EQ(queue.Take(kNow), bound);
}

TEST(LeaseQueueTest, OnlyStartsBelowTheLimitAreLeased) {
  LeaseQueue queue;
  queue.Add(Job(1), {kBoundUnit, 0, 1, 2}, kNow);
  queue.LimitStarts(1, 0);
  EXPECT_THAT(TakeAll(queue), ElementsAre(Lease{1, kBoundUnit}));
  queue.LimitStarts(1, 2);
  EXPECT_THAT(TakeAll(queue), ElementsAre(Lease{1, 0}, Lease{1, 1}));
  EXPECT_FALSE(queue.IsFinished(1));
}

TEST(LeaseQueueTest, DroppedStartsAreForgotten) {
  LeaseQueue queue;
  queue.Add(Job(1), {0, 1, 2, 3}, kNow);
  queue.Take(kNow);
  queue.DropStarts(1, 2);
  EXPECT_THAT(TakeAll(queue), ElementsAre(Lease{1, 1}));
  queue.Complete({1, 0});
  queue.Complete({1, 1});
  EXPECT_TRUE(queue.IsFinished(1));
}

TEST(LeaseQueueTest, JobOfAnotherUserIsNextHoweverManyWait) {
  LeaseQueue queue;
  for (int id = 1; id <= 1000; ++id) queue.Add(Job(id), {kBoundUnit, 0, 1, 2, 3, 4, 5, 6}, kNow);
  SteadyTime now = kNow;
  for (int turn = 0; turn < 50; ++turn) {
    const Lease lease = queue.Take(now).value();
    now += absl::Seconds(10);
    queue.Vacate(lease, now, true);
    queue.Complete(lease);
  }
  // ada has both workers when bob comes.
  const Lease first = queue.Take(now).value();
  queue.Take(now);
  queue.Add(Job(2000, "bob"), {kBoundUnit, 0, 1}, now);
  now += absl::Seconds(10);
  queue.Vacate(first, now, true);
  EXPECT_EQ(queue.Take(now), (Lease{2000, kBoundUnit})) << "the first worker that becomes free is bob's";
}

TEST(LeaseQueueTest, HigherPriorityGoesFirst) {
  LeaseQueue queue;
  queue.Add({1, "ada", 0, 1000, false}, {0, 1}, kNow);
  queue.Add({2, "ada", 7, 1000, false}, {0}, kNow);
  EXPECT_EQ(queue.Take(kNow), (Lease{2, 0}));
  queue.Add({3, "ada", -100, 1000, false}, {0}, kNow);
  queue.SetPriority(3, 1);
  EXPECT_EQ(queue.Take(kNow), (Lease{3, 0}));
}

TEST(LeaseQueueTest, WorkerOfARemovedJobStillCountsUntilItIsFree) {
  FairShare::Options options;
  options.max_running_per_user = 1;
  LeaseQueue queue(options);
  queue.Add(Job(1), {0}, kNow);
  queue.Add(Job(2), {0}, kNow);
  const Lease lease = queue.Take(kNow).value();
  queue.Remove(1);
  EXPECT_EQ(queue.Take(kNow), std::nullopt);
  queue.Vacate(lease, kNow, false);
  queue.Complete(lease);
  EXPECT_EQ(queue.Take(kNow), (Lease{2, 0}));
}

TEST(LeaseQueueTest, LeasesOfARemovedJobAreVoid) {
  LeaseQueue queue;
  queue.Add(Job(1), {0, 1}, kNow);
  const Lease lease = queue.Take(kNow).value();
  queue.Remove(1);
  queue.GiveBack(lease);
  EXPECT_FALSE(queue.Has(1));
  EXPECT_EQ(queue.Take(kNow), std::nullopt);
}

}  // namespace
}  // namespace oneloop
