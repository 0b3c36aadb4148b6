#include "server/store/job_filter.h"

#include <gtest/gtest.h>

#include "absl/time/time.h"
#include "server/store/run_store.h"

namespace oneloop {
namespace {

using Field = JobFilter::Field;
using Operator = JobFilter::Operator;

JobFilter Compare(Field field, Operator op, std::int64_t number, const std::string& text = "",
                  const std::string& label = "") {
  JobFilter filter;
  filter.kind = JobFilter::Kind::kCompare;
  filter.field = field;
  filter.op = op;
  filter.number = number;
  filter.text = text;
  filter.label = label;
  return filter;
}

JobFilter Of(JobFilter::Kind kind, std::vector<JobFilter> parts) {
  JobFilter filter;
  filter.kind = kind;
  filter.parts = std::move(parts);
  return filter;
}

JobRecord Record() {
  JobRecord record;
  record.id = 12;
  record.state = JobState::kRunning;
  record.create_time = absl::FromUnixSeconds(100);
  record.job.owner = "alice";
  record.job.workload_name = "bert";
  record.job.settings.priority = 5;
  record.job.settings.labels = {{"chip", "a1"}};
  return record;
}

TEST(JobFilterTest, EmptyFilterMatchesEverything) { EXPECT_TRUE(Matches(JobFilter(), Record())); }

TEST(JobFilterTest, EveryOperatorCompares) {
  const JobRecord record = Record();
  const auto matches = [&](Operator op, std::int64_t number) {
    return Matches(Compare(Field::kPriority, op, number), record);
  };
  EXPECT_TRUE(matches(Operator::kEqual, 5) && !matches(Operator::kEqual, 4));
  EXPECT_TRUE(matches(Operator::kNotEqual, 4) && !matches(Operator::kNotEqual, 5));
  EXPECT_TRUE(matches(Operator::kLess, 6) && !matches(Operator::kLess, 5));
  EXPECT_TRUE(matches(Operator::kLessOrEqual, 5) && !matches(Operator::kLessOrEqual, 4));
  EXPECT_TRUE(matches(Operator::kGreater, 4) && !matches(Operator::kGreater, 5));
  EXPECT_TRUE(matches(Operator::kGreaterOrEqual, 5) && !matches(Operator::kGreaterOrEqual, 6));
  EXPECT_TRUE(matches(Operator::kPresent, 0));
}

TEST(JobFilterTest, WhatAJobHasNotIsOnlyDifferent) {
  const JobRecord record = Record();
  for (const Field field : {Field::kEndTime, Field::kStartTime, Field::kDeadline}) {
    for (const Operator op : {Operator::kEqual, Operator::kLess, Operator::kLessOrEqual, Operator::kGreater,
                              Operator::kGreaterOrEqual, Operator::kPresent}) {
      EXPECT_FALSE(Matches(Compare(field, op, 0), record));
    }
    EXPECT_TRUE(Matches(Compare(field, Operator::kNotEqual, 0), record));
  }
  EXPECT_FALSE(Matches(Compare(Field::kLabel, Operator::kEqual, 0, "", "run"), record));
  EXPECT_FALSE(Matches(Compare(Field::kLabel, Operator::kPresent, 0, "", "run"), record));
  EXPECT_TRUE(Matches(Compare(Field::kLabel, Operator::kNotEqual, 0, "x", "run"), record));
}

TEST(JobFilterTest, PartsAreCombined) {
  const JobRecord record = Record();
  const JobFilter yes = Compare(Field::kOwner, Operator::kEqual, 0, "alice");
  const JobFilter no = Compare(Field::kLabel, Operator::kEqual, 0, "b2", "chip");
  EXPECT_FALSE(Matches(Of(JobFilter::Kind::kAnd, {yes, no}), record));
  EXPECT_TRUE(Matches(Of(JobFilter::Kind::kOr, {no, yes}), record));
  EXPECT_TRUE(Matches(Of(JobFilter::Kind::kAnd, {yes, Of(JobFilter::Kind::kNot, {no})}), record));
}

TEST(JobFilterTest, JobsThatHaveNotEndedComeAfterThoseThatHave) {
  JobRecord record = Record();
  const std::int64_t unfinished = OrderKey(JobOrder::kEndTime, record);
  record.end_time = absl::FromUnixSeconds(4000000000);
  EXPECT_LT(OrderKey(JobOrder::kEndTime, record), unfinished);
  EXPECT_EQ(OrderKey(JobOrder::kCreateTime, record), 12);
  EXPECT_EQ(OrderKey(JobOrder::kPriority, record), 5);
}

}  // namespace
}  // namespace oneloop
