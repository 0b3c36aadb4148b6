#include "common/workload/workload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

#include "common/base/status.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

LayerShape ShapeWith(Dim dim, std::int64_t bound) {
  LayerShape shape;
  shape.bounds[static_cast<std::size_t>(dim)] = bound;
  return shape;
}

Workload OneLayer(const LayerShape& shape) { return {"tiny", "", {{"layer", 1, shape}}}; }

TEST(MacsTest, IsTheProductOfAllBounds) {
  const LayerShape shape{.bounds = {2, 3, 5, 7, 11, 13, 17, 19}, .w_stride = 4, .h_stride = 4};
  EXPECT_EQ(Macs(shape), 2 * 3 * 5 * 7 * 11 * 13 * 17 * 19);
}

TEST(ValidateShapeTest, EveryBoundMustBeAtLeastOne) {
  for (const Dim dim : kAllDims) {
    for (const std::int64_t bad :
         {std::int64_t{0}, std::int64_t{-1}, kMaxBound + 1, std::numeric_limits<std::int64_t>::min(),
          std::numeric_limits<std::int64_t>::max()}) {
      const absl::Status status = ValidateShape(ShapeWith(dim, bad));
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
      EXPECT_EQ(FieldOf(status), std::string(1, Name(dim)));
      EXPECT_THAT(Message(status), HasSubstr("is " + std::to_string(bad) + "; valid: 1 to 2147483647"));
    }
    EXPECT_TRUE(ValidateShape(ShapeWith(dim, kMaxBound)).ok()) << Name(dim);
  }
}

TEST(ValidateShapeTest, StridesAndDilationsMustBeAtLeastOne) {
  LayerShape shape;
  shape.w_stride = 0;
  EXPECT_EQ(FieldOf(ValidateShape(shape)), "Wstride");
  shape = {};
  shape.h_stride = -3;
  EXPECT_EQ(FieldOf(ValidateShape(shape)), "Hstride");
  shape = {};
  shape.w_dilation = 0;
  EXPECT_EQ(FieldOf(ValidateShape(shape)), "Wdilation");
  shape = {};
  shape.h_dilation = kMaxBound + 1;
  EXPECT_EQ(FieldOf(ValidateShape(shape)), "Hdilation");
}

TEST(ValidateShapeTest, ProductsStayBelowTwoToThe63) {
  LayerShape shape;
  shape.bounds = {1, 1, 1, 1, 1LL << 30, 1LL << 30, 4, 1};  // 2^62
  EXPECT_TRUE(ValidateShape(shape).ok());
  shape.bounds = {1, 1, 1, 1, 1LL << 30, 1LL << 30, 8, 1};  // 2^63
  EXPECT_THAT(Message(ValidateShape(shape)), HasSubstr("2^63"));
  shape.bounds = {1, 1, 1, 1, 1LL << 30, 1LL << 30, 16, 1};  // 2^64, which would wrap to 0
  EXPECT_FALSE(ValidateShape(shape).ok());
  shape.bounds.fill(kMaxBound);
  EXPECT_FALSE(ValidateShape(shape).ok());
}

TEST(ValidateShapeTest, InputsStayBelowTwoToThe63) {
  LayerShape shape;
  shape.bounds = {1, 1, 1 << 16, 1 << 16, 1, 1, 1, 1};
  shape.w_stride = 1 << 16;
  shape.h_stride = 1 << 16;
  const absl::Status status = ValidateShape(shape);
  EXPECT_THAT(Message(status), HasSubstr("input"));
  shape.h_stride = 1 << 14;
  EXPECT_TRUE(ValidateShape(shape).ok());
}

TEST(ValidateWorkloadTest, ErrorsNameTheFieldInTheMessage) {
  Workload workload = OneLayer(ShapeWith(Dim::kQ, 0));
  EXPECT_EQ(FieldOf(ValidateWorkload(workload)), "layers[0].bounds.Q");
  workload = OneLayer({});
  EXPECT_TRUE(ValidateWorkload(workload).ok());
  for (const std::int64_t count : {std::int64_t{0}, std::int64_t{-1}, kMaxLayerCount + 1}) {
    workload.layers[0].count = count;
    EXPECT_EQ(FieldOf(ValidateWorkload(workload)), "layers[0].count") << count;
  }
  workload.layers.clear();
  EXPECT_EQ(FieldOf(ValidateWorkload(workload)), "layers");
  workload.layers.resize(static_cast<std::size_t>(kMaxLayers) + 1);
  EXPECT_EQ(FieldOf(ValidateWorkload(workload)), "layers");
  workload.layers.resize(static_cast<std::size_t>(kMaxLayers));
  EXPECT_TRUE(ValidateWorkload(workload).ok());
  workload.name = "Tiny Net";
  EXPECT_EQ(FieldOf(ValidateWorkload(workload)), "name");
}

TEST(IsValidNameTest, TakesLowerCaseIdentifiers) {
  for (const std::string good : {"a", "7", "resnet50", "resnext50_32x4d", "my-net"}) {
    EXPECT_TRUE(IsValidName(good)) << good;
  }
  for (const std::string bad : {"", "-a", "_a", "ResNet", "a b", "a/b", "a.b", "é"}) {
    EXPECT_FALSE(IsValidName(bad)) << bad;
  }
  EXPECT_FALSE(IsValidName(std::string("a\0b", 3)));
  EXPECT_TRUE(IsValidName(std::string(63, 'a')));
  EXPECT_FALSE(IsValidName(std::string(64, 'a')));
}

}  // namespace
}  // namespace oneloop
