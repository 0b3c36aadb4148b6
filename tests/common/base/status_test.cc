#include "common/base/status.h"

#include <gtest/gtest.h>

namespace oneloop {
namespace {

TEST(FieldErrorTest, PrefixesBuildOnePath) {
  absl::Status status = FieldError("R", "is 0; valid: 1 or more");
  status = PrefixField("bounds", status);
  status = PrefixField("layers[3]", status);
  EXPECT_EQ(FieldOf(status), "layers[3].bounds.R");
  EXPECT_EQ(Message(status), "layers[3].bounds.R: is 0; valid: 1 or more");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
}

TEST(FieldErrorTest, IndexNeedsNoDot) {
  EXPECT_EQ(FieldOf(PrefixField("layers", FieldError("[2]", "x"))), "layers[2]");
}

TEST(FieldErrorTest, PrefixOfOtherErrorsKeepsTheCode) {
  const absl::Status status = PrefixField("backup", absl::ResourceExhaustedError("disk full"));
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Message(status), "backup: disk full");
  EXPECT_TRUE(PrefixField("backup", absl::OkStatus()).ok());
}

TEST(NearestNameTest, FindsTypingErrorsOnly) {
  EXPECT_EQ(NearestName("resnet5", {"bert", "resnet50", "unet"}), "resnet50");
  EXPECT_EQ(NearestName("ResNet50", {"bert", "resnet50"}), "resnet50");
  EXPECT_EQ(NearestName("transformer", {"bert", "resnet50"}), "");
  EXPECT_EQ(NearestName("strid", {"R", "Wstride"}), "Wstride");
  EXPECT_EQ(NearestName("nmae", {"layers", "name"}), "name");
}

TEST(NearestNameTest, OneLetterIsNearToItsOtherCaseOnly) {
  EXPECT_EQ(NearestName("x", {"R", "S"}), "");
  EXPECT_EQ(NearestName("s", {"R", "S"}), "S");
}

TEST(SuggestNameTest, ListsAllWhenNothingIsNear) {
  EXPECT_EQ(SuggestName("zzz", {"a1", "b1"}), " (valid: a1, b1)");
  EXPECT_EQ(SuggestName("gemini", {"gemmini"}), " (did you mean 'gemmini'?)");
}

}  // namespace
}  // namespace oneloop
