#include "client/csv_reader.h"

#include <algorithm>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oneloop {
namespace {

using ::testing::ElementsAre;

std::string ErrorOf(std::string_view text) { return Message(ParseCsv(text, "rows.csv").status()); }

TEST(ParseCsvTest, ReadsRowsWithTheirLines) {
  const auto table = ParseCsv("a,b\n1,2\n3,\n", "rows.csv");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT(table->header.cells, ElementsAre("a", "b"));
  ASSERT_EQ(table->rows.size(), 2u);
  EXPECT_THAT(table->rows[1].cells, ElementsAre("3", ""));
  EXPECT_EQ(table->rows[1].line, 3);
  EXPECT_EQ(table->rows[1].text, "3,");
}

TEST(ParseCsvTest, ReadsWindowsLinesAByteOrderMarkAndALastLineWithoutBreak) {
  const auto table = ParseCsv(
      "\xEF\xBB\xBF"
      "a,b\r\n1,2\r\n\r\n3,4",
      "rows.csv");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT(table->header.cells, ElementsAre("a", "b"));
  ASSERT_EQ(table->rows.size(), 2u);
  EXPECT_EQ(table->rows[0].text, "1,2");
  EXPECT_EQ(table->rows[1].line, 4);
}

TEST(ParseCsvTest, SkipsCommentsBeforeTheHeaderAlone) {
  const auto table = ParseCsv("# Made by me; from; there\n\n# and more\n#,b\n# 1,2\n", "rows.csv");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT(table->header.cells, ElementsAre("#", "b"));
  EXPECT_EQ(table->header.line, 4);
  ASSERT_EQ(table->rows.size(), 1u);
  EXPECT_THAT(table->rows[0].cells, ElementsAre("# 1", "2"));
  EXPECT_EQ(ErrorOf("# nothing else\n"), "rows.csv:1: the file is empty; a line that names the columns is expected");
}

TEST(ParseCsvTest, ReadsQuotedCellsAndKeepsTheirText) {
  const auto table = ParseCsv("a,b\n\"x,\"\"y\"\"\",\"two\nlines\"\n1,2\n", "rows.csv");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT(table->rows[0].cells, ElementsAre("x,\"y\"", "two\nlines"));
  EXPECT_EQ(table->rows[0].text, "\"x,\"\"y\"\"\",\"two\nlines\"");
  EXPECT_EQ(table->rows[1].line, 4);
}

// Of the rows that are wrong.
std::vector<std::string> BadRowsOf(std::string_view text) {
  const auto table = ParseCsv(text, "rows.csv");
  EXPECT_TRUE(table.ok()) << table.status();
  std::vector<std::string> errors;
  for (const BadCsvRow& bad : table->bad) errors.push_back(Message(bad.error));
  return errors;
}

TEST(ParseCsvTest, RowsOfAnotherLengthAreToldAndTheOthersRead) {
  EXPECT_THAT(BadRowsOf("a,b\n3\n1,2\n1,2,3\n"),
              ElementsAre("rows.csv:2: the row has 1 cells, the header 2, separated by commas",
                          "rows.csv:4: the row has 3 cells, the header 2, separated by commas"));
  EXPECT_EQ(ParseCsv("a,b\n3\n1,2\n1,2,3\n", "rows.csv")->rows.size(), 1u);
}

TEST(ParseCsvTest, BrokenQuotesAreToldAndTheOtherRowsRead) {
  EXPECT_THAT(BadRowsOf("a,b\n1,\"2\n3,4\n"), ElementsAre("rows.csv:2: the quote that opens here is not closed"));
  EXPECT_THAT(BadRowsOf("a;b\n1;\"2\"x;3\n\"1\"y;2\n"),
              ElementsAre("rows.csv:2: after a closing quote, a semicolon or the end of the line is expected",
                          "rows.csv:3: after a closing quote, a semicolon or the end of the line is expected"));
}

TEST(ParseCsvTest, SemicolonsAndTabsSeparateCellsToo) {
  for (const char separator : {',', ';', '\t'}) {
    std::string text = "a|b|\"c,;\td,,,\"\n1|\"2|\"|3,4;5\t6\n";
    if (separator == ',') text = "a|b|\"c;;\"\n1|\"2|\"|3\n";
    std::replace(text.begin(), text.end(), '|', separator);
    const auto table = ParseCsv(text, "rows.csv");
    ASSERT_TRUE(table.ok()) << table.status();
    EXPECT_EQ(table->separator, separator);
    EXPECT_EQ(table->header.cells.size(), 3u);
    if (separator != ',') continue;
    ASSERT_EQ(table->rows.size(), 1u);
    EXPECT_EQ(table->rows[0].cells[1], "2,");
  }
  EXPECT_EQ(ParseCsv("only\n1\n", "rows.csv")->separator, ',');
}

TEST(ParseCsvTest, RefusesAnEmptyFile) {
  EXPECT_EQ(ErrorOf(""), "rows.csv:1: the file is empty; a line that names the columns is expected");
  EXPECT_EQ(ErrorOf("\n\n"), "rows.csv:1: the file is empty; a line that names the columns is expected");
}

}  // namespace
}  // namespace oneloop
