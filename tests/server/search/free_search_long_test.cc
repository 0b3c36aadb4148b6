// On random accelerators no free search ends far above the best of its own budget with a parameter fixed.
#include <algorithm>
#include <cstdint>
#include <string>

#include "gtest/gtest.h"
#include "server/search/spec_validation.h"
#include "tests/server/search/free_and_fixed.h"

namespace oneloop {
namespace {

TEST(FreeSearchLongTest, EndsNoHigherThanTheBestOfFiveFixedValues) {
  constexpr int kCases = 60;
  double sum = 0;
  double worst = -1;
  std::string worst_case;
  int runs = 0;
  for (int i = 0; i < kCases; ++i) {
    Random random(static_cast<std::uint64_t>(1000 + i));
    const SearchSpec spec = RandomSearchCase(random);
    ASSERT_TRUE(ValidateSearchSpec(spec).ok());
    const Found free = BestOf(spec);
    for (int p = 0; p < spec.hardware_template->num_parameters(); ++p) {
      const auto index = static_cast<std::size_t>(p);
      const Found fixed =
          BestFixed(spec, p, FiveValues(spec.hardware_range[index], spec.hardware_template->parameter(p).step));
      const double excess = free.score / fixed.score - 1;
      sum += excess;
      ++runs;
      if (excess <= worst) continue;
      worst = excess;
      worst_case = absl::StrCat("case ", i, ", parameter ", spec.hardware_template->parameter(p).name);
    }
  }
  EXPECT_LE(sum / runs, 0.01);
  EXPECT_LE(worst, 0.03) << worst_case;
  RecordProperty("mean_excess", absl::StrCat(sum / runs));
  RecordProperty("worst_excess", absl::StrCat(worst));
}

}  // namespace
}  // namespace oneloop
