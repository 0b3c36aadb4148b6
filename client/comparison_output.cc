#include "client/comparison_output.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/job_output.h"
#include "client/json_object.h"
#include "client/numbers.h"
#include "client/output.h"
#include "common/front/front_space.h"

namespace oneloop {
namespace {

using Align = TextTable::Align;

constexpr double kBeyondLastStep = 1.2;

// How a job's front stands to the others.
struct FrontFigures {
  std::size_t points = 0;
  std::size_t on_joint_front = 0;
  double hypervolume = 0;      // µJ·cycles·mm²
  double log_hypervolume = 0;  // octaves^3; 0 where a figure is 0
  double energy_latency = 0;   // of the projection: µJ·cycles
  double share = 0;            // of the hypervolume of the joint front, 0 to 1
  double energy_latency_share = 0;
};

double Share(double part, double whole) { return whole > 0 ? part / whole : 0; }

// A template may know no energy or no area.
bool HasLogs(const Front& front) {
  return std::all_of(front.points().begin(), front.points().end(), [](const FrontPoint& point) {
    return point[kEnergyFigure] > 0 && point[kLatencyFigure] > 0 && point[kAreaFigure] > 0;
  });
}

FrontFigures FiguresOf(const Comparison& comparison, const Front& front) {
  const FrontPoint& reference = comparison.reference;
  FrontFigures figures;
  figures.points = front.points().size();
  figures.on_joint_front = front.CountSharedWith(comparison.joint);
  figures.hypervolume = front.Hypervolume(reference);
  if (HasLogs(comparison.joint)) figures.log_hypervolume = LogHypervolume(front, reference);
  figures.energy_latency = front.ProjectedHypervolume(kEnergyFigure, kLatencyFigure, reference);
  figures.share = Share(figures.hypervolume, comparison.joint.Hypervolume(reference));
  figures.energy_latency_share =
      Share(figures.energy_latency, comparison.joint.ProjectedHypervolume(kEnergyFigure, kLatencyFigure, reference));
  return figures;
}

std::set<std::string> BestParameters(const Comparison& comparison) {
  std::set<std::string> names;
  for (const ComparedJob& compared : comparison.jobs) {
    for (const auto& [name, value] : compared.job.best().parameters()) names.insert(name);
  }
  return names;
}

std::string AlgorithmName(const v1::Job& job) {
  return absl::AsciiStrToLower(v1::Algorithm_Name(job.spec().algorithm()));
}

// Of a value that may not be there, for people.
std::string Cell(double value) { return std::isfinite(value) ? ShortNumber(value) : std::string("-"); }

std::string ShareCell(double share) { return absl::StrFormat("%.2f %%", 100 * share); }

void PrintBests(const Comparison& comparison, std::ostream& out) {
  std::vector<TextTable::Column> columns = {
      {"job", Align::kRight},    {"workload"}, {"template"}, {"objective"}, {"algorithm"}, {"state"},
      {"samples", Align::kRight}};
  for (const PointMetric& metric : PointMetrics()) columns.push_back({metric.title, Align::kRight});
  columns.push_back({"gap", Align::kRight});
  TextTable table(out, std::move(columns));
  for (const ComparedJob& compared : comparison.jobs) {
    const v1::Job& job = compared.job;
    std::vector<std::string> row = {JobId(job.name()),
                                    job.workload_display_name(),
                                    job.template_display_name(),
                                    ObjectiveName(job.spec()),
                                    AlgorithmName(job),
                                    v1::JobState_Name(job.state()),
                                    GroupedNumber(job.progress().samples_done())};
    for (const PointMetric& metric : PointMetrics()) {
      row.push_back(job.has_best() ? ShortNumber(metric.Of(job.best())) : "-");
    }
    row.push_back(GapText(job, "-"));
    table.AddRow(std::move(row));
  }
  table.Flush();
}

void PrintParameters(const Comparison& comparison, std::ostream& out) {
  const std::set<std::string> names = BestParameters(comparison);
  if (names.empty()) return;
  out << "\nparameters of the best designs:\n";
  std::vector<TextTable::Column> columns = {{"job", Align::kRight}};
  for (const std::string& name : names) columns.push_back({name, Align::kRight});
  TextTable table(out, std::move(columns));
  for (const ComparedJob& compared : comparison.jobs) {
    std::vector<std::string> row = {JobId(compared.job.name())};
    for (const std::string& name : names) {
      const auto value = compared.job.best().parameters().find(name);
      row.push_back(value == compared.job.best().parameters().end() ? "-" : ShortNumber(value->second));
    }
    table.AddRow(std::move(row));
  }
  table.Flush();
}

void PrintBestsAfter(const Comparison& comparison, const PointMetric& metric, std::ostream& out) {
  if (comparison.samples.empty()) return;
  out << "\nbest " << metric.title << " after so many samples, the starts of a job in turn:\n";
  std::vector<TextTable::Column> columns = {{"job", Align::kRight}};
  for (const std::int64_t samples : comparison.samples) columns.push_back({GroupedNumber(samples), Align::kRight});
  TextTable table(out, std::move(columns));
  for (const ComparedJob& compared : comparison.jobs) {
    std::vector<std::string> row = {JobId(compared.job.name())};
    for (const std::int64_t samples : comparison.samples) row.push_back(Cell(BestAfter(compared, metric, samples)));
    table.AddRow(std::move(row));
  }
  table.Flush();
}

void PrintFronts(const Comparison& comparison, std::ostream& out) {
  if (comparison.joint.points().empty()) return;
  out << "\nfronts over energy, latency and area; hypervolumes are shares of that of all fronts together ("
      << GroupedNumber(static_cast<std::int64_t>(comparison.joint.points().size()))
      << " points),\nmeasured from energy " << ShortNumber(comparison.reference[kEnergyFigure]) << " uJ, latency "
      << ShortNumber(comparison.reference[kLatencyFigure]) << " cycles, area "
      << ShortNumber(comparison.reference[kAreaFigure]) << " mm2:\n";
  std::vector<TextTable::Column> columns = {{"job", Align::kRight},         {"points", Align::kRight},
                                            {"undominated", Align::kRight}, {"hypervolume", Align::kRight},
                                            {"octaves^3", Align::kRight},   {"energy-latency", Align::kRight}};
  for (const ComparedJob& compared : comparison.jobs) {
    columns.push_back({absl::StrCat("by ", JobId(compared.job.name())), Align::kRight});
  }
  TextTable table(out, std::move(columns));
  for (const ComparedJob& compared : comparison.jobs) {
    const FrontFigures figures = FiguresOf(comparison, compared.front);
    std::vector<std::string> row = {JobId(compared.job.name()),           absl::StrCat(figures.points),
                                    absl::StrCat(figures.on_joint_front), ShareCell(figures.share),
                                    ShortNumber(figures.log_hypervolume), ShareCell(figures.energy_latency_share)};
    for (const ComparedJob& other : comparison.jobs) {
      row.push_back(&other == &compared ? "" : absl::StrCat(compared.front.CountDominatedBy(other.front)));
    }
    table.AddRow(std::move(row));
  }
  table.Flush();
  out << "octaves^3: the hypervolume in log2 of each figure\n"
      << "'by N': how many points of this front a point of job N's dominates\n";
}

void PrintTables(const Comparison& comparison, std::ostream& out) {
  PrintBests(comparison, out);
  PrintParameters(comparison, out);
  if (!comparison.same_objective) {
    out << "\nthe jobs minimise different things: they are compared by EDP and by each figure, not by a score\n";
  }
  for (const PointMetric* const metric : comparison.metrics) PrintBestsAfter(comparison, *metric, out);
  PrintFronts(comparison, out);
}

void PrintCsv(const Comparison& comparison, std::ostream& out) {
  const std::set<std::string> parameters = BestParameters(comparison);
  std::vector<std::string> header = {"job", "workload", "template", "objective", "algorithm", "state", "samples"};
  for (const PointMetric& metric : PointMetrics()) header.push_back(absl::StrCat("best_", metric.name));
  header.emplace_back("gap");
  for (const std::string& name : parameters) header.push_back(absl::StrCat("best_", name));
  for (const PointMetric* const metric : comparison.metrics) {
    for (const std::int64_t samples : comparison.samples) {
      header.push_back(absl::StrCat(metric->name, "_after_", samples));
    }
  }
  for (const char* const name : {"front_points", "on_joint_front", "hypervolume", "hypervolume_share",
                                 "energy_latency_hypervolume", "log_hypervolume"}) {
    header.emplace_back(name);
  }
  out << CsvLine(header);
  for (const ComparedJob& compared : comparison.jobs) {
    const v1::Job& job = compared.job;
    std::vector<std::string> row = {job.name(),
                                    job.workload_display_name(),
                                    job.template_display_name(),
                                    ObjectiveName(job.spec()),
                                    AlgorithmName(job),
                                    v1::JobState_Name(job.state()),
                                    absl::StrCat(job.progress().samples_done())};
    for (const PointMetric& metric : PointMetrics()) {
      row.push_back(job.has_best() ? ExactNumber(metric.Of(job.best())) : "");
    }
    row.push_back(job.certificate().has_gap() ? ExactNumber(job.certificate().gap()) : "");
    for (const std::string& name : parameters) {
      const auto value = job.best().parameters().find(name);
      row.push_back(value == job.best().parameters().end() ? "" : ExactNumber(value->second));
    }
    for (const PointMetric* const metric : comparison.metrics) {
      for (const std::int64_t samples : comparison.samples) {
        const double best = BestAfter(compared, *metric, samples);
        row.push_back(std::isfinite(best) ? ExactNumber(best) : "");
      }
    }
    const FrontFigures figures = FiguresOf(comparison, compared.front);
    row.push_back(absl::StrCat(figures.points));
    row.push_back(absl::StrCat(figures.on_joint_front));
    for (const double value : {figures.hypervolume, figures.share, figures.energy_latency, figures.log_hypervolume}) {
      row.push_back(ExactNumber(value));
    }
    out << CsvLine(row);
  }
}

void AddFront(const Comparison& comparison, const ComparedJob& compared, JsonObject* job) {
  const FrontFigures figures = FiguresOf(comparison, compared.front);
  JsonObject* const front = SubObject("front", job);
  SetNumber("points", static_cast<double>(figures.points), front);
  SetNumber("on_joint_front", static_cast<double>(figures.on_joint_front), front);
  SetNumber("hypervolume", figures.hypervolume, front);
  SetNumber("hypervolume_share", figures.share, front);
  SetNumber("energy_latency_hypervolume", figures.energy_latency, front);
  SetNumber("log_hypervolume", figures.log_hypervolume, front);
  JsonObject* const dominated = SubObject("dominated_by", front);
  for (const ComparedJob& other : comparison.jobs) {
    if (&other == &compared) continue;
    SetNumber(other.job.name(), static_cast<double>(compared.front.CountDominatedBy(other.front)), dominated);
  }
}

void AddJob(const Comparison& comparison, const ComparedJob& compared, JsonObject* json) {
  const v1::Job& job = compared.job;
  JsonObject* const object = AddObject("jobs", json);
  SetText("job", job.name(), object);
  SetText("workload", job.workload_display_name(), object);
  SetText("template", job.template_display_name(), object);
  SetText("objective", ObjectiveName(job.spec()), object);
  SetText("algorithm", AlgorithmName(job), object);
  SetText("state", v1::JobState_Name(job.state()), object);
  SetNumber("samples", static_cast<double>(job.progress().samples_done()), object);
  if (job.has_best()) {
    JsonObject* const best = SubObject("best", object);
    for (const PointMetric& metric : PointMetrics()) SetNumber(metric.name, metric.Of(job.best()), best);
    JsonObject* const parameters = SubObject("parameters", best);
    for (const auto& [name, value] : job.best().parameters()) SetNumber(name, value, parameters);
  }
  if (job.certificate().has_gap()) SetNumber("gap", job.certificate().gap(), object);
  for (const std::int64_t samples : comparison.samples) {
    JsonObject* const after = AddObject("best_after", object);
    SetNumber("samples", static_cast<double>(samples), after);
    for (const PointMetric* const metric : comparison.metrics) {
      SetNumber(metric->name, BestAfter(compared, *metric, samples), after);
    }
  }
  AddFront(comparison, compared, object);
}

void PrintJson(const Comparison& comparison, std::ostream& out) {
  JsonObject json;
  (*json.mutable_fields())["same_objective"].set_bool_value(comparison.same_objective);
  for (const ComparedJob& compared : comparison.jobs) AddJob(comparison, compared, &json);
  JsonObject* const reference = SubObject("reference", &json);
  SetNumber("energy_uj", comparison.reference[kEnergyFigure], reference);
  SetNumber("latency_cycles", comparison.reference[kLatencyFigure], reference);
  SetNumber("area_mm2", comparison.reference[kAreaFigure], reference);
  SetNumber("joint_front_points", static_cast<double>(comparison.joint.points().size()), &json);
  SetNumber("joint_hypervolume", comparison.joint.Hypervolume(comparison.reference), &json);
  out << JsonPrinter().Pretty(json);
}

std::string LabelOf(const v1::Job& job) { return absl::StrCat("job ", JobId(job.name())); }

// The least y of a front's points up to each x.
BestCurve LeastUpTo(const Front& front, double (*x)(const FrontPoint&), double (*y)(const FrontPoint&)) {
  std::vector<CurveStep> steps;
  for (const FrontPoint& point : front.points()) steps.push_back({x(point), y(point)});
  std::sort(steps.begin(), steps.end(), [](const CurveStep& a, const CurveStep& b) { return a.samples < b.samples; });
  BestCurve curve;
  for (const CurveStep& step : steps) {
    if (!(step.samples > 0 && step.value > 0)) continue;
    if (curve.empty() || step.value < curve.back().value) curve.push_back(step);
  }
  return curve;
}

Plot FrontPlot(const Comparison& comparison, double (*x)(const FrontPoint&), double (*y)(const FrontPoint&)) {
  Plot plot;
  for (const ComparedJob& compared : comparison.jobs) {
    const BestCurve curve = LeastUpTo(compared.front, x, y);
    // Beyond the last step of all there is nothing to see.
    if (!curve.empty()) plot.x_end = std::max(plot.x_end, kBeyondLastStep * curve.back().samples);
    plot.series.push_back(CurveSeries(LabelOf(compared.job), curve));
  }
  return plot;
}

double EnergyOf(const FrontPoint& point) { return point[kEnergyFigure]; }
double LatencyOf(const FrontPoint& point) { return point[kLatencyFigure]; }
double AreaOf(const FrontPoint& point) { return point[kAreaFigure]; }
double EdpOf(const FrontPoint& point) { return point[kEnergyFigure] * point[kLatencyFigure]; }

}  // namespace

void PrintComparison(const Comparison& comparison, OutputFormat format, std::ostream& out) {
  switch (format) {
    case OutputFormat::kTable:
      return PrintTables(comparison, out);
    case OutputFormat::kJson:
      return PrintJson(comparison, out);
    case OutputFormat::kCsv:
      return PrintCsv(comparison, out);
  }
}

std::vector<Plot> ComparisonPlots(const Comparison& comparison) {
  std::vector<Plot> plots;
  for (const PointMetric* const metric : comparison.metrics) {
    Plot plot;
    plot.title = absl::StrCat("best ", metric->title, " so far");
    plot.x_label = "samples of a job, its starts in turn";
    plot.y_label = absl::StrCat("best ", metric->label);
    const auto index = static_cast<std::size_t>(metric - CurveMetrics().data());
    for (const ComparedJob& compared : comparison.jobs) {
      plot.x_end = std::max(plot.x_end, static_cast<double>(compared.job.progress().samples_done()));
      BestCurve curve = compared.curves[index];
      // A logarithmic axis has no 0.
      std::erase_if(curve, [](const CurveStep& step) { return !(step.value > 0); });
      plot.series.push_back(CurveSeries(LabelOf(compared.job), curve));
    }
    plots.push_back(std::move(plot));
  }
  plots.push_back(FrontPlot(comparison, LatencyOf, EnergyOf));
  plots.back().title = "fronts: least energy of the designs that are as fast";
  plots.back().x_label = "latency at most (cycles)";
  plots.back().y_label = "least energy (µJ)";
  plots.push_back(FrontPlot(comparison, AreaOf, EdpOf));
  plots.back().title = "fronts: least EDP of the designs that are as small";
  plots.back().x_label = "area at most (mm²)";
  plots.back().y_label = "least EDP (µJ·cycles)";
  return plots;
}

}  // namespace oneloop
