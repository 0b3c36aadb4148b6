#include "server/jobs/stop_rule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "common/base/random.h"

namespace oneloop {
namespace {

// Runs the starts of a job on `threads` workers that take the smallest start that may begin and end in any order.
std::set<int> StartsThatRun(const std::vector<bool>& within_gap, int threads, Random& random) {
  const int num_starts = static_cast<int>(within_gap.size());
  StopRule rule(num_starts);
  std::set<int> run;
  std::vector<int> running;
  for (int next = 0;;) {
    while (next < rule.may_begin_below() && static_cast<int>(running.size()) < threads) {
      run.insert(next);
      running.push_back(next++);
    }
    if (running.empty()) return run;
    const auto ended = running.begin() + static_cast<std::ptrdiff_t>(random.Below(running.size()));
    rule.OnEnded(*ended, within_gap[static_cast<std::size_t>(*ended)]);
    running.erase(ended);
    EXPECT_LE(run.empty() ? 0 : *run.rbegin() + 1, rule.never_from()) << "a start began that never should";
  }
}

TEST(StopRuleTest, SameStartsRunOnAnyNumberOfThreadsAndInAnyOrder) {
  Random random(1);
  for (int round = 0; round < 300; ++round) {
    std::vector<bool> within_gap(1 + random.Below(40));
    for (std::size_t i = 0; i < within_gap.size(); ++i) within_gap[i] = random.Below(12) == 0;
    const int num_starts = static_cast<int>(within_gap.size());
    const auto first = std::find(within_gap.begin(), within_gap.end(), true) - within_gap.begin();
    const int width = std::max(2, num_starts / 8);
    std::set<int> expected;
    for (int start = 0; start < std::min(num_starts, static_cast<int>(first) + width); ++start) expected.insert(start);
    for (const int threads : {1, 2, 5, 64}) {
      EXPECT_EQ(StartsThatRun(within_gap, threads, random), expected) << num_starts << " starts, " << threads;
    }
  }
}

TEST(StopRuleTest, EveryStartRunsWhenNoneEndsWithinTheGap) {
  StopRule rule(3);
  EXPECT_EQ(rule.may_begin_below(), 2);
  rule.OnEnded(1, false);
  EXPECT_EQ(rule.may_begin_below(), 2) << "start 2 waits for start 0";
  rule.OnEnded(0, false);
  EXPECT_EQ(rule.may_begin_below(), 3);
  EXPECT_EQ(rule.never_from(), 3);
  EXPECT_FALSE(rule.first_within().has_value());
}

TEST(StopRuleTest, EarlierStartWithinTheGapCounts) {
  StopRule rule(10);
  rule.OnEnded(1, true);
  EXPECT_EQ(rule.first_within(), 1);
  EXPECT_EQ(rule.never_from(), 3);
  rule.OnEnded(0, true);
  rule.OnEnded(0, true);
  EXPECT_EQ(rule.first_within(), 0);
  EXPECT_EQ(rule.never_from(), 2);
}

}  // namespace
}  // namespace oneloop
