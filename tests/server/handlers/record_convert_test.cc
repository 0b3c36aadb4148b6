#include "server/handlers/record_convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "oneloop/v1/job.pb.h"

namespace oneloop {
namespace {

JobRecord JobWithBound(double objective) {
  v1::JobSpec spec;
  spec.set_objective(v1::EDP);
  JobRecord record;
  record.id = 1;
  record.job.project = "chip";
  record.job.spec = spec.SerializeAsString();
  record.bound.emplace().objective = objective;
  return record;
}

PointRecord BestPoint(double energy_uj, double latency_cycles) {
  PointRecord point;
  point.point.energy_uj = energy_uj;
  point.point.latency_cycles = latency_cycles;
  point.point.score = energy_uj * latency_cycles;
  return point;
}

TEST(RecordConvertTest, BoundIsToldWithTheGapOfTheBestDesign) {
  const v1::Job job = JobToProto(JobWithBound(10), BestPoint(3, 4), SpecDetail::kWhole).value();
  EXPECT_EQ(job.certificate().lower_bound(), 10);
  EXPECT_NEAR(job.certificate().gap(), 0.2, 1e-12);
  EXPECT_EQ(job.message(), "");
}

// S16: a design "below the proven bound" was shown as if both were true.
TEST(RecordConvertTest, BoundThatADesignContradictsIsNotTold) {
  const v1::Job job = JobToProto(JobWithBound(10), BestPoint(1, 5), SpecDetail::kWhole).value();
  EXPECT_FALSE(job.has_certificate());
  EXPECT_THAT(job.message(), testing::HasSubstr("please report"));
}

}  // namespace
}  // namespace oneloop
