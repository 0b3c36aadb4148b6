#include "server/work/result_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/status.h"
#include "server/search/run_start.h"
#include "server/work/point_writer.h"
#include "tests/server/jobs/jobs_test_util.h"
#include "tests/server/search/search_cases.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr char kDesign[] = "L1[WIO] P4 Q4 C8 K8 - L0[WIO] N1\nL1[WIO] R3 S3 P4 Q4 C8 K8 - L0[WIO] N1";

class KeptBatches final : public BatchSink {
 public:
  void AppendPoints(PointBatch batch, std::function<void(absl::Status)> done) override {
    batches.push_back(std::move(batch));
    done(absl::OkStatus());
  }
  std::vector<PointBatch> batches;
};

class ResultCheckTest : public testing::Test {
 protected:
  static PointBatch Good() {
    PointBatch batch;
    batch.job_id = 1;
    batch.samples_done = 3;
    NewPoint step;
    step.sample = 1;
    step.energy_uj = 1;
    step.latency_cycles = 2;
    step.area_mm2 = 3;
    step.parameters = {5.5};
    NewPoint exact = step;
    exact.sequence = 1;
    exact.sample = 3;
    exact.origin = PointOrigin::kRounded;
    exact.score = 2;
    exact.parameters = {5};
    exact.design = kDesign;
    batch.points = {step, exact};
    return batch;
  }

  const std::shared_ptr<const SearchSpec> spec_ = TestSpec(5, 60);
};

TEST_F(ResultCheckTest, TakesWhatAStartFinds) { EXPECT_EQ(CheckBatch(*spec_, Good()), absl::OkStatus()); }

TEST_F(ResultCheckTest, RefusesWhatNoStartFinds) {
  struct Case {
    const char* field;
    std::function<void(PointBatch*)> break_it;
  };
  const Case cases[] = {
      {"lease.unit", [](PointBatch* b) { b->start = -1; }},
      {"lease.unit", [](PointBatch* b) { b->start = 5; }},
      {"samples_done", [](PointBatch* b) { b->samples_done = -1; }},
      {"samples_done", [](PointBatch* b) { b->samples_done = 61; }},
      {"within_stop_gap", [](PointBatch* b) { b->start_done = b->within_stop_gap = true; }},
      {"points[0].sequence", [](PointBatch* b) { b->points[0].sequence = -1; }},
      {"points[0].sequence", [](PointBatch* b) { b->points[0].sequence = 12; }},
      {"points[1].sample", [](PointBatch* b) { b->points[1].sample = 0; }},
      {"points[1].sample", [](PointBatch* b) { b->points[1].sample = 4; }},
      {"points[0].sample", [](PointBatch* b) { b->points[0].sample = -1; }},
      {"points[0].origin", [](PointBatch* b) { b->points[0].origin = static_cast<PointOrigin>(0); }},
      {"points[0].origin", [](PointBatch* b) { b->points[0].origin = static_cast<PointOrigin>(99); }},
      {"points[1].energy_uj", [](PointBatch* b) { b->points[1].energy_uj = kNan; }},
      {"points[1].latency_cycles", [](PointBatch* b) { b->points[1].latency_cycles = -kInfinity; }},
      {"points[1].area_mm2", [](PointBatch* b) { b->points[1].area_mm2 = -1; }},
      {"points[1].score", [](PointBatch* b) { b->points[1].score = kNan; }},
      {"points[0].score", [](PointBatch* b) { b->points[0].score = 1; }},
      {"points[0].parameters", [](PointBatch* b) { b->points[0].parameters = {}; }},
      {"points[0].parameters", [](PointBatch* b) { b->points[0].parameters = {kNan}; }},
      {"points[0].parameters", [](PointBatch* b) { b->points[0].parameters = {65}; }},
      {"points[1].parameters", [](PointBatch* b) { b->points[1].parameters = {5.5}; }},
      {"points[0].design", [](PointBatch* b) { b->points[0].design = kDesign; }},
      {"points[1].design", [](PointBatch* b) { b->points[1].design = ""; }},
      {"points[1].design", [](PointBatch* b) { b->points[1].design += "\n"; }},
      {"points[1].design[1]", [](PointBatch* b) { b->points[1].design.pop_back(); }},
      {"points[1].design[1]", [](PointBatch* b) { b->points[1].design += "   "; }},
  };
  for (const Case& one : cases) {
    PointBatch batch = Good();
    one.break_it(&batch);
    const absl::Status status = CheckBatch(*spec_, batch);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << one.field;
    EXPECT_THAT(Message(status), HasSubstr(one.field));
  }
}

// What real starts find passes, whatever finds it; a best point with other figures does not.
TEST_F(ResultCheckTest, ABestPointHasTheModelsFigures) {
  std::vector<SearchSpec> specs = {ShippedSpec("bert"), SpecFor(ShippedWorkload("alexnet"), ShippedTemplate("eyeriss")),
                                   SpecFor(JoinShipped({{"bert", 2}, {"alexnet", 1}}), ShippedTemplate("simba"))};
  specs.back().combination.kind = Combination::Kind::kGeometricMean;
  for (const Algorithm algorithm : {Algorithm::kRandom, Algorithm::kBayesian}) {
    specs.push_back(ShippedSpec("bert"));
    specs.back().algorithm = algorithm;
  }
  specs.push_back(ShippedSpec("bert"));
  specs.back().front = FrontSpace();
  specs.back().objective = ProductOf(*specs.back().front);
  for (SearchSpec& spec : specs) {
    spec.samples_per_start = 150;
    KeptBatches kept;
    WorkSignals signals;
    PointWriter::Options options;
    options.points_per_batch = 10;
    PointWriter writer(&kept, *spec.hardware_template, {1, 0}, &signals, options);
    const StartSummary summary = RunStart(spec, 0, writer);
    ASSERT_EQ(writer.Finish(summary.samples, Ending::kDone), absl::OkStatus());
    int forged = 0;
    for (const PointBatch& batch : kept.batches) {
      EXPECT_EQ(CheckBatch(spec, batch), absl::OkStatus());
      EXPECT_EQ(CheckBest(spec, batch), absl::OkStatus());
      const auto by_score = [](const NewPoint& a, const NewPoint& b) { return a.score < b.score; };
      const auto best = std::min_element(batch.points.begin(), batch.points.end(), by_score);
      if (best == batch.points.end() || std::isinf(best->score)) continue;
      for (double NewPoint::*figure :
           {&NewPoint::energy_uj, &NewPoint::latency_cycles, &NewPoint::area_mm2, &NewPoint::score}) {
        PointBatch forgery = batch;
        double& value = forgery.points[static_cast<std::size_t>(best - batch.points.begin())].*figure;
        value = std::nextafter(value, 0);
        EXPECT_TRUE(absl::IsInvalidArgument(CheckBest(spec, forgery)));
        ++forged;
      }
      // With a worse score it would still dominate all others.
      PointBatch forgery = batch;
      NewPoint wonder = *best;
      wonder.energy_uj = wonder.latency_cycles = 5;
      wonder.score *= 2;
      wonder.area_mm2 *= 2;
      forgery.points.push_back(wonder);
      EXPECT_TRUE(absl::IsInvalidArgument(CheckBest(spec, forgery)));
    }
    EXPECT_GT(forged, 0);
  }
}

TEST_F(ResultCheckTest, RefusesOutcomesOfAnotherKindOfLease) {
  Outcome bound;
  bound.ending = Ending::kDone;
  bound.bound = JobBound{1, 1, 1, 1, true, {}, 1};
  EXPECT_EQ(CheckOutcome(*spec_, {1, kBoundUnit}, bound), absl::OkStatus());
  EXPECT_FALSE(CheckOutcome(*spec_, {1, 0}, bound).ok());
  EXPECT_FALSE(CheckOutcome(*spec_, {1, kDiagnosisUnit}, bound).ok());
  for (double JobBound::*figure :
       {&JobBound::objective, &JobBound::energy_uj, &JobBound::latency_cycles, &JobBound::area_mm2}) {
    Outcome wrong = bound;
    (*wrong.bound).*figure = kNan;
    EXPECT_FALSE(CheckOutcome(*spec_, {1, kBoundUnit}, wrong).ok());
  }
  Outcome many = bound;
  many.bound->own_bests = {1, 2, 3};
  EXPECT_FALSE(CheckOutcome(*spec_, {1, kBoundUnit}, many).ok());
  Outcome done;
  done.ending = Ending::kDone;
  EXPECT_EQ(CheckOutcome(*spec_, {1, 0}, done), absl::OkStatus());
  EXPECT_FALSE(CheckOutcome(*spec_, {1, kBoundUnit}, done).ok()) << "a proof without a bound";
  Outcome conflict = done;
  conflict.conflict = "none";
  EXPECT_FALSE(CheckOutcome(*spec_, {1, 0}, conflict).ok());
  EXPECT_EQ(CheckOutcome(*spec_, {1, kDiagnosisUnit}, conflict), absl::OkStatus());
  conflict.bound = bound.bound;
  EXPECT_FALSE(CheckOutcome(*spec_, {1, kBoundUnit}, conflict).ok()) << "of a job that has designs";
  conflict.bound->objective = kInfinity;
  EXPECT_EQ(CheckOutcome(*spec_, {1, kBoundUnit}, conflict), absl::OkStatus());
  Outcome within;
  within.ending = Ending::kWithinStopGap;
  EXPECT_FALSE(CheckOutcome(*spec_, {1, 0}, within).ok()) << "the job has no stop gap";
}

}  // namespace
}  // namespace oneloop
