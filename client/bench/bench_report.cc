#include "client/bench/bench_report.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/json_object.h"
#include "client/numbers.h"
#include "client/output.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

// 0 when none is known.
double BoundOf(const v1::Job& job) { return job.certificate().lower_bound(); }

double BestEdp(const v1::Job& job) {
  return job.has_best() ? job.best().edp() : std::numeric_limits<double>::infinity();
}

std::vector<std::string> CsvHeader() {
  return {"workload",      "template",    "variant", "algorithm",         "seed",           "starts",
          "samples",       "job",         "points",  "best_edp",          "best_energy_uj", "best_latency_cycles",
          "best_area_mm2", "lower_bound", "gap",     "samples_per_second"};
}

std::vector<std::string> CsvRow(const BenchRun& run) {
  const v1::Job& job = run.job;
  std::vector<std::string> row = {run.workload,
                                  job.template_display_name(),
                                  run.variant,
                                  absl::AsciiStrToLower(v1::Algorithm_Name(job.spec().algorithm())),
                                  absl::StrCat(job.spec().seed()),
                                  absl::StrCat(job.spec().starts()),
                                  absl::StrCat(job.progress().samples_total()),
                                  job.name(),
                                  absl::StrCat(job.progress().points())};
  const v1::EvaluatedPoint& best = job.best();
  for (const double figure : {best.edp(), best.energy_uj(), best.latency_cycles(), best.area_mm2()}) {
    row.push_back(job.has_best() ? ExactNumber(figure) : "");
  }
  row.push_back(BoundOf(job) > 0 ? ExactNumber(BoundOf(job)) : "");
  row.push_back(job.certificate().has_gap() ? ExactNumber(job.certificate().gap()) : "");
  row.push_back(ExactNumber(run.samples_per_second));
  return row;
}

std::string Rate(double samples_per_second) {
  return samples_per_second > 0 ? SiNumber(samples_per_second) : std::string("-");
}

std::string GapCell(const std::optional<double>& gap) { return gap.has_value() ? PercentUp(*gap) : std::string("-"); }

void PrintTables(const std::vector<BenchCell>& cells, const std::vector<BenchRatio>& ratios,
                 const std::string& reference, std::ostream& out) {
  using Align = TextTable::Align;
  TextTable table(out, {{"workload"},
                        {"variant"},
                        {"seeds", Align::kRight},
                        {"mean EDP", Align::kRight},
                        {"median", Align::kRight},
                        {"worst", Align::kRight},
                        {"samples/s", Align::kRight},
                        {"above bound", Align::kRight}});
  for (const BenchCell& cell : cells) {
    table.AddRow({cell.workload, cell.variant, absl::StrCat(cell.seeds), ShortNumber(cell.edp.mean),
                  ShortNumber(cell.edp.median), ShortNumber(cell.edp.most), Rate(cell.samples_per_second),
                  GapCell(cell.gap)});
  }
  table.Flush();
  if (ratios.size() < 2) return;
  out << "\nmean EDP as a multiple of that of '" << reference << "', geometric mean over the workloads:\n";
  TextTable ratio_table(out, {{"variant"}, {"ratio", Align::kRight}});
  for (const BenchRatio& ratio : ratios) ratio_table.AddRow({ratio.variant, ShortNumber(ratio.ratio)});
  ratio_table.Flush();
}

void PrintJson(const std::vector<BenchRun>& runs, const std::vector<BenchCell>& cells,
               const std::vector<BenchRatio>& ratios, std::ostream& out) {
  JsonObject json;
  for (const BenchRun& run : runs) {
    JsonObject* const job = AddObject("jobs", &json);
    SetText("workload", run.workload, job);
    SetText("variant", run.variant, job);
    SetText("job", run.job.name(), job);
    SetNumber("seed", static_cast<double>(run.job.spec().seed()), job);
    SetNumber("best_edp", BestEdp(run.job), job);
    SetNumber("samples_per_second", run.samples_per_second, job);
  }
  for (const BenchCell& cell : cells) {
    JsonObject* const row = AddObject("table", &json);
    SetText("workload", cell.workload, row);
    SetText("variant", cell.variant, row);
    SetNumber("seeds", cell.seeds, row);
    SetNumber("mean_edp", cell.edp.mean, row);
    SetNumber("median_edp", cell.edp.median, row);
    SetNumber("worst_edp", cell.edp.most, row);
    SetNumber("samples_per_second", cell.samples_per_second, row);
    SetNumber("gap", cell.gap.value_or(std::numeric_limits<double>::quiet_NaN()), row);
  }
  for (const BenchRatio& ratio : ratios) {
    JsonObject* const row = AddObject("ratios", &json);
    SetText("variant", ratio.variant, row);
    SetNumber("ratio", ratio.ratio, row);
  }
  out << JsonPrinter().Pretty(json);
}

}  // namespace

std::vector<BenchCell> CellsOf(const std::vector<BenchRun>& runs) {
  std::vector<BenchCell> cells;
  std::vector<std::vector<double>> edps;
  std::vector<double> bounds;  // the same for every seed and way to search
  for (const BenchRun& run : runs) {
    const auto same = [&run](const BenchCell& cell) {
      return cell.workload == run.workload && cell.variant == run.variant;
    };
    auto cell = std::find_if(cells.begin(), cells.end(), same);
    if (cell == cells.end()) {
      cell = cells.insert(cells.end(), {run.workload, run.variant, 0, {}, 0, std::nullopt});
      edps.emplace_back();
      bounds.push_back(BoundOf(run.job));
    }
    ++cell->seeds;
    cell->samples_per_second += run.samples_per_second;
    edps[static_cast<std::size_t>(cell - cells.begin())].push_back(BestEdp(run.job));
  }
  for (std::size_t i = 0; i < cells.size(); ++i) {
    cells[i].edp = Summarize(edps[i]);
    cells[i].samples_per_second /= cells[i].seeds;
    if (bounds[i] > 0) cells[i].gap = cells[i].edp.mean / bounds[i] - 1;
  }
  return cells;
}

std::vector<BenchRatio> RatiosTo(const std::string& reference, const std::vector<BenchCell>& cells) {
  std::map<std::string, double> reference_edp;  // by workload
  std::vector<std::string> variants;
  for (const BenchCell& cell : cells) {
    if (cell.variant == reference) reference_edp[cell.workload] = cell.edp.mean;
    if (std::find(variants.begin(), variants.end(), cell.variant) == variants.end()) variants.push_back(cell.variant);
  }
  std::vector<BenchRatio> ratios;
  if (reference_edp.empty()) return ratios;
  for (const std::string& variant : variants) {
    std::vector<double> of_workloads;
    for (const BenchCell& cell : cells) {
      if (cell.variant == variant) of_workloads.push_back(cell.edp.mean / reference_edp.at(cell.workload));
    }
    ratios.push_back({variant, GeometricMean(of_workloads)});
  }
  return ratios;
}

void PrintBench(const std::vector<BenchRun>& runs, const std::string& reference, OutputFormat format,
                std::ostream& out) {
  const std::vector<BenchCell> cells = CellsOf(runs);
  const std::vector<BenchRatio> ratios = RatiosTo(reference, cells);
  switch (format) {
    case OutputFormat::kTable:
      return PrintTables(cells, ratios, reference, out);
    case OutputFormat::kJson:
      return PrintJson(runs, cells, ratios, out);
    case OutputFormat::kCsv:
      out << BenchCsv(runs);
  }
}

std::string BenchCsv(const std::vector<BenchRun>& runs) {
  std::string text = CsvLine(CsvHeader());
  for (const BenchRun& run : runs) absl::StrAppend(&text, CsvLine(CsvRow(run)));
  return text;
}

bool IsBenchCsv(std::string_view text) { return text.starts_with(CsvLine(CsvHeader())); }

Plot BenchPlot(const std::vector<BenchRun>& runs, const std::string& workload) {
  Plot plot;
  plot.x_label = "samples of the job, its starts in turn";
  plot.y_label = "best EDP (µJ·cycles)";
  std::vector<std::vector<BestCurve>> curves;  // by variant
  for (const BenchRun& run : runs) {
    if (run.workload != workload) continue;
    plot.title = absl::StrCat(workload, " on ", run.job.template_display_name());
    plot.x_end = std::max(plot.x_end, static_cast<double>(run.job.progress().samples_total()));
    const auto same = [&run](const PlotSeries& series) { return series.label == run.variant; };
    auto series = std::find_if(plot.series.begin(), plot.series.end(), same);
    if (series == plot.series.end()) {
      series = plot.series.insert(plot.series.end(), {run.variant, {}});
      curves.emplace_back();
    }
    curves[static_cast<std::size_t>(series - plot.series.begin())].push_back(run.curve);
  }
  for (std::size_t i = 0; i < curves.size(); ++i) {
    plot.series[i].band = BandOf(curves[i]);
    if (plot.series[i].band.empty()) plot.series[i].label += " (not every seed)";
  }
  return plot;
}

}  // namespace oneloop
