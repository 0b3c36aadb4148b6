#include "common/mapping/factor_space.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "common/base/random.h"
#include "common/mapping/mapping.h"
#include "gtest/gtest.h"

namespace oneloop {
namespace {

// Three levels; K along axis X of the middle one must divide, as must everything of Q.
std::unique_ptr<const Template> SomeTemplate() {
  TemplateSpec spec;
  spec.name = "some";
  spec.parameters = {{"pe", "", "", 1, 64, 1, 1, 64}};
  LevelSpec inner;
  inner.name = "inner";
  inner.keeps = kEveryTensor;
  inner.temporal = {Dim::kP, Dim::kQ};
  LevelSpec middle = inner;
  middle.name = "middle";
  middle.temporal = kEveryDim;
  middle.spatial = {{"X", {Dim::kK, Dim::kC}, Formula::Constant(64, 1), {Dim::kK}}};
  LevelSpec outer = middle;
  outer.name = "outer";
  outer.spatial.clear();
  spec.levels = {inner, middle, outer};
  spec.perfect_dims = {Dim::kQ};
  auto created = Template::Create(std::move(spec));
  EXPECT_TRUE(created.ok()) << created.status();
  return *std::move(created);
}

class FactorSpaceTest : public ::testing::Test {
 protected:
  const std::unique_ptr<const Template> template_ = SomeTemplate();
  const FactorSpace space_{*template_};
};

TEST_F(FactorSpaceTest, PlacesStandInnermostFirstAndTheAxesBeforeTheLoopsOfTheirLevel) {
  const std::vector<FactorPlace> k(space_.places(Dim::kK).begin(), space_.places(Dim::kK).end());
  EXPECT_EQ(k, (std::vector<FactorPlace>{{true, 0}, {false, 1}, {false, 2}}));
  const std::vector<FactorPlace> p(space_.places(Dim::kP).begin(), space_.places(Dim::kP).end());
  EXPECT_EQ(p, (std::vector<FactorPlace>{{false, 0}, {false, 1}, {false, 2}}));
}

TEST_F(FactorSpaceTest, ADimensionIsPerfectWhereEveryPlaceAsksForDivisors) {
  EXPECT_TRUE(space_.IsPerfect(Dim::kQ));
  EXPECT_FALSE(space_.IsPerfect(Dim::kK));
  EXPECT_TRUE(space_.MustDivide({true, 0}, Dim::kK));
  EXPECT_FALSE(space_.MustDivide({true, 0}, Dim::kC));
  EXPECT_FALSE(space_.MustDivide({false, 1}, Dim::kK));
}

// A larger factor that leaves as many runs outside only pads.
TEST_F(FactorSpaceTest, FactorsAreTheLeastOfEachNumberOfRunsOutside) {
  for (std::int64_t left = 1; left <= 300; ++left) {
    std::vector<std::int64_t> expected;
    std::set<std::int64_t> runs;
    for (std::int64_t factor = 1; factor <= left; ++factor) {
      if (runs.insert((left + factor - 1) / factor).second) expected.push_back(factor);
    }
    EXPECT_EQ(space_.Factors({false, 1}, Dim::kC, left), expected) << left;
  }
}

TEST_F(FactorSpaceTest, FactorsThatMustDivideAreTheDivisors) {
  EXPECT_EQ(space_.Factors({true, 0}, Dim::kK, 12), (std::vector<std::int64_t>{1, 2, 3, 4, 6, 12}));
  EXPECT_EQ(space_.LargestWithin({true, 0}, Dim::kK, 12, 5), 4);
  EXPECT_EQ(space_.LargestWithin({true, 0}, Dim::kC, 12, 5), 5);
  EXPECT_EQ(space_.LargestWithin({true, 0}, Dim::kK, 13, 12), 1);
  EXPECT_EQ(space_.LargestWithin({true, 0}, Dim::kC, 13, 0.5), 1);
}

// What Complete returns passes ValidateMapping, whatever it was given; a valid mapping is left alone.
TEST_F(FactorSpaceTest, CompletesAnyFactorsToAValidMapping) {
  Random random(1);
  for (int i = 0; i < 2000; ++i) {
    LayerShape shape;
    Mapping mapping;
    for (const Dim dim : kAllDims) {
      shape.bounds[ToIndex(dim)] = static_cast<std::int64_t>(1 + random.Below(60));
      for (const FactorPlace& place : space_.places(dim)) {
        FactorAt(mapping, place, dim) = static_cast<std::int64_t>(random.Below(20));
      }
      space_.Complete(dim, shape.bound(dim), &mapping);
    }
    ASSERT_TRUE(ValidateMapping(*template_, shape, mapping).ok()) << ValidateMapping(*template_, shape, mapping);
    Mapping again = mapping;
    for (const Dim dim : kAllDims) space_.Complete(dim, shape.bound(dim), &again);
    EXPECT_EQ(again, mapping);
  }
}

// Growing takes from the outermost level alone, or does nothing.
TEST_F(FactorSpaceTest, GrowingChangesOnePlaceAndTheOutermost) {
  Random random(2);
  int grown = 0;
  for (int i = 0; i < 4000; ++i) {
    LayerShape shape;
    const Dim dim = kAllDims[random.Below(kNumDims)];
    shape.bounds[ToIndex(dim)] = static_cast<std::int64_t>(1 + random.Below(60));
    Mapping mapping;
    const std::span<const FactorPlace> places = space_.places(dim);
    for (const FactorPlace& place : places) {
      FactorAt(mapping, place, dim) = static_cast<std::int64_t>(1 + random.Below(4));
    }
    space_.Complete(dim, shape.bound(dim), &mapping);
    Mapping after = mapping;
    const FactorPlace& place = places[random.Below(places.size())];
    const auto times = static_cast<std::int64_t>(2 + random.Below(4));
    if (!space_.Grow(place, dim, times, shape.bound(dim), &after)) {
      EXPECT_EQ(after, mapping);
      continue;
    }
    ++grown;
    ASSERT_TRUE(ValidateMapping(*template_, shape, after).ok()) << ValidateMapping(*template_, shape, after);
    EXPECT_EQ(FactorAt(after, place, dim), times * FactorAt(mapping, place, dim));
    EXPECT_LT(FactorAt(after, places.back(), dim), FactorAt(mapping, places.back(), dim));
    for (const FactorPlace& other : places.first(places.size() - 1)) {
      if (!(other == place)) {
        EXPECT_EQ(FactorAt(after, other, dim), FactorAt(mapping, other, dim));
      }
    }
  }
  EXPECT_GT(grown, 500);
}

TEST_F(FactorSpaceTest, FactorsEndAtTheMost) {
  EXPECT_EQ(space_.Factors({false, 1}, Dim::kC, 197, 9), (std::vector<std::int64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(space_.Factors({true, 0}, Dim::kK, 60, 9), (std::vector<std::int64_t>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(FactorSpace::LeastAlike(16, 17), 9);
  EXPECT_EQ(FactorSpace::LeastAlike(16, 197), 16);
}

TEST_F(FactorSpaceTest, ValidationNamesTheLoopThatDoesNotDivide) {
  LayerShape shape;
  shape.bounds[ToIndex(Dim::kK)] = 10;
  Mapping mapping;
  mapping.s(0, Dim::kK) = 4;
  mapping.t(2, Dim::kK) = 3;
  const absl::Status status = ValidateMapping(*template_, shape, mapping);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("loop K4X at level middle (L1) does not divide the 10"), std::string::npos) << status;
  mapping.s(0, Dim::kK) = 5;
  mapping.t(2, Dim::kK) = 2;
  EXPECT_TRUE(ValidateMapping(*template_, shape, mapping).ok());
}

}  // namespace
}  // namespace oneloop
