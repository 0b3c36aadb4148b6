#include "client/calibration_output.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/errors.h"
#include "client/job_output.h"
#include "client/numbers.h"
#include "client/output.h"

namespace oneloop {
namespace {

std::string Percent(double share) { return absl::StrFormat("%.1f %%", 100 * share); }

void PrintTable(const v1::Calibration& calibration, std::ostream& out) {
  using Align = TextTable::Align;
  out << DetailLine("calibration", calibration.name());
  if (!calibration.project().empty()) out << DetailLine("project", calibration.project());
  if (!calibration.owner().empty()) out << DetailLine("owner", calibration.owner());
  if (!calibration.description().empty()) out << DetailLine("about", calibration.description());
  out << DetailLine("state", CalibrationStateText(calibration));
  if (!calibration.message().empty() && calibration.state() != v1::TRAINING) {
    out << DetailLine("message", calibration.message());
  }
  out << DetailLine("template", calibration.template_name())
      << DetailLine("measured", FormatParameters(calibration.fixed_parameters()))
      << DetailLine("rows",
                    absl::StrCat(calibration.measurements(), ", checksum ", calibration.measurements_checksum()))
      << DetailLine("seed", absl::StrCat(calibration.seed()));
  if (calibration.held_out().empty()) return;
  out << "\nOn measurements that were left out of the training:\n";
  TextTable table(out, {{"left out"},
                        {"predictor"},
                        {"rows", Align::kRight},
                        {"rank correlation", Align::kRight},
                        {"mean error", Align::kRight},
                        {"within sigma", Align::kRight}});
  for (const v1::HeldOutFigures& figures : calibration.held_out()) {
    table.AddRow({figures.split(), figures.predictor(), absl::StrCat(figures.rows()),
                  absl::StrFormat("%.4f", figures.spearman()), Percent(figures.mean_error()),
                  figures.within_sigma() > 0 ? Percent(figures.within_sigma()) : ""});
  }
  table.Flush();
}

void PrintCsv(const v1::Calibration& calibration, std::ostream& out) {
  out << CsvLine({"split", "predictor", "rows", "spearman", "mean_error", "within_sigma"});
  for (const v1::HeldOutFigures& figures : calibration.held_out()) {
    out << CsvLine({figures.split(), figures.predictor(), absl::StrCat(figures.rows()), ExactNumber(figures.spearman()),
                    ExactNumber(figures.mean_error()), ExactNumber(figures.within_sigma())});
  }
}

}  // namespace

std::string CalibrationStateText(const v1::Calibration& calibration) {
  switch (calibration.state()) {
    case v1::TRAINING:
      if (!calibration.message().empty()) return "training, " + OneLine(calibration.message());
      return absl::StrFormat("training %.0f %%", 100 * calibration.progress());
    case v1::READY:
      return "ready";
    case v1::TRAINING_FAILED:
      return "failed";
    case v1::TRAINING_CANCELLED:
      return "cancelled";
    default:
      return "unknown";
  }
}

void PrintCalibration(const v1::Calibration& calibration, OutputFormat format, std::ostream& out) {
  switch (format) {
    case OutputFormat::kTable:
      PrintTable(calibration, out);
      return;
    case OutputFormat::kJson:
      out << JsonPrinter().Pretty(calibration);
      return;
    case OutputFormat::kCsv:
      PrintCsv(calibration, out);
      return;
  }
}

}  // namespace oneloop
