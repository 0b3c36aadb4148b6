#include "client/front_output.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/job_output.h"
#include "client/json_object.h"
#include "client/numbers.h"
#include "client/output.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

using Align = TextTable::Align;

constexpr int kMoments = 10;

void PrintHistoryTable(const JobFront& front, std::ostream& out) {
  TextTable table(out, {{"samples", Align::kRight}, {"designs", Align::kRight}, {"hypervolume", Align::kRight}});
  for (const FrontMoment& moment : front.history) {
    table.AddRow({GroupedNumber(moment.samples), GroupedNumber(moment.points), ShortNumber(moment.hypervolume)});
  }
  table.Flush();
}

void PrintTable(const JobFront& front, std::ostream& out) {
  const std::unique_ptr<PointPrinter> printer = MakePointPrinter(OutputFormat::kTable, out);
  printer->AddPage(front.points);
  printer->End();
  if (front.history.empty()) return;
  out << "\nhypervolume (" << HypervolumeUnit(front.space)
      << ") of what was found within so many samples, the starts of the job in turn:\n";
  PrintHistoryTable(front, out);
}

JsonObject HistoryJson(const JobFront& front) {
  JsonObject json;
  (*json.mutable_fields())["history"].mutable_list_value();
  for (const FrontMoment& moment : front.history) {
    JsonObject* const object = AddObject("history", &json);
    SetNumber("samples", static_cast<double>(moment.samples), object);
    SetNumber("points", static_cast<double>(moment.points), object);
    SetNumber("hypervolume", moment.hypervolume, object);
  }
  return json;
}

}  // namespace

absl::StatusOr<JobFront> ReadJobFront(ServiceClient& client, const std::string& job_name) {
  JobFront result;
  v1::GetJobRequest get;
  get.set_name(job_name);
  ASSIGN_OR_RETURN(result.job, client.GetJob(get));
  result.space = SpaceOf(result.job.spec().objective_front());
  FrontHistory history(result.space, std::max(1, result.job.spec().starts()),
                       std::max<std::int64_t>(1, result.job.progress().samples_total()), kMoments);
  PointPage candidates;
  v1::ListPointsRequest request;
  request.set_parent(job_name);
  request.set_exact_only(true);
  RETURN_IF_ERROR(ForEachPointPage(client, request, [&](PointPage page) {
    for (v1::EvaluatedPoint& point : page) {
      history.Add(point);
      if (point.pareto()) *candidates.Add() = std::move(point);
    }
    return absl::OkStatus();
  }));
  result.history = history.Build();
  const Front front = history.FinalFront();
  for (v1::EvaluatedPoint& point : candidates) {
    const FrontPoint figures = {point.energy_uj(), point.latency_cycles(), point.area_mm2()};
    // Others are on the front only for what this space has not.
    if (result.space.FrontOf({figures}).CountSharedWith(front) == 1) *result.points.Add() = std::move(point);
  }
  const bool by_area = result.space.Has(kAreaFigure);
  std::stable_sort(result.points.begin(), result.points.end(), [by_area](const auto& a, const auto& b) {
    return by_area ? a.area_mm2() < b.area_mm2() : a.latency_cycles() < b.latency_cycles();
  });
  return result;
}

void PrintJobFront(const JobFront& front, OutputFormat format, std::ostream& out) {
  if (format == OutputFormat::kTable) return PrintTable(front, out);
  if (format == OutputFormat::kCsv) {
    const std::unique_ptr<PointPrinter> printer = MakePointPrinter(format, out);
    printer->AddPage(front.points);
    printer->End();
    return;
  }
  JsonListWriter list(out, "points");
  for (const v1::EvaluatedPoint& point : front.points) list.Add(point);
  const JsonObject history = HistoryJson(front);
  list.End({{"front", &front.job.front()},
            {"certificate", &front.job.certificate()},
            {"history", &history.fields().at("history").list_value()}});
}

void PrintFrontHistory(const JobFront& front, OutputFormat format, std::ostream& out) {
  switch (format) {
    case OutputFormat::kTable:
      return PrintHistoryTable(front, out);
    case OutputFormat::kJson:
      out << JsonPrinter().Pretty(HistoryJson(front));
      return;
    case OutputFormat::kCsv:
      out << CsvLine({"samples", "points", "hypervolume"});
      for (const FrontMoment& moment : front.history) {
        out << CsvLine({absl::StrCat(moment.samples), absl::StrCat(moment.points), ExactNumber(moment.hypervolume)});
      }
      return;
  }
}

}  // namespace oneloop
