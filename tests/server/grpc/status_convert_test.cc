#include "server/grpc/status_convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "common/base/limit_error.h"
#include "common/base/status.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

TEST(ToGrpcStatusTest, KeepsCodeAndText) {
  const grpc::Status status = ToGrpcStatus(absl::FailedPreconditionError("the job is over"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(), "the job is over");
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
}

TEST(ToGrpcStatusTest, DetailsNameTheField) {
  const grpc::Status status = ToGrpcStatus(FieldError("spec.starts", "is 0; valid: 1 to 10000"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  EXPECT_EQ(details.code(), 3);
  ASSERT_EQ(details.details_size(), 1);
  google::rpc::BadRequest bad_request;
  ASSERT_TRUE(details.details(0).UnpackTo(&bad_request));
  ASSERT_EQ(bad_request.field_violations_size(), 1);
  EXPECT_EQ(bad_request.field_violations(0).field(), "spec.starts");
  EXPECT_THAT(bad_request.field_violations(0).description(), HasSubstr("valid: 1 to 10000"));
}

TEST(ToGrpcStatusTest, DetailsNameTheLimitAndWhenToRetry) {
  const grpc::Status status = ToGrpcStatus(LimitError("max_jobs", "there are 7; at most 7", absl::Milliseconds(1500)));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("limit max_jobs: there are 7; at most 7; try again in 1.5s"));
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  ASSERT_EQ(details.details_size(), 2);
  google::rpc::QuotaFailure quota_failure;
  ASSERT_TRUE(details.details(0).UnpackTo(&quota_failure));
  EXPECT_EQ(quota_failure.violations(0).subject(), "max_jobs");
  google::rpc::RetryInfo retry_info;
  ASSERT_TRUE(details.details(1).UnpackTo(&retry_info));
  EXPECT_EQ(retry_info.retry_delay().seconds(), 2);
}

TEST(ToGrpcStatusTest, WhatWillNeverWorkHasNoTimeToRetry) {
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(
      ToGrpcStatus(LimitError("max_samples", "too many", absl::InfiniteDuration())).error_details()));
  EXPECT_EQ(details.details_size(), 1);
}

TEST(ToGrpcStatusTest, JoinedErrorsAreAllInTheDetailsAsFarAsTheyFit) {
  std::vector<absl::Status> errors;
  errors.reserve(20);
  for (int i = 0; i < 20; ++i)
    errors.push_back(FieldError(absl::StrCat("rows[", 100 + i, "].cycles"), "is -1; valid: above 0"));
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(ToGrpcStatus(JoinErrors(errors)).error_details()));
  google::rpc::BadRequest bad_request;
  ASSERT_TRUE(details.details(0).UnpackTo(&bad_request));
  ASSERT_EQ(bad_request.field_violations_size(), 20);
  EXPECT_EQ(bad_request.field_violations(19).field(), "rows[119].cycles");
  EXPECT_EQ(bad_request.field_violations(19).description(), "is -1; valid: above 0");
  for (absl::Status& error : errors) error = FieldError(FieldOf(error), std::string(900, 'x'));
  const grpc::Status status = ToGrpcStatus(JoinErrors(errors));
  EXPECT_LT(3 * status.error_message().size() + 4 * status.error_details().size() / 3, 8000u);
}

TEST(ToGrpcStatusTest, LongTextsFitATrailer) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "µ";
  const grpc::Status status = ToGrpcStatus(FieldError(text, text));
  EXPECT_LT(3 * status.error_message().size() + status.error_details().size(), 8000u);
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details())) << "cut inside a character";
}

}  // namespace
}  // namespace oneloop
