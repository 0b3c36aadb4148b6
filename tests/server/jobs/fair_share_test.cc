#include "server/jobs/fair_share.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "common/base/random.h"

namespace oneloop {
namespace {

using ::testing::ElementsAre;

const SteadyTime kBegin = SteadyTime() + absl::Hours(1);

std::string UserName(int user) { return std::string(1, static_cast<char>('a' + user)); }

// Workers on a clock of their own. Each job always has something to run, which takes what the job says.
class Shop {
 public:
  explicit Shop(int workers, const FairShare::Options& options = {}) : share_(options), idle_(workers) {}

  void Add(std::int64_t job_id, const std::string& owner, double cost_s, int priority = 0, double estimate_s = 1) {
    jobs_[job_id] = {owner, cost_s, estimate_s};
    share_.Add(job_id, owner, priority, now_);
    share_.SetReady(job_id, true);
  }
  void Remove(std::int64_t job_id) { share_.Remove(job_id); }

  // Gives every free worker something to do, then goes on to the next end of work. False when nothing runs.
  bool Step() {
    while (idle_ > 0) {
      const std::optional<std::int64_t> job_id = share_.Next(now_);
      if (!job_id) break;
      const Job& job = jobs_.at(*job_id);
      turns.push_back(*job_id);
      begin_of_last_turn[*job_id] = now_;
      const FairShare::Ticket ticket = share_.Begin(*job_id, job.estimate_s, now_);
      busy_.insert({now_ + absl::Seconds(job.cost_s), {ticket, job.owner, now_, job.estimate_s}});
      --idle_;
    }
    if (busy_.empty()) return false;
    const auto next = busy_.begin();
    now_ = next->first;
    worked_s[next->second.owner] += share_.End(next->second.ticket, now_);
    busy_.erase(next);
    ++idle_;
    return true;
  }

  // Worker seconds that a user has had, with what is under way.
  double Had(const std::string& owner) const {
    const auto worked = worked_s.find(owner);
    double had_s = worked == worked_s.end() ? 0 : worked->second;
    for (const auto& [end, work] : busy_) {
      if (work.owner == owner) had_s += absl::ToDoubleSeconds(now_ - work.begin);
    }
    return had_s;
  }

  // The same, with what is under way as it was estimated.
  double Charged(const std::string& owner) const {
    double charged_s = Had(owner);
    for (const auto& [end, work] : busy_) {
      const double had_s = absl::ToDoubleSeconds(now_ - work.begin);
      if (work.owner == owner) charged_s += std::max(0.0, work.estimate_s - had_s);
    }
    return charged_s;
  }

  std::vector<std::int64_t> turns;
  std::map<std::int64_t, SteadyTime> begin_of_last_turn;
  std::map<std::string, double> worked_s;
  SteadyTime now() const { return now_; }
  FairShare& share() { return share_; }

 private:
  struct Job {
    std::string owner;
    double cost_s = 0;
    double estimate_s = 0;
  };
  struct Work {
    FairShare::Ticket ticket = 0;
    std::string owner;
    SteadyTime begin;
    double estimate_s = 0;
  };
  FairShare share_;
  int idle_;
  SteadyTime now_ = kBegin;
  std::map<std::int64_t, Job> jobs_;
  std::multimap<SteadyTime, Work> busy_;
};

TEST(FairShareTest, UsersTakeTurnsHoweverManyJobsTheyHave) {
  Shop shop(1);
  for (int job = 1; job <= 3; ++job) shop.Add(job, "ada", 1);
  shop.Add(9, "bob", 1);
  for (int i = 0; i < 6; ++i) shop.Step();
  EXPECT_THAT(shop.turns, ElementsAre(1, 9, 2, 9, 3, 9));
}

TEST(FairShareTest, TimeIsSharedAndNotTheNumberOfStarts) {
  Shop shop(1);
  shop.Add(1, "ada", 10);
  shop.Add(2, "bob", 1);
  for (int i = 0; i < 110; ++i) shop.Step();
  EXPECT_NEAR(shop.worked_s["ada"], shop.worked_s["bob"], 10);
  EXPECT_EQ(std::count(shop.turns.begin(), shop.turns.end(), 2), 100);
}

TEST(FairShareTest, WhoComesAnewIsNextAndWhoWasAloneOwesNothingForIt) {
  Shop shop(1);
  shop.Add(1, "ada", 5);
  for (int i = 0; i < 20; ++i) shop.Step();
  shop.Add(2, "bob", 5);
  shop.turns.clear();
  for (int i = 0; i < 6; ++i) shop.Step();
  EXPECT_THAT(shop.turns, ElementsAre(2, 1, 2, 1, 2, 1));
}

TEST(FairShareTest, IdleUserSavesUpNoTurns) {
  Shop shop(1);
  shop.Add(1, "ada", 1);
  shop.Add(2, "bob", 1);
  for (int i = 0; i < 4; ++i) shop.Step();
  shop.share().SetReady(2, false);
  for (int i = 0; i < 50; ++i) shop.Step();
  shop.share().SetReady(2, true);
  shop.turns.clear();
  for (int i = 0; i < 6; ++i) shop.Step();
  EXPECT_EQ(std::count(shop.turns.begin(), shop.turns.end(), 1), 3);
}

TEST(FairShareTest, LongStartIsChargedWhileItRuns) {
  FairShare share({});
  for (const auto& [job, owner] : std::map<std::int64_t, std::string>{{1, "ada"}, {2, "bob"}}) {
    share.Add(job, owner, 0, kBegin);
    share.SetReady(job, true);
  }
  share.Begin(share.Next(kBegin).value(), 1, kBegin);
  for (int second = 0; second < 60; ++second) {
    const SteadyTime now = kBegin + absl::Seconds(second);
    const std::int64_t job = share.Next(now).value();
    EXPECT_EQ(job, 2) << "ada has had " << second << " s of a start that was thought to take one";
    share.End(share.Begin(job, 0.5, now), now + absl::Seconds(0.5));
  }
}

TEST(FairShareTest, DebtOutlivesTheJobsThatMadeIt) {
  FairShare share({});
  share.Add(1, "ada", 0, kBegin);
  share.SetReady(1, true);
  share.Add(2, "bob", 0, kBegin);
  share.SetReady(2, true);
  const FairShare::Ticket ticket = share.Begin(share.Next(kBegin).value(), 1, kBegin);
  share.Remove(1);
  EXPECT_EQ(share.End(ticket, kBegin + absl::Seconds(30)), 30);
  share.Add(3, "ada", 0, kBegin + absl::Seconds(30));
  share.SetReady(3, true);
  EXPECT_EQ(share.Next(kBegin + absl::Seconds(30)), 2);
  EXPECT_EQ(share.debt_s("ada"), 30);
}

TEST(FairShareTest, HigherPriorityGoesFirstWithinAUserAndNotBetweenUsers) {
  Shop shop(1);
  shop.Add(1, "ada", 1, -5);
  shop.Add(2, "ada", 1, 100);
  shop.Add(3, "bob", 1, -100);
  for (int i = 0; i < 4; ++i) shop.Step();
  EXPECT_THAT(shop.turns, ElementsAre(2, 3, 2, 3));
}

TEST(FairShareTest, PriorityMayChangeWhileAJobWaits) {
  Shop shop(1);
  shop.Add(1, "ada", 1, 0);
  shop.Add(2, "ada", 1, 10);
  shop.share().SetPriority(1, 20);
  shop.Step();
  EXPECT_THAT(shop.turns, ElementsAre(1));
}

TEST(FairShareTest, JobOfLowPriorityAgesUntilItsTurnComes) {
  FairShare::Options options;
  options.ageing = absl::Seconds(30);
  Shop shop(1, options);
  shop.Add(1, "ada", 1, -100);
  shop.Add(2, "ada", 1, 100);
  while (shop.begin_of_last_turn.count(1) == 0) ASSERT_TRUE(shop.Step());
  EXPECT_NEAR(absl::ToDoubleSeconds(shop.now() - kBegin), 200 * 30, 60);
}

TEST(FairShareTest, UserAtTheLimitOfWorkersLeavesTheRestToOthers) {
  FairShare::Options options;
  options.max_running_per_user = 2;
  FairShare share(options);
  for (const std::int64_t job : {1, 2, 3}) {
    share.Add(job, job == 3 ? "bob" : "ada", 0, kBegin);
    share.SetReady(job, true);
  }
  std::map<std::int64_t, int> turns;
  FairShare::Ticket ticket = 0;
  while (const std::optional<std::int64_t> job = share.Next(kBegin)) {
    ticket = share.Begin(*job, 1, kBegin);
    ++turns[*job];
  }
  EXPECT_EQ(turns[1] + turns[2], 2);
  EXPECT_EQ(turns[3], 2);
  share.End(ticket, kBegin);
  EXPECT_TRUE(share.Next(kBegin).has_value());
}

// Users come at random, with jobs whose starts take anything from 0.1 to 10 s. How far any of them is ever from an
// equal share, in starts of the longest kind, from the moment on at which all have work.
double LargestInequality(std::uint64_t seed, bool guess_well) {
  Random random(seed);
  const int num_users = 2 + static_cast<int>(random.Below(4));
  Shop shop(1 + static_cast<int>(random.Below(4)));
  double longest_s = 0;
  std::int64_t job_id = 0;
  const auto add_jobs = [&](int user) {
    for (std::uint64_t i = 1 + random.Below(20); i > 0; --i) {
      const double cost_s = 0.1 + 9.9 * random.Uniform();
      longest_s = std::max(longest_s, cost_s);
      const double guess_s = guess_well ? cost_s : cost_s * (0.2 + 2 * random.Uniform());
      shop.Add(++job_id, UserName(user), cost_s, static_cast<int>(random.Below(5)), guess_s);
    }
  };
  add_jobs(0);
  for (int user = 1; user < num_users; ++user) {
    for (std::uint64_t i = random.Below(50); i > 0; --i) shop.Step();
    add_jobs(user);
  }
  // What is a user's already when the last one comes is part of their share.
  std::map<std::string, double> before;
  for (int user = 0; user < num_users; ++user) {
    before[UserName(user)] = shop.Charged(UserName(user)) - shop.share().debt_s(UserName(user));
  }
  double largest_s = 0;
  for (int i = 0; i < 2000; ++i) {
    shop.Step();
    double all_s = 0;
    for (const auto& [name, before_s] : before) all_s += shop.Had(name) - before_s;
    for (const auto& [name, before_s] : before) {
      largest_s = std::max(largest_s, std::abs(shop.Had(name) - before_s - all_s / num_users));
    }
  }
  EXPECT_EQ(shop.begin_of_last_turn.size(), static_cast<std::size_t>(job_id)) << "a job starved, seed " << seed;
  return largest_s / longest_s;
}

TEST(FairShareTest, SharesOfUsersWithWorkAreEqualButForAStartAndNobodyStarves) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    EXPECT_LE(LargestInequality(seed, /*guess_well=*/true), 1) << "seed " << seed;
    EXPECT_LE(LargestInequality(seed, /*guess_well=*/false), 2) << "seed " << seed;
  }
}

}  // namespace
}  // namespace oneloop
