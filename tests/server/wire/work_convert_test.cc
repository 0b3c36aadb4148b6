#include "server/wire/work_convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "tests/server/jobs/jobs_test_util.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

PointBatch SomeBatch() {
  PointBatch batch;
  batch.job_id = 9;
  batch.start = 2;
  batch.samples_done = 40;
  batch.start_done = true;
  batch.within_stop_gap = true;
  for (int i = 0; i < 4; ++i) {
    NewPoint& point = batch.points.emplace_back();
    point.sequence = 17 + i;
    point.sample = 30 + 2 * i;
    point.origin = i % 2 == 0 ? PointOrigin::kDescent : PointOrigin::kPolish;
    point.energy_uj = 0.1 * i;
    point.latency_cycles = i == 3 ? std::numeric_limits<double>::infinity() : 7.0 * i;
    point.area_mm2 = 1.0 / (i + 3);
    if (i % 2 == 1) {
      point.score = 3;
      point.design = absl::StrCat("text ", i);
    }
    point.parameters = {1.0 + i, 2.0 / 3};
  }
  return batch;
}

v1::ReportPointsRequest RequestOf(const PointBatch& batch) {
  v1::ReportPointsRequest request;
  *request.mutable_lease() = ToProto({Lease{batch.job_id, batch.start}, 5});
  BatchToProto(batch, &request);
  return request;
}

TEST(WorkConvertTest, BatchesArriveAsTheyWereSent) {
  const PointBatch sent = SomeBatch();
  const PointBatch come = BatchFromProto(RequestOf(sent), 2).value();
  EXPECT_EQ(come.job_id, sent.job_id);
  EXPECT_EQ(come.start, sent.start);
  EXPECT_EQ(come.samples_done, sent.samples_done);
  EXPECT_TRUE(come.start_done);
  EXPECT_TRUE(come.within_stop_gap);
  ASSERT_EQ(come.points.size(), sent.points.size());
  for (std::size_t i = 0; i < sent.points.size(); ++i) {
    EXPECT_EQ(come.points[i].sequence, sent.points[i].sequence);
    EXPECT_EQ(come.points[i].sample, sent.points[i].sample);
    EXPECT_EQ(come.points[i].origin, sent.points[i].origin);
    EXPECT_EQ(come.points[i].energy_uj, sent.points[i].energy_uj);
    EXPECT_EQ(come.points[i].latency_cycles, sent.points[i].latency_cycles);
    EXPECT_EQ(come.points[i].area_mm2, sent.points[i].area_mm2);
    EXPECT_EQ(come.points[i].score, sent.points[i].score);
    EXPECT_EQ(come.points[i].parameters, sent.points[i].parameters);
    EXPECT_EQ(come.points[i].design, sent.points[i].design);
  }
}

TEST(WorkConvertTest, FieldsOfDifferentLengthsAreRefusedByName) {
  struct Case {
    const char* field;
    void (*break_it)(v1::WorkPoints*);
  };
  const Case cases[] = {
      {"origins", [](v1::WorkPoints* p) { p->mutable_origins()->push_back(1); }},
      {"energy_uj", [](v1::WorkPoints* p) { p->add_energy_uj(1); }},
      {"latency_cycles", [](v1::WorkPoints* p) { p->clear_latency_cycles(); }},
      {"area_mm2", [](v1::WorkPoints* p) { p->add_area_mm2(1); }},
      {"scores", [](v1::WorkPoints* p) { p->mutable_scores()->RemoveLast(); }},
      {"parameters", [](v1::WorkPoints* p) { p->add_parameters(1); }},
      {"designs", [](v1::WorkPoints* p) { p->add_designs(std::string("x")); }},
      {"design_points[0]", [](v1::WorkPoints* p) { p->set_design_points(0, -1); }},
      {"design_points[1]", [](v1::WorkPoints* p) { p->set_design_points(1, 4); }},
      {"design_points[1]", [](v1::WorkPoints* p) { p->set_design_points(1, p->design_points(0)); }},
  };
  for (const Case& one : cases) {
    v1::ReportPointsRequest request = RequestOf(SomeBatch());
    one.break_it(request.mutable_points());
    const absl::Status status = BatchFromProto(request, 2).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << one.field;
    EXPECT_THAT(Message(status), HasSubstr(one.field));
  }
  EXPECT_FALSE(BatchFromProto(RequestOf(SomeBatch()), 3).ok()) << "another number of parameters";
}

TEST(WorkConvertTest, OutcomesArriveAsTheyWereSent) {
  Outcome sent;
  sent.ending = Ending::kDone;
  sent.remark = "diverged";
  sent.bound = JobBound{1, 2, 3, 4, true, {5, std::numeric_limits<double>::infinity()}, 6};
  sent.conflict = "no design";
  v1::EndLeaseRequest request;
  OutcomeToProto(sent, &request);
  const Outcome come = OutcomeFromProto(request).value().value();
  EXPECT_EQ(come.ending, sent.ending);
  EXPECT_EQ(come.remark, sent.remark);
  EXPECT_EQ(come.conflict, sent.conflict);
  EXPECT_EQ(come.bound->objective, 1);
  EXPECT_EQ(come.bound->energy_uj, 2);
  EXPECT_EQ(come.bound->latency_cycles, 3);
  EXPECT_EQ(come.bound->boxes, 4);
  EXPECT_TRUE(come.bound->exhausted);
  EXPECT_EQ(come.bound->own_bests, sent.bound->own_bests);
  EXPECT_EQ(come.bound->area_mm2, 6);

  v1::EndLeaseRequest failed;
  OutcomeToProto(absl::UnavailableError("no memory"), &failed);
  const absl::StatusOr<Outcome> failure = OutcomeFromProto(failed).value();
  EXPECT_TRUE(absl::IsInternal(failure.status())) << "not the daemon's storage";
  EXPECT_EQ(failure.status().message(), "no memory");
  EXPECT_FALSE(OutcomeFromProto(v1::EndLeaseRequest()).ok()) << "says nothing";
}

TEST(WorkConvertTest, AGrantSaysWhatFollowsFromOtherPartsOfTheJob) {
  SearchSpec spec = *TestSpec(2, 10);
  HeldLease held;
  held.lease = {3, 1};
  held.epoch = 8;
  held.spec = std::make_shared<const SearchSpec>(spec);
  EXPECT_EQ(SearchOfGrant(held.spec, GrantToProto(held)), held.spec);
  spec.stop_score = 4.5;
  spec.combination.references = {1, 2};
  held.spec = std::make_shared<const SearchSpec>(spec);
  const v1::GrantedLease granted = GrantToProto(held);
  EXPECT_EQ(FromProto(granted.lease()).lease, held.lease);
  EXPECT_EQ(FromProto(granted.lease()).epoch, 8u);
  const auto search = SearchOfGrant(TestSpec(2, 10), granted);
  EXPECT_EQ(search->stop_score, 4.5);
  EXPECT_EQ(search->combination.references, spec.combination.references);
}

}  // namespace
}  // namespace oneloop
