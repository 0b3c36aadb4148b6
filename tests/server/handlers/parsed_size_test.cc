#include "server/handlers/parsed_size.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/base/status.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "oneloop/v1/model_service.pb.h"
#include "oneloop/v1/search_service.pb.h"

namespace oneloop {
namespace {

constexpr std::int64_t kMebibyte = 1 << 20;

template <class Request>
absl::Status Scan(const std::string& wire, std::int64_t most_bytes) {
  google::protobuf::io::ArrayInputStream stream(wire.data(), static_cast<int>(wire.size()));
  return CheckParsedSize(Request::default_instance(), &stream, most_bytes);
}

// S3: 16 MiB of empty rows became 1.5 GB.
TEST(ParsedSizeTest, EmptyRowsCountAsWhatTheyBecome) {
  v1::EvaluateDesignsRequest request;
  for (int i = 0; i < 100000; ++i) request.add_rows();
  const std::string wire = request.SerializeAsString();
  ASSERT_LT(wire.size(), 200010u);
  const auto used = static_cast<std::int64_t>(request.SpaceUsedLong());
  const absl::Status refused = Scan<v1::EvaluateDesignsRequest>(wire, used * 9 / 10);
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(Message(refused), testing::HasSubstr("fewer rows"));
  EXPECT_EQ(Scan<v1::EvaluateDesignsRequest>(wire, used * 2), absl::OkStatus());
}

TEST(ParsedSizeTest, TheLargestEvaluationThatIsTakenFits) {
  v1::EvaluateDesignsRequest request;
  for (int i = 0; i < 10000; ++i) {
    v1::MappingRow* row = request.add_rows();
    for (const char* name : {"first_kib", "second_kib", "array_dim"}) (*row->mutable_parameters())[name] = 128;
    row->mutable_bounds()->set_k(64);
    row->set_mapping(std::string(200, 'L'));
  }
  EXPECT_EQ(Scan<v1::EvaluateDesignsRequest>(request.SerializeAsString(), 16 * kMebibyte), absl::OkStatus());
}

TEST(ParsedSizeTest, LabelsAndUnknownFieldsCount) {
  v1::CreateJobRequest request;
  for (int i = 0; i < 10000; ++i) (*request.mutable_labels())[std::to_string(i)] = "";
  EXPECT_FALSE(Scan<v1::CreateJobRequest>(request.SerializeAsString(), kMebibyte / 2).ok());
  std::string unknown;
  // Field 1000, empty.
  for (int i = 0; i < 10000; ++i) unknown += std::string("\xc2\x3e\x00", 3);
  EXPECT_FALSE(Scan<v1::GetJobRequest>(unknown, kMebibyte / 4).ok());
  EXPECT_EQ(Scan<v1::GetJobRequest>(unknown, kMebibyte), absl::OkStatus());
}

TEST(ParsedSizeTest, WhatIsNoMessageIsRefused) {
  v1::GetJobRequest request;
  request.set_name("projects/p/jobs/1");
  const std::string wire = request.SerializeAsString();
  EXPECT_EQ(Scan<v1::GetJobRequest>(wire, kMebibyte), absl::OkStatus());
  EXPECT_EQ(Scan<v1::GetJobRequest>(wire.substr(0, 5), kMebibyte).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Scan<v1::GetJobRequest>("\xff\xff\xff", kMebibyte).code(), absl::StatusCode::kInvalidArgument);
  // A group, which proto3 has not.
  EXPECT_EQ(Scan<v1::GetJobRequest>("\x0b", kMebibyte).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Scan<v1::GetJobRequest>("", kMebibyte), absl::OkStatus());
  EXPECT_EQ(Scan<v1::GetJobRequest>("", 1).code(), absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace oneloop
