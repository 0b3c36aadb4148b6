#include "client/retry.h"

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
    options.max_attempts = 4;
    options.first_pause = absl::Milliseconds(100);
    options.seed = seed;
    options.sleep = [this](absl::Duration pause) { pauses_.push_back(pause); };
    return options;
  }
  // How often a call that always fails with this code is made.
  int Attempts(absl::StatusCode code) {
    int attempts = 0;
    Retrier retrier(RetryOptions(1));
    const absl::StatusOr<int> result = retrier.Run([&]() -> absl::StatusOr<int> {
      ++attempts;
      return absl::Status(code, "no");
    });
    EXPECT_EQ(result.status().code(), code);
    return attempts;
  }
  std::vector<absl::Duration> pauses_;
};

TEST_F(RetrierTest, OnlyADaemonThatIsAwayIsAskedAgain) {
  for (int code = 1; code <= 16; ++code) {
    const bool is_away = code == static_cast<int>(absl::StatusCode::kUnavailable);
    EXPECT_EQ(Attempts(static_cast<absl::StatusCode>(code)), is_away ? 4 : 1) << code;
  }
}

TEST_F(RetrierTest, EndsWithTheFirstAnswer) {
  int attempts = 0;
  Retrier retrier(RetryOptions(1));
  const absl::StatusOr<int> result = retrier.Run([&]() -> absl::StatusOr<int> {
    if (++attempts < 3) return absl::UnavailableError("away");
    return 7;
  });
  EXPECT_EQ(result.value(), 7);
  EXPECT_EQ(pauses_.size(), 2u);
}

TEST_F(RetrierTest, PausesDoubleAndAreShortenedAtRandom) {
  std::set<absl::Duration> first_pauses;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    pauses_.clear();
    Retrier retrier(RetryOptions(seed));
    (void)retrier.Run([]() -> absl::StatusOr<int> { return absl::UnavailableError("away"); });
    ASSERT_EQ(pauses_.size(), 3u);
    for (int i = 0; i < 3; ++i) {
      const absl::Duration longest = absl::Milliseconds(100) * (1 << i);
      EXPECT_GT(pauses_[static_cast<std::size_t>(i)], longest / 2 - absl::Nanoseconds(1));
      EXPECT_LE(pauses_[static_cast<std::size_t>(i)], longest);
    }
    first_pauses.insert(pauses_[0]);
  }
  EXPECT_GT(first_pauses.size(), 90u) << "clients do not come back in step";
}

}  // namespace
}  // namespace oneloop
