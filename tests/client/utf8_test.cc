#include "client/utf8.h"

#include "gtest/gtest.h"

namespace oneloop {
namespace {

TEST(Utf8PrefixTest, TakesWellFormedText) {
  for (const std::string_view text : {"", "plain", "\xC2\xB5J", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xEF\xBB\xBF"}) {
    EXPECT_EQ(Utf8Prefix(text), text.size()) << text;
  }
}

TEST(Utf8PrefixTest, StopsBeforeTheFirstMalformedCharacter) {
  // A lone continuation, a cut sequence, overlong forms, a surrogate, beyond U+10FFFF, bytes that never occur.
  for (const std::string_view bad : {"\x80", "\xC2", "\xE2\x82", "\xC0\x80", "\xE0\x80\x80", "\xF0\x80\x80\x80",
                                     "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF", "\xC2\x41"}) {
    EXPECT_EQ(Utf8Prefix("ok" + std::string(bad) + "x"), 2u);
  }
}

}  // namespace
}  // namespace oneloop
