#include "client/point_printer.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/job_output.h"
#include "client/numbers.h"
#include "client/output.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr int kPageSize = 1000;

class JsonPointPrinter : public PointPrinter {
 public:
  explicit JsonPointPrinter(std::ostream& out) : list_(out, "points") {}
  void AddPage(const PointPage& page) override {
    for (const v1::EvaluatedPoint& point : page) list_.Add(point);
  }
  void End() override { list_.End(); }

 private:
  JsonListWriter list_;
};

// One cell per parameter; empty for one that the point lacks.
void AppendParameters(const v1::EvaluatedPoint& point, const std::vector<std::string>& names,
                      std::string (*format)(double), std::vector<std::string>* row) {
  for (const std::string& name : names) {
    const auto value = point.parameters().find(name);
    row->push_back(value == point.parameters().end() ? "" : format(value->second));
  }
}

class CsvPointPrinter : public PointPrinter {
 public:
  explicit CsvPointPrinter(std::ostream& out) : out_(out) {}

  void AddPage(const PointPage& page) override {
    if (page.empty()) return;
    if (!started_) PrintHeader(ParameterNames(page[0].parameters()));
    for (const v1::EvaluatedPoint& point : page) PrintRow(point);
  }

  void End() override {
    if (!started_) PrintHeader({});
  }

 private:
  void PrintHeader(std::vector<std::string> parameters) {
    started_ = true;
    parameters_ = std::move(parameters);
    std::vector<std::string> header = {"number",    "start",          "sample",   "origin", "pareto",
                                       "energy_uj", "latency_cycles", "area_mm2", "edp"};
    header.insert(header.end(), parameters_.begin(), parameters_.end());
    for (const char* name : {"entered_front_revision", "left_front_revision", "revision"}) header.emplace_back(name);
    out_ << CsvLine(header);
  }

  void PrintRow(const v1::EvaluatedPoint& point) {
    std::vector<std::string> row = {absl::StrCat(point.number()), absl::StrCat(point.start()),
                                    absl::StrCat(point.sample()), v1::PointOrigin_Name(point.origin()),
                                    point.pareto() ? "true" : "false"};
    for (const double figure : {point.energy_uj(), point.latency_cycles(), point.area_mm2(), point.edp()}) {
      row.push_back(ExactNumber(figure));
    }
    AppendParameters(point, parameters_, ExactNumber, &row);
    for (const std::int64_t revision :
         {point.entered_front_revision(), point.left_front_revision(), point.revision()}) {
      row.push_back(absl::StrCat(revision));
    }
    out_ << CsvLine(row);
  }

  std::ostream& out_;
  bool started_ = false;
  std::vector<std::string> parameters_;
};

class TablePointPrinter : public PointPrinter {
 public:
  explicit TablePointPrinter(std::ostream& out) : out_(out) {}

  void AddPage(const PointPage& page) override {
    if (page.empty()) return;
    if (!table_.has_value()) Start(ParameterNames(page[0].parameters()));
    for (const v1::EvaluatedPoint& point : page) AddRow(point);
    table_->Flush();
  }

  void End() override {
    if (!table_.has_value()) out_ << "no points yet\n";
  }

 private:
  void Start(std::vector<std::string> parameters) {
    using Align = TextTable::Align;
    parameters_ = std::move(parameters);
    std::vector<TextTable::Column> columns = {
        {"point", Align::kRight},     {"start", Align::kRight},          {"sample", Align::kRight},
        {"origin", Align::kLeft},     {"front", Align::kLeft},           {"EDP", Align::kRight},
        {"energy_uj", Align::kRight}, {"latency_cycles", Align::kRight}, {"area_mm2", Align::kRight}};
    for (const std::string& name : parameters_) columns.push_back({name, Align::kRight});
    table_.emplace(out_, std::move(columns));
  }

  void AddRow(const v1::EvaluatedPoint& point) {
    std::vector<std::string> row = {
        absl::StrCat(point.number()),   absl::StrCat(point.start()),
        absl::StrCat(point.sample()),   absl::AsciiStrToLower(v1::PointOrigin_Name(point.origin())),
        point.pareto() ? "yes" : "",    ShortNumber(point.edp()),
        ShortNumber(point.energy_uj()), ShortNumber(point.latency_cycles()),
        ShortNumber(point.area_mm2())};
    AppendParameters(point, parameters_, ShortNumber, &row);
    table_->AddRow(std::move(row));
  }

  std::ostream& out_;
  std::optional<TextTable> table_;
  std::vector<std::string> parameters_;
};

}  // namespace

std::unique_ptr<PointPrinter> MakePointPrinter(OutputFormat format, std::ostream& out) {
  if (format == OutputFormat::kJson) return std::make_unique<JsonPointPrinter>(out);
  if (format == OutputFormat::kCsv) return std::make_unique<CsvPointPrinter>(out);
  return std::make_unique<TablePointPrinter>(out);
}

absl::Status ForEachPointPage(ServiceClient& client, v1::ListPointsRequest request,
                              const std::function<absl::Status(PointPage page)>& handle) {
  request.set_page_size(kPageSize);
  do {
    ASSIGN_OR_RETURN(v1::ListPointsResponse response, client.ListPoints(request));
    RETURN_IF_ERROR(handle(std::move(*response.mutable_points())));
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

absl::Status PrintPoints(ServiceClient& client, const v1::ListPointsRequest& request, OutputFormat format,
                         std::ostream& out) {
  // Made with the first page, so that an unknown job leaves no half-written list behind.
  std::unique_ptr<PointPrinter> printer;
  RETURN_IF_ERROR(ForEachPointPage(client, request, [&](const PointPage& page) {
    if (printer == nullptr) printer = MakePointPrinter(format, out);
    printer->AddPage(page);
    return FlushOutput(out);
  }));
  printer->End();
  return absl::OkStatus();
}

absl::Status PrintFrontTable(ServiceClient& client, const std::string& job_name, std::ostream& out) {
  v1::ListPointsRequest request;
  request.set_parent(job_name);
  request.set_pareto_only(true);
  PointPage front;
  RETURN_IF_ERROR(ForEachPointPage(client, request, [&](PointPage page) {
    for (v1::EvaluatedPoint& point : page) *front.Add() = std::move(point);
    return absl::OkStatus();
  }));
  std::stable_sort(front.begin(), front.end(), [](const auto& a, const auto& b) { return a.edp() < b.edp(); });
  const std::unique_ptr<PointPrinter> printer = MakePointPrinter(OutputFormat::kTable, out);
  printer->AddPage(front);
  printer->End();
  return absl::OkStatus();
}

}  // namespace oneloop
