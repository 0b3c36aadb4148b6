#include "common/base/printable_text.h"

#include <string>

#include "gtest/gtest.h"

namespace oneloop {
namespace {

TEST(PrintableTextTest, PlainTextStaysAsItIs) {
  for (const std::string text : {"", "resnet50", "Größe 5 µm²", "設計", "\\n \"x\" ~", "😀"}) {
    EXPECT_EQ(PrintableText(text), text);
  }
}

TEST(PrintableTextTest, TerminalControlsAreEscaped) {
  EXPECT_EQ(PrintableText("a\x1b[2Jb"), "a\\u001b[2Jb");
  EXPECT_EQ(PrintableText("a\xc2\x9b"
                          "2Jb"),
            "a\\u009b2Jb")
      << "U+009B, which begins a sequence by itself";
  EXPECT_EQ(PrintableText("\xc2\x80\xc2\x85\xc2\x9f\x7f"), "\\u0080\\u0085\\u009f\\u007f");
  EXPECT_EQ(PrintableText("a\nb\r\tc"), "a\\nb\\u000d\\tc");
  EXPECT_EQ(PrintableText(std::string_view("a\0b", 3)), "a\\u0000b");
}

TEST(PrintableTextTest, DirectionAndInvisibleCharactersAreEscaped) {
  EXPECT_EQ(PrintableText("gpj\xe2\x80\xae"
                          "exe"),
            "gpj\\u202eexe");
  EXPECT_EQ(PrintableText("\xd8\x9c\xe2\x80\x8e\xe2\x80\x8f"), "\\u061c\\u200e\\u200f");
  EXPECT_EQ(PrintableText("\xe2\x81\xa6\xe2\x81\xa9\xe2\x80\xa8\xe2\x80\xa9"), "\\u2066\\u2069\\u2028\\u2029");
  EXPECT_EQ(PrintableText("a\xe2\x80\x8b"
                          "b\xef\xbb\xbf"),
            "a\\u200bb\\ufeff");
  EXPECT_EQ(PrintableText("\xf3\xa0\x80\x81"), "\\U000e0001");
}

TEST(PrintableTextTest, BytesThatAreNoUtf8AreEscapedOneByOne) {
  EXPECT_EQ(PrintableText("a\x9b"
                          "b"),
            "a\\x9bb");
  EXPECT_EQ(PrintableText("\xc3"), "\\xc3");
  EXPECT_EQ(PrintableText("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "half of a surrogate pair";
  EXPECT_EQ(PrintableText("\xc0\x9b"), "\\xc0\\x9b") << "a longer form than needed";
}

TEST(PrintableTextTest, PrintableTextStaysPrintable) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  const std::string once = PrintableText(all + "\xe2\x80\xae\xc2\x9b");
  EXPECT_EQ(PrintableText(once), once);
}

}  // namespace
}  // namespace oneloop
