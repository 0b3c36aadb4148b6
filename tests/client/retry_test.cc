#include "client/retry.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <vector>

#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oneloop {
namespace {

class RetrierTest : public ::testing::Test {
 protected:
  Retrier::Options RetryOptions(std::uint64_t seed) {
    Retrier::Options options;
    options.first_backoff = absl::Milliseconds(100);
    options.longest_backoff = absl::Seconds(1);
    options.patience = absl::Minutes(1);
    options.seed = seed;
    options.now = [this] { return now_; };
    options.sleep = [this](absl::Duration pause) {
      pauses_.push_back(pause);
      now_ += pause;
    };
    return options;
  }
  // How often a call that always fails so is made.
  int Attempts(const absl::Status& status, Repeatable repeatable) {
    int attempts = 0;
    Retrier retrier(RetryOptions(1));
    const absl::StatusOr<int> result = retrier.Run(repeatable, [&]() -> absl::StatusOr<int> {
      ++attempts;
      return status;
    });
    EXPECT_EQ(result.status().code(), status.code());
    return attempts;
  }
  absl::Duration Slept() const {
    absl::Duration slept;
    for (const absl::Duration pause : pauses_) slept += pause;
    return slept;
  }
  SteadyTime now_ = SteadyTime() + absl::Hours(1);
  std::vector<absl::Duration> pauses_;
};

TEST_F(RetrierTest, OnlyADaemonThatIsAwayIsAskedAgain) {
  for (int code = 1; code <= 16; ++code) {
    const bool is_away = code == static_cast<int>(absl::StatusCode::kUnavailable);
    const absl::Status status(static_cast<absl::StatusCode>(code), "no");
    EXPECT_EQ(Attempts(status, Repeatable::kYes) > 1, is_away) << code;
    EXPECT_EQ(Attempts(status, Repeatable::kNo), 1) << code;
  }
}

TEST_F(RetrierTest, WhatWasRefusedOrNeverSentMayAlwaysBeTriedAgain) {
  EXPECT_GT(Attempts(MarkUnsent(absl::UnavailableError("away")), Repeatable::kNo), 1);
  EXPECT_GT(Attempts(WithRetryAfter(absl::ResourceExhaustedError("busy"), absl::Seconds(1)), Repeatable::kNo), 1);
  EXPECT_EQ(Attempts(absl::ResourceExhaustedError("a limit"), Repeatable::kYes), 1);
}

TEST_F(RetrierTest, EndsWithTheFirstAnswer) {
  int attempts = 0;
  Retrier retrier(RetryOptions(1));
  const absl::StatusOr<int> result = retrier.Run(Repeatable::kYes, [&]() -> absl::StatusOr<int> {
    if (++attempts < 3) return absl::UnavailableError("away");
    return 7;
  });
  EXPECT_EQ(result.value(), 7);
  EXPECT_EQ(pauses_.size(), 2u);
}

TEST_F(RetrierTest, PausesAreDrawnFromAllOfABackOffThatDoubles) {
  std::vector<absl::Duration> longest(8);
  std::set<absl::Duration> first_pauses;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    pauses_.clear();
    Retrier retrier(RetryOptions(seed));
    (void)retrier.Run(Repeatable::kYes, []() -> absl::StatusOr<int> { return absl::UnavailableError("away"); });
    ASSERT_GT(pauses_.size(), longest.size());
    for (std::size_t i = 0; i < longest.size(); ++i) longest[i] = std::max(longest[i], pauses_[i]);
    first_pauses.insert(pauses_[0]);
  }
  for (std::size_t i = 0; i < longest.size(); ++i) {
    const absl::Duration backoff = std::min(absl::Milliseconds(100) * (1 << i), absl::Seconds(1));
    EXPECT_LT(longest[i], backoff);
    EXPECT_GT(longest[i], backoff * 0.9);
  }
  EXPECT_GT(first_pauses.size(), 190u) << "clients do not come back in step";
  EXPECT_LT(*first_pauses.begin(), absl::Milliseconds(10));
}

TEST_F(RetrierTest, NobodyComesBeforeTheTimeThatTheDaemonAskedFor) {
  std::set<absl::Duration> pauses;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    pauses_.clear();
    Retrier retrier(RetryOptions(seed));
    (void)retrier.Run(Repeatable::kYes, []() -> absl::StatusOr<int> {
      return WithRetryAfter(absl::ResourceExhaustedError("busy"), absl::Seconds(7));
    });
    for (const absl::Duration pause : pauses_) EXPECT_GE(pause, absl::Seconds(7));
    pauses.insert(pauses_[0]);
    EXPECT_LE(Slept(), absl::Seconds(61));
  }
  EXPECT_GT(pauses.size(), 90u) << "nor all at that time";
}

TEST_F(RetrierTest, GivesUpWhenItsPatienceIsOver) {
  Attempts(absl::UnavailableError("away"), Repeatable::kYes);
  EXPECT_GT(Slept(), absl::Seconds(59));
  EXPECT_LE(Slept(), absl::Minutes(1));
  EXPECT_EQ(Attempts(WithRetryAfter(absl::ResourceExhaustedError("busy"), absl::Minutes(1)), Repeatable::kYes), 1);
}

TEST_F(RetrierTest, PatienceDependsOnWhoListens) {
  Retrier::Options options = RetryOptions(1);
  options.patience_for_absent = [](const absl::Status&, absl::Duration) { return absl::Seconds(3); };
  Retrier retrier(options);
  (void)retrier.Run(Repeatable::kYes, []() -> absl::StatusOr<int> { return absl::UnavailableError("away"); });
  EXPECT_LE(Slept(), absl::Seconds(3));
  EXPECT_GT(pauses_.size(), 3u);
}

}  // namespace
}  // namespace oneloop
