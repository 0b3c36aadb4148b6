#include "server/net/call_budget.h"

#include <gtest/gtest.h>

namespace oneloop {
namespace {

using std::chrono::seconds;

TEST(CallBudgetTest, CallsComeBackWithTimeAndGivenUpOnesCostMore) {
  CallBudget budget({10, 2, 5});
  const CallBudget::Time begin = SteadyChrono::now();
  EXPECT_TRUE(budget.TakeGivenUp("a", begin));
  EXPECT_TRUE(budget.TakeGivenUp("a", begin));
  EXPECT_FALSE(budget.TakeCall("a", begin));
  EXPECT_TRUE(budget.TakeCall("b", begin));
  EXPECT_TRUE(budget.TakeCall("a", begin + seconds(1)));
  EXPECT_TRUE(budget.TakeCall("a", begin + seconds(1)));
  EXPECT_FALSE(budget.TakeCall("a", begin + seconds(1)));
}

TEST(CallBudgetTest, ThoseWhoHaveItAllAreForgotten) {
  CallBudget budget({10, 2, 5});
  const CallBudget::Time begin = SteadyChrono::now();
  budget.TakeGivenUp("a", begin);
  budget.TakeCall("b", begin);
  budget.Tidy(begin + seconds(1));
  EXPECT_EQ(budget.size(), 1);
  budget.Tidy(begin + seconds(3));
  EXPECT_EQ(budget.size(), 0);
}

}  // namespace
}  // namespace oneloop
