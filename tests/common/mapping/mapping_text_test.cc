#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "common/base/status.h"
#include "common/mapping/mapping.h"
#include "tests/testing/shipped.h"
#include "tests/testing/tables.h"

namespace oneloop {
namespace {

constexpr char kText[] = "L3[WIO] P28 R7 Q56 K8 - L2[WI] N1 K4X - L1[O] K2 S7 Q2 P2 C3X - L0[W] P2";

class MappingTextTest : public testing::Test {
 protected:
  std::string ErrorOf(const std::string& text) const {
    const absl::StatusOr<Mapping> mapping = ParseMapping(*gemmini_, text);
    return mapping.ok() ? "" : Message(mapping.status());
  }

  const std::unique_ptr<const Template> gemmini_ = ShippedTemplate("gemmini");
};

TEST_F(MappingTextTest, ReadsFactorsAndOrders) {
  const absl::StatusOr<Mapping> mapping = ParseMapping(*gemmini_, kText);
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  EXPECT_EQ(mapping->t(3, Dim::kP), 28);
  EXPECT_EQ(mapping->t(3, Dim::kN), 1);
  EXPECT_EQ(mapping->s(1, Dim::kK), 4);
  EXPECT_EQ(mapping->s(0, Dim::kC), 3);
  EXPECT_EQ(mapping->t(0, Dim::kP), 2);
  const LoopOrder expected = {Dim::kK, Dim::kS, Dim::kQ, Dim::kP, Dim::kR, Dim::kC, Dim::kN, Dim::kG};
  EXPECT_EQ(mapping->order[1], expected);
  LayerShape shape;
  shape.bounds = {7, 7, 112, 112, 3, 64, 1, 1};
  EXPECT_TRUE(ValidateMapping(*gemmini_, shape, *mapping).ok());
}

TEST_F(MappingTextTest, PrintsWhatItRead) {
  EXPECT_EQ(FormatMapping(*gemmini_, *ParseMapping(*gemmini_, kText)), kText);
}

TEST_F(MappingTextTest, EveryPublishedMappingPrintsAsItWasWritten) {
  if (SharedDataDir().empty()) GTEST_SKIP() << "no ../shared/data: the published mappings are not part of the project";
  const auto rows = ReadTable(SharedDataDir() + "/timeloop_gemmini.csv.gz");
  ASSERT_TRUE(rows.ok()) << rows.status();
  for (const TableRow& row : *rows) {
    const std::string& text = row.at("mapping");
    const absl::StatusOr<Mapping> mapping = ParseMapping(*gemmini_, text);
    ASSERT_TRUE(mapping.ok()) << text << ": " << mapping.status();
    ASSERT_EQ(FormatMapping(*gemmini_, *mapping), text);
  }
}

TEST_F(MappingTextTest, ErrorsNameTheColumnAndWhatIsExpected) {
  EXPECT_EQ(ErrorOf(""), "mapping: column 1: expected level L3");
  EXPECT_EQ(ErrorOf("L2[WI] N1"), "mapping: column 2: expected level L3: the outermost of 4 levels comes first");
  EXPECT_EQ(ErrorOf("L3[WI] N1"), "mapping: column 4: level dram of template 'gemmini' keeps [WIO]");
  EXPECT_EQ(ErrorOf("L3[WIO] X3"), "mapping: column 9: expected a loop over one of R, S, P, Q, C, K, N, G");
  EXPECT_EQ(ErrorOf("L3[WIO] P"), "mapping: column 10: expected a number");
  EXPECT_EQ(ErrorOf("L3[WIO] P0"), "mapping: column 9: a loop's factor is 0; valid: 1 or more");
  EXPECT_EQ(ErrorOf("L3[WIO] P2 P3"), "mapping: column 12: a second loop over P at this level");
  EXPECT_EQ(ErrorOf("L3[WIO] P2X"), "mapping: column 11: level dram has no spatial axis X");
  EXPECT_EQ(ErrorOf("L3[WIO] P99999999999999999999"), "mapping: column 10: the number is beyond 2147483647");
  EXPECT_EQ(ErrorOf("L3[WIO] P2"), "mapping: column 11: expected '-' and level L2");
  EXPECT_EQ(ErrorOf(std::string(kText) + " !"),
            "mapping: column 74: expected a loop over one of R, S, P, Q, C, K, N, G");
}

TEST_F(MappingTextTest, FactorsMustMultiplyToTheBounds) {
  Mapping mapping = *ParseMapping(*gemmini_, kText);
  LayerShape shape;
  shape.bounds = {7, 7, 112, 112, 3, 64, 1, 1};
  mapping.t(3, Dim::kP) = 27;
  EXPECT_EQ(Message(ValidateMapping(*gemmini_, shape, mapping)),
            "mapping: the factors of P multiply to 108; the layer's bound is 112");
  mapping.t(3, Dim::kP) = std::int64_t{1} << 62;
  EXPECT_EQ(Message(ValidateMapping(*gemmini_, shape, mapping)),
            "mapping: the factors of P multiply to more than 2^63; the layer's bound is 112");
}

TEST_F(MappingTextTest, LoopsStandOnlyWhereTheTemplateAllows) {
  LayerShape shape;
  shape.bounds = {7, 7, 112, 112, 3, 64, 1, 1};
  Mapping mapping = *ParseMapping(*gemmini_, kText);
  mapping.t(0, Dim::kR) = 7;
  EXPECT_EQ(Message(ValidateMapping(*gemmini_, shape, mapping)),
            "mapping: loop R7 stands at level registers (L0), which allows no loop over R");
  mapping = *ParseMapping(*gemmini_, kText);
  mapping.s(0, Dim::kK) = 2;
  EXPECT_EQ(Message(ValidateMapping(*gemmini_, shape, mapping)),
            "mapping: loop K2X stands at level accumulator (L1), whose axis X does not take K");
}

}  // namespace
}  // namespace oneloop
