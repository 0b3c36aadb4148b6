#include "common/formats/layer_tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(LayerTablesTest, ZigzagsEquationsBecomeLayersAndPoolingIsNotModelled) {
  const auto result = ReadZigzagText(
      "- id: 0\n  name: conv\n  operator_type: Conv\n"
      "  equation: O[b][g][k][oy][ox]+=W[g][k][c][fy][fx]*I[b][g][c][iy][ix]\n"
      "  dimension_relations: [ix=2*ox+1*fx, iy=3*oy+2*fy]\n"
      "  loop_dims: [B, G, K, C, OY, OX, FY, FX]\n  loop_sizes: [2, 4, 64, 3, 112, 56, 7, 5]\n"
      "- id: 1\n  operator_type: Pooling\n"
      "- id: 2\n  operator_type: MatMul\n  equation: O[a][b]+=I[a][c]*W[c][b]\n  dimension_relations: []\n"
      "  loop_dims: [A, B, C]\n  loop_sizes: [8, 16, 32]\n",
      "net.yaml");
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->workload().layers_size(), 2);
  const v1::Bounds& conv = result->workload().layers(0).bounds();
  EXPECT_EQ(conv.r(), 5);
  EXPECT_EQ(conv.s(), 7);
  EXPECT_EQ(conv.p(), 56);
  EXPECT_EQ(conv.q(), 112);
  EXPECT_EQ(conv.n(), 2);
  EXPECT_EQ(conv.g(), 4);
  EXPECT_EQ(conv.wstride(), 2);
  EXPECT_EQ(conv.hstride(), 3);
  EXPECT_EQ(conv.hdilation(), 2);
  const v1::Bounds& product = result->workload().layers(1).bounds();
  EXPECT_EQ(product.p() * product.n(), 8);
  EXPECT_EQ(product.k(), 16);
  EXPECT_EQ(product.c(), 32);
  ASSERT_EQ(result->others_size(), 1);
  EXPECT_EQ(result->others(0).op(), "Pooling");
}

TEST(LayerTablesTest, ScaleSimsTopologiesGiveInputsAndFilters) {
  const auto workload = ReadScaleSimText(
      "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n"
      "Conv1, 224, 220, 7, 5, 3, 64, 2,\n"
      "FC, 8, 16, 32,\nFC, 8, 16, 64,\n",
      "top.csv");
  ASSERT_TRUE(workload.ok()) << workload.status();
  const v1::Bounds& conv = workload->layers(0).bounds();
  EXPECT_EQ(conv.s(), 7);
  EXPECT_EQ(conv.r(), 5);
  EXPECT_EQ(conv.q(), 109);
  EXPECT_EQ(conv.p(), 108);
  EXPECT_EQ(workload->layers(1).bounds().c(), 32);
  EXPECT_EQ(workload->layers(2).name(), "FC#2");
  EXPECT_THAT(Message(ReadScaleSimText("names\nConv1, 2, 2, 7, 5, 3, 64, 2,\n", "t.csv").status()),
              AllOf(HasSubstr("t.csv:2"), HasSubstr("larger than the input")));
}

TEST(LayerTablesTest, MaestrosFiltersOfHeightAreR) {
  const auto workload = ReadMaestroText(
      "Network n { // a network\n Layer A {\n Type: CONV\n Stride { X: 2, Y: 1 }\n"
      " Dimensions { K: 64, C: 3, R: 7, S: 5, Y: 224, X: 221 }\n"
      " Dataflow { TemporalMap(1,1) K; Cluster(8, P); }\n }\n"
      " Layer B { Type: DSCONV Dimensions { K: 1, C: 32, R: 3, S: 3, Y: 10, X: 12 } }\n}\n",
      "n.m");
  ASSERT_TRUE(workload.ok()) << workload.status();
  ASSERT_EQ(workload->layers_size(), 2);
  const v1::Bounds& conv = workload->layers(0).bounds();
  EXPECT_EQ(conv.s(), 7);
  EXPECT_EQ(conv.r(), 5);
  EXPECT_EQ(conv.q(), 218);
  EXPECT_EQ(conv.p(), 109);
  EXPECT_EQ(conv.wstride(), 2);
  EXPECT_EQ(workload->layers(1).bounds().g(), 32);
  EXPECT_EQ(workload->layers(1).bounds().c(), 1);
  EXPECT_THAT(Message(ReadMaestroText("Layer A {\n Type: FOO\n Dimensions { K: 1 }\n}\n", "n.m").status()),
              AllOf(HasSubstr("n.m:1"), HasSubstr("FOO")));
  EXPECT_FALSE(ReadMaestroText("Layer A { Dataflow { {", "n.m").ok());
}

}  // namespace
}  // namespace oneloop
