#include "server/jobs/queue_forecast.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/jobs/lease_queue.h"

namespace oneloop {
namespace {

const SteadyTime kNow = SteadyTime() + absl::Hours(1);

// Starts of 10 s, bounds left out.
QueuedJob TenSecondJob(std::int64_t id, const std::string& owner, int priority = 0) {
  return {id, owner, priority, 1e6, false};
}

double SecondsUntil(const ForecastStart& expected) { return absl::ToDoubleSeconds(expected.time - kNow); }

TEST(QueueForecastTest, EmptyQueueExpectsNothing) { EXPECT_TRUE(ForecastStarts(LeaseQueue().Plan(), 2, kNow).empty()); }

TEST(QueueForecastTest, JobsBeginInTheOrderOfTurnsAsWorkersBecomeFree) {
  LeaseQueue queue;
  queue.Add(TenSecondJob(1, "ada"), {0, 1}, kNow);
  queue.Take(kNow);
  queue.Add(TenSecondJob(2, "ada"), {0, 1}, kNow);
  queue.Add(TenSecondJob(3, "ada", 5), {0}, kNow);
  queue.Add(TenSecondJob(4, "bob"), {0}, kNow);
  const auto expected = ForecastStarts(queue.Plan(), 1, kNow);
  ASSERT_EQ(expected.size(), 3u) << "the running job waits for nothing";
  EXPECT_EQ(expected.at(4).position, 1);
  EXPECT_NEAR(SecondsUntil(expected.at(4)), 10, 1e-6);
  EXPECT_EQ(expected.at(3).position, 2);
  EXPECT_NEAR(SecondsUntil(expected.at(3)), 20, 1e-6);
  EXPECT_EQ(expected.at(2).position, 3);
  EXPECT_NEAR(SecondsUntil(expected.at(2)), 30, 1e-6);
}

TEST(QueueForecastTest, ItIsWhatTheQueueThenDoes) {
  LeaseQueue queue;
  for (int job = 1; job <= 30; ++job) {
    queue.Add(TenSecondJob(job, job % 3 == 0 ? "ada" : "bob", job % 5), {0, 1, 2}, kNow);
  }
  const auto expected = ForecastStarts(queue.Plan(), 1, kNow);
  SteadyTime now = kNow;
  for (int turn = 0; turn < 90; ++turn) {
    const Lease lease = queue.Take(now).value();
    if (lease.start == 0) {
      EXPECT_EQ(expected.at(lease.job_id).time, now) << lease.job_id;
    }
    now += absl::Seconds(10);
    queue.Vacate(lease, now, true);
    queue.Complete(lease);
  }
}

TEST(QueueForecastTest, MeasuredStartsMoveTheEstimate) {
  LeaseQueue queue;
  queue.Add(TenSecondJob(1, "ada"), {0, 1}, kNow);
  const Lease lease = queue.Take(kNow).value();
  queue.Vacate(lease, kNow + absl::Seconds(50), true);
  queue.Complete(lease);
  queue.Take(kNow);
  queue.Add(TenSecondJob(2, "bob"), {0}, kNow);
  EXPECT_NEAR(SecondsUntil(ForecastStarts(queue.Plan(), 1, kNow).at(2)), 50, 1e-6);
}

TEST(QueueForecastTest, JobThatMayNotRunHasNoPlace) {
  LeaseQueue queue;
  queue.Add(TenSecondJob(1, "ada"), {0}, kNow);
  queue.Add(TenSecondJob(2, "ada"), {0}, kNow);
  queue.Hold(1);
  const auto expected = ForecastStarts(queue.Plan(), 1, kNow);
  EXPECT_EQ(expected.count(1), 0u);
  EXPECT_EQ(expected.at(2).position, 1);
}

TEST(QueueForecastTest, UserAtTheLimitWaitsForTheirOwnWorkers) {
  FairShare::Options options;
  options.max_running_per_user = 1;
  LeaseQueue queue(options);
  queue.Add(TenSecondJob(1, "ada"), {0}, kNow);
  queue.Take(kNow);
  queue.Add(TenSecondJob(2, "ada"), {0}, kNow);
  queue.Add(TenSecondJob(3, "bob"), {0}, kNow);
  const auto expected = ForecastStarts(queue.Plan(), 4, kNow);
  EXPECT_EQ(SecondsUntil(expected.at(3)), 0);
  EXPECT_NEAR(SecondsUntil(expected.at(2)), 10, 1e-6);
}

}  // namespace
}  // namespace oneloop
