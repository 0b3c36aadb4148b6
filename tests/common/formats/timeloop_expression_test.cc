#include "common/formats/timeloop_expression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "common/base/status.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

const TimeloopVariables kVariables = {{"a", "4"}, {"b", "a * 2"}, {"loop", "pool"}, {"pool", "loop"}, {"word", "x y"}};

TEST(TimeloopExpressionTest, FollowsPythonsPrecedence) {
  for (const auto& [text, value] : std::vector<std::pair<std::string, double>>{{"16", 16},
                                                                               {"1e-9", 1e-9},
                                                                               {" 2 + 3 * 4 ", 14},
                                                                               {"(2 + 3) * 4", 20},
                                                                               {"7 // 2 + 7 % 4", 6},
                                                                               {"-7 // 2", -4},
                                                                               {"-7 % 4", 1},
                                                                               {"2 ** 3 ** 2", 512},
                                                                               {"-2 ** 2", -4},
                                                                               {"2 ** -1", 0.5},
                                                                               {"9 - 2 - 3", 4},
                                                                               {"a + b / 2", 8},
                                                                               {"8 / 4 / 2", 1}}) {
    const auto result = EvaluateTimeloopExpression(text, kVariables);
    ASSERT_TRUE(result.ok()) << text << ": " << result.status();
    EXPECT_DOUBLE_EQ(*result, value) << text;
  }
}

TEST(TimeloopExpressionTest, SaysWhatIsNotUnderstood) {
  for (const auto& [text, says] : std::vector<std::pair<std::string, std::string>>{
           {"", "ends where a number is expected"},
           {"2 *", "ends where a number is expected"},
           {"(2", "a parenthesis is not closed"},
           {"2 3", "'3' is not understood"},
           {"nothing", "'nothing' is not understood"},
           {"word", "is not understood"},
           {"1 / 0", "divides by 0"},
           {"10 ** 999", "is not a finite number"},
           {"loop", "is too deep or too long"},
           {std::string(100, '(') + "1" + std::string(100, ')'), "is too deep or too long"},
           {std::string(100, '-') + "1", "is too deep or too long"},
           {"log(8)", "is not understood"}}) {
    const auto result = EvaluateTimeloopExpression(text, kVariables);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_THAT(Message(result.status()), HasSubstr(says)) << text;
  }
}

}  // namespace
}  // namespace oneloop
