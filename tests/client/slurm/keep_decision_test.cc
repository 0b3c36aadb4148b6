#include "client/slurm/keep_decision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace oneloop {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Pilot MakePilot(int number, const std::string& state, absl::Duration time_left = absl::InfiniteDuration()) {
  Pilot pilot;
  pilot.array = "12";
  pilot.id = absl::StrCat("12_", number);
  pilot.state = state;
  pilot.time_left = time_left;
  return pilot;
}

class KeepDecisionTest : public ::testing::Test {
 protected:
  // A look so long after the last one.
  KeepDecision Look(std::int64_t work, absl::Duration later = absl::Seconds(30)) {
    view_.now += later;
    view_.work = work;
    return DecideKeep(rules_, view_, &memory_);
  }
  void Set(int running, int pending) {
    view_.pilots.clear();
    for (int i = 0; i < running + pending; ++i) {
      view_.pilots.push_back(MakePilot(i, i < running ? "RUNNING" : "PENDING"));
    }
  }

  KeepRules rules_{.min = 0, .max = 16, .cpus = 4};
  KeepView view_;
  KeepMemory memory_;
};

TEST_F(KeepDecisionTest, StartsWhatTheWorkKeepsBusyWithinTheBounds) {
  EXPECT_EQ(Look(0).start, 0);
  EXPECT_EQ(Look(1).start, 1);
  EXPECT_EQ(Look(4).start, 1);
  EXPECT_EQ(Look(5).start, 2);
  EXPECT_EQ(Look(std::int64_t{1} << 40).start, 16);
  Set(2, 1);
  EXPECT_EQ(Look(16).start, 1);
  EXPECT_EQ(Look(12).start, 0);
  rules_.min = 5;
  EXPECT_EQ(Look(0).start, 2);
}

TEST_F(KeepDecisionTest, LetsAllGoOnceThereWasNoWorkForAWhile) {
  Set(2, 1);
  EXPECT_EQ(Look(12).start, 0);
  for (int i = 0; i < 10; ++i) EXPECT_THAT(Look(0).stop, IsEmpty()) << i;
  EXPECT_THAT(Look(0).stop, ElementsAre("12_2", "12_0", "12_1"));
}

TEST_F(KeepDecisionTest, WorkThatComesBackInTimeChangesNothing) {
  Set(4, 0);
  for (int i = 0; i < 100; ++i) {
    const KeepDecision decision = Look(i % 9 == 0 ? 16 : 0);
    EXPECT_EQ(decision.start, 0) << i;
    EXPECT_THAT(decision.stop, IsEmpty()) << i;
  }
}

TEST_F(KeepDecisionTest, KeepsTheLeastNumberWithTheMostTimeLeft) {
  rules_.min = 1;
  rules_.patience = absl::ZeroDuration();
  view_.pilots = {MakePilot(0, "RUNNING", absl::Hours(1)), MakePilot(1, "RUNNING", absl::Hours(3)),
                  MakePilot(2, "RUNNING", absl::Minutes(1))};
  EXPECT_THAT(Look(0).stop, ElementsAre("12_2", "12_0"));
}

TEST_F(KeepDecisionTest, StopsNoneThatMayBeBusy) {
  rules_.patience = absl::ZeroDuration();
  Set(3, 2);
  // One pilot could do what is left; which of the three has it is not known.
  EXPECT_THAT(Look(1).stop, ElementsAre("12_3", "12_4"));
  Set(3, 0);
  EXPECT_THAT(Look(1).stop, IsEmpty());
  view_.idle = {"12_1"};
  EXPECT_THAT(Look(1).stop, ElementsAre("12_1"));
}

TEST_F(KeepDecisionTest, WhatIsOverIsNeitherCountedNorStopped) {
  rules_.patience = absl::ZeroDuration();
  view_.pilots = {MakePilot(0, "COMPLETED"), MakePilot(1, "CANCELLED"), MakePilot(2, "TIMEOUT"),
                  MakePilot(3, "COMPLETING")};
  EXPECT_EQ(Look(4).start, 1);
  EXPECT_THAT(Look(0).stop, IsEmpty());
}

// A wrong token, a disk that nodes do not see: all fail at once, whenever there are any.
TEST_F(KeepDecisionTest, PausesLongerAfterEachLookThatFindsFailures) {
  int starts = 0;
  absl::Duration between;
  absl::Duration longest;
  const int looks_in_a_day = 24 * 60 * 2;
  for (int i = 0; i < looks_in_a_day; ++i) {
    const KeepDecision decision = Look(100);
    between += absl::Seconds(30);
    if (decision.start == 0) continue;
    view_.pilots.clear();
    for (int j = 0; j < decision.start; ++j) view_.pilots.push_back(MakePilot(100 * starts + j, "FAILED"));
    ++starts;
    longest = std::max(longest, between);
    between = absl::ZeroDuration();
  }
  // Every half hour at last.
  EXPECT_LE(starts, 24 * 2 + 6);
  EXPECT_GE(starts, 24 * 2);
  EXPECT_LE(longest, absl::Minutes(31));
}

TEST_F(KeepDecisionTest, TellsEachFailureOnceAndNoneFromBefore) {
  view_.pilots = {MakePilot(0, "FAILED")};
  EXPECT_THAT(Look(4).new_failures, IsEmpty());
  view_.pilots.push_back(MakePilot(1, "NODE_FAIL"));
  const KeepDecision decision = Look(4);
  ASSERT_EQ(decision.new_failures.size(), 1u);
  EXPECT_EQ(decision.new_failures[0].id, "12_1");
  EXPECT_EQ(decision.start, 0);
  EXPECT_EQ(decision.pause, absl::Minutes(1));
  EXPECT_THAT(Look(4).new_failures, IsEmpty());
}

TEST_F(KeepDecisionTest, ForgivesOnceAPilotRanForAWhile) {
  Look(4);
  for (int i = 0; i < 10; ++i) {
    view_.pilots = {MakePilot(i, "FAILED")};
    Look(8);
  }
  EXPECT_GT(Look(8).pause, absl::Minutes(20));
  view_.pilots = {MakePilot(20, "RUNNING")};
  view_.pilots[0].run_time = absl::Hours(1);
  Look(8);
  view_.pilots.push_back(MakePilot(21, "FAILED"));
  EXPECT_EQ(Look(8).pause, absl::Minutes(1));
}

TEST_F(KeepDecisionTest, OneThatNoNodeCanStartIsReplacedAndNotCounted) {
  Look(0);
  view_.pilots = {MakePilot(0, "PENDING")};
  view_.pilots[0].reason = "launch failed requeued held";
  EXPECT_EQ(Look(4).start, 0);
  EXPECT_EQ(Look(4, absl::Minutes(2)).start, 1);
}

}  // namespace
}  // namespace oneloop
