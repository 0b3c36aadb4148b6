#include "common/convert/convert.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "common/base/status.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

using ::google::protobuf::util::MessageDifferencer;
using ::testing::AllOf;
using ::testing::HasSubstr;

v1::Bounds SomeBounds() {
  v1::Bounds bounds;
  bounds.set_r(3);
  bounds.set_s(2);
  bounds.set_p(5);
  bounds.set_q(7);
  bounds.set_c(11);
  bounds.set_k(13);
  bounds.set_n(17);
  return bounds;
}

TEST(LayerShapeTest, GroupsStridesAndDilationsDefaultToOne) {
  const absl::StatusOr<LayerShape> shape = LayerShapeFromProto(SomeBounds());
  ASSERT_TRUE(shape.ok()) << shape.status();
  EXPECT_EQ(*shape, (LayerShape{.bounds = {3, 2, 5, 7, 11, 13, 17, 1}}));
}

TEST(LayerShapeTest, RoundTripKeepsEveryField) {
  const LayerShape shape{
      .bounds = {2, 3, 5, 7, 11, 13, 17, 19}, .w_stride = 23, .h_stride = 29, .w_dilation = 31, .h_dilation = 37};
  const v1::Bounds bounds = LayerShapeToProto(shape);
  EXPECT_EQ(bounds.wstride(), 23);
  EXPECT_EQ(bounds.hdilation(), 37);
  EXPECT_EQ(bounds.g(), 19);
  const absl::StatusOr<LayerShape> back = LayerShapeFromProto(bounds);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(*back, shape);
  EXPECT_TRUE(LayerShapeToProto(LayerShape()).has_wdilation());
}

TEST(LayerShapeTest, MissingBoundIsNamed) {
  v1::Bounds bounds = SomeBounds();
  bounds.clear_q();
  const absl::Status status = LayerShapeFromProto(bounds).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FieldOf(status), "Q");
  EXPECT_THAT(Message(status), HasSubstr("Q: is missing"));
}

TEST(LayerShapeTest, BadValuesAreNamed) {
  v1::Bounds bounds = SomeBounds();
  bounds.set_c(0);
  EXPECT_EQ(FieldOf(LayerShapeFromProto(bounds).status()), "C");
  bounds = SomeBounds();
  bounds.set_hstride(-1);
  EXPECT_EQ(FieldOf(LayerShapeFromProto(bounds).status()), "Hstride");
  bounds = SomeBounds();
  bounds.set_g(0);
  EXPECT_EQ(FieldOf(LayerShapeFromProto(bounds).status()), "G");
  bounds = SomeBounds();
  bounds.set_p(std::numeric_limits<std::int32_t>::max());
  bounds.set_k(std::numeric_limits<std::int32_t>::max());
  EXPECT_THAT(Message(LayerShapeFromProto(bounds).status()), HasSubstr("2^63"));
}

TEST(WorkloadTest, RoundTripKeepsEveryField) {
  for (const char* name : {"resnet50", "bert", "resnext50_32x4d"}) {
    const Workload workload = ShippedWorkload(name);
    const v1::Workload message = WorkloadToProto(workload);
    const absl::StatusOr<Workload> back = WorkloadFromProto(message);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(back->name, workload.name);
    EXPECT_EQ(back->description, workload.description);
    EXPECT_TRUE(MessageDifferencer::Equals(WorkloadToProto(*back), message));
    ASSERT_EQ(back->layers.size(), workload.layers.size());
    for (std::size_t i = 0; i < workload.layers.size(); ++i) {
      EXPECT_EQ(back->layers[i].name, workload.layers[i].name);
      EXPECT_EQ(back->layers[i].count, workload.layers[i].count);
      EXPECT_EQ(back->layers[i].shape, workload.layers[i].shape);
    }
  }
}

TEST(WorkloadTest, ErrorsNameTheFieldFromTheTop) {
  v1::Workload message;
  message.set_name("tiny");
  EXPECT_EQ(FieldOf(WorkloadFromProto(message).status()), "layers");
  *message.add_layers()->mutable_bounds() = SomeBounds();
  EXPECT_TRUE(WorkloadFromProto(message).ok());
  EXPECT_EQ(WorkloadFromProto(message)->layers[0].count, 1);
  message.add_layers();
  EXPECT_EQ(FieldOf(WorkloadFromProto(message).status()), "layers[1].bounds");
  *message.mutable_layers(1)->mutable_bounds() = SomeBounds();
  message.mutable_layers(1)->mutable_bounds()->clear_n();
  EXPECT_EQ(FieldOf(WorkloadFromProto(message).status()), "layers[1].bounds.N");
  message.mutable_layers(1)->mutable_bounds()->set_n(1);
  message.mutable_layers(1)->set_count(0);
  EXPECT_EQ(FieldOf(WorkloadFromProto(message).status()), "layers[1].count");
}

// Where factors must divide.
class PerfectDimsTest : public testing::Test {
 protected:
  PerfectDimsTest() {
    message_.set_name("edges");
    v1::Level* const buffer = message_.add_levels();
    buffer->set_name("buffer");
    for (const char* dim : {"K", "P"}) buffer->add_temporal(dim);
    v1::SpatialAxis* const axis = buffer->add_spatial();
    axis->set_name("X");
    axis->set_size("8");
    for (const char* dim : {"C", "K"}) axis->add_dims(dim);
    message_.add_levels()->set_name("dram");
    for (v1::Level& level : *message_.mutable_levels()) {
      for (const char* tensor : {"W", "I", "O"}) level.add_keeps(tensor);
    }
  }

  v1::Level& buffer() { return *message_.mutable_levels(0); }
  v1::SpatialAxis& axis() { return *buffer().mutable_spatial(0); }
  std::string Error() const {
    const auto hardware_template = TemplateFromProto(message_);
    return hardware_template.ok() ? "" : Message(hardware_template.status());
  }

  v1::Template message_;
};

TEST_F(PerfectDimsTest, AreThoseOfTheTemplateTheLevelAndTheAxis) {
  message_.add_perfect_dims("Q");
  buffer().add_perfect_dims("P");
  axis().add_perfect_dims("C");
  const auto hardware_template = TemplateFromProto(message_);
  ASSERT_TRUE(hardware_template.ok()) << hardware_template.status();
  EXPECT_EQ((*hardware_template)->perfect_dims(0), (DimSet{Dim::kP, Dim::kQ}));
  EXPECT_EQ((*hardware_template)->perfect_dims(1), (DimSet{Dim::kQ}));
  EXPECT_EQ((*hardware_template)->axes()[0].perfect_dims, (DimSet{Dim::kC, Dim::kQ}));
}

TEST_F(PerfectDimsTest, NoneAreThereWhenNothingIsSaidOfThem) {
  const auto hardware_template = TemplateFromProto(message_);
  ASSERT_TRUE(hardware_template.ok()) << hardware_template.status();
  EXPECT_TRUE((*hardware_template)->perfect_dims(0).empty());
  EXPECT_TRUE((*hardware_template)->axes()[0].perfect_dims.empty());
}

TEST_F(PerfectDimsTest, AllStandsForWhatThePlaceTakes) {
  buffer().add_perfect_dims("all");
  axis().add_perfect_dims("all");
  const auto hardware_template = TemplateFromProto(message_);
  ASSERT_TRUE(hardware_template.ok()) << hardware_template.status();
  EXPECT_EQ((*hardware_template)->perfect_dims(0), (DimSet{Dim::kK, Dim::kP}));
  EXPECT_EQ((*hardware_template)->axes()[0].perfect_dims, (DimSet{Dim::kC, Dim::kK}));
  message_.add_perfect_dims("all");
  EXPECT_EQ((*TemplateFromProto(message_))->perfect_dims(1), kEveryDim);
}

TEST_F(PerfectDimsTest, ErrorsNameTheField) {
  message_.add_perfect_dims("X");
  EXPECT_EQ(Error(), "perfect_dims[0]: is 'X'; valid: R, S, P, Q, C, K, N, G");
  message_.set_perfect_dims(0, "K");
  message_.add_perfect_dims("K");
  EXPECT_EQ(Error(), "perfect_dims[1]: 'K' is there twice");
  message_.set_perfect_dims(1, "all");
  EXPECT_EQ(Error(), "perfect_dims[1]: is 'all' beside others; valid: 'all' alone, or dimensions");
  message_.clear_perfect_dims();
  buffer().add_perfect_dims("C");
  EXPECT_EQ(Error(), "levels[0].perfect_dims: has C, which temporal does not; leave it out, or add it there");
  buffer().clear_perfect_dims();
  axis().add_perfect_dims("P");
  EXPECT_EQ(Error(), "levels[0].spatial[0].perfect_dims: has P, which dims does not; leave it out, or add it there");
}

// Whatever a template asks for, a mapping has it: 1 divides everything, and the last level may loop over all the rest.
TEST_F(PerfectDimsTest, NoTemplateAsksForWhatNoMappingHas) {
  message_.add_perfect_dims("all");
  const auto hardware_template = TemplateFromProto(message_);
  ASSERT_TRUE(hardware_template.ok()) << hardware_template.status();
  LayerShape shape;
  shape.bounds = {3, 1, 197, 50257, 2147483647, 1, 1, 1};
  Mapping mapping;
  for (const Dim dim : kAllDims) mapping.t(1, dim) = shape.bound(dim);
  EXPECT_EQ(ValidateMapping(**hardware_template, shape, mapping), absl::OkStatus());
  mapping.s(0, Dim::kC) = 2;
  mapping.t(1, Dim::kC) = 1073741824;
  EXPECT_THAT(Message(ValidateMapping(**hardware_template, shape, mapping)),
              HasSubstr("loop C2X at level buffer (L0) does not divide the 2147483647 that the factors inside leave"));
}

TEST(HardwareTest, RoundTripByName) {
  const std::unique_ptr<const Template> gemmini = ShippedTemplate("gemmini");
  google::protobuf::Map<std::string, double> values;
  values["left over"] = 1;
  HardwareToMap(*gemmini, {16, 128, 64}, &values);
  EXPECT_EQ(values.size(), 3u);
  EXPECT_EQ(values.at("accumulator_kib"), 64);
  const absl::StatusOr<HardwarePoint> hardware = HardwareFromMap(*gemmini, values);
  ASSERT_TRUE(hardware.ok()) << hardware.status();
  EXPECT_EQ(*hardware, (HardwarePoint{16, 128, 64}));
}

TEST(HardwareTest, MissingUnknownAndInvalidValuesAreNamed) {
  const std::unique_ptr<const Template> gemmini = ShippedTemplate("gemmini");
  google::protobuf::Map<std::string, double> values;
  values["pe_dim"] = 16;
  values["scratchpad_kib"] = 128;
  EXPECT_THAT(Message(HardwareFromMap(*gemmini, values).status()),
              HasSubstr("parameters.accumulator_kib: is missing; valid: 1 to 8192"));
  values["accumulator_kib"] = 64;
  values["pe_dmi"] = 16;
  EXPECT_THAT(Message(HardwareFromMap(*gemmini, values).status()),
              AllOf(HasSubstr("parameters.pe_dmi"), HasSubstr("did you mean 'pe_dim'?")));
  values.erase("pe_dmi");
  values["pe_dim"] = 1000;
  EXPECT_EQ(FieldOf(HardwareFromMap(*gemmini, values).status()), "parameters.pe_dim");
}

}  // namespace
}  // namespace oneloop
