#include "server/handlers/job_filter_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/time/time.h"
#include "common/base/status.h"
#include "server/store/run_store.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

JobRecord Record() {
  JobRecord record;
  record.id = 12;
  record.state = JobState::kRunning;
  record.create_time = absl::FromCivil(absl::CivilSecond(2026, 6, 1, 12, 0, 0), absl::UTCTimeZone());
  record.job.owner = "alice";
  record.job.workload_name = "bert";
  record.job.template_name = "gemmini";
  record.job.settings.priority = 5;
  record.job.settings.labels = {{"chip", "a1"}, {"run-2", "Night.1"}};
  return record;
}

bool Holds(const std::string& text) {
  const absl::StatusOr<JobFilter> filter = ParseJobFilter(text);
  EXPECT_TRUE(filter.ok()) << text << ": " << filter.status();
  return filter.ok() && Matches(*filter, Record());
}

std::string ErrorOf(const std::string& text) {
  const absl::Status status = ParseJobFilter(text).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
  EXPECT_EQ(FieldOf(status), "filter") << text;
  return Message(status);
}

TEST(JobFilterParserTest, ConditionsThatHold) {
  for (const char* text : {"",
                           "  ",
                           "state=RUNNING",
                           "state = running",
                           "owner=alice",
                           "workload=bert",
                           "template=gemmini",
                           "label.chip=a1",
                           "label.run-2=Night.1",
                           "label.chip:*",
                           "label.chip != b2",
                           "label.other!=x",
                           "priority=5",
                           "priority>=5",
                           "priority>-100",
                           "pinned=false",
                           "create_time>2026-01-01T00:00:00Z",
                           "create_time<2027-01-01",
                           "create_time>=2026-06-01T14:00:00+02:00",
                           "create_time=\"2026-06-01T12:00:00Z\"",
                           "owner=\"alice\"",
                           "end_time!=2026-01-01",
                           "state=RUNNING AND label.chip=a1 AND owner=alice AND create_time>2026-01-01T00:00:00Z",
                           "state=FAILED OR owner=alice",
                           "NOT state=FAILED",
                           "NOT NOT owner=alice",
                           "(owner=alice)",
                           "state=FAILED AND owner=bob OR owner=alice",
                           "NOT(state=FAILED OR owner=bob)"}) {
    EXPECT_TRUE(Holds(text)) << text;
  }
}

TEST(JobFilterParserTest, ConditionsThatDoNotHold) {
  for (const char* text :
       {"state=PENDING", "state!=RUNNING", "owner=bob", "owner=\"alice \"", "label.chip=b2", "label.other:*",
        "label.other=x", "priority<5", "pinned=true", "create_time<2026-01-01T00:00:00Z", "end_time:*",
        "end_time>2026-01-01", "deadline<2099-01-01", "state=FAILED AND (owner=bob OR owner=alice)",
        "owner=alice AND NOT label.chip=a1"}) {
    EXPECT_FALSE(Holds(text)) << text;
  }
}

TEST(JobFilterParserTest, ErrorsSayWhereAndWhatWouldBeValid) {
  EXPECT_THAT(ErrorOf("stat=RUNNING"), HasSubstr("at character 1: there is no field 'stat' (did you mean 'state'?)"));
  EXPECT_THAT(ErrorOf("state"), HasSubstr("at character 6: expected = != < <= > >= or :* after state"));
  EXPECT_THAT(ErrorOf("state="), HasSubstr("at character 7: expected a value of state"));
  EXPECT_THAT(ErrorOf("state=DONE"), HasSubstr("valid: PENDING, RUNNING, PAUSED"));
  EXPECT_THAT(ErrorOf("state>RUNNING"), HasSubstr("state knows no order; valid: = and !="));
  EXPECT_THAT(ErrorOf("owner=a owner=b"), HasSubstr("at character 9: expected AND, OR or the end"));
  EXPECT_THAT(ErrorOf("owner=a and owner=b"), HasSubstr("expected AND, OR or the end"));
  EXPECT_THAT(ErrorOf("owner=a AND"), HasSubstr("expected a field"));
  EXPECT_THAT(ErrorOf("(owner=a"), HasSubstr("expected )"));
  EXPECT_THAT(ErrorOf("owner=a)"), HasSubstr("expected AND, OR or the end"));
  EXPECT_THAT(ErrorOf("owner=\"a"), HasSubstr("the quote is not closed"));
  EXPECT_THAT(ErrorOf("owner:a"), HasSubstr("expected * after :"));
  EXPECT_THAT(ErrorOf("priority=high"), HasSubstr("valid: a whole number"));
  EXPECT_THAT(ErrorOf("priority=99999999999999999999"), HasSubstr("valid: a whole number"));
  EXPECT_THAT(ErrorOf("pinned=yes"), HasSubstr("valid: true or false"));
  EXPECT_THAT(ErrorOf("create_time>yesterday"), HasSubstr("valid: 2026-01-01T00:00:00Z or 2026-01-01"));
  EXPECT_THAT(ErrorOf("label.=x"), HasSubstr("is no label's name"));
  EXPECT_THAT(ErrorOf("label.Chip=x"), HasSubstr("is no label's name"));
  EXPECT_THAT(ErrorOf("=x"), HasSubstr("expected a field"));
  EXPECT_THAT(ErrorOf("NOT"), HasSubstr("expected a field"));
}

TEST(JobFilterParserTest, LongAndDeepOnesAreRefused) {
  EXPECT_THAT(ErrorOf(std::string(2001, ' ')), HasSubstr("valid: at most 2000"));
  EXPECT_THAT(ErrorOf(std::string(900, '(') + "owner=a" + std::string(900, ')')), HasSubstr("nests too deeply"));
  std::string nots;
  for (int i = 0; i < 400; ++i) nots += "NOT ";
  EXPECT_THAT(ErrorOf(nots + "owner=a"), HasSubstr("nests too deeply"));
  EXPECT_TRUE(Holds(std::string(32, '(') + "owner=alice" + std::string(32, ')')));
}

TEST(JobFilterParserTest, AnyBytesGiveAFilterOrAnError) {
  const std::string valid = "state=RUNNING AND (label.chip:* OR NOT create_time>2026-01-01T00:00:00Z)";
  for (std::size_t i = 0; i < valid.size(); ++i) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string text = valid;
      text[i] = static_cast<char>(byte);
      const absl::StatusOr<JobFilter> filter = ParseJobFilter(text);
      if (filter.ok()) {
        Matches(*filter, Record());
      } else {
        EXPECT_EQ(FieldOf(filter.status()), "filter");
      }
    }
  }
}

TEST(JobOrderTest, FieldsAndDirections) {
  EXPECT_FALSE(ParseJobOrder("")->ascending);
  EXPECT_EQ(ParseJobOrder("")->order, JobOrder::kCreateTime);
  EXPECT_TRUE(ParseJobOrder("priority")->ascending);
  EXPECT_EQ(ParseJobOrder(" end_time  desc ")->order, JobOrder::kEndTime);
  EXPECT_FALSE(ParseJobOrder("end_time desc")->ascending);
  EXPECT_TRUE(ParseJobOrder("create_time asc")->ascending);
  for (const char* text : {"owner", "priority down", "priority desc desc", "priority,end_time", "desc"}) {
    EXPECT_EQ(FieldOf(ParseJobOrder(text).status()), "order_by") << text;
  }
}

}  // namespace
}  // namespace oneloop
