#include "server/jobs/lease_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace oneloop {
namespace {

using ::testing::ElementsAre;

std::vector<Lease> TakeAll(LeaseQueue& queue) {
  std::vector<Lease> leases;
  while (const std::optional<Lease> lease = queue.Take()) leases.push_back(*lease);
  return leases;
}

TEST(LeaseQueueTest, TurnsGoRoundTheJobsOldestFirst) {
  LeaseQueue queue;
  queue.Add(7, {0, 1});
  queue.Add(3, {0, 1, 2});
  EXPECT_THAT(TakeAll(queue), ElementsAre(Lease{3, 0}, Lease{7, 0}, Lease{3, 1}, Lease{7, 1}, Lease{3, 2}));
}

TEST(LeaseQueueTest, NewJobDoesNotWaitForAnOlderOneToEnd) {
  LeaseQueue queue;
  queue.Add(1, {0, 1, 2, 3});
  EXPECT_EQ(queue.Take(), (Lease{1, 0}));
  queue.Add(2, {0});
  EXPECT_EQ(queue.Take(), (Lease{2, 0}));
}

TEST(LeaseQueueTest, StartGivenBackIsLeasedAgainAndOneOutIsNot) {
  LeaseQueue queue;
  queue.Add(1, {0});
  const Lease lease = queue.Take().value();
  queue.Add(1, {0});
  EXPECT_EQ(queue.Take(), std::nullopt);
  queue.GiveBack(lease);
  EXPECT_EQ(queue.Take(), lease);
}

TEST(LeaseQueueTest, HeldJobGetsNoLeaseUntilReleased) {
  LeaseQueue queue;
  queue.Add(1, {0});
  queue.Hold(1);
  EXPECT_EQ(queue.Take(), std::nullopt);
  queue.Release(1);
  EXPECT_EQ(queue.Take(), (Lease{1, 0}));
}

TEST(LeaseQueueTest, JobIsFinishedWhenItsLastLeaseIs) {
  LeaseQueue queue;
  queue.Add(1, {0, 1});
  const Lease first = queue.Take().value();
  const Lease second = queue.Take().value();
  queue.Complete(second);
  EXPECT_FALSE(queue.IsFinished(1));
  queue.Complete(first);
  EXPECT_TRUE(queue.IsFinished(1));
}

TEST(LeaseQueueTest, BoundGoesBeforeTheStartsAndIsLeasedOnce) {
  LeaseQueue queue;
  queue.Add(1, {0, 1});
  queue.Add(1, {kBoundUnit});
  const Lease bound = queue.Take().value();
  EXPECT_EQ(bound, (Lease{1, kBoundUnit}));
  queue.Add(1, {kBoundUnit});
  EXPECT_EQ(queue.Take(), (Lease{1, 0})) << "it does not hold up the starts";
  queue.GiveBack(bound);
  EXPECT_EQ(queue.Take(), bound);
}

TEST(LeaseQueueTest, OnlyStartsBelowTheLimitAreLeased) {
  LeaseQueue queue;
  queue.Add(1, {kBoundUnit, 0, 1, 2});
  queue.LimitStarts(1, 0);
  EXPECT_THAT(TakeAll(queue), ElementsAre(Lease{1, kBoundUnit}));
  queue.LimitStarts(1, 2);
  EXPECT_THAT(TakeAll(queue), ElementsAre(Lease{1, 0}, Lease{1, 1}));
  EXPECT_FALSE(queue.IsFinished(1));
}

TEST(LeaseQueueTest, DroppedStartsAreForgotten) {
  LeaseQueue queue;
  queue.Add(1, {0, 1, 2, 3});
  queue.Take();
  queue.DropStarts(1, 2);
  EXPECT_THAT(TakeAll(queue), ElementsAre(Lease{1, 1}));
  queue.Complete({1, 0});
  queue.Complete({1, 1});
  EXPECT_TRUE(queue.IsFinished(1));
}

TEST(LeaseQueueTest, LeasesOfARemovedJobAreVoid) {
  LeaseQueue queue;
  queue.Add(1, {0, 1});
  const Lease lease = queue.Take().value();
  queue.Remove(1);
  queue.GiveBack(lease);
  EXPECT_FALSE(queue.Has(1));
  EXPECT_EQ(queue.Take(), std::nullopt);
}

}  // namespace
}  // namespace oneloop
