#include "client/csv_reader.h"

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

TEST(ParseCsvTest, ReadsQuotedCellsAndKeepsTheirText) {
  const auto table = ParseCsv("a,b\n\"x,\"\"y\"\"\",\"two\nlines\"\n1,2\n", "rows.csv");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT(table->rows[0].cells, ElementsAre("x,\"y\"", "two\nlines"));
  EXPECT_EQ(table->rows[0].text, "\"x,\"\"y\"\"\",\"two\nlines\"");
  EXPECT_EQ(table->rows[1].line, 4);
}

TEST(ParseCsvTest, RefusesRowsOfAnotherLength) {
  EXPECT_EQ(ErrorOf("a,b\n1,2\n3\n"), "rows.csv:3: the row has 1 cells, the header 2");
  EXPECT_EQ(ErrorOf("a,b\n1,2,3\n"), "rows.csv:2: the row has 3 cells, the header 2");
}

TEST(ParseCsvTest, RefusesBrokenQuotes) {
  EXPECT_EQ(ErrorOf("a,b\n1,\"2\n3,4\n"), "rows.csv:2: the quote that opens here is not closed");
  EXPECT_EQ(ErrorOf("a,b\n1,\"2\"x\n"),
            "rows.csv:2: after a closing quote, a comma or the end of the line is expected");
}

TEST(ParseCsvTest, RefusesAnEmptyFile) {
  EXPECT_EQ(ErrorOf(""), "rows.csv:1: the file is empty; a line that names the columns is expected");
  EXPECT_EQ(ErrorOf("\n\n"), "rows.csv:1: the file is empty; a line that names the columns is expected");
}

}  // namespace
}  // namespace oneloop
