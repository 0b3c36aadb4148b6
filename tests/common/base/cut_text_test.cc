#include "common/base/cut_text.h"

#include <gtest/gtest.h>

namespace oneloop {
namespace {

TEST(CutTextTest, WhatFitsStaysAsItIs) {
  EXPECT_EQ(CutText("", 0), "");
  EXPECT_EQ(CutText("abc", 3), "abc");
}

TEST(CutTextTest, WhatDoesNotFitTellsItsLength) { EXPECT_EQ(CutText("abcdef", 3), "abc... (6 bytes)"); }

TEST(CutTextTest, CharactersAreNotCutApart) {
  EXPECT_EQ(CutText("a\xc3\xa4z", 2), "a... (4 bytes)");
  EXPECT_EQ(CutText("a\xc3\xa4z", 3), "a\xc3\xa4... (4 bytes)");
  EXPECT_EQ(CutText("\xf0\x9f\x98\x80z", 3), "... (5 bytes)");
}

TEST(CutTextTest, BytesThatAreNoUtf8AreCutAtTheBound) {
  EXPECT_EQ(CutText("\x80\x80\x80\x80\x80\x80\x80\x80", 6), "\x80\x80\x80\x80\x80\x80... (8 bytes)");
}

}  // namespace
}  // namespace oneloop
