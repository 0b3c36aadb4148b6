// docs/COMPONENTS.md names every field of a component, and tells how far data/components.yaml is from public tables.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "common/convert/component_tables.h"
#include "oneloop/v1/component.pb.h"
#include "tests/docs/docs.h"
#include "tests/testing/shipped.h"
#include "tests/testing/tables.h"

namespace oneloop {
namespace {

constexpr char kPath[] = "docs/COMPONENTS.md";

double Number(const std::string& text) {
  double value = 0;
  EXPECT_TRUE(absl::SimpleAtod(text, &value)) << text;
  return value;
}

std::unique_ptr<google::protobuf::Message> MessageOf(const std::string& kind) {
  if (kind == "sram") return std::make_unique<v1::Sram>();
  if (kind == "register_file") return std::make_unique<v1::RegisterFile>();
  if (kind == "dram") return std::make_unique<v1::Dram>();
  if (kind == "mac") return std::make_unique<v1::Mac>();
  EXPECT_EQ(kind, "wire");
  return std::make_unique<v1::Wire>();
}

// Of values in order.
double Median(const std::vector<double>& values) {
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? std::abs(values[half]) : (std::abs(values[half - 1]) + std::abs(values[half])) / 2;
}

double Value(const FormulaSum& sum) {
  double value = 0;
  for (const Formula::Term& term : sum) value += term.coefficient;
  return value;
}

// "read" -> what the forms say, of one row of the public points.
std::map<std::string, double> PricesOf(const TableRow& row) {
  const std::unique_ptr<google::protobuf::Message> component = MessageOf(row.at("kind"));
  for (const auto size : absl::StrSplit(row.at("sizes"), ' ')) {
    const std::vector<std::string> parts = absl::StrSplit(size, '=');
    component->GetReflection()->SetString(component.get(), component->GetDescriptor()->FindFieldByName(parts[0]),
                                          parts[1]);
  }
  const std::optional<double> node =
      row.at("node_nm").empty() ? std::nullopt : std::optional<double>(Number(row.at("node_nm")));
  const absl::StatusOr<ComponentPrices> prices = PriceComponent(row.at("kind"), *component, node, {});
  EXPECT_TRUE(prices.ok()) << prices.status();
  if (!prices.ok()) return {};
  return {{"read_pj", Value(prices->read_pj)},
          {"write_pj", Value(prices->write_pj)},
          {"leak_mw", Value(prices->leak_mw)},
          {"area_mm2", Value(prices->area_mm2)}};
}

TEST(ComponentsDocTest, EveryFieldIsNamed) {
  std::set<std::string> named;
  for (const DocText& span : CodeSpans({kPath, LinesOf(kPath)})) named.insert(span.text);
  for (const char* kind : {"sram", "register_file", "dram", "mac", "wire"}) {
    EXPECT_TRUE(named.contains(kind)) << kind;
    const google::protobuf::Descriptor* const message = MessageOf(kind)->GetDescriptor();
    for (int i = 0; i < message->field_count(); ++i) {
      EXPECT_TRUE(named.contains(message->field(i)->name())) << kind << '.' << message->field(i)->name();
    }
  }
}

TEST(ComponentsDocTest, ErrorsAgainstPublicTablesAreTold) {
  const absl::StatusOr<std::vector<TableRow>> rows =
      ReadTable(SourceDir() + "/tests/data/components/public_points.csv");
  ASSERT_TRUE(rows.ok()) << rows.status();
  std::map<std::tuple<std::string, std::string, std::string>, std::vector<double>> errors;
  for (const TableRow& row : *rows) {
    for (const auto& [figure, value] : PricesOf(row)) {
      if (row.at(figure).empty()) continue;
      errors[{row.at("source"), row.at("kind"), figure}].push_back(value / Number(row.at(figure)) - 1);
    }
  }
  std::vector<std::string> expected;
  for (auto& [key, list] : errors) {
    std::sort(list.begin(), list.end(), [](double a, double b) { return std::abs(a) < std::abs(b); });
    expected.push_back(absl::StrFormat("| %s | %s | %s | %d | %.1f %% | %+.1f %% |", std::get<0>(key), std::get<1>(key),
                                       std::get<2>(key), list.size(), 100 * Median(list), 100 * list.back()));
  }
  std::vector<std::string> told;
  for (const std::string& line : LinesOf(kPath)) {
    if (std::count(line.begin(), line.end(), '|') == 7 && line.ends_with(" % |")) told.push_back(line);
  }
  EXPECT_THAT(told, testing::ElementsAreArray(expected));
}

}  // namespace
}  // namespace oneloop
