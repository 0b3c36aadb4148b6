// Which limits are in conflict when nothing fits.
#include "server/search/limit_conflict.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "common/base/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/search/free_and_fixed.h"
#include "tests/server/search/search_cases.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::function<bool()> kNeverStop = [] { return false; };

SearchSpec Bert(std::vector<MetricLimit> limits) {
  SearchSpec spec = ShippedSpec("bert");
  spec.limits = std::move(limits);
  return spec;
}

std::vector<std::string> NamesOf(const LimitConflict& conflict) {
  std::vector<std::string> names;
  for (const LimitConflict::Part& part : conflict.parts) names.push_back(part.name);
  return names;
}

TEST(LimitConflictTest, NamesOnlyTheLimitsThatExcludeEachOther) {
  const auto diagnosis = DiagnoseLimits(
      Bert({{Quantity::kEnergyUj, 1e6}, {Quantity::kAreaMm2, 0.3}, {Quantity::kLatencyMs, 1}, {Quantity::kEdp, 1e15}}),
      kNeverStop);
  ASSERT_TRUE(diagnosis.has_value() && diagnosis->conflict.has_value());
  const LimitConflict& conflict = *diagnosis->conflict;
  EXPECT_THAT(NamesOf(conflict), ElementsAre("area_mm2", "latency_ms"));
  EXPECT_GT(conflict.parts[0].found.value(), 0.3);
  EXPECT_GT(conflict.parts[1].found.value(), 1);
  EXPECT_THAT(conflict.ToString(), HasSubstr("limits area_mm2 <= 0.3 and latency_ms <= 1 are in conflict"));
  EXPECT_THAT(conflict.ToString(), HasSubstr("nearest design: pe_dim "));
}

TEST(LimitConflictTest, AParameterMayBeToBlame) {
  SearchSpec spec = Bert({{Quantity::kLatencyCycles, 2e6}});
  spec.hardware_range[0] = {8, 8};
  const auto diagnosis = DiagnoseLimits(spec, kNeverStop);
  ASSERT_TRUE(diagnosis.has_value() && diagnosis->conflict.has_value());
  EXPECT_THAT(NamesOf(*diagnosis->conflict), ElementsAre("latency_cycles", "pe_dim"));
  EXPECT_THAT(diagnosis->conflict->ToString(), HasSubstr("pe_dim = 8"));
  EXPECT_GT(diagnosis->conflict->parts[1].found.value(), 8);
}

TEST(LimitConflictTest, NothingIsInConflictWhereADesignFits) {
  const auto diagnosis = DiagnoseLimits(Bert({{Quantity::kAreaMm2, 2}}), kNeverStop);
  ASSERT_TRUE(diagnosis.has_value());
  EXPECT_FALSE(diagnosis->conflict.has_value());
  EXPECT_FALSE(DiagnoseLimits(Bert({}), kNeverStop)->conflict.has_value());
}

TEST(LimitConflictTest, EndsWhenAsked) {
  int questions = 0;
  const std::function<bool()> stop = [&questions] { return ++questions > 5; };
  EXPECT_FALSE(DiagnoseLimits(Bert({{Quantity::kAreaMm2, 0.3}, {Quantity::kLatencyMs, 1}}), stop).has_value());
}

// Of each conflict every limit can be dropped, and then a design is found; with all of them none is.
TEST(LimitConflictTest, ConflictsOfRandomSetsAreMinimal) {
  const int wanted = std::getenv("ONELOOP_CONFLICTS") != nullptr ? std::atoi(std::getenv("ONELOOP_CONFLICTS")) : 5;
  int conflicts = 0;
  for (std::uint64_t seed = 0; conflicts < wanted && seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const auto around = [&random](double value) { return value * std::exp2(2 * random.Normal()); };
    SearchSpec spec = Bert({{Quantity::kAreaMm2, around(0.5)},
                            {Quantity::kLatencyCycles, around(4e6)},
                            {Quantity::kEnergyUj, around(2.2e3)},
                            {Quantity::kPowerW, around(0.5)}});
    const auto diagnosis = DiagnoseLimits(spec, kNeverStop);
    ASSERT_TRUE(diagnosis.has_value());
    if (!diagnosis->conflict.has_value()) continue;
    ++conflicts;
    const std::vector<std::string> names = NamesOf(*diagnosis->conflict);
    const auto fits = [&](const std::vector<std::string>& kept) {
      SearchSpec probe = spec;
      std::erase_if(probe.limits, [&kept](const MetricLimit& limit) {
        return std::find(kept.begin(), kept.end(), InfoOf(limit.quantity).name) == kept.end();
      });
      probe.starts = 2;
      return std::isfinite(BestOf(probe).score);
    };
    EXPECT_FALSE(fits(names)) << diagnosis->conflict->ToString();
    for (std::size_t i = 0; i < names.size(); ++i) {
      std::vector<std::string> others = names;
      others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
      EXPECT_TRUE(fits(others)) << diagnosis->conflict->ToString();
    }
  }
  EXPECT_EQ(conflicts, wanted);
}

}  // namespace
}  // namespace oneloop
