#include "server/store/overview_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace oneloop {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

TEST(EvenPlacesTest, KeepsBothEndsAndTheSameDistance) {
  EXPECT_THAT(EvenPlaces(11, 3), ElementsAre(0, 5, 10));
  EXPECT_THAT(EvenPlaces(3, 5), ElementsAre(0, 1, 2));
  EXPECT_THAT(EvenPlaces(7, 1), ElementsAre(0));
  EXPECT_THAT(EvenPlaces(7, 0), IsEmpty());
  EXPECT_THAT(EvenPlaces(7, -1), IsEmpty());
  EXPECT_THAT(EvenPlaces(0, 5), IsEmpty());
}

TEST(ShareImprovementsTest, ThoseWithFewKeepAll) {
  EXPECT_THAT(ShareImprovements({{3, 1}, {100, 2}, {0, 9}, {50, 3}}, 43),
              ElementsAre(Optional(3), Optional(20), Optional(0), Optional(20)));
  EXPECT_THAT(ShareImprovements({{3, 1}, {4, 2}}, 7), ElementsAre(Optional(3), Optional(4)));
}

TEST(ShareImprovementsTest, BestStartsAreShownWhenNotAllFit) {
  EXPECT_THAT(ShareImprovements({{5, 3}, {5, 1}, {1, 2}, {5, 4}}, 5),
              ElementsAre(Optional(2), Optional(2), Optional(1), std::nullopt));
  EXPECT_THAT(ShareImprovements({{5, 3}, {5, 1}}, 2), ElementsAre(std::nullopt, Optional(2)));
  EXPECT_THAT(ShareImprovements({}, 2), IsEmpty());
}

}  // namespace
}  // namespace oneloop
