#include "client/output.h"

#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "oneloop/v1/design.pb.h"

namespace oneloop {
namespace {

TEST(CsvLineTest, QuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(CsvLine({"plain", "a,b", "say \"hi\"", "two\nlines", ""}),
            "plain,\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",\n");
}

TEST(JsonPrinterTest, KeepsProtoNamesAndUnsetPlainFields) {
  v1::Design design;
  design.set_energy_uj(0.1);
  (*design.mutable_parameters())["pe_dim"] = 16;
  (*design.mutable_parameters())["accumulator_kib"] = 32;
  EXPECT_EQ(JsonPrinter().Compact(design),
            R"({"name":"","parameters":{"accumulator_kib":32,"pe_dim":16},"energy_uj":0.1,"latency_cycles":0,)"
            R"("area_mm2":0,"edp":0,"layers":[],"workload":"","template":"","calibration":"","networks":[],)"
            R"("idle_share":0,"padding_share":0})");
}

TEST(JsonListWriterTest, WritesAnEmptyList) {
  std::ostringstream out;
  JsonListWriter list(out, "points");
  list.End();
  EXPECT_EQ(out.str(), "{\"points\": [], \"next_page_token\": \"\"}\n");
}

TEST(TextTableTest, AlignsColumnsAndKeepsWidths) {
  std::ostringstream out;
  TextTable table(out, {{"name"}, {"value", TextTable::Align::kRight}, {"unit"}});
  table.AddRow({"energy", "12", "\xC2\xB5J"});
  table.AddRow({"latency", "3", "cycles"});
  table.Flush();
  table.AddRow({"x", "4", "line\nbreak"});
  table.Flush();
  EXPECT_EQ(out.str(),
            "name     value  unit\n"
            "energy      12  \xC2\xB5J\n"
            "latency      3  cycles\n"
            "x            4  line; break\n");
}

TEST(TextTableTest, PrintsItsHeaderWithoutRows) {
  std::ostringstream out;
  TextTable table(out, {{"name"}, {"value"}});
  table.Flush();
  EXPECT_EQ(out.str(), "name  value\n");
}

}  // namespace
}  // namespace oneloop
