#include "common/hardware/formula.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "common/base/status.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<std::string>& Names() {
  static const auto* const names = new std::vector<std::string>{"pe_dim", "size_kib"};
  return *names;
}

double ValueOf(const std::string& text, double pe_dim, double size_kib) {
  const absl::StatusOr<Formula> formula = Formula::Parse(text, Names());
  EXPECT_TRUE(formula.ok()) << formula.status();
  return formula.ok() ? formula->Evaluate(std::array{pe_dim, size_kib}) : std::nan("");
}

TEST(FormulaTest, ParsesSumsOfProductsOfPowers) {
  const absl::StatusOr<Formula> formula = Formula::Parse("1.94 + 0.1005 * size_kib / pe_dim^2", Names());
  ASSERT_TRUE(formula.ok()) << formula.status();
  ASSERT_EQ(formula->terms().size(), 2u);
  EXPECT_EQ(formula->terms()[0].coefficient, 1.94);
  EXPECT_THAT(formula->terms()[0].exponents, ElementsAre(0, 0));
  EXPECT_EQ(formula->terms()[1].coefficient, 0.1005);
  EXPECT_THAT(formula->terms()[1].exponents, ElementsAre(-2, 1));
  EXPECT_FALSE(formula->IsMonomial());
  EXPECT_FALSE(formula->IsConstant());
  EXPECT_EQ(formula->text(), "1.94 + 0.1005 * size_kib / pe_dim^2");
}

TEST(FormulaTest, EvaluatesByTheUsualPrecedence) {
  EXPECT_EQ(ValueOf("8", 3, 5), 8);
  EXPECT_EQ(ValueOf(" 2*pe_dim + 3 ", 3, 5), 9);
  EXPECT_EQ(ValueOf("12 / 2 / pe_dim", 3, 5), 2);
  EXPECT_EQ(ValueOf("12 / 2 * pe_dim", 3, 5), 18);
  EXPECT_EQ(ValueOf("pe_dim^2 * size_kib^-1", 3, 5), 9.0 / 5.0);
  EXPECT_EQ(ValueOf("1/size_kib^2", 3, 5), 0.04);
  EXPECT_DOUBLE_EQ(ValueOf("1e-3*pe_dim*pe_dim", 3, 5), 0.009);
  EXPECT_DOUBLE_EQ(ValueOf("2 * size_kib ^ 0.5", 3, 16), 8);
  EXPECT_EQ(ValueOf("pe_dim / pe_dim", 3, 5), 1);
}

TEST(FormulaTest, ConstantsAndMonomialsAreKnownAsSuch) {
  EXPECT_TRUE(Formula::Parse("2 * 8", Names())->IsConstant());
  EXPECT_TRUE(Formula::Parse("1 + 1", Names())->IsConstant());
  EXPECT_TRUE(Formula::Parse("2 * pe_dim", Names())->IsMonomial());
  EXPECT_FALSE(Formula::Parse("pe_dim + pe_dim", Names())->IsMonomial());
  EXPECT_EQ(Formula::Constant(2.5, 2).Evaluate(std::array{7.0, 9.0}), 2.5);
  EXPECT_TRUE(Formula::Constant(2.5, 2).IsConstant());
}

TEST(FormulaTest, GradientEqualsCentralDifferences) {
  const Formula formula = *Formula::Parse(
      "0.5 + 3 * pe_dim^2 + 0.2 * size_kib^0.95 + 4 * pe_dim^0.4 * size_kib^0.6 + size_kib/pe_dim", Names());
  // Truncation of the central difference is about h^2 = 1e-8 relative, rounding about 1e-16 / h = 1e-12.
  constexpr double kStep = 1e-4;
  for (const std::array<double, 2> point : {std::array{2.0, 1.0}, std::array{16.0, 256.0}, std::array{128.0, 0.5}}) {
    std::array<double, 2> gradient = {10, 20};
    formula.AddLog2Gradient(point, 3, gradient);
    for (std::size_t j = 0; j < 2; ++j) {
      std::array<double, 2> up = point;
      std::array<double, 2> down = point;
      up[j] *= std::exp2(kStep);
      down[j] *= std::exp2(-kStep);
      const double expected = 3 * (formula.Evaluate(up) - formula.Evaluate(down)) / (2 * kStep);
      EXPECT_NEAR(gradient[j] - (j == 0 ? 10 : 20), expected, 1e-6 * std::abs(expected));
    }
  }
}

TEST(FormulaTest, ErrorsNameTheColumn) {
  const auto error = [](const std::string& text) { return Message(Formula::Parse(text, Names()).status()); };
  EXPECT_THAT(error("2 * pe_dmi"), AllOf(HasSubstr("column 5"), HasSubstr("did you mean 'pe_dim'?")));
  EXPECT_THAT(error("2 +"), HasSubstr("column 4"));
  EXPECT_THAT(error("2 pe_dim"), HasSubstr("column 3"));
  EXPECT_THAT(error("2 - pe_dim"), HasSubstr("column 3"));
  EXPECT_THAT(error("-2 * pe_dim"), HasSubstr("column 1"));
  EXPECT_THAT(error("2 * (pe_dim)"), HasSubstr("column 5"));
  EXPECT_THAT(error("pe_dim^"), HasSubstr("column 8"));
  EXPECT_THAT(error("pe_dim^size_kib"), HasSubstr("column 8"));
  EXPECT_THAT(error("1..2"), HasSubstr("column 1"));
  EXPECT_THAT(error("2 / 0"), HasSubstr("zero"));
  EXPECT_THAT(error("pe_dim^17"), HasSubstr("exponent"));
  for (const std::string text : {"", "  ", "nan", "inf", "1e999", "1e300*1e300", "+", "*2", "2**2", "2//2"}) {
    EXPECT_EQ(Formula::Parse(text, Names()).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_THAT(error(std::string(100000, '1')), HasSubstr("characters"));
}

}  // namespace
}  // namespace oneloop
