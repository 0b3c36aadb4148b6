#include "server/jobs/lease_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace oneloop {
namespace {

class LeaseBookTest : public testing::Test {
 protected:
  static SteadyTime At(int seconds) { return SteadyTime() + absl::Seconds(seconds); }

  LeaseBookTest() {
    QueuedJob job;
    job.id = 7;
    job.owner = "ann";
    book_.queue().Add(job, {0, 1}, At(0));
  }

  LeaseBook::Taken Take(std::string_view holder, int expiry_s, int now_s = 0) {
    return book_.Take(holder, At(expiry_s), At(now_s)).value();
  }

  LeaseBook book_{FairShare::Options{}};
};

TEST_F(LeaseBookTest, HandsOutEachStartOnceWithEpochsThatGrow) {
  const LeaseBook::Taken first = Take("a", 10);
  const LeaseBook::Taken second = Take("b", 10);
  EXPECT_EQ(first.lease, (Lease{7, 0}));
  EXPECT_EQ(second.lease, (Lease{7, 1}));
  EXPECT_LT(first.grant.epoch, second.grant.epoch);
  EXPECT_FALSE(book_.Take("a", At(10), At(0)).has_value());
}

TEST_F(LeaseBookTest, AnExpiredLeaseGoesToAnotherAndItsFirstHolderIsFencedOut) {
  const LeaseBook::Taken lost = Take("a", 10);
  Take("b", 30);
  EXPECT_TRUE(book_.TakeExpired(At(9)).empty());
  const std::vector<LeaseBook::Taken> expired = book_.TakeExpired(At(10));
  ASSERT_EQ(expired.size(), 1u);
  EXPECT_EQ(expired[0].lease, lost.lease);
  EXPECT_TRUE(lost.grant.signals->stopped());
  const LeaseBook::Taken again = Take("b", 30, 11);
  EXPECT_EQ(again.lease, lost.lease);
  EXPECT_FALSE(again.grant.signals->stopped());
  EXPECT_FALSE(book_.Renew(lost.lease, lost.grant.epoch, At(99)));
  EXPECT_FALSE(book_.Release(lost.lease, lost.grant.epoch, At(12), true));
  EXPECT_EQ(book_.Find(lost.lease, lost.grant.epoch), nullptr);
  EXPECT_NE(book_.Find(again.lease, again.grant.epoch), nullptr);
}

TEST_F(LeaseBookTest, ARenewedLeaseStays) {
  const LeaseBook::Taken taken = Take("a", 10);
  EXPECT_TRUE(book_.Renew(taken.lease, taken.grant.epoch, At(20)));
  EXPECT_TRUE(book_.TakeExpired(At(19)).empty());
  EXPECT_EQ(book_.TakeExpired(At(20)).size(), 1u);
}

TEST_F(LeaseBookTest, WhatAHolderLeavesIsTakenFromItAlone) {
  const LeaseBook::Taken first = Take("a", 10);
  const LeaseBook::Taken second = Take("b", 10);
  ASSERT_EQ(book_.TakeFrom("a", At(1)).size(), 1u);
  EXPECT_FALSE(second.grant.signals->stopped());
  EXPECT_EQ(Take("b", 10, 2).lease, first.lease);
}

TEST_F(LeaseBookTest, AReleasedLeaseIsNotHandedOutBeforeItIsSettled) {
  const LeaseBook::Taken taken = Take("a", 10);
  Take("a", 10);
  ASSERT_TRUE(book_.Release(taken.lease, taken.grant.epoch, At(1), true));
  EXPECT_FALSE(book_.Take("b", At(10), At(1)).has_value());
  book_.queue().GiveBack(taken.lease);
  EXPECT_EQ(Take("b", 10, 1).lease, taken.lease);
}

TEST_F(LeaseBookTest, StopsTheHoldersOfOneJob) {
  QueuedJob other;
  other.id = 8;
  other.owner = "ben";
  book_.queue().Add(other, {0}, At(0));
  std::vector<LeaseBook::Taken> taken = {Take("a", 10), Take("a", 10), Take("a", 10)};
  book_.Stop(8);
  for (const LeaseBook::Taken& one : taken) EXPECT_EQ(one.grant.signals->stopped(), one.lease.job_id == 8);
  book_.StopAll();
  for (const LeaseBook::Taken& one : taken) EXPECT_TRUE(one.grant.signals->stopped());
}

}  // namespace
}  // namespace oneloop
