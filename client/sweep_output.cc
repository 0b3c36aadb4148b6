#include "client/sweep_output.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/job_output.h"
#include "client/json_object.h"
#include "client/numbers.h"
#include "client/output.h"
#include "client/point_metrics.h"

namespace oneloop {
namespace {

using Align = TextTable::Align;

void PrintTable(const Sweep& sweep, std::ostream& out) {
  std::vector<TextTable::Column> columns = {{"job", Align::kRight}};
  for (const std::string& axis : sweep.identity.axes) {
    const bool is_limit = !sweep.jobs.empty() && IsLimitAxis(sweep.jobs.front().job, axis);
    columns.push_back({absl::StrCat(axis, is_limit ? "<=" : ""), Align::kRight});
  }
  columns.push_back({"state"});
  columns.push_back({"done", Align::kRight});
  for (const PointMetric& metric : PointMetrics()) columns.push_back({metric.title, Align::kRight});
  columns.push_back({"gap", Align::kRight});
  TextTable table(out, std::move(columns));
  for (const SweepJob& row : sweep.jobs) {
    std::vector<std::string> cells = {JobId(row.job.name())};
    for (const std::string& axis : sweep.identity.axes) cells.push_back(VariedValue(row.job, axis));
    cells.push_back(v1::JobState_Name(row.job.state()));
    cells.push_back(ShareText(row.job.progress()));
    for (const PointMetric& metric : PointMetrics()) {
      cells.push_back(row.job.has_best() ? ShortNumber(metric.Of(row.job.best())) : "-");
    }
    cells.push_back(GapText(row.job, "-"));
    table.AddRow(std::move(cells));
  }
  table.Flush();
  if (sweep.jobs.size() < sweep.identity.size) {
    out << GroupedNumber(static_cast<std::int64_t>(sweep.jobs.size())) << " of "
        << GroupedNumber(static_cast<std::int64_t>(sweep.identity.size))
        << " jobs are stored; the command that made the sweep goes on with the others\n";
  }
}

void PrintCsv(const Sweep& sweep, std::ostream& out) {
  std::vector<std::string> header = {"place", "job"};
  for (const std::string& axis : sweep.identity.axes) header.push_back(absl::StrCat("varied_", axis));
  for (const char* const name : {"state", "samples_done", "samples_total"}) header.emplace_back(name);
  for (const PointMetric& metric : PointMetrics()) header.push_back(absl::StrCat("best_", metric.name));
  for (const char* const name : {"lower_bound", "gap", "message"}) header.emplace_back(name);
  out << CsvLine(header);
  for (const SweepJob& row : sweep.jobs) {
    const v1::Job& job = row.job;
    std::vector<std::string> cells = {absl::StrCat(row.place + 1), job.name()};
    for (const std::string& axis : sweep.identity.axes) cells.push_back(VariedValue(job, axis));
    cells.push_back(v1::JobState_Name(job.state()));
    cells.push_back(absl::StrCat(job.progress().samples_done()));
    cells.push_back(absl::StrCat(job.progress().samples_total()));
    for (const PointMetric& metric : PointMetrics()) {
      cells.push_back(job.has_best() ? ExactNumber(metric.Of(job.best())) : "");
    }
    cells.push_back(job.has_certificate() ? ExactNumber(job.certificate().lower_bound()) : "");
    cells.push_back(job.certificate().has_gap() ? ExactNumber(job.certificate().gap()) : "");
    cells.push_back(job.message());
    out << CsvLine(cells);
  }
}

// A number where the text is one.
void SetValue(const std::string& name, const std::string& value, JsonObject* object) {
  const std::optional<double> number = ParseNumber(value);
  if (number.has_value()) {
    SetNumber(name, *number, object);
  } else {
    SetText(name, value, object);
  }
}

void PrintJson(const Sweep& sweep, std::ostream& out) {
  JsonObject json;
  SetText("sweep", sweep.identity.name, &json);
  SetNumber("size", static_cast<double>(sweep.identity.size), &json);
  (*json.mutable_fields())["jobs"].mutable_list_value();
  for (const SweepJob& row : sweep.jobs) {
    const v1::Job& job = row.job;
    JsonObject* const object = AddObject("jobs", &json);
    SetNumber("place", static_cast<double>(row.place + 1), object);
    SetText("job", job.name(), object);
    SetText("state", v1::JobState_Name(job.state()), object);
    SetText("message", job.message(), object);
    JsonObject* const varied = SubObject("varied", object);
    for (const std::string& axis : sweep.identity.axes) SetValue(axis, VariedValue(job, axis), varied);
    SetNumber("samples_done", static_cast<double>(job.progress().samples_done()), object);
    SetNumber("samples_total", static_cast<double>(job.progress().samples_total()), object);
    if (job.has_best()) {
      JsonObject* const best = SubObject("best", object);
      for (const PointMetric& metric : PointMetrics()) SetNumber(metric.name, metric.Of(job.best()), best);
      JsonObject* const parameters = SubObject("parameters", best);
      for (const auto& [name, value] : job.best().parameters()) SetNumber(name, value, parameters);
    }
    if (job.has_certificate()) SetNumber("lower_bound", job.certificate().lower_bound(), object);
    if (job.certificate().has_gap()) SetNumber("gap", job.certificate().gap(), object);
  }
  out << JsonPrinter().Pretty(json);
}

// The first axis whose values are all numbers above 0.
std::optional<std::size_t> NumericAxis(const Sweep& sweep) {
  for (std::size_t i = 0; i < sweep.identity.axes.size(); ++i) {
    const bool numeric = std::all_of(sweep.jobs.begin(), sweep.jobs.end(), [&](const SweepJob& row) {
      return ParseNumber(VariedValue(row.job, sweep.identity.axes[i])).value_or(0) > 0;
    });
    if (numeric) return i;
  }
  return std::nullopt;
}

// What all jobs minimise; EDP when they differ.
const PointMetric& CommonMetric(const Sweep& sweep) {
  const PointMetric* common = nullptr;
  for (const SweepJob& row : sweep.jobs) {
    const PointMetric& metric = ObjectiveMetric(row.job.spec());
    if (common != nullptr && common != &metric) return PointMetrics().front();
    common = &metric;
  }
  return common == nullptr ? PointMetrics().front() : *common;
}

std::string SeriesLabel(const Sweep& sweep, const v1::Job& job, std::optional<std::size_t> x_axis) {
  std::vector<std::string> values;
  for (std::size_t i = 0; x_axis.has_value() && i < sweep.identity.axes.size(); ++i) {
    const std::string& axis = sweep.identity.axes[i];
    if (i != *x_axis) values.push_back(absl::StrCat(axis, IsLimitAxis(job, axis) ? "<=" : " ", VariedValue(job, axis)));
  }
  return values.empty() ? sweep.identity.name : absl::StrJoin(values, ", ");
}

}  // namespace

void PrintSweep(const Sweep& sweep, OutputFormat format, std::ostream& out) {
  switch (format) {
    case OutputFormat::kTable:
      return PrintTable(sweep, out);
    case OutputFormat::kJson:
      return PrintJson(sweep, out);
    case OutputFormat::kCsv:
      return PrintCsv(sweep, out);
  }
}

void PrintSweepList(const std::vector<SweepOverview>& sweeps, OutputFormat format, std::ostream& out) {
  if (format == OutputFormat::kJson) {
    JsonObject json;
    (*json.mutable_fields())["sweeps"].mutable_list_value();
    for (const SweepOverview& sweep : sweeps) {
      JsonObject* const object = AddObject("sweeps", &json);
      SetText("name", sweep.name, object);
      SetText("owner", sweep.owner, object);
      SetNumber("size", static_cast<double>(sweep.size), object);
      SetNumber("stored", static_cast<double>(sweep.stored), object);
      SetNumber("over", static_cast<double>(sweep.over), object);
      SetNumber("succeeded", static_cast<double>(sweep.succeeded), object);
      SetText("create_time", FormatTimestamp(sweep.create_time), object);
    }
    out << JsonPrinter().Pretty(json);
    return;
  }
  if (format == OutputFormat::kCsv) {
    out << CsvLine({"name", "owner", "size", "stored", "over", "succeeded", "create_time"});
  }
  TextTable table(out, {{"sweep"},
                        {"owner"},
                        {"jobs", Align::kRight},
                        {"stored", Align::kRight},
                        {"over", Align::kRight},
                        {"succeeded", Align::kRight},
                        {"created (UTC)"}});
  for (const SweepOverview& sweep : sweeps) {
    const std::vector<std::string> row = {sweep.name,
                                          sweep.owner,
                                          absl::StrCat(sweep.size),
                                          absl::StrCat(sweep.stored),
                                          absl::StrCat(sweep.over),
                                          absl::StrCat(sweep.succeeded),
                                          FormatTimestamp(sweep.create_time)};
    if (format == OutputFormat::kCsv) {
      out << CsvLine(row);
    } else {
      table.AddRow(row);
    }
  }
  if (format == OutputFormat::kTable) table.Flush();
}

Plot SweepPlot(const Sweep& sweep) {
  const std::optional<std::size_t> x_axis = NumericAxis(sweep);
  const PointMetric& metric = CommonMetric(sweep);
  Plot plot;
  plot.line = Plot::Line::kMarks;
  plot.title = absl::StrCat("sweep ", sweep.identity.name);
  plot.y_label = absl::StrCat("best ", metric.label);
  plot.x_label = "job of the sweep";
  if (x_axis.has_value() && !sweep.jobs.empty()) {
    const std::string& axis = sweep.identity.axes[*x_axis];
    plot.x_label = IsLimitAxis(sweep.jobs.front().job, axis) ? absl::StrCat("limit on ", axis) : axis;
  }
  for (const SweepJob& row : sweep.jobs) {
    std::string label = SeriesLabel(sweep, row.job, x_axis);
    auto series = std::find_if(plot.series.begin(), plot.series.end(),
                               [&](const PlotSeries& known) { return known.label == label; });
    if (series == plot.series.end()) series = plot.series.insert(series, {std::move(label), {}});
    const double value = row.job.has_best() ? metric.Of(row.job.best()) : 0;
    if (!(value > 0)) continue;
    const double x = x_axis.has_value() ? *ParseNumber(VariedValue(row.job, sweep.identity.axes[*x_axis]))
                                        : static_cast<double>(row.place + 1);
    series->band.push_back({x, value, value, value});
  }
  for (PlotSeries& series : plot.series) {
    std::sort(series.band.begin(), series.band.end(),
              [](const BandStep& a, const BandStep& b) { return a.samples < b.samples; });
  }
  return plot;
}

}  // namespace oneloop
