#include "server/http/request_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status.h"
#include "oneloop/v1/search_service.pb.h"
#include "server/http/http_message.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kMost = 1 << 20;

TEST(RequestJsonTest, ReadsProtoFieldNames) {
  v1::CreateJobRequest request;
  ASSERT_TRUE(ReadJson(R"({"parent":"projects/p","spec":{"workload_name":"w","starts":3,"seed":"18446744073709551615",
                           "limits":[{"quantity":"area_mm2","max":4}]},"labels":{"a":"b"},"deadline_after":"60s"})",
                       kMost, &request)
                  .ok());
  EXPECT_EQ(request.spec().workload_name(), "w");
  EXPECT_EQ(request.spec().starts(), 3);
  EXPECT_EQ(request.spec().seed(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(request.spec().limits(0).max(), 4);
  EXPECT_EQ(request.labels().at("a"), "b");
  EXPECT_EQ(request.deadline_after().seconds(), 60);
}

TEST(RequestJsonTest, OnlyOneStrictObjectIsTaken) {
  const std::string deep_array = absl::StrCat(R"({"a":)", std::string(100, '['), std::string(100, ']'), "}");
  const std::string deep_object = absl::StrJoin(std::vector<std::string>(100000, R"({"a":)"), "");
  const std::vector<std::string> wrong = {"",
                                          "[]",
                                          "1",
                                          "null",
                                          "\"a\"",
                                          "{",
                                          "{}{}",
                                          "{} x",
                                          "{'a':1}",
                                          "{a:1}",
                                          "{\"a\":1,}",
                                          "{\"a\":NaN}",
                                          "{\"a\":Infinity}",
                                          "{\"a\":1e999}",
                                          "{\"a\":01}",
                                          "{\"a\":\"\xff\"}",
                                          "{\"a\":\"\\ud800\"}",
                                          "{\"a\":1 /* x */}",
                                          "{\"a\":1,\"a\":1}",
                                          "{\"a\":{\"b\":1,\"b\":2}}",
                                          deep_array,
                                          deep_object};
  for (const std::string& text : wrong) {
    EXPECT_EQ(CheckJson(text).code(), absl::StatusCode::kInvalidArgument) << text.substr(0, 60);
  }
  EXPECT_THAT(Message(CheckJson(R"({"x":{"b":1,"b":2}})")), HasSubstr("'b' stands twice"));
  EXPECT_THAT(Message(CheckJson(deep_array)), HasSubstr("deeper than 32"));
  EXPECT_TRUE(CheckJson(R"({"a":{"x":1},"b":{"x":1},"c":[{"x":1},{"x":2}]})").ok());
}

struct Wrong {
  const char* json;
  const char* field;
  const char* text;
};

TEST(RequestJsonTest, ErrorsNameTheField) {
  for (const Wrong& wrong :
       {Wrong{R"({"spec":{"starts":"x"}})", "spec.starts", "is \"x\"; valid: a whole number of 32 bits"},
        Wrong{R"({"spec":{"starts":1e99}})", "spec.starts", "valid: a whole number of 32 bits"},
        Wrong{R"({"spec":{"starts":1.5}})", "spec.starts", "valid: a whole number of 32 bits"},
        Wrong{R"({"spec":{"foo":1}})", "spec.foo", "there is no such field"},
        Wrong{R"({"spec":{"limits":[{"max":"abc"}]}})", "spec.limits[0].max", "valid: a number"},
        Wrong{R"({"spec":{"objective":"BLA"}})", "spec.objective", "is \"BLA\""}, Wrong{R"({"spec":[1]})", "spec", ""},
        Wrong{R"({"validate_only":1})", "validate_only", "valid: true, false"},
        Wrong{R"({"deadline":"yesterday"})", "deadline", ""}, Wrong{R"({"request_id":5})", "request_id", "a text"}}) {
    v1::CreateJobRequest request;
    const absl::Status status = ReadJson(wrong.json, kMost, &request);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << wrong.json;
    EXPECT_EQ(FieldOf(status), wrong.field) << status;
    EXPECT_THAT(Message(status), HasSubstr(wrong.text));
  }
}

TEST(RequestJsonTest, WhatWouldBecomeTooLargeIsRefused) {
  const std::string text =
      absl::StrCat(R"({"spec":{"limits":[)", absl::StrJoin(std::vector<std::string>(100000, "{}"), ","), "]}}");
  v1::CreateJobRequest request;
  EXPECT_EQ(ReadJson(text, kMost, &request).code(), absl::StatusCode::kResourceExhausted);
}

TEST(RequestJsonTest, QueryIsReadAsFields) {
  v1::ListJobsRequest request;
  const HttpTarget target =
      ParseTarget("/?page_size=5&states=RUNNING&states=PENDING&filter=owner%3D%22x+y%22&show_deleted=true").value();
  ASSERT_TRUE(ReadQuery(target.query, &request).ok());
  EXPECT_EQ(request.page_size(), 5);
  EXPECT_THAT(request.states(), testing::ElementsAre(v1::RUNNING, v1::PENDING));
  EXPECT_EQ(request.filter(), "owner=\"x y\"");
  EXPECT_TRUE(request.show_deleted());
  v1::UpdateJobRequest update;
  ASSERT_TRUE(ReadQuery(ParseTarget("/?update_mask=labels,priority&deadline_after=60s")->query, &update).ok());
  EXPECT_THAT(update.update_mask().paths(), testing::ElementsAre("labels", "priority"));
}

TEST(RequestJsonTest, WrongQueriesNameTheParameter) {
  struct WrongQuery {
    const char* target;
    const char* field;
  };
  for (const WrongQuery& wrong :
       {WrongQuery{"/?pagesize=1", "pagesize"}, WrongQuery{"/?page_size=x", "page_size"},
        WrongQuery{"/?page_size=1&page_size=1", "page_size"}, WrongQuery{"/?states=BLA", "states[0]"},
        WrongQuery{"/?show_deleted=yes", "show_deleted"}, WrongQuery{"/?page_size=99999999999", "page_size"}}) {
    v1::ListJobsRequest request;
    const absl::Status status = ReadQuery(ParseTarget(wrong.target)->query, &request);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << wrong.target;
    EXPECT_EQ(FieldOf(status), wrong.field) << status;
  }
  v1::ListJobsRequest request;
  EXPECT_EQ(ReadQuery(ParseTarget("/?filter=%FF")->query, &request).code(), absl::StatusCode::kInvalidArgument);
  v1::CreateJobRequest create;
  EXPECT_EQ(FieldOf(ReadQuery(ParseTarget("/?spec={}")->query, &create)), "spec");
}

TEST(RequestJsonTest, WritesEqualMessagesAlike) {
  v1::Job one;
  v1::Job other;
  for (int i = 0; i < 20; ++i) (*one.mutable_labels())[absl::StrCat("k", i)] = std::string(1, 'v');
  for (int i = 19; i >= 0; --i) (*other.mutable_labels())[absl::StrCat("k", i)] = std::string(1, 'v');
  one.set_revision(5);
  other.set_revision(5);
  EXPECT_EQ(WriteJson(one).value(), WriteJson(other).value());
  v1::EvaluatedPoint point;
  point.set_energy_uj(std::numeric_limits<double>::infinity());
  point.set_latency_cycles(0.1);
  EXPECT_EQ(WriteJson(point).value(), R"({"energy_uj":"Infinity","latency_cycles":0.1})");
}

}  // namespace
}  // namespace oneloop
