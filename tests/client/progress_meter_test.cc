#include "client/progress_meter.h"

#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/client_harness.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const SteadyTime kStart = SteadyTime() + absl::Hours(1);

TEST(ProgressMeterTest, DerivesSpeedAndTimeLeftFromTheLastSeconds) {
  ProgressMeter meter;
  meter.Update(MakeJob(12, v1::RUNNING, 100), kStart);
  EXPECT_EQ(meter.SamplesPerSecond(), 0);
  EXPECT_EQ(meter.TimeLeft(kStart), absl::InfiniteDuration());
  meter.Update(MakeJob(12, v1::RUNNING, 300), kStart + absl::Seconds(2));
  EXPECT_DOUBLE_EQ(meter.SamplesPerSecond(), 100);
  EXPECT_EQ(meter.TimeLeft(kStart + absl::Seconds(2)), absl::Seconds(7));
  EXPECT_EQ(meter.TimeLeft(kStart + absl::Seconds(5)), absl::Seconds(4));
  EXPECT_EQ(meter.TimeLeft(kStart + absl::Seconds(60)), absl::ZeroDuration());
}

TEST(ProgressMeterTest, ForgetsOldSpeeds) {
  ProgressMeter meter;
  meter.Update(MakeJob(12, v1::RUNNING, 0), kStart);
  meter.Update(MakeJob(12, v1::RUNNING, 500), kStart + absl::Seconds(1));
  meter.Update(MakeJob(12, v1::RUNNING, 510), kStart + absl::Seconds(11));
  EXPECT_DOUBLE_EQ(meter.SamplesPerSecond(), 1);
}

TEST(ProgressMeterTest, ForgetsTheSpeedBeforeAPause) {
  ProgressMeter meter;
  meter.Update(MakeJob(12, v1::RUNNING, 0), kStart);
  meter.Update(MakeJob(12, v1::RUNNING, 500), kStart + absl::Seconds(1));
  meter.Update(MakeJob(12, v1::PAUSED, 500), kStart + absl::Seconds(2));
  EXPECT_EQ(meter.TimeLeft(kStart + absl::Seconds(2)), absl::InfiniteDuration());
  meter.Update(MakeJob(12, v1::RUNNING, 500), kStart + absl::Seconds(3));
  EXPECT_EQ(meter.SamplesPerSecond(), 0);
}

TEST(ProgressMeterTest, ShowsTheMeanSpeedOfAJobThatIsOver) {
  v1::Job job = MakeJob(12, v1::SUCCEEDED, 1000);
  job.mutable_start_time()->set_seconds(1800000000);
  job.mutable_end_time()->set_seconds(1800000004);
  ProgressMeter meter;
  meter.Update(job, kStart);
  EXPECT_DOUBLE_EQ(meter.SamplesPerSecond(), 250);
  EXPECT_THAT(meter.Line(kStart, 120), Not(HasSubstr("left")));
}

TEST(ProgressMeterTest, DrawsOneLine) {
  ProgressMeter meter;
  meter.Update(MakeJob(12, v1::RUNNING, 250), kStart);
  v1::Job job = MakeJob(12, v1::RUNNING, 500);
  *job.mutable_best() = MakePoint(3, 1e5, 7.1e5);
  meter.Update(job, kStart + absl::Seconds(1));
  EXPECT_EQ(meter.Line(kStart + absl::Seconds(1), 140),
            "job 12 running  [############------------]  50 %  best EDP 7.100e10  250 samples/s  2 s left  "
            "500/1,000 samples");
  *job.mutable_certificate() = MakeCertificate(6.98e10, 0.0172);
  meter.Update(job, kStart + absl::Seconds(1));
  EXPECT_THAT(meter.Line(kStart + absl::Seconds(1), 140), HasSubstr("best EDP 7.100e10, gap 1.8 %  250 samples/s"));
}

TEST(ProgressMeterTest, NeverWrapsANarrowTerminal) {
  ProgressMeter meter;
  meter.Update(MakeJob(12, v1::RUNNING, 500), kStart);
  EXPECT_THAT(meter.Line(kStart, 60), StartsWith("job 12 running  [####"));
  for (int columns = 1; columns < 120; ++columns) {
    EXPECT_LT(meter.Line(kStart, columns).size(), static_cast<std::size_t>(std::max(2, columns)));
  }
}

TEST(LiveLineTest, RedrawsInPlaceAndEndsWithALineBreak) {
  std::ostringstream out;
  {
    LiveLine line(out, true);
    line.Draw("one");
    line.Draw("one");
    line.Draw("two");
  }
  EXPECT_EQ(out.str(), "\rone\x1b[K\rtwo\x1b[K\n");
}

TEST(LiveLineTest, IsSilentWhenDisabled) {
  std::ostringstream out;
  { LiveLine(out, false).Draw("one"); }
  EXPECT_EQ(out.str(), "");
}

}  // namespace
}  // namespace oneloop
