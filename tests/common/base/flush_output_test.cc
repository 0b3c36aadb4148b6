#include "common/base/flush_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace oneloop {
namespace {

TEST(FlushOutputTest, WrittenOutputIsFine) {
  std::ostringstream out;
  out << "text";
  EXPECT_EQ(FlushOutput(out), absl::OkStatus());
}

TEST(FlushOutputTest, FullDiskIsAnError) {
  std::ofstream out("/dev/full");
  out << "text";
  const absl::Status status = FlushOutput(out);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("No space left on device"));
  EXPECT_FALSE(FlushOutput(out).ok()) << "also later";
}

}  // namespace
}  // namespace oneloop
