#include "server/handlers/page_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "common/base/status.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

TEST(PageTokenTest, KeySurvivesTheRoundTrip) {
  for (const std::int64_t key : {std::int64_t{0}, std::int64_t{17}, std::numeric_limits<std::int64_t>::max()}) {
    EXPECT_EQ(DecodePageToken(EncodePageToken(key, 5), 5).value(), key);
  }
}

TEST(PageTokenTest, KeyOfTwoPartsSurvivesTheRoundTripAndIsNoOther) {
  constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
  const std::string token = EncodePageToken(PageKey{kLeast, 17}, 5);
  EXPECT_EQ(DecodePageKey(token, 5)->first, kLeast);
  EXPECT_EQ(DecodePageKey(token, 5)->second, 17);
  EXPECT_EQ(FieldOf(DecodePageKey(token, 6).status()), "page_token");
  EXPECT_EQ(FieldOf(DecodePageToken(token, 5).status()), "page_token");
  EXPECT_EQ(FieldOf(DecodePageKey(EncodePageToken(17, 5), 5).status()), "page_token");
}

TEST(PageTokenTest, TokenOfAnotherQueryIsRefused) {
  const absl::Status status =
      DecodePageToken(EncodePageToken(17, QueryHash("jobs of a")), QueryHash("jobs of b")).status();
  EXPECT_EQ(FieldOf(status), "page_token");
  EXPECT_THAT(Message(status), HasSubstr("another query"));
}

TEST(PageTokenTest, DamagedTokensAreRefused) {
  const std::string token = EncodePageToken(17, 5);
  for (const std::string& damaged : {std::string("x"), std::string("!!"), token.substr(1), token + "A"}) {
    EXPECT_EQ(FieldOf(DecodePageToken(damaged, 5).status()), "page_token") << damaged;
  }
}

TEST(PageTokenTest, HashIsTheSameAfterARestart) { EXPECT_EQ(QueryHash("a"), 0xaf63dc4c8601ec8cULL); }

TEST(PageSizeTest, ZeroIsTheDefaultAndLargeOnesAreCapped) {
  EXPECT_EQ(EffectivePageSize(0, 50, 1000).value(), 50);
  EXPECT_EQ(EffectivePageSize(7, 50, 1000).value(), 7);
  EXPECT_EQ(EffectivePageSize(100000, 50, 1000).value(), 1000);
  EXPECT_EQ(FieldOf(EffectivePageSize(-1, 50, 1000).status()), "page_size");
}

}  // namespace
}  // namespace oneloop
