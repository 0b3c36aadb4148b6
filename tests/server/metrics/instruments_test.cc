#include "server/metrics/instruments.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace oneloop {
namespace {

TEST(HistogramTest, TimesFallIntoTheirRange) {
  Histogram histogram;
  histogram.Observe(absl::Microseconds(500));  // a bound belongs to the range below it
  histogram.Observe(absl::Microseconds(501));
  histogram.Observe(absl::Seconds(-1));
  histogram.Observe(absl::Hours(1));
  const Histogram::Reading reading = histogram.Read();
  EXPECT_EQ(reading.count, 4);
  EXPECT_EQ(reading.counts.front(), 2);
  EXPECT_EQ(reading.counts[1], 1);
  EXPECT_EQ(reading.counts.back(), 1);
  EXPECT_DOUBLE_EQ(reading.sum_seconds, 3600 + 0.001001);
}

TEST(HistogramTest, NothingIsLostBetweenThreads) {
  Histogram histogram;
  Counter counter;
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 10000; ++j) {
        histogram.Observe(absl::Milliseconds(1));
        counter.Add(2);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(histogram.Read().count, 40000);
  EXPECT_NEAR(histogram.Read().sum_seconds, 40, 1e-9);
  EXPECT_EQ(counter.value(), 80000);
}

TEST(CallMetricsTest, CallsAreKeptByMethodAndCode) {
  CallMetrics calls;
  calls.OnEnd("S.Get", "OK", absl::Milliseconds(1));
  calls.OnEnd("S.Get", "NOT_FOUND", absl::Milliseconds(1));
  calls.OnEnd("S.Get", "OK", absl::Milliseconds(2));
  calls.OnEnd("S.Create", "OK", absl::Milliseconds(3));
  const std::vector<CallMetrics::Reading> readings = calls.Read();
  ASSERT_EQ(readings.size(), 3u);
  EXPECT_EQ(readings[0].method, "S.Create");
  EXPECT_EQ(readings[1].code, "NOT_FOUND");
  EXPECT_EQ(readings[2].code, "OK");
  EXPECT_EQ(readings[2].durations.count, 2);
}

}  // namespace
}  // namespace oneloop
