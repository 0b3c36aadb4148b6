#include "common/mapping/awkward_bounds.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/common/model/perfect_template.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

// On gemmini, with C along one axis and K along the other, 16 of each at most.
class AwkwardBoundsTest : public ::testing::Test {
 protected:
  AwkwardBoundsTest() : gemmini_(ShippedTemplate("gemmini")), perfect_(Perfect(*gemmini_)) { workload_.name = "some"; }

  void Add(const std::string& name, std::int64_t p, std::int64_t c, std::int64_t k) {
    Layer layer;
    layer.name = name;
    layer.shape.bounds = {1, 1, p, 1, c, k, 1, 1};
    workload_.layers.push_back(layer);
  }
  std::vector<std::string> Found(double pe_dim = 16) const {
    return AwkwardBounds(*perfect_, workload_, {pe_dim, 256, 64});
  }

  const std::unique_ptr<const Template> gemmini_;
  std::unique_ptr<const Template> perfect_;
  Workload workload_;
};

TEST_F(AwkwardBoundsTest, APrimeThatAnAxisCannotDivideIsToldWithTheNextBoundThatItCan) {
  Add("scores", 64, 64, 197);
  EXPECT_THAT(Found(), ElementsAre("layer 'scores' has K = 197, a prime: its largest divisor for axis X of level "
                                   "scratchpad, of 16 at most, is 1; padded to 208 it would be 16"));
}

TEST_F(AwkwardBoundsTest, ABoundIsAwkwardByWhatItsDivisorsLeaveIdle) {
  Add("seven", 64, 64, 49);  // 7 of 16, where 4 runs would do
  EXPECT_THAT(Found(), ElementsAre(StartsWith("layer 'seven' has K = 49: its largest divisor for axis X of level "
                                              "scratchpad, of 16 at most, is 7; padded to 52 it would be 13")));
  workload_.layers.clear();
  Add("eleven", 64, 64, 55);  // 11 of 16: 5 runs for 4
  Add("fits", 64, 3, 13);
  Add("even", 112, 512, 1024);
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(AwkwardBoundsTest, WhatFitsTheLargestHardwareIsNotAwkwardThere) {
  Add("scores", 64, 64, 97);
  EXPECT_THAT(Found(16), SizeIs(1));
  EXPECT_THAT(Found(128), ElementsAre(HasSubstr("tiles of it are at most 1 or at least 97")));
}

TEST_F(AwkwardBoundsTest, TilesOfABoundWithoutDivisorsBetweenAreTold) {
  Add("tokens", 197, 64, 64);
  EXPECT_THAT(Found(), ElementsAre("layer 'tokens' has P = 197, a prime: tiles of it are at most 1 or at least 197; "
                                   "padded to 198 it would have divisors between"));
}

TEST_F(AwkwardBoundsTest, IdleCopiesAreToldBeforeTiles) {
  Add("tokens", 197, 64, 64);
  Add("scores", 64, 64, 211);
  EXPECT_THAT(Found(), ElementsAre(HasSubstr("'scores' has K = 211"), HasSubstr("'tokens' has P = 197")));
}

TEST_F(AwkwardBoundsTest, EachBoundIsToldOnceAndManyAreCounted) {
  for (const char* name : {"a", "b", "c"}) Add(name, 64, 64, 197);
  for (const std::int64_t k : {199, 211, 223, 227}) Add(absl::StrCat("k", k), 64, 64, k);
  EXPECT_THAT(Found(), ElementsAre(HasSubstr("'a' has K = 197"), HasSubstr("'k199' has K = 199"),
                                   HasSubstr("'k211' has K = 211"), "2 more bounds are as awkward"));
}

TEST_F(AwkwardBoundsTest, WhereFactorsNeedNotDivideNothingIsAwkward) {
  Add("scores", 197, 197, 197);
  EXPECT_THAT(AwkwardBounds(*gemmini_, workload_, {16, 256, 64}), IsEmpty());
}

TEST_F(AwkwardBoundsTest, AnAxisThatAnotherBoundFillsIsNotWasted) {
  TemplateSpec spec = perfect_->spec();
  spec.levels[2].spatial[0].dims = {Dim::kK, Dim::kC};
  perfect_ = Template::Create(std::move(spec)).value();
  Add("scores", 64, 64, 289);
  EXPECT_THAT(Found(), ElementsAre(HasSubstr("tiles of it")));
}

// A request's bytes do not decide how long it takes: 4,096 layers of bounds that are hard to factor.
TEST_F(AwkwardBoundsTest, ManyHardBoundsAreLookedAtOnlyInPart) {
  for (std::int64_t i = 0; i < 4096; ++i) Add("hard", 1, 2147483647 - 2 * i, 2147483629 - 2 * i);
  EXPECT_THAT(Found(), SizeIs(4));
}

}  // namespace
}  // namespace oneloop
